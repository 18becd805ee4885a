"""What a market says: ticks, candles, funding. Values only; where they come from is a port."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

FUNDING_HOURS = (0, 8, 16)
"""UTC hours of a settlement. Source: LN Markets, since 2025-04-11."""

PRICE_MAX_AGE = timedelta(seconds=30)
"""No money action is decided on a price older than this."""


class FeedName(StrEnum):
    """Where prices come from; shown wherever a price is shown."""

    LIVE = "live"
    REPLAY = "replay"
    SIMULATED = "simulated"
    SCENARIO = "scenario"


@dataclass(frozen=True, slots=True)
class Tick:
    """The last price at an instant. `price` USD per BTC, `at` aware UTC."""

    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices in USD per BTC during [`opened_at`, `opened_at` + timeframe)."""

    opened_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Funding:
    """Rate of the next settlement; positive means that longs pay."""

    rate: Decimal
    settles_at: datetime


def next_funding(after: datetime) -> datetime:
    """First settlement instant strictly after `after` (aware UTC)."""
    midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
    instants = [midnight + timedelta(hours=h) for h in (*FUNDING_HOURS, 24)]
    return next(instant for instant in instants if instant > after)


def day_of(moment: datetime) -> datetime:
    """Midnight UTC at or before `moment`: where a day's budget begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
