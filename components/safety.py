"""The answer to "am I safe?"; see `safety.jsx`."""

import reflex as rx

from components.local import PATHS, Local


class Safety(Local):
    """`positions` need `id`, `state` of the guard, `trigger`, `distance` and `reason`.

    `read` is `loading`, `ready` or `failed`.
    """

    library = PATHS["safety.jsx"]
    tag = "Safety"

    positions: rx.Var[list]
    read: rx.Var[str]


class SafetyView(Local):
    """The same strip of plain values."""

    library = PATHS["safety.jsx"]
    tag = "SafetyView"

    status: rx.Var[str]
    text: rx.Var[str]


class _Profit(Local):
    library = PATHS["position.jsx"]

    value: rx.Var[int]
    margin: rx.Var[int]


class Profit(_Profit):
    tag = "Profit"

    position_id: rx.Var[str]


class ProfitView(_Profit):
    tag = "ProfitView"
