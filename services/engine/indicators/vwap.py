"""The volume-weighted average price of the day, which no library anchors to midnight."""

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from services.domain.errors import Rejected
from services.engine.indicators.specs import Bar, Bars, Follow
from services.engine.indicators.windows import Values

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Vwap:
    """Volume-weighted average of the typical price (high + low + close) / 3 since midnight UTC.

    Begins with the first day that the history shows from its start, so that it never depends on
    where the history began; not defined before the day's first volume.
    """

    @property
    def warm_up(self) -> int:
        return 1

    def memory(self, timeframe: timedelta) -> int:
        return math.ceil(timedelta(days=1) / timeframe) + 1

    def values(self, bars: Bars) -> Values:
        if bars.volumes is None:
            raise Rejected("This history has no volume, which a VWAP needs.", code="no_volume")
        values = np.full(len(bars.times), np.nan)
        worth = (bars.highs + bars.lows + bars.closes) / 3 * bars.volumes
        days = bars.times // _DAY_MS
        starts = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist(), len(days)]
        for begin, end in pairwise(starts):
            if begin < end and (begin > 0 or bars.times[0] % _DAY_MS == 0):
                volume = np.cumsum(bars.volumes[begin:end])
                total = np.cumsum(worth[begin:end])
                np.divide(total, volume, out=values[begin:end], where=volume > 0)
        return values

    def follow(self) -> Follow:
        day: int | None = None
        begun, worth, volume = False, 0.0, 0.0

        def update(bar: Bar) -> float | None:
            nonlocal day, begun, worth, volume
            if bar.time // _DAY_MS != day:
                begun = day is not None or bar.time % _DAY_MS == 0
                day, worth, volume = bar.time // _DAY_MS, 0.0, 0.0
            worth += (bar.high + bar.low + bar.close) / 3 * bar.volume
            volume += bar.volume
            return worth / volume if begun and volume > 0 else None

        return update
