"""Databases for tests: one server for the run, one fresh database per test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from services.adapters.database.embedded import EmbeddedPostgres
from tests.support.processes import is_running, wait_until

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}
"""Settings for data that nobody will miss."""

_numbers = itertools.count(1)


def traversable_directory(prefix: str) -> Path:
    """A new directory that the account of the database can reach, also when we are root."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


@contextmanager
def temporary_server() -> Iterator[EmbeddedPostgres]:
    """A server whose files vanish with it."""
    directory = traversable_directory("axisor-tests-")
    try:
        with EmbeddedPostgres(directory, options=FAST) as server:
            yield server
    finally:
        shutil.rmtree(directory)


@contextmanager
def temporary_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """A database of its own on a running server.

    Args:
        server_url: SQLAlchemy's address of any database on the server.
        template: database to copy.
    Yields:
        SQLAlchemy's address of the new database.
    """
    name = f"test_{os.getpid()}_{next(_numbers)}"
    administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield database_at(server_url, name)
    finally:
        administer(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def database_at(server_url: str, name: str) -> str:
    """The address of another database on the same server."""
    return f"{server_url.rpartition('/')[0]}/{name}"


def administer(server_url: str, statement: str) -> None:
    """Run one statement outside of any transaction, in the maintenance database."""
    with psycopg.connect(libpq_url(database_at(server_url, "postgres")), autocommit=True) as session:
        session.execute(statement)


def libpq_url(url: str) -> str:
    """SQLAlchemy's address as psycopg reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def await_server_end(data_dir: Path) -> None:
    """Wait until the server of a killed owner has written what it has to and is gone."""
    pid_file = data_dir / "postgres" / "postmaster.pid"

    def gone() -> bool:
        try:
            return not is_running(int(pid_file.read_text().split("\n", 1)[0]))
        except FileNotFoundError:
            return True

    wait_until(gone, "the end of the database server")
