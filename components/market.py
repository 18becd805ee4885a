"""The market in the header; everything here is fed by the live store."""

import reflex as rx

from components.local import PATHS, Local


class _Market(Local):
    library = PATHS["market.jsx"]


class Price(_Market):
    tag = "Price"


class Change(_Market):
    tag = "Change"


class Freshness(_Market):
    tag = "Freshness"


class Funding(_Market):
    tag = "Funding"


class MarketTape(_Market):
    """Tape across the top while the market is not the real one; `on_stop` ends a scenario."""

    tag = "MarketTape"

    on_stop: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[type-arg, valid-type]


class WhenChanged(Local):
    """Draws nothing; `on_changed` runs when the server says so, and after a lost connection."""

    library = PATHS["when_changed.jsx"]
    tag = "WhenChanged"

    on_changed: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore[type-arg, valid-type]


class CandleChart(rx.NoSSRComponent):
    """Its parent reserves the height; see `candle_chart.jsx`."""

    library = PATHS["candle_chart.jsx"]
    tag = "CandleChart"
    lib_dependencies: list[str] = ["lightweight-charts@5.2.1"]

    entry: rx.Var[int | float]
    liquidation: rx.Var[int | float]
    trigger: rx.Var[int | float]
    target: rx.Var[int | float]
