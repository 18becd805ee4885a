"""Builds the frontend: the child process of `frontend.build`, so that its memory is freed.

It does what `reflex export --frontend-only --no-zip` does, step by step so that each can be
announced, and without the part of it that rewrites the project's own files.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

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
    if prerequisites.needs_reinit():
        prerequisites.initialize_reflex_user_directory()  # type: ignore[no-untyped-call]
        prerequisites.initialize_frontend_dependencies()  # type: ignore[no-untyped-call]
    with path_ops.file_lock(prerequisites.get_web_dir()):
        _announce("compiling the pages and installing what they import")
        prerequisites.get_compiled_app(prerender_routes=True)
        build.setup_frontend(Path.cwd())
        _announce("bundling")
        build.build()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    main()
