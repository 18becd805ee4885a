"""A crossover of two averages over two years of minutes, with fees and exact orders, against a plain loop.

Long 1,000 USD where SMA 20 crosses above SMA 50, short where it crosses below, always at the next
candle's open: what an order gets that was decided at the close. No funding, no slippage.
"""

import time
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from statistics import median

import numpy as np

from services.domain import futures, round_trips
from services.domain.futures import Side
from services.domain.money import to_tick
from services.domain.series import CandleSeries, exact
from services.engine.indicators import Sma, batch, crossings
from tests.benchmarks.replays import TWO_YEARS, minutes

ROUNDS = 5
QUANTITY = 1_000
FEE_RATE = Decimal("0.001")
FAST, SLOW = 20, 50


@dataclass(frozen=True, slots=True)
class CrossoverCost:
    candles: int
    trades: int
    candles_per_second: float
    first_candles_per_second: float
    plain_loop_candles_per_second: float
    times_the_plain_loop: float
    same_as_the_plain_loop: bool


@dataclass(frozen=True, slots=True)
class Result:
    """Net sats of every trade, in order."""

    gains: list[int]


def crossover(series: CandleSeries) -> Result:
    """With whole columns: indicators, crossings, and exact sats for each trade."""
    turns = crossings(batch(series, Sma(FAST)), batch(series, Sma(SLOW)))
    at = np.flatnonzero(turns[:-1])
    prices = round_trips.half_dollars(np.append(series.opens[at + 1], series.closes[-1]))
    won = round_trips.profits(QUANTITY, turns[at], prices[:-1], prices[1:])
    paid = round_trips.fees(QUANTITY, prices, FEE_RATE)
    return Result((won - paid[:-1] - paid[1:]).tolist())


def plain_loop(series: CandleSeries) -> Result:
    """Candle by candle, with running sums, and the venue's math for each trade."""
    fast: deque[float] = deque(maxlen=FAST)
    slow: deque[float] = deque(maxlen=SLOW)
    fast_sum, slow_sum, side = 0.0, 0.0, 0
    fills: list[tuple[int, float]] = []
    opens = series.opens.tolist()
    for index, close in enumerate(series.closes.tolist()):
        fast_sum += close - (fast[0] if len(fast) == FAST else 0)
        slow_sum += close - (slow[0] if len(slow) == SLOW else 0)
        fast.append(close)
        slow.append(close)
        if len(slow) < SLOW:
            continue
        gap = fast_sum * SLOW - slow_sum * FAST
        now = (gap > 0) - (gap < 0) or side
        if side and now != side and index + 1 < len(opens):
            fills.append((now, opens[index + 1]))
        side = now
    fills.append((0, series.closes.tolist()[-1]))
    return Result([_gain(*pair) for pair in pairwise(fills)])


def _gain(entered: tuple[int, float], left: tuple[int, float]) -> int:
    side = Side.BUY if entered[0] > 0 else Side.SELL
    entry, leave = (to_tick(exact(price)) for _, price in (entered, left))
    fees = sum(futures.trading_fee(QUANTITY, price, FEE_RATE) for price in (entry, leave))
    return futures.profit(side, QUANTITY, entry, leave) - fees


def measure() -> CrossoverCost:
    series = minutes(TWO_YEARS)
    costs: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = crossover(series)
        costs.append(time.perf_counter() - began)
    began = time.perf_counter()
    plain = plain_loop(series)
    plain_cost = time.perf_counter() - began
    return CrossoverCost(
        candles=len(series),
        trades=len(result.gains),
        candles_per_second=len(series) / median(costs),
        first_candles_per_second=len(series) / costs[0],
        plain_loop_candles_per_second=len(series) / plain_cost,
        times_the_plain_loop=plain_cost / median(costs),
        same_as_the_plain_loop=result == plain,
    )
