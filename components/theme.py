"""Every colour and size of the interface, and the stylesheet that is made from them.

Nothing else in the project holds a literal colour or size: Tailwind's own palette, type scale and
radii are switched off, so that a class such as `bg-panel` or `text-13` can only mean what stands
here. Two themes, dark first, light its equal; three ways to colour prices.
"""

from collections.abc import Mapping
from pathlib import Path

Palette = Mapping[str, str]

DARK: Palette = {
    "bg": "#090c10",
    "panel": "#10151b",
    "raised": "#19212a",
    "line": "#242d37",
    "edge": "#63717f",
    "text": "#e9eef2",
    "muted": "#98a5b1",
    "accent": "#ffb224",
    "accent-ink": "#1d1300",
    "accent-text": "#ffb224",
    "accent-soft": "#2a2316",
    "safe": "#4fd1a5",
    "safe-soft": "#14241f",
    "watch": "#ecd04a",
    "watch-soft": "#28261a",
    "danger": "#ff7566",
    "danger-ink": "#200604",
    "danger-soft": "#2c1c1f",
    "info": "#79b8ff",
    "info-soft": "#182432",
    "shade": "#04060999",
}

LIGHT: Palette = {
    "bg": "#eff1ee",
    "panel": "#fcfdfb",
    "raised": "#e6e9e5",
    "line": "#d3d8d2",
    "edge": "#767f86",
    "text": "#11161a",
    "muted": "#515c65",
    "accent": "#f5a80a",
    "accent-ink": "#1d1300",
    "accent-text": "#855200",
    "accent-soft": "#fbf1d9",
    "safe": "#08694a",
    "safe-soft": "#e0efe8",
    "watch": "#6b5300",
    "watch-soft": "#f3eccb",
    "danger": "#b3261a",
    "danger-ink": "#fff6f4",
    "danger-soft": "#f7e2df",
    "info": "#134fae",
    "info-soft": "#e0eaf8",
    "shade": "#11161a66",
}

THEMES: Mapping[str, Palette] = {"dark": DARK, "light": LIGHT}

PRICES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "green-up": {"dark": ("#5ccf8f", "#ff8678"), "light": ("#0b6a43", "#b3261a")},
    "red-up": {"dark": ("#ff8678", "#5ccf8f"), "light": ("#b3261a", "#0b6a43")},
    "blue-up": {"dark": ("#79b8ff", "#ffa86b"), "light": ("#134fae", "#8f4300")},
}
"""Scheme to theme to (up, down): red is up in East Asia; blue and orange for red-green blindness."""

SURFACES = ("bg", "panel", "raised")

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (role, surface)
        for role in ("text", "muted", "accent-text", "safe", "watch", "danger", "info", "up", "down")
        for surface in SURFACES
    ),
    *((role, f"{role}-soft") for role in ("safe", "watch", "danger", "info")),
    *(("text", f"{role}-soft") for role in ("safe", "watch", "danger", "info", "accent")),
    *(("muted", f"{role}-soft") for role in ("safe", "watch", "danger", "info", "accent")),
    ("accent-text", "accent-soft"),
    ("accent-ink", "accent"),
    ("danger-ink", "danger"),
)
"""Foreground and background that meet somewhere: at least 4.5:1 in both themes."""

CONTROL_PAIRS: tuple[tuple[str, str], ...] = tuple(("edge", surface) for surface in SURFACES)
"""Outlines of controls: at least 3:1."""

TYPE_SCALE = (12, 13, 14, 16, 20, 28, 40)
"""Pixels at the default text size. 40 is the price alone."""

LEADING: Mapping[int, int] = {12: 16, 13: 18, 14: 20, 16: 24, 20: 26, 28: 34, 40: 44}

SIZES: Mapping[str, str] = {
    "radius-panel": "10px",
    "radius-control": "8px",
    "radius-chip": "5px",
    "radius-full": "999px",
    "spacing": "0.25rem",
    "breakpoint-sm": "40rem",
    "breakpoint-md": "48rem",
    "breakpoint-lg": "64rem",
    "breakpoint-xl": "80rem",
    "container-form": "27rem",
    "container-dialog": "32rem",
    "container-page": "104rem",
}

FONT = "IBM Plex Sans Variable"
FONT_PACKAGE = "@fontsource-variable/ibm-plex-sans@5.3.0"
_FONT_FILES = "@fontsource-variable/ibm-plex-sans/files/ibm-plex-sans-{subset}-wght-normal.woff2"
_SUBSETS = {
    "latin-ext": (
        "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,"
        "U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
    ),
    "latin": (
        "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,"
        "U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
    ),
}
_FALLBACK = "ui-sans-serif, system-ui, sans-serif"

STYLESHEET = "external/components/theme/axisor.css"
"""Where `components.build` puts the result, relative to `assets/`."""


def stylesheet() -> str:
    """The whole stylesheet: fonts, Tailwind theme, both palettes, and the rules of `base.css`."""
    rules = (Path(__file__).parent / "base.css").read_text()
    return "\n".join([_fonts(), _tailwind(), _palettes(), _prices(), rules])


def _fonts() -> str:
    return "\n".join(
        f'@font-face {{ font-family: "{FONT}"; font-style: normal; font-display: swap; font-weight: 100 700;'
        f' src: url("{_FONT_FILES.format(subset=subset)}") format("woff2"); unicode-range: {characters}; }}'
        for subset, characters in _SUBSETS.items()
    )


def _tailwind() -> str:
    """Tailwind's theme: its defaults removed, ours put in place of them."""
    roles = [*DARK, "up", "down"]
    lines = [
        f"--{kind}-*: initial;" for kind in ("color", "text", "radius", "breakpoint", "container", "shadow")
    ]
    lines += [f"--color-{role}: var(--{role});" for role in roles]
    lines += [
        f"--text-{px}: {px / 16}rem; --text-{px}--line-height: {LEADING[px] / 16}rem;" for px in TYPE_SCALE
    ]
    lines += [f"--{name}: {value};" for name, value in SIZES.items()]
    lines += [
        f'--font-sans: "{FONT}", {_FALLBACK};',
        "--font-mono: ui-monospace, Menlo, Consolas, monospace;",
    ]
    return "@theme inline static {\n  " + "\n  ".join(lines) + "\n}"


def _palettes() -> str:
    return "\n".join(
        f"{selector} {{ color-scheme: {name}; {_variables(palette)} }}"
        for name, palette, selector in (("dark", DARK, ":root"), ("light", LIGHT, ":root.light"))
    )


def _variables(palette: Palette) -> str:
    return " ".join(f"--{role}: {value};" for role, value in palette.items())


def _prices() -> str:
    rules = []
    for scheme, themes in PRICES.items():
        chosen = "" if scheme == "green-up" else f'[data-prices="{scheme}"]'
        for theme, (up, down) in themes.items():
            light = ".light" if theme == "light" else ""
            rules.append(f":root{light}{chosen} {{ --up: {up}; --down: {down}; }}")
    return "\n".join(rules)
