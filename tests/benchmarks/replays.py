"""Replay of two years of minutes with one guard, against a loop that looks at every candle."""

import asyncio
import time
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

import numpy as np

from services.domain.futures import Side
from services.domain.money import Sats
from services.domain.series import CandleSeries
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.replay import Replay, Replayed, Terms, jump, step
from services.ports import MarketOrder

TWO_YEARS = 1_051_200
STEPPED = 50_000
ROUNDS = 5
BUDGET = Sats(20_000_000)


@dataclass(frozen=True, slots=True)
class ReplayCost:
    candles: int
    replay_ms: float
    first_replay_ms: float
    naive_loop_ms: float
    actions: int
    candles_walked: int
    same_as_stepping: bool


def minutes(count: int, seed: int = 7) -> CandleSeries:
    """A seeded walk with a long decline, so that the guard has something to do."""
    random = np.random.default_rng(seed)
    moves = random.normal(0, 0.0006, count) - 0.5 / count
    closes = np.round(60_000 * np.exp(np.cumsum(moves)) * 2) / 2
    opens = np.concatenate([[60_000.0], closes[:-1]])
    reach = np.round(np.abs(random.normal(0, 0.0004, count)) * closes * 2) / 2
    highs, lows = np.maximum(opens, closes) + reach, np.minimum(opens, closes) - reach
    times = np.arange(count, dtype=np.int64) * 60_000 + 1_577_836_800_000
    return CandleSeries(times, opens, highs, lows, closes)


def terms() -> Terms:
    guard = MarginGuard(trigger_percent=Decimal(5), target_percent=Decimal(12), budget_lifetime_sats=BUDGET)
    return Terms(MarketOrder(Side.BUY, 1_000, Decimal(5)), guard=guard, funds=BUDGET)


def naive_ms(series: CandleSeries) -> float:
    """A plain loop in floats that computes the distance at every point of every candle's path."""
    columns = (series.opens, series.lows, series.highs, series.closes)
    liquidation, trigger, met = 1.0, 0.05, 0
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    began = time.perf_counter()
    for row in rows:
        for price in row:
            if (price - liquidation) / price <= trigger:
                met += 1
    return (time.perf_counter() - began) * 1000


def measure() -> ReplayCost:
    series = minutes(TWO_YEARS)
    costs: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        result = asyncio.run(Replay(series, terms()).run())
        costs.append((time.perf_counter() - began) * 1000)
    return ReplayCost(
        candles=len(series),
        replay_ms=median(costs),
        first_replay_ms=costs[0],
        naive_loop_ms=naive_ms(series),
        actions=len(result.actions),
        candles_walked=result.candles_walked,
        same_as_stepping=_same(minutes(STEPPED)),
    )


def _same(series: CandleSeries) -> bool:
    def trace(result: Replayed) -> object:
        return result.runs, result.actions, result.final_profit

    jumped = asyncio.run(Replay(series, terms()).run(jump))
    stepped = asyncio.run(Replay(series, terms()).run(step))
    return trace(jumped) == trace(stepped)
