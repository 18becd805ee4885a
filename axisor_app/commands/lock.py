"""`axisor lock`: pin the newest allowed versions of all packages, with their hashes."""

import os
import subprocess
import sys
from pathlib import Path

import click

from axisor_app.frontend import ROOT
from services.domain.errors import Unavailable

_UV = Path(sys.executable).parent / "uv"
_OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet")
_FILES = ("requirements.txt", "requirements-dev.txt")


@click.command("lock")
@click.option("--upgrade", is_flag=True, help="Move pins that still satisfy the .in files, too.")
def command(upgrade: bool) -> None:
    """Compile requirements.in and requirements-dev.in, and pin the installer itself."""
    os.chdir(ROOT)
    if not _UV.exists():
        raise Unavailable("The installer uv is not in .venv; remove .venv and run ./axisor lock again.")
    extra = ["--upgrade"] if upgrade else []
    for name in _FILES:
        source = Path(name).with_suffix(".in").name
        _compile([source, "--output-file", name, *extra])
        click.echo(f"{source} -> {name}")
    _compile(["-", "--no-annotate", "--output-file", "requirements-uv.txt", *extra], given="uv\n")
    click.echo("uv -> requirements-uv.txt")


def _compile(words: list[str], *, given: str | None = None) -> None:
    command_line = [str(_UV), "pip", "compile", *_OPTIONS, *words]
    done = subprocess.run(command_line, check=False, input=given, text=True, capture_output=True)
    if done.returncode != 0:
        raise Unavailable(f"The versions do not fit together:\n{done.stderr.strip()}")
