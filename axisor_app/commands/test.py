"""`axisor test`: everything that the tests need, then the tests."""

import os
import sys

import click

from axisor_app import chromium, frontend

_TEST_DATA = frontend.ROOT.parent / "shared" / "data"


@click.command("test", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run the tests; ARGUMENTS go to pytest, without any everything runs.

    Installs Chromium and builds the frontend first, if that has not been done.
    """
    os.chdir(frontend.ROOT)
    os.environ["AXISOR_CHROMIUM"] = str(chromium.ensure())
    if _TEST_DATA.is_dir():
        os.environ.setdefault("AXISOR_TEST_DATA", str(_TEST_DATA))
    frontend.ensure_built()
    sys.stdout.flush()
    # pytest replaces this process: signals and the exit code are then its own.
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *arguments])  # noqa: S606 - no shell is wanted
