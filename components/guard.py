"""The state of a position's guard: a word, a shape, and the reason."""

import reflex as rx

from components.icons import icon
from components.text import t
from components.values import Shown


def guard_chip(state: Shown) -> rx.Component:
    """`armed`, `acting`, `blocked`, `paused`, `finished`, or empty for no guard."""
    return rx.match(
        state,
        ("armed", _chip("safe", "safe", t("Guard armed"))),
        ("acting", _chip("accent", "acting", t("Guard acting"))),
        ("blocked", _chip("danger", "blocked", t("Guard blocked"))),
        ("paused", _chip("watch", "pause", t("Guard paused"))),
        ("finished", _chip("info", "check", t("Guard finished"))),
        _chip("watch", "watch", t("Not guarded")),
    )


_LEVELS = {
    "safe": "chip level-safe",
    "accent": "chip level-accent",
    "danger": "chip level-danger",
    "watch": "chip level-watch",
    "info": "chip level-info",
}


def _chip(level: str, shape: str, word: Shown) -> rx.Component:
    return rx.el.span(icon(shape, 14), word, class_name=_LEVELS[level])


def venue_chip(venue: Shown) -> rx.Component:
    """*Paper* cannot be missed; a real venue is named plainly. A term of the card's facts."""
    return rx.el.div(
        rx.el.dt(t("Venue"), class_name="sr-only"),
        rx.el.dd(
            rx.cond(
                venue == "paper",
                rx.el.span(icon("paper", 14), t("Paper"), class_name="chip level-info"),
                rx.el.span(venue, class_name="text-muted"),
            ),
            class_name="flex",
        ),
    )
