"""Where the database files are, and how they come to be.

Normally in DATA_DIR/postgres. Root's data directory may lie below a directory that the
account of PostgreSQL cannot traverse; then the files lie in a directory of the system,
which names its owner, and DATA_DIR/postgres.location names the place.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.adapters.database.embedded import connection
from services.adapters.database.embedded.runtime import SYSTEM_DIR, Runtime, environment, system_directory
from services.domain.errors import Rejected, Unavailable

MAJOR = "18"
"""The one major version whose files our programs can read."""

_DIRECTORY = "postgres"
_LOCATION = "postgres.location"
_OWNER = "owner"
_INITDB_TIMEOUT_S = 120.0

_HBA = f"""# Written by Axisor: over loopback, with the password, and not otherwise.
host all all {connection.HOST}/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A directory with database files; `path/PG_VERSION` exists once it is complete."""

    path: Path

    @property
    def exists(self) -> bool:
        return (self.path / "PG_VERSION").is_file()

    @property
    def owner(self) -> int | None:
        """User id that the files belong to and the server must run as."""
        return self.path.stat().st_uid if self.exists else None

    def check_version(self) -> None:
        """Refuse files of another major version.

        Raises:
            Rejected: says how to get the data into this version.
        """
        found = (self.path / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise Rejected(
                f"The database in {self.path} was made by PostgreSQL {found}, and this Axisor runs {MAJOR};"
                " dump it with that version and load the dump into an empty data directory.",
                code="postgres_version",
            )


def existing(data_dir: Path) -> Cluster | None:
    """The cluster of a data directory, None where none was made yet.

    Raises:
        Rejected: a cluster is recorded but missing, or belongs to another data directory.
    """
    here = Cluster(data_dir / _DIRECTORY)
    if here.exists:
        return here
    note = data_dir / _LOCATION
    if not note.exists():
        return None
    there = Cluster(Path(note.read_text().strip()))
    if not there.exists:
        raise Rejected(
            f"The database of {data_dir} should be in {there.path} but is not there; bring it back,"
            f" or remove {note} to start with an empty one.",
            code="postgres_missing",
        )
    _check_owner(there, data_dir)
    return there


def _check_owner(cluster: Cluster, data_dir: Path) -> None:
    """A moved data directory keeps its cluster; a copied one must not share it."""
    owner = _owner_of(cluster.path.parent)
    if owner == data_dir.resolve():
        return
    if owner is not None and _points_to(owner, cluster.path):
        raise Rejected(
            f"{data_dir} is a copy of {owner}, and both name the database in {cluster.path};"
            f" remove {data_dir / _LOCATION} to start with an empty one.",
            code="postgres_shared",
        )
    (cluster.path.parent / _OWNER).write_text(f"{data_dir.resolve()}\n")


def _owner_of(home: Path) -> Path | None:
    try:
        return Path((home / _OWNER).read_text().strip())
    except FileNotFoundError:
        return None


def _points_to(data_dir: Path, path: Path) -> bool:
    try:
        return (data_dir / _LOCATION).read_text().strip() == str(path)
    except OSError:
        return False


def orphans() -> list[Path]:
    """Clusters in the system's directory whose data directory is gone or uses another."""
    homes = SYSTEM_DIR / "clusters"
    if os.geteuid() != 0 or not homes.is_dir():
        return []
    return [home for home in sorted(homes.iterdir()) if not _is_used(home)]


def _is_used(home: Path) -> bool:
    owner = _owner_of(home)
    return owner is not None and _points_to(owner, home / _DIRECTORY)


def make(data_dir: Path, runtime: Runtime, password: str) -> Cluster:
    """Make the database files where the account can reach them, and note the place if elsewhere.

    The note is written last, so that it never names files that are not complete.

    Raises:
        Unavailable: initdb failed; the sentence ends with its last line.
    """
    if runtime.can_enter(data_dir):
        cluster = Cluster(data_dir / _DIRECTORY)
        _create(cluster, runtime, password)
        return cluster
    home = system_directory("clusters") / secrets.token_hex(8)
    home.mkdir()
    home.chmod(0o711)
    (home / _OWNER).write_text(f"{data_dir.resolve()}\n")
    cluster = Cluster(home / _DIRECTORY)
    _create(cluster, runtime, password)
    (data_dir / _LOCATION).write_text(f"{cluster.path}\n")
    return cluster


def _create(cluster: Cluster, runtime: Runtime, password: str) -> None:
    """Make the files beside their place and move them there, so that none are half made."""
    fresh = cluster.path.with_name(f"{cluster.path.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    fresh.chmod(0o700)
    runtime.give(fresh)
    # Not in the cluster, which initdb wants empty, and not in the data directory, which it may not see.
    descriptor, name = tempfile.mkstemp(prefix="axisor-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
        runtime.give(Path(name))
        _initdb(fresh, runtime, Path(name))
    finally:
        Path(name).unlink()
    (fresh / "pg_hba.conf").write_text(_HBA)
    fresh.rename(cluster.path)


def _initdb(directory: Path, runtime: Runtime, password_file: Path) -> None:
    command = runtime.command(
        "initdb",
        *("-D", directory),
        *("-U", connection.USER),
        *("--pwfile", password_file),
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--no-sync",
    )
    done = subprocess.run(
        command,
        check=False,
        cwd=directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_INITDB_TIMEOUT_S,
        start_new_session=True,
    )
    if done.returncode != 0:
        last = (done.stdout.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Unavailable(f"The embedded database could not be made in {directory}: {last}")
