"""`./axisor up` as a user starts it: seconds to the first answer, memory when idle."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
SETTLE_S = 20.0
GIVE_UP_S = 300.0


@dataclass(frozen=True, slots=True)
class Startup:
    """`pss_mb` counts shared pages once, `rss_mb` in every process."""

    first_s: float
    warm_s: float
    import_baseline_s: float
    pss_mb: float
    rss_mb: float
    processes: int


def measure() -> Startup:
    """Start twice on one data directory; the second start is the warm one."""
    with tempfile.TemporaryDirectory(prefix="axisor-bench-") as directory:
        with _up(Path(directory)) as (first_s, _):
            pass
        with _up(Path(directory)) as (warm_s, process):
            time.sleep(SETTLE_S)  # idle memory is what is left after the start
            family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            memory = [one.memory_full_info() for one in family]
    return Startup(
        first_s=first_s,
        warm_s=warm_s,
        import_baseline_s=_bare_reflex(),
        pss_mb=sum(m.pss for m in memory) / 1e6,
        rss_mb=sum(m.rss for m in memory) / 1e6,
        processes=len(family),
    )


def _bare_reflex() -> float:
    """Seconds to import Reflex's app alone: what no start can be faster than."""
    began = time.perf_counter()
    subprocess.run([str(ROOT / ".venv/bin/python"), "-c", "import reflex.app"], check=True, cwd=ROOT)
    return time.perf_counter() - began


@contextmanager
def _up(data_dir: Path) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    port = _free_port()
    began = time.perf_counter()
    command = [
        str(ROOT / "axisor"),
        "up",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
        "--feed",
        "simulated",
    ]
    process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/", process)
        yield time.perf_counter() - began, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"up ended with {process.returncode}")
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError(url)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
