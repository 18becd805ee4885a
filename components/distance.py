"""The distance bar as a component: see `distance_bar.jsx`."""

import reflex as rx

from components.local import PATHS, Local


class _Bar(Local):
    library = PATHS["distance_bar.jsx"]

    side: rx.Var[str]
    entry: rx.Var[int | float]
    liquidation: rx.Var[int | float]
    trigger: rx.Var[int | float | None]
    target: rx.Var[int | float | None]
    distance: rx.Var[int | float | None]
    state: rx.Var[str]
    headline: rx.Var[str]
    trigger_price: rx.Var[int | float | None]
    would_add: rx.Var[int | None]
    budget_left: rx.Var[int | None]


class DistanceBar(_Bar):
    """Fed by the live store under `position_id`; `distance` until the first tick."""

    tag = "DistanceBar"

    position_id: rx.Var[str]


class DistanceBarView(_Bar):
    """The same picture of plain values."""

    tag = "DistanceBarView"

    live: rx.Var[bool]
