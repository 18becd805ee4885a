"""An indicator over a whole history, and the same candle by candle."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

from services.domain.errors import Defect
from services.domain.market import Candle
from services.domain.series import CandleSeries, to_ms
from services.engine.indicators.specs import Bar, Bars, Spec
from services.engine.indicators.windows import PLACES, Values


def batch(series: CandleSeries, spec: Spec, volumes: Values | None = None) -> Values:
    """The indicator after each candle of `series`, as long as it; nan where it is not defined.

    Args:
        volumes: as long as `series`; only `Vwap` needs them.
    Raises:
        Rejected: the indicator needs volumes, and there are none.
        Defect: a price is not finite, or the volumes have another length.
    """
    if volumes is not None and volumes.shape != series.closes.shape:
        raise Defect("The volumes of a candle series differ in length.")
    columns = (series.highs, series.lows, series.closes)
    if not all(bool(np.isfinite(column).all()) for column in columns):
        raise Defect("A candle series holds a price that is not finite.")
    values = spec.values(Bars(series.times, *columns, volumes))
    np.multiply(values, PLACES, out=values)
    np.rint(values, out=values)
    np.divide(values, PLACES, out=values)
    return np.add(values, 0.0, out=values)


class Incremental:
    """One indicator on live candles; for one task at a time.

    Args:
        spec: what to compute.
        timeframe: of the candles; says when one has closed.
    """

    def __init__(self, spec: Spec, timeframe: timedelta) -> None:
        self.spec, self.timeframe = spec, timeframe
        self.value: float | None = None
        self._follow, self._last = spec.follow(), -1

    def update(self, candle: Candle, now: datetime) -> float | None:
        """The indicator after `candle`; None while it is not defined.

        Raises:
            Defect: the candle has not closed at `now`, does not come after the last one, or holds
                a number that is not finite.
        """
        if candle.opened_at + self.timeframe > now:
            raise Defect("An indicator was given a candle that has not closed.")
        at = to_ms(candle.opened_at)
        if at <= self._last:
            raise Defect("An indicator was given candles out of order.")
        numbers = (candle.high, candle.low, candle.close, candle.volume)
        if not all(number.is_finite() for number in numbers):
            raise Defect("An indicator was given a number that is not finite.")
        self._last = at
        value = self._follow(Bar(at, *(float(number) for number in numbers)))
        self.value = None if value is None else _rounded(value)
        return self.value


def warmed(spec: Spec, timeframe: timedelta, history: Iterable[Candle], now: datetime) -> Incremental:
    """An indicator that has seen `history`, oldest first; `spec.memory` candles of it suffice."""
    indicator = Incremental(spec, timeframe)
    for candle in finished(history, timeframe, now):
        indicator.update(candle, now)
    return indicator


def finished(candles: Iterable[Candle], timeframe: timedelta, now: datetime) -> list[Candle]:
    """The candles that have closed at `now`: feeds give the one that is forming as well."""
    return [candle for candle in candles if candle.opened_at + timeframe <= now]


def _rounded(value: float) -> float:
    """To eight decimals, as `batch` does it: the same operations in the same order."""
    return round(value * PLACES) / PLACES
