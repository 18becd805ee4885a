"""The examinations behind `axisor doctor`, each a function from the settings to findings."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axisor_app import chromium, database, frontend, instance
from services.domain.errors import AxisorError
from services.settings import Settings

_NETWORK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look has shown.

    Attributes:
        subject: what was looked at.
        state: `ok`, `note` for what Axisor can do without, `missing` for what it cannot.
        detail: what was found.
        remedy: what to do, where something should be done.
    """

    subject: str
    state: Literal["ok", "note", "missing"]
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what one look finds does not stop the others."""
    return [finding for look in _LOOKS for finding in look(settings)]


def _python(settings: Settings) -> Iterator[Finding]:
    version = ".".join(str(number) for number in sys.version_info[:3])
    yield Finding("Python", "ok", f"{version}, environment {sys.prefix}")
    stamp = Path(sys.prefix) / ".axisor" / "requirements.txt"
    wanted = frontend.ROOT / "requirements.txt"
    if stamp.is_file() and stamp.read_bytes() == wanted.read_bytes():
        yield Finding("packages", "ok", "as pinned in requirements.txt")
    else:
        yield Finding(
            "packages", "note", "not installed by ./axisor, or not from the present pins", "run ./axisor"
        )


def _node(settings: Settings) -> Iterator[Finding]:
    node = frontend.node_path()
    if node is None:
        yield Finding("node", "missing", "not among the packages", "remove .venv and run ./axisor again")
        return
    done = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        yield Finding(
            "node", "missing", f"{node} does not run: {done.stderr.strip()}", "use a supported platform"
        )
        return
    yield Finding("node", "ok", f"{done.stdout.strip()} at {node}")


def _frontend(settings: Settings) -> Iterator[Finding]:
    if frontend.is_current():
        yield Finding("frontend", "ok", "built from the present sources")
    else:
        yield Finding("frontend", "note", "not built from the present sources; ./axisor up builds it")


def _chromium(settings: Settings) -> Iterator[Finding]:
    path = chromium.find()
    if path is None:
        yield Finding("Chromium", "note", "none; only tests need it", "./axisor test installs it")
    else:
        yield Finding("Chromium", "ok", str(path))


def _data_dir(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir
    nearest = next(parent for parent in (path, *path.parents) if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        remedy = "choose another with AXISOR_DATA_DIR, or change its owner"
        yield Finding("data directory", "missing", f"{path} cannot be written", remedy)
    elif nearest == path:
        yield Finding("data directory", "ok", str(path))
    else:
        yield Finding("data directory", "ok", f"{path}, made by the first start")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        for line in database.described(settings):
            yield Finding("database", "ok", line)
    except AxisorError as error:
        yield Finding("database", "missing", error.message)
    for path in database.abandoned():
        yield Finding("database files", "note", f"{path} belongs to no data directory", f"rm -r {path}")


def _port(settings: Settings) -> Iterator[Finding]:
    holder = instance.holder(settings.data_dir)
    if holder is not None:
        yield Finding("Axisor", "ok", f"runs as process {holder['pid']} at {holder['url']}")
        return
    try:
        instance.check_port(settings.host, settings.port)
    except AxisorError as error:
        yield Finding("port", "missing", error.message, "see docs/settings.md")
        return
    yield Finding("port", "ok", f"{settings.port} on {settings.host} is free")


def _lnmarkets(settings: Settings) -> Iterator[Finding]:
    """Any answer counts, whatever its status: only the way there is examined."""
    url = settings.lnmarkets_url
    try:
        with urllib.request.urlopen(url, timeout=_NETWORK_TIMEOUT_S):  # noqa: S310 - the settings allow only http(s)
            yield Finding("LN Markets", "ok", f"{url} answers")
    except urllib.error.HTTPError:
        yield Finding("LN Markets", "ok", f"{url} answers")
    except OSError as error:
        remedy = "check the network; until then the automatic feed simulates the market"
        yield Finding("LN Markets", "note", f"{url} does not answer ({_short(error)})", remedy)


def _short(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error)


_LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _node,
    _frontend,
    _data_dir,
    _database,
    _port,
    _lnmarkets,
    _chromium,
)
