"""Icons and the mark of the product."""

import reflex as rx

from components.local import PATHS, Local


class Icon(Local):
    library = PATHS["icon.jsx"]
    tag = "Icon"

    name: rx.Var[str]
    size: rx.Var[int]


class Mark(Local):
    library = PATHS["icon.jsx"]
    tag = "Mark"

    size: rx.Var[int]


def icon(name: str | rx.Var[str], size: int = 18, **props: object) -> rx.Component:
    """A picture beside a word; it says nothing to a screen reader."""
    return Icon.create(name=name, size=size, **props)


def mark(size: int = 26) -> rx.Component:
    return Mark.create(size=size)
