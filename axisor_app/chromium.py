"""The Chromium that browser tests drive: where it is, and how to get one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from axisor_app.progress import Steps
from services.domain.errors import Unavailable

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
)
_TAIL = 300


def find() -> Path | None:
    """The one that the operator names, else one on PATH, else the one Playwright has installed."""
    named = os.environ.get("AXISOR_CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    for name in _NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    return _playwrights_own()


def ensure() -> Path:
    """Find Chromium, or install it: Debian's package as root, else Playwright's own.

    Raises:
        Unavailable: it can neither be found nor installed; says what to do.
    """
    found = find()
    if found is not None:
        return found
    steps = Steps("Installing Chromium for the browser tests (once)")
    for what, commands in _ways():
        steps.begin(what)
        if all(_runs(command) for command in commands):
            break
    steps.end()
    found = find()
    if found is None:
        raise Unavailable(
            "Chromium could not be installed; install it yourself, or name one with AXISOR_CHROMIUM.",
            code="no_chromium",
        )
    return found


def _ways() -> list[tuple[str, list[list[str]]]]:
    ways = [("Playwright's own", [[sys.executable, "-m", "playwright", "install", "chromium"]])]
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt is not None:
        install = [apt, "install", "--yes", "--no-install-recommends", "chromium"]
        ways.insert(0, ("Debian's package", [[apt, "update"], install]))
    return ways


def _runs(command: list[str]) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        print(f"  failed: {done.stderr.strip()[-_TAIL:]}", file=sys.stderr)
    return done.returncode == 0


def _playwrights_own() -> Path | None:
    """Asked of Playwright itself, in a process of its own because that starts its driver."""
    done = subprocess.run(
        [sys.executable, "-c", _PLAYWRIGHTS_OWN], check=False, capture_output=True, text=True
    )
    path = Path(done.stdout.strip() or "/nonexistent")
    return path if done.returncode == 0 and path.exists() else None
