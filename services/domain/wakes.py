"""When an automation wants to be looked at again.

A wake is a reason to look, never a reason to act: the decision is taken on the latest facts. It is
one-shot, and each decision returns the complete new set. Price wakes are levels, not edges: one
whose condition holds when it is armed fires at once, so no crossing is missed in between.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class EventKind(StrEnum):
    """What can happen to an account, beside prices and time."""

    POSITION_OPENED = "position.opened"
    POSITION_CHANGED = "position.changed"
    POSITION_CLOSED = "position.closed"
    FUNDING_ANNOUNCED = "funding.announced"
    FUNDING_SETTLED = "funding.settled"
    BALANCE_CHANGED = "balance.changed"
    FEEDS_CHANGED = "feeds.changed"
    PRICE_SILENT = "price.silent"
    PRICE_RESUMED = "price.resumed"
    INTENT_RESOLVED = "intent.resolved"
    CONFIG_CHANGED = "config.changed"


@dataclass(frozen=True, slots=True)
class PriceAtOrBelow:
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceAtOrAbove:
    price: Decimal


@dataclass(frozen=True, slots=True)
class At:
    at: datetime


@dataclass(frozen=True, slots=True)
class On:
    event: EventKind


@dataclass(frozen=True, slots=True)
class EveryCandle:
    """A closed candle; `timeframe` as in `1m`, `1h`."""

    timeframe: str


Wake = PriceAtOrBelow | PriceAtOrAbove | At | On | EveryCandle
