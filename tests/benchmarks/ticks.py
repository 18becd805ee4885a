"""A price tick with many armed guards of which none fires: the cost must not grow with their number."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import median

from services.domain.wakes import At, EventKind, On, PriceAtOrAbove, PriceAtOrBelow
from services.engine.wakes import WakeIndex

TICKS = 20_000
ROUNDS = 7
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TickCost:
    """Microseconds for asking the index about one tick, prices and times."""

    guards: int
    us_per_tick: float
    arming_us: float


def index_of(guards: int) -> tuple[WakeIndex[int], float]:
    """An index with that many guards, half long, half short; and microseconds to arm one."""
    index: WakeIndex[int] = WakeIndex()
    later = NOW + timedelta(days=1)
    began = time.perf_counter()
    for number in range(guards):
        level = Decimal(number % 30_000) / 2
        wake = PriceAtOrBelow(40_000 + level) if number % 2 else PriceAtOrAbove(80_000 + level)
        index.arm(number, (wake, At(later), On(EventKind.POSITION_CHANGED), On(EventKind.PRICE_SILENT)))
    return index, (time.perf_counter() - began) / guards * 1e6


def measure(guards: int) -> TickCost:
    """Median over several rounds of ticks between all levels."""
    index, arming_us = index_of(guards)
    prices = [Decimal(60_000) + Decimal(step % 2_000) / 2 for step in range(TICKS)]
    costs = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for price in prices:
            if index.priced(price, price) or index.due(NOW):
                raise AssertionError("none of these guards may fire")
        costs.append((time.perf_counter() - began) / TICKS * 1e6)
    return TickCost(guards, median(costs), arming_us)
