"""Builds the gallery in a directory of its own and serves it: `python -m tests.browser.gallery`.

Every component in every state, beside a stream that ticks; for looking at, not for the product.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from axisor_app.frontend import _environment

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHARED = ("components", "state", "services", "locales", "assets", "axisor_app")


def build(directory: Path) -> None:
    """Export the gallery with the components as they are now."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        shutil.rmtree(directory / name, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", "external")
        shutil.copytree(ROOT / name, directory / name, ignore=ignored)
    shutil.copytree(HERE / "gallery", directory / "gallery", dirs_exist_ok=True)
    shutil.copy(HERE / "rxconfig.py", directory)
    environment = {**_environment(ROOT), "PYTHONPATH": str(directory)}
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--env", "prod"]
    subprocess.run(command, cwd=directory, env=environment, check=True)


def main() -> None:
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/axisor-gallery")  # noqa: S108
    port = sys.argv[2] if len(sys.argv) > 2 else "4100"
    build(directory)
    serve = [sys.executable, str(HERE / "serve.py"), str(directory / ".web/build/client"), port]
    os.execv(sys.executable, serve)  # noqa: S606


if __name__ == "__main__":
    main()
