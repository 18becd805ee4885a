"""The simulated market: prices that nobody traded, for paper accounts without a network.

It is a function of its seed and the time, nothing else: the price of any second can be asked for,
in the past as in the future, and a restart goes on where it would have been. So a paper position
outlives its process, and the chart has a history before the first tick.

How a day is made, all of it drawn from random streams named by (seed, purpose, day):

1. The logarithm of the price at midnight returns to that of `level` with a half-life of ten days.
   Its daily steps have a volatility that itself comes and goes in phases of weeks.
2. The seconds of the day connect two midnights: normal steps whose size swings with the minute
   (phases of half an hour), and now and then a jump.
3. The result is rounded to the tick.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from services.adapters.prices.bars import duration, folded, opening
from services.domain.errors import Rejected
from services.domain.market import Candle, FeedName, Funding, Tick, next_funding
from services.domain.money import TICK
from services.ports import Clock

DEFAULT_LEVEL = Decimal(100_000)
MIN_LEVEL, MAX_LEVEL = Decimal(100), Decimal(10_000_000)
HISTORY = timedelta(days=400)
"""How far back candles are answered."""

ANNUAL_VOLATILITY = 0.57

_DAY_S = 86_400
_MINUTES = 1_440
_SETTLEMENT_S = 28_800

_RETURN = 0.93  # of a deviation, what is left of it a day later
_MEMORY = 150  # days that still count; 0.93 ** 150 is 2e-5
_PHASE, _PHASE_NOISE = 0.9, 0.12  # log of the daily volatility
_SWING, _SWING_NOISE = 0.97, 0.11  # log of the volatility of a minute
_JUMPS_A_DAY, _JUMP = 1.5, 0.004  # Laplace distributed
_FUNDING_MEAN, _FUNDING_KEEP, _FUNDING_NOISE = 0.00006, 0.8, 0.00006
_FUNDING_MEMORY = 40
_FUNDING_PLACES = Decimal("0.000001")

_DAYS, _PATH, _SETTLEMENTS = 0, 1, 2  # purposes of random streams

Ticks = npt.NDArray[np.int64]
"""Prices as whole numbers of `TICK`."""

Sleep = Callable[[float], Awaitable[None]]


class SimulatedMarket:
    """Prices around `level` (USD per BTC) for every second since 1970.

    A day takes some milliseconds; the latest ones are remembered. Safe to share between threads.

    Raises:
        Rejected: a negative seed, or a level outside 100 to 10,000,000.
    """

    def __init__(self, seed: int, level: Decimal = DEFAULT_LEVEL) -> None:
        if seed < 0:
            raise Rejected(f"A simulated market cannot have the seed {seed}; use 0 or more.", code="feed")
        if not (level.is_finite() and MIN_LEVEL <= level <= MAX_LEVEL):
            allowed = f"{MIN_LEVEL:,} to {MAX_LEVEL:,} USD"
            raise Rejected(f"A simulated market cannot start at {level}; use {allowed}.", code="feed")
        self._seed, self._level = seed, float(level / TICK)
        self.day = lru_cache(maxsize=4)(self._day)
        self.minutes = lru_cache(maxsize=128)(self._minutes)
        self._daily_noise = lru_cache(maxsize=2048)(self._draw_day)

    def price(self, second: int) -> Decimal:
        """USD per BTC at a second since 1970, a multiple of the tick."""
        day, within = divmod(second, _DAY_S)
        return int(self.day(day)[within]) * TICK

    def funding_rate(self, settlement: int) -> Decimal:
        """Rate of the settlement that is `settlement` times eight hours after 1970."""
        noise = (
            self._stream(_SETTLEMENTS, settlement - age).standard_normal() for age in range(_FUNDING_MEMORY)
        )
        swing = sum(_FUNDING_KEEP**age * one for age, one in enumerate(noise))
        return Decimal(_FUNDING_MEAN + _FUNDING_NOISE * swing).quantize(_FUNDING_PLACES)

    def candles(self, length: timedelta, limit: int, until: datetime) -> list[Candle]:
        """The latest `limit` candles up to the second of `until`, whose last one may be open."""
        earliest = opening(until - HISTORY, length) + length
        first = int(max(opening(until, length) - (limit - 1) * length, earliest).timestamp())
        last = int(until.timestamp())
        bars: list[Candle] = []
        for day in range(first // _DAY_S, last // _DAY_S + 1):
            seconds = min(last - day * _DAY_S + 1, _DAY_S)
            per_candle = min(int(length.total_seconds()), _DAY_S)
            bars += self._bars(day, seconds, per_candle)
        return folded(bars, length)[-limit:]

    def _bars(self, day: int, seconds: int, per_candle: int) -> list[Candle]:
        """Candles of `per_candle` seconds, a divisor of the day, from its first `seconds`."""
        opens, highs, lows, closes = self._open_day(day, seconds)
        starts = np.arange(0, len(opens), per_candle // 60)
        ends = np.minimum(starts + per_candle // 60, len(opens)) - 1
        columns = (
            opens[starts],
            np.maximum.reduceat(highs, starts),
            np.minimum.reduceat(lows, starts),
            closes[ends],
        )
        midnight = datetime.fromtimestamp(day * _DAY_S, UTC)
        return [
            Candle(midnight + timedelta(minutes=int(start)), *(int(value) * TICK for value in values))
            for start, *values in zip(starts, *columns, strict=True)
        ]

    def _open_day(self, day: int, seconds: int) -> tuple[Ticks, ...]:
        """Open, high, low, close of each minute of a day that is `seconds` old."""
        whole, rest = divmod(seconds, 60)
        columns = tuple(column[:whole] for column in self.minutes(day))
        if rest == 0:
            return columns
        part = self.day(day)[whole * 60 : seconds]
        ohlc = (part[0], part.max(), part.min(), part[-1])
        return tuple(np.append(column, value) for column, value in zip(columns, ohlc, strict=True))

    def _minutes(self, day: int) -> tuple[Ticks, ...]:
        table = self.day(day).reshape(_MINUTES, 60)
        return table[:, 0].copy(), table.max(axis=1), table.min(axis=1), table[:, -1].copy()

    def _day(self, day: int) -> Ticks:
        """The price of each second of a day, counted from 1970."""
        chance = self._stream(_PATH, day)
        start, end = self._deviation(day), self._deviation(day + 1)
        scale = self._daily_volatility(day)
        steps = chance.standard_normal(_DAY_S) * np.repeat(_swing(chance), 60) * scale / math.sqrt(_DAY_S)
        jumps = chance.integers(0, _DAY_S, size=chance.poisson(_JUMPS_A_DAY))
        np.add.at(steps, jumps, chance.laplace(0, _JUMP, size=len(jumps)))
        walked = np.cumsum(steps) - steps  # before each step
        drift = (end - start - float(steps.sum())) * np.arange(_DAY_S) / _DAY_S
        return np.rint(self._level * np.exp(start + walked + drift)).astype(np.int64)

    def _deviation(self, day: int) -> float:
        """Logarithm of price over level at midnight."""
        return sum(
            _RETURN**age * self._daily_volatility(day - 1 - age) * self._daily_noise(day - 1 - age)[0]
            for age in range(_MEMORY)
        )

    def _daily_volatility(self, day: int) -> float:
        spread = _PHASE_NOISE**2 / (1 - _PHASE**2)
        phase = sum(_PHASE**age * self._daily_noise(day - age)[1] for age in range(60))
        return ANNUAL_VOLATILITY / math.sqrt(365) * math.exp(_PHASE_NOISE * phase - spread)

    def _draw_day(self, day: int) -> tuple[float, float]:
        first, second = self._stream(_DAYS, day).standard_normal(2)
        return float(first), float(second)

    def _stream(self, purpose: int, index: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, purpose, index])


def _swing(chance: np.random.Generator) -> npt.NDArray[np.float64]:
    """Relative volatility of each minute of a day; its square is 1 on average."""
    noise = chance.standard_normal(_MINUTES) * _SWING_NOISE
    state = float(noise[0]) / math.sqrt(1 - _SWING**2)
    logs = [state]
    for one in noise[1:].tolist():
        state = _SWING * state + one
        logs.append(state)
    sizes = np.exp(np.array(logs))
    return np.asarray(sizes / math.sqrt(float(np.mean(sizes**2))))


class SimulatedFeed:
    """`market` as a price feed: a tick at every full second of `clock`."""

    name = FeedName.SIMULATED
    label = "Simulated market"

    def __init__(self, market: SimulatedMarket, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._market, self._clock, self._sleep = market, clock, sleep

    async def ticks(self) -> AsyncIterator[Tick]:
        """One a second, without end; a second that was slept through is left out."""
        last: int | None = None
        while True:
            second = int(self._clock.now().timestamp())
            if second != last:
                last = second
                prices = await asyncio.to_thread(self._market.day, second // _DAY_S)
                yield Tick(int(prices[second % _DAY_S]) * TICK, datetime.fromtimestamp(second, UTC))
            await self._sleep(max(second + 1 - self._clock.now().timestamp(), 0.0))

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """Raises `Rejected` for an unknown timeframe."""
        length = duration(timeframe)
        if limit < 1:
            return []
        return await asyncio.to_thread(self._market.candles, length, limit, self._clock.now())

    async def funding(self) -> Funding | None:
        settles_at = next_funding(self._clock.now())
        rate = self._market.funding_rate(int(settles_at.timestamp()) // _SETTLEMENT_S)
        return Funding(rate, settles_at)

    async def aclose(self) -> None:
        """Nothing is held open."""
