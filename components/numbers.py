"""Numbers and times that follow the language of the page."""

import reflex as rx

from components.local import PATHS, Local


class _Number(Local):
    library = PATHS["numbers.jsx"]

    value: rx.Var[int | float | None]


class Sats(_Number):
    tag = "Sats"

    sign: rx.Var[bool]
    unit: rx.Var[bool]


class Usd(_Number):
    tag = "Usd"

    places: rx.Var[int]
    unit: rx.Var[bool]


class Percent(_Number):
    tag = "Percent"

    places: rx.Var[int]
    trim: rx.Var[bool]
    sign: rx.Var[bool]


class Leverage(_Number):
    tag = "Leverage"


class Ago(Local):
    library = PATHS["numbers.jsx"]
    tag = "Ago"

    at: rx.Var[int]


sats = Sats.create
usd = Usd.create
percent = Percent.create
leverage = Leverage.create
ago = Ago.create
