"""Builds the frontend: the child process of `frontend.build`, so that its memory is freed.

It does what `reflex export --frontend-only --no-zip` does, step by step so that each can be
announced, and without the part of it that rewrites the project's own files.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

_ORDER = ("name", "type", "scripts", "dependencies", "devDependencies", "overrides")

MARK = "\x1estep "
"""Starts a line that announces a step; all other lines are log."""


def _announce(step: str) -> None:
    print(f"{MARK}{step}", flush=True)


def _end_group(number: int, frame: FrameType | None) -> None:
    """npm and node start children of their own; nothing of this group may stay."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def main() -> None:
    """Compile the pages, install what they import, and bundle; raises what Reflex raises."""
    signal.signal(signal.SIGTERM, _end_group)
    _announce("preparing")
    from reflex.utils import build, path_ops, prerequisites
    from reflex_base import constants
    from reflex_base.environment import environment

    environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.EXPORT)
    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    try:
        if prerequisites.needs_reinit():
            prerequisites.initialize_reflex_user_directory()  # type: ignore[no-untyped-call]
            prerequisites.initialize_frontend_dependencies()  # type: ignore[no-untyped-call]
        with path_ops.file_lock(prerequisites.get_web_dir()):
            _announce("compiling the pages and installing what they import")
            prerequisites.get_compiled_app(prerender_routes=True)
            build.setup_frontend(Path.cwd())
            _announce("bundling")
            build.build()  # type: ignore[no-untyped-call]
    finally:
        for folder in (prerequisites.get_web_dir(), Path("reflex.lock")):
            _settle(folder / "package.json")


def _settle(package: Path) -> None:
    """Write a package.json in the order that npm keeps, so that a clone's first build changes nothing."""
    if not package.exists():
        return
    content = json.loads(package.read_text())
    ordered = {key: content.pop(key) for key in _ORDER if key in content} | content
    package.write_text(json.dumps(ordered, separators=(",", ":")))


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
