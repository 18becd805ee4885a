"""The embedded server: one PostgreSQL process, started, watched and stopped by its owner.

The owner holds a lock on the data directory for as long as it lives, so a server that
runs while the lock is free has lost its owner and is stopped before a new one starts.
Whoever finds the lock taken is a guest and uses the owner's server.
"""

import asyncio
import fcntl
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog

from services.adapters.database.embedded import cluster as clusters
from services.adapters.database.embedded import connection as connections
from services.adapters.database.embedded import process, runtime
from services.domain.errors import AxisorError, Defect, Rejected, Unavailable

_LOCK = "postgres.lock"
_READY_TIMEOUT_S = 300.0  # crash recovery of a large database takes its time
_POLL_S = 0.02
_WATCH_S = 0.25
_WATCH_AFTER_FAILURE_S = 1.0

_log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """PostgreSQL for one data directory.

    Args:
        data_dir: an existing directory of ours.
        pg_user: system user that runs the server when we are root.
        options: server settings on top of ours, such as {"fsync": "off"} for tests.
    """

    def __init__(
        self, data_dir: Path, *, pg_user: str = "axisor-pg", options: Mapping[str, str] | None = None
    ) -> None:
        self._data_dir = data_dir
        self._pg_user = pg_user
        self._options = dict(options or {})
        self._lock: IO[str] | None = None
        self._server: process.Server | None = None
        self._connection = connections.invented()
        self._stopped = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database; valid once started."""
        return self._connection.url()

    @property
    def pid(self) -> int | None:
        """Process id of a server that is ours and runs."""
        return self._server.process.pid if self._server is not None else None

    def start(self) -> str:
        """Start the server, or find the one that runs, and wait until it answers.

        Returns:
            SQLAlchemy's address, postgresql+psycopg://...
        Raises:
            Rejected: something the operator can mend, such as another major version.
            Unavailable: the server did not start; the sentence ends with its own reason.
        """
        self.launch()
        return self.wait_ready()

    def launch(self) -> None:
        """Start the process and return at once; only the first start of all takes a second.

        Raises:
            Defect: not called from the main thread, with which the server would die.
        """
        if threading.current_thread() is not threading.main_thread():
            raise Defect("The embedded database must be started from the main thread.")
        self._stopped = False
        self._lock = _try_lock(self._data_dir)
        if self._lock is None:
            return
        try:
            self._server = self._prepare()
            self._server.spawn(self._connection.port or process.free_port())
        except BaseException:
            self.stop()
            raise

    def _prepare(self) -> process.Server:
        cluster = clusters.existing(self._data_dir)
        known = connections.read(self._data_dir)
        self._connection = known or connections.invented()
        programs = runtime.prepare(self._pg_user, owner=cluster.owner if cluster else None)
        if cluster is None:
            connections.write(self._data_dir, self._connection)
            cluster = clusters.make(self._data_dir, programs, self._connection.password)
        _check_ours(cluster)
        cluster.check_version()
        process.stop_survivor(cluster.path)
        if known is None:
            process.set_password(cluster.path, programs, self._connection.password)
            connections.write(self._data_dir, self._connection)
        return process.Server(cluster.path, programs, self._data_dir / "postgres.log", self._options)

    def wait_ready(self) -> str:
        """Wait until the launched server, or the owner's, answers; see `start`."""
        deadline = time.monotonic() + _READY_TIMEOUT_S
        try:
            while not self._answers():
                _check_time(deadline)
                time.sleep(_POLL_S)
            if self._server is not None:
                process.ensure_database(self._connection)
        except BaseException:
            self.stop()
            raise
        return self.url

    def _answers(self) -> bool:
        """One step of waiting: does it answer, and if it ended, start it again where that helps."""
        if self._server is None:
            return self._owner_answers()
        if self._server.process.poll() is not None:
            self._server.spawn_again()
            return False
        current = connections.moved(self._connection, self._server.port)
        if not (self._server.says_ready() and process.reachable(current)):
            return False
        self._connection = current
        connections.write(self._data_dir, current)
        return True

    def _owner_answers(self) -> bool:
        found = running(self._data_dir)
        if found is not None:
            self._connection = found
            return True
        self.launch()  # the owner may have gone meanwhile
        return False

    def alive(self) -> bool:
        """Whether the server runs; for a guest, whether it answers."""
        if self._server is not None:
            return self._server.process.poll() is None
        return self._connection.port is not None and process.reachable(self._connection)

    def stop(self) -> None:
        """Stop the server if it is ours, and wait for its end. May be called again."""
        self._stopped = True
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def watch(self) -> None:
        """Start the server again, on the same port, whenever it ends without being asked.

        A guest takes over when the owner has gone. Runs until cancelled or stopped, on the
        event loop of the main thread.
        """
        pause_s = _WATCH_S
        while not self._stopped:
            await asyncio.sleep(pause_s)
            try:
                await self._revive()
                pause_s = _WATCH_S
            except AxisorError as error:
                pause_s = _WATCH_AFTER_FAILURE_S
                _log.error("database_restart_failed", reason=error.message)

    async def _revive(self) -> None:
        if self._stopped or (self._server is not None and self._server.process.poll() is None):
            return
        if self._server is None:
            self.launch()
            if self._server is None:
                return  # the owner lives
            _log.warning("database_taken_over", port=self._server.port)
        else:
            _log.error("database_ended", exit_code=self._server.process.returncode)
            self._server.spawn(self._server.port)
        await self._answered(self._server)
        _log.info("database_restarted", port=self._server.port)

    async def _answered(self, server: process.Server) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not (server.says_ready() and await asyncio.to_thread(process.reachable, self._connection)):
            if server.process.poll() is not None:
                raise Unavailable(server.last_words())
            _check_time(deadline)
            await asyncio.sleep(_POLL_S)


def running(data_dir: Path) -> connections.Connection | None:
    """The connection to the server that runs for a data directory, None if none answers."""
    known = connections.read(data_dir)
    if known is None or known.port is None or not process.reachable(known):
        return None
    return known


def _check_ours(cluster: clusters.Cluster) -> None:
    if os.geteuid() not in (0, cluster.owner):
        raise Rejected(
            f"The database in {cluster.path} belongs to another user (id {cluster.owner});"
            " start Axisor as that user, or as root if root started it before."
        )


def _check_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise Unavailable(f"The embedded database did not answer within {_READY_TIMEOUT_S:.0f} s.")


def _try_lock(data_dir: Path) -> IO[str] | None:
    file = (data_dir / _LOCK).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
