"""Makes `.venv` and installs the pinned packages: what `./axisor` runs when they are missing.

It runs under whatever Python the launcher found, before anything is installed, so it
uses the standard library only. A lock of the kernel on the project directory lets one
process install while others wait, and vanishes with its process, so it cannot be stale.
Stamps are written last: an interrupted installation is seen and repaired by the next start.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV_PIN = "requirements-uv.txt"
TAIL_LINES = 15
CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""Where systems keep the authorities that they trust."""


class InstallError(Exception):
    """The installation cannot go on; the message is for a person."""


class Installer:
    """One project directory's environment.

    Args:
        root: directory that holds the requirement files, and `.venv`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._venv = root / ".venv"
        self._stamps = self._venv / ".axisor"
        self._unfinished = self._stamps / "unfinished"
        self._python = self._venv / "bin" / "python"
        self._pip: list[str | Path] = [self._python, "-I", "-m", "pip", "install"]

    def run(self, wanted: Sequence[str]) -> None:
        """Bring the environment to the state that the named requirement files describe.

        Raises:
            InstallError: it cannot be done; says why.
        """
        with _locked(self._root):
            if not self._is_sound():
                self._make()
            if any(not self._is_installed(name) for name in wanted):
                self._install(wanted)
            (self._stamps / "place").write_text(f"{self._root}\n{os.uname().sysname} {os.uname().machine}\n")

    def _is_sound(self) -> bool:
        """Whether `.venv` was made in this place, by a Python that still runs, and is complete."""
        config = self._venv / "pyvenv.cfg"
        if not config.exists() or not config.read_text().rstrip().endswith(f" {self._venv}"):
            return False
        if not self._is_of_this_machine():
            return False
        probe: list[str | Path] = [
            self._python,
            "-I",
            "-c",
            "import sys, pip; sys.exit(sys.version_info < (3, 11))",
        ]
        return (
            self._python.exists() and subprocess.run(probe, check=False, capture_output=True).returncode == 0
        )

    def _is_of_this_machine(self) -> bool:
        place = self._stamps / "place"
        machine = f"{os.uname().sysname} {os.uname().machine}"
        return not place.exists() or place.read_text().splitlines()[1:] == [machine]

    def _make(self) -> None:
        if self._venv.exists():
            _say("remaking .venv, which was moved here, copied from elsewhere or left incomplete")
            shutil.rmtree(self._venv)
        # The executable behind all links has the version in its name: if it is upgraded to
        # another version, the environment is seen to be broken instead of being half right.
        base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        version = ".".join(str(number) for number in sys.version_info[:3])
        self._step(f"making .venv with Python {version}", [base, "-I", "-m", "venv", self._venv])
        self._stamps.mkdir()

    def _is_installed(self, name: str) -> bool:
        stamp = self._stamps / name
        return stamp.exists() and stamp.read_bytes() == (self._root / name).read_bytes()

    def _install(self, wanted: Sequence[str]) -> None:
        self._stamps.mkdir(exist_ok=True)
        repair = self._unfinished.exists()
        self._unfinished.touch()
        for name in wanted:
            (self._stamps / name).unlink(missing_ok=True)
        files = [word for name in wanted for word in ("-r", str(self._root / name))]
        options = ["--require-hashes", *files]
        if not self._uv_installs([*(["--reinstall"] if repair else []), *options]):
            again = ["--force-reinstall"] if repair else []
            self._step(
                "installing the pinned packages with pip, which takes longer", [*self._pip, *again, *options]
            )
        for name in wanted:
            shutil.copyfile(self._root / name, self._stamps / f"{name}.new")
            (self._stamps / f"{name}.new").replace(self._stamps / name)
        self._unfinished.unlink()

    def _uv_installs(self, options: Sequence[str]) -> bool:
        """Install with uv, fetched from the same index; False where it does not fit or does not succeed."""
        uv = self._venv / "bin" / "uv"
        pinned = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(self._root / UV_PIN)]
        target = ["--python", str(self._python), *self._certificates()]
        try:
            if not uv.exists():
                self._step("fetching the installer uv", [*self._pip, *pinned])
            self._step("installing the pinned packages", [uv, "pip", "install", *target, *options])
        except InstallError as error:
            _say(str(error))
            return False
        return True

    def _certificates(self) -> list[str]:
        """Trust what the system trusts, where it says so: a company's network may have its own authority."""
        return ["--system-certs"] if any(Path(name).exists() for name in CERTIFICATES) else []

    def _step(self, what: str, command: Sequence[str | Path]) -> None:
        """Run one command, say what and how long, and show its last lines if it fails."""
        _say(f"{what} ...", end="")
        started = time.monotonic()
        environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_PYTHON_DOWNLOADS": "never"}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        elapsed = time.monotonic() - started
        if done.returncode != 0:
            print(" failed", file=sys.stderr)
            tail = "\n".join(done.stdout.rstrip().splitlines()[-TAIL_LINES:])
            raise InstallError(f"{tail}\n{what} failed; mend the cause and run the same command again.")
        print(f" {elapsed:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    directory = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is installing; waiting for it")
            fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _say(text: str, end: str = "\n") -> None:
    print(f"axisor: {text}", end=end, file=sys.stderr, flush=True)


def main(wanted: Sequence[str]) -> int:
    """Install, and turn what went wrong into one sentence and exit code 1."""
    try:
        Installer(ROOT).run(wanted)
    except InstallError as error:
        _say(str(error))
        return 1
    except OSError as error:
        _say(f"cannot install in {ROOT / '.venv'}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        _say("stopped; the next start goes on from here")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
