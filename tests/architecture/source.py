"""The tree as the rules see it: tracked Python files, parsed once."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("axisor_app", "components", "state", "services")


@dataclass(frozen=True)
class Source:
    """One file; `name` is its path from the root."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def product() -> tuple[Source, ...]:
    """Every Python file of the product."""
    return tuple(_read(path) for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def suites() -> tuple[Source, ...]:
    """Every test file."""
    return tuple(_read(path) for path in sorted((ROOT / "tests").rglob("test_*.py")))


def _read(path: Path) -> Source:
    text = path.read_text()
    return Source(path.relative_to(ROOT).as_posix(), text, ast.parse(text))
