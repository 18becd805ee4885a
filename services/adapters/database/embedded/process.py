"""The server's process: start it, ask it, end it, and read what it said.

Separate from the owner's logic, because here are the facts about PostgreSQL itself:
its flags, its signals, its words and its files.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psycopg

from services.adapters.database.embedded.connection import DATABASE, HOST, Connection
from services.adapters.database.embedded.runtime import Runtime, environment
from services.domain.errors import Unavailable

_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "maintenance_work_mem": "32MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    "io_method": "sync",  # spares the three processes of the default
    "huge_pages": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "cluster_name": "axisor",
    # Before recovering from a crash, one call for the whole file system instead of one per file.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform.startswith("linux") else {}),
}
"""Small: the whole of Axisor is to stay below 400 MB when idle."""

_LARGEST_LOG = 8 * 2**20
_ATTEMPTS = 8
_BUSY_TIMEOUT_S = 20.0
_BUSY_PAUSE_S = 0.1
_STOP_TIMEOUT_S = 30.0
_CONNECT_TIMEOUT_S = 5


class Server:
    """One PostgreSQL process at a time, on one directory, with its log."""

    process: subprocess.Popen[bytes]
    port: int

    def __init__(self, cluster: Path, runtime: Runtime, log: Path, options: Mapping[str, str]) -> None:
        self._cluster = cluster
        self._runtime = runtime
        self._log = log
        self._options = {**_OPTIONS, **options}
        self._log_start = 0
        self._attempts = 0
        self._busy_until = time.monotonic() + _BUSY_TIMEOUT_S

    def spawn(self, port: int) -> None:
        """Start the process in a session of its own, tied to ours."""
        self.port = port
        settings = [word for name, value in self._options.items() for word in ("-c", f"{name}={value}")]
        command = self._runtime.command("postgres", "-D", self._cluster, "-p", str(port), *settings)
        if self._log.exists() and self._log.stat().st_size > _LARGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                command,
                cwd=self._cluster,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def spawn_again(self) -> None:
        """After an end during the start: try another port, or wait for the remains of a server.

        Raises:
            Unavailable: trying again would not help; the sentence holds the server's last words.
        """
        words = self._words()
        if "could not bind" in words and self._attempts < _ATTEMPTS:
            self._attempts += 1
            self.spawn(free_port())
            return
        remains = "already exists" in words or "pre-existing shared memory" in words
        if remains and time.monotonic() < self._busy_until:
            time.sleep(_BUSY_PAUSE_S)
            self.spawn(self.port)
            return
        raise Unavailable(f"The embedded database did not start: {self.last_words()} (more in {self._log})")

    def says_ready(self) -> bool:
        """Whether this very process has said in its pid file that it accepts connections.

        Asked before connecting, because another program may be listening on the port.
        """
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        # The file may be caught empty or half written; then it says nothing yet.
        return lines[:1] == [str(self.process.pid)] and lines[7:8] == ["ready   "]

    def last_words(self) -> str:
        """Why the process ended, in its own words."""
        lines = [line.strip() for line in self._words().splitlines() if line.strip()]
        fatal = [line for line in lines if "FATAL" in line]
        chosen = (fatal or lines or [f"exit code {self.process.poll()}"])[0 if fatal else -1]
        return chosen.partition("FATAL:")[2].strip() or chosen

    def _words(self) -> str:
        with self._log.open("rb") as file:
            file.seek(self._log_start)
            return file.read(65_536).decode(errors="replace")

    def stop(self) -> None:
        """End it: clients are disconnected, and nothing is left to recover."""
        for ask, timeout_s in (
            (signal.SIGINT, _STOP_TIMEOUT_S),
            (signal.SIGQUIT, 5.0),
            (signal.SIGKILL, None),
        ):
            if self.process.poll() is None:
                self.process.send_signal(ask)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                continue
            return


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def reachable(connection: Connection) -> bool:
    """Whether this server, and not another one on its port, lets us in."""
    try:
        with psycopg.connect(connection.conninfo("postgres"), connect_timeout=_CONNECT_TIMEOUT_S):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(connection: Connection) -> None:
    """Create the one database of Axisor in a fresh cluster."""
    with psycopg.connect(connection.conninfo("postgres"), autocommit=True) as session:
        known = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if known is None:
            session.execute(f"CREATE DATABASE {DATABASE}")


def set_password(cluster: Path, runtime: Runtime, password: str) -> None:
    """Give the role a password while no server runs: the way back from a lost connection file.

    Raises:
        Unavailable: the single-user server did not do it.
    """
    done = subprocess.run(
        runtime.command("postgres", "--single", "-D", cluster, "postgres"),
        check=False,
        input=f"ALTER ROLE axisor PASSWORD '{password}'\n".encode(),
        capture_output=True,
        cwd=cluster,
        env=environment(),
        timeout=_STOP_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise Unavailable(f"The database in {cluster} could not be given a new password.")


def stop_survivor(cluster: Path) -> None:
    """Stop a server that lost its owner; the caller holds the owner's lock.

    Raises:
        Unavailable: it does not stop.
    """
    pid = _server_pid(cluster)
    if pid is None:
        return
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _server_pid(cluster) == pid:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"A PostgreSQL that was left behind (process {pid}) does not stop; stop it yourself."
            )
        time.sleep(_BUSY_PAUSE_S)


def _server_pid(cluster: Path) -> int | None:
    """The process that serves a cluster, by its pid file, if it really does."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if str(cluster) in _command_line(pid) else None


def _command_line(pid: int) -> str:
    """What a process was started as; empty for one that is gone or only waits to be buried."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    words = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(words, check=False, capture_output=True, text=True).stdout
