"""A candle file played as if it happened now, faster or slower than it once did.

Its ticks carry the time at which they are sent, so that everything that watches their age works as
it does live; the label tells the time of the candle they come from.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from services.adapters.prices.bars import Bars
from services.domain.errors import Rejected
from services.domain.market import Candle, FeedName, Funding, Tick
from services.domain.money import to_tick
from services.domain.series import CandleSeries
from services.ports import Clock

TICK_S = 0.5
"""Real seconds between two ticks, where a candle leaves room for more than its four prices."""

MAX_SPEED = Decimal(100_000)

_LEGS = 3
_MINUTE_MS = 60_000

Sleep = Callable[[float], Awaitable[None]]


class ReplayFeed:
    """The candles of `series` in their order; gaps between them are jumped over.

    Args:
        source: name of the file, for the label.
        speed: seconds of candle time per real second.
    Raises:
        Rejected: nothing to play, or an impossible speed.
    """

    name = FeedName.REPLAY

    def __init__(
        self,
        series: CandleSeries,
        source: str,
        *,
        speed: Decimal,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if not (speed.is_finite() and 0 < speed <= MAX_SPEED):
            allowed = f"more than 0 and at most {MAX_SPEED:,}"
            raise Rejected(f"A replay cannot run at {speed} times; the speed is {allowed}.", code="feed")
        if len(series) == 0:
            raise Rejected(f"{source} has no candles to replay.", code="feed")
        self._series, self._source, self._speed = series, source, speed
        self._clock, self._monotonic, self._sleep = clock, monotonic, sleep
        self._span = timedelta(milliseconds=series.step_ms or _MINUTE_MS)
        self._span_s = self._span.total_seconds() / float(speed)
        self._bars = Bars()
        self._began: float | None = None
        self._shown: datetime | None = None
        self._ended = False

    @property
    def label(self) -> str:
        """As in `btc.csv, 60x, 2020-03-12 10:30 UTC`, and `..., ended` when it has."""
        parts = [self._source, f"{self._speed.normalize():f}x"]
        if self._shown is not None:
            parts.append(f"{self._shown:%Y-%m-%d %H:%M} UTC")
        return ", ".join([*parts, "ended"] if self._ended else parts)

    async def ticks(self) -> AsyncIterator[Tick]:
        """The path through every candle, to the end of the file.

        A second call joins at the candle that is being played.
        """
        began = self._began = self._monotonic() if self._began is None else self._began
        first = int((self._monotonic() - began) / self._span_s)
        for index in range(first if not self._ended else len(self._series), len(self._series)):
            for share, price in self._path(index):
                due = began + (index + share) * self._span_s
                await self._sleep(max(due - self._monotonic(), 0.0))
                self._shown = self._series.opened_at(index) + share * self._span
                yield self._tick(price)
        self._ended = True

    def _tick(self, price: Decimal) -> Tick:
        tick = Tick(price, self._clock.now().astimezone(UTC))
        self._bars.add(tick)
        return tick

    def _path(self, index: int) -> Iterator[tuple[float, Decimal]]:
        steps = max(round(self._span_s / TICK_S / _LEGS), 1)
        return path(self._series.candle(index), steps)

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """What was played so far, at the times at which it was played."""
        return self._bars.candles(timeframe, limit)

    async def funding(self) -> Funding | None:
        """None: a candle file does not know it."""
        return None

    async def aclose(self) -> None:
        """Nothing is held open."""


def path(candle: Candle, steps: int) -> Iterator[tuple[float, Decimal]]:
    """Share of the candle's time, and price on the tick, from its open to its close.

    A rising candle goes to its low first, a falling one to its high. Each of the three legs has
    `steps` (at least 1) steps, and every one of the four prices is passed.
    """
    rising = candle.close >= candle.open
    extremes = (candle.low, candle.high) if rising else (candle.high, candle.low)
    corners = (candle.open, *extremes, candle.close)
    total = _LEGS * steps + 1
    for step in range(total):
        leg, within = divmod(step, steps)
        start, end = corners[leg], corners[min(leg + 1, _LEGS)]
        yield step / total, to_tick(start + (end - start) * within / steps)
