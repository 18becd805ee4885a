"""Candles made of ticks: what the feeds without a candle archive of their own have in common.

Candles lie on a UTC grid: whole multiples of their length since midnight, weeks from Monday.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.domain.errors import Rejected
from services.domain.market import Candle, Tick

TIMEFRAMES: Mapping[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "3m": timedelta(minutes=3),
    "5m": timedelta(minutes=5),
    "10m": timedelta(minutes=10),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "45m": timedelta(minutes=45),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "3h": timedelta(hours=3),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
}
"""Names as LN Markets writes them. Each shorter one fits a day a whole number of times."""

_A_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


def duration(timeframe: str) -> timedelta:
    """Length of a candle.

    Raises:
        Rejected: no feed has this timeframe.
    """
    if timeframe not in TIMEFRAMES:
        allowed = ", ".join(TIMEFRAMES)
        raise Rejected(f"There are no candles of {timeframe!r}; choose one of {allowed}.", code="timeframe")
    return TIMEFRAMES[timeframe]


def opening(at: datetime, length: timedelta) -> datetime:
    """Opening time of the candle that holds `at` (aware)."""
    return at.astimezone(UTC) - (at - _A_MONDAY) % length


def folded(candles: Iterable[Candle], length: timedelta) -> list[Candle]:
    """Longer candles from shorter ones in ascending order; `length` is a multiple of theirs."""
    longer: list[Candle] = []
    for candle in candles:
        at = opening(candle.opened_at, length)
        if longer and longer[-1].opened_at == at:
            longer[-1] = joined(longer[-1], candle)
        else:
            longer.append(replace(candle, opened_at=at))
    return longer


def joined(first: Candle, then: Candle) -> Candle:
    """One candle of two that follow each other, opened with the first."""
    return Candle(
        opened_at=first.opened_at,
        open=first.open,
        high=max(first.high, then.high),
        low=min(first.low, then.low),
        close=then.close,
        volume=first.volume + then.volume,
    )


class Bars:
    """Remembers the ticks of the latest days as candles of one minute."""

    def __init__(self, keep: int = 5_000) -> None:
        self._keep = keep
        self._minutes: OrderedDict[datetime, Candle] = OrderedDict()

    def add(self, tick: Tick) -> None:
        """Ticks come in the order of their time."""
        at = opening(tick.at, TIMEFRAMES["1m"])
        bar = Candle(at, tick.price, tick.price, tick.price, tick.price)
        self._minutes[at] = joined(self._minutes[at], bar) if at in self._minutes else bar
        if len(self._minutes) > self._keep:
            self._minutes.popitem(last=False)

    def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """The latest `limit` candles, oldest first. Raises `Rejected` for an unknown timeframe."""
        longer = folded(self._minutes.values(), duration(timeframe))
        return longer[-limit:] if limit > 0 else []
