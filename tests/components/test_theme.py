"""Colours: readable in both themes, and written down in one place only."""

import re
from itertools import product
from pathlib import Path

import pytest

from components import theme

ROOT = Path(__file__).resolve().parents[2]
LITERAL = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b|\b(?:rgb|hsl|oklch|lab)a?\(")
SOURCES = [
    path
    for folder in ("components", "axisor_app/pages")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".js", ".jsx", ".css"} and path.name != "theme.py"
]


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, "relative luminance"."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def palettes(name: str) -> list[dict[str, str]]:
    """The theme with each way of colouring prices."""
    return [
        {**theme.THEMES[name], "up": schemes[name][0], "down": schemes[name][1]}
        for schemes in theme.PRICES.values()
    ]


def test_black_on_white_has_the_known_contrast() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize(("name", "pair"), list(product(theme.THEMES, theme.TEXT_PAIRS)))
def test_text_is_readable(name: str, pair: tuple[str, str]) -> None:
    for palette in palettes(name):
        assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@pytest.mark.parametrize(("name", "pair"), list(product(theme.THEMES, theme.CONTROL_PAIRS)))
def test_controls_can_be_made_out(name: str, pair: tuple[str, str]) -> None:
    palette = theme.THEMES[name]
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 3


def test_both_themes_have_the_same_roles() -> None:
    assert list(theme.DARK) == list(theme.LIGHT)


def test_every_scheme_of_prices_has_both_themes_and_two_colours() -> None:
    for themes in theme.PRICES.values():
        assert set(themes) == set(theme.THEMES)
        assert all(up != down for up, down in themes.values())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_colour_is_written_down_elsewhere(path: Path) -> None:
    assert LITERAL.findall(path.read_text()) == []


def test_the_stylesheet_defines_every_variable_that_it_uses() -> None:
    sheet = theme.stylesheet()
    used = set(re.findall(r"var\(--([\w-]+)\)", sheet))
    defined = set(re.findall(r"--([\w-]+):", sheet))
    assert used <= defined
