"""Child processes for tests: the real command line, and programs that are killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
"""How long a test waits for what must happen; it is never waited for in full unless it fails."""

_POLL_S = 0.02


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this run without any setting of Axisor, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AXISOR_", "DATABASE_URL", "REDIS_URL"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), **(extra or {})}


def axisor(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one verb to its end and give what it said."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "axisor_app.cli", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env=clean_environment(variables),
        timeout=PATIENCE_S,
    )


@contextmanager
def program(source: str, *arguments: str | Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python source as a child that is killed at the latest when the block ends."""
    with program_from(["-c", source], *arguments, **variables) as child:
        yield child


@contextmanager
def program_from(
    words: list[str], *arguments: str | Path, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """Run Python with these words as a child; its output and input are pipes of text."""
    child = subprocess.Popen(
        [sys.executable, "-P", *words, *map(str, arguments)],
        env=clean_environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def line_of(child: subprocess.Popen[str], containing: str = "") -> str:
    """The next line that a child prints with a text in it; fails with all it printed if none comes."""
    assert child.stdout is not None
    seen = []
    for line in child.stdout:
        if containing in line:
            return line.rstrip("\n")
        seen.append(line)
    raise AssertionError(f"the program ended without {containing!r}:\n{''.join(seen)}")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition that something outside of this process brings about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_S:.0f} s"
        time.sleep(_POLL_S)


def is_running(pid: int) -> bool:
    """Whether a process lives; one that only waits to be buried does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    return False


def kill(pid: int) -> None:
    """Kill -9, as an operator or a lack of memory would."""
    os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
