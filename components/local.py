"""Our own JavaScript, handed to Reflex: every `.js` and `.jsx` beside this file.

Separate because Reflex names the published folder after the module that registers a file; one
module for all of them keeps them side by side, so that they import each other by `./name.js`.
"""

from pathlib import Path

import reflex as rx

from components.theme import FONT_PACKAGE

HERE = Path(__file__).parent
GENERATED = Path("assets/external/components/local")
"""Where `components.build` puts what the files below import but nobody writes by hand."""

PATHS = {
    file.name: rx.asset(file.name, shared=True).importable_path
    for file in sorted(HERE.iterdir())
    if file.suffix in {".js", ".jsx"}
}
"""File name to the path that a component's `library` takes."""


class Local(rx.Component):
    """A React component of ours whose first markup may be prerendered."""

    lib_dependencies: list[str] = [FONT_PACKAGE]
