"""One Axisor per data directory, on a port of its own.

Each check says in one sentence what is in the way, before anything has been started.
"""

import errno
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from services.domain.errors import Rejected
from services.settings import Settings

_LOCK = "axisor.lock"


@contextmanager
def claimed(settings: Settings) -> Iterator[None]:
    """Hold the data directory while the body runs.

    Raises:
        Rejected: the directory cannot be written, is in use, or the port is taken.
    """
    prepare_data_dir(settings.data_dir)
    with (settings.data_dir / _LOCK).open("a+") as file:
        _lock(file, settings)
        check_port(settings.host, settings.port)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "url": settings.url}, file)
        file.flush()
        yield
        file.truncate(0)


def prepare_data_dir(path: Path) -> None:
    """Make the data directory if it is absent, and see that we can write in it.

    A new directory of root's may be traversed, though not listed, by others: the account
    of the database has to get through.
    """
    try:
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with tempfile.TemporaryFile(dir=path):
            return
    except OSError as error:
        raise Rejected(
            f"The data directory {path} cannot be written: {error.strerror};"
            " choose another with --data-dir or AXISOR_DATA_DIR.",
            code="data_dir_unwritable",
        ) from error


def _lock(file: IO[str], settings: Settings) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Rejected(
            f"Axisor already runs on {settings.data_dir}{_described(file)};"
            " stop it first, or choose another directory with --data-dir.",
            code="already_running",
        ) from error


def _described(file: IO[str]) -> str:
    """Who holds the lock; nothing in the moment before it has said so."""
    file.seek(0)
    text = file.read()
    if not text:
        return ""
    found = json.loads(text)
    return f" (process {found['pid']}, {found['url']})"


def holder(data_dir: Path) -> dict[str, str | int] | None:
    """Process id and address of the Axisor that runs on a data directory, None if none does."""
    path = data_dir / _LOCK
    if not path.exists() or not os.access(path, os.R_OK):
        return None
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return {"pid": "?", "url": "?", **json.loads(file.read() or "{}")}
    return None


def check_port(host: str, port: int) -> None:
    """See that we can listen on an address.

    Raises:
        Rejected: it is taken, needs more rights, or is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Rejected(_hindrance(error, host, port), code="address_unusable") from error


def _hindrance(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program; choose another with --port or AXISOR_PORT."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} may only be opened by root; choose one above 1023 with --port or AXISOR_PORT."
    return f"{host} is not an address of this machine; choose another with --host or AXISOR_HOST."
