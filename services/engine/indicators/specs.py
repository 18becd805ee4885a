"""The indicators: what each one is, over columns of a history and as a function of the next candle.

The only module that knows TA-Lib. A specification has both forms of its indicator side by side,
because they have to be the same: `values` uses TA-Lib's batch functions, `follow` its streams,
which give the batch's numbers to the bit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import talib
from talib import stream

from services.domain.errors import Rejected
from services.engine.indicators.windows import Values, mean, means

MAX_PERIOD = 1_000

_FORGOTTEN = 40
"""A start whose weight has fallen to e^-40 is below what a float can tell."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Columns of a history, as floats; `times` in milliseconds since 1970 UTC."""

    times: npt.NDArray[np.int64]
    highs: Values
    lows: Values
    closes: Values
    volumes: Values | None


@dataclass(frozen=True, slots=True)
class Bar:
    """One closed candle as floats."""

    time: int
    high: float
    low: float
    close: float
    volume: float


Follow = Callable[[Bar], float | None]
"""Takes closed candles in order and gives the indicator after each; None while it is not defined."""


class Spec(Protocol):
    """What to compute. Hashable, so that rules that ask for the same share one computation."""

    @property
    def warm_up(self) -> int:
        """Candles until the first value, that one included."""
        ...

    def memory(self, timeframe: timedelta) -> int:
        """Candles after which it makes no difference where the history began."""
        ...

    def values(self, bars: Bars) -> Values: ...

    def follow(self) -> Follow: ...


# -- averages -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sma:
    """Simple moving average of the closes.

    Summed in whole hundred-millionths, so that it depends on nothing but its period: a running sum
    of floats, as TA-Lib keeps, remembers what has long left it.
    """

    period: int = 20

    def __post_init__(self) -> None:
        _check_period("SMA", self.period)

    @property
    def warm_up(self) -> int:
        return self.period

    def memory(self, timeframe: timedelta) -> int:
        return self.period

    def values(self, bars: Bars) -> Values:
        return means(bars.closes, self.period)

    def follow(self) -> Follow:
        follow = mean(self.period)
        return lambda bar: follow(bar.close)


@dataclass(frozen=True, slots=True)
class Ema:
    """Exponential moving average of the closes; begins with the simple one of its first period."""

    period: int = 20

    def __post_init__(self) -> None:
        _check_period("EMA", self.period)

    @property
    def warm_up(self) -> int:
        return self.period

    def memory(self, timeframe: timedelta) -> int:
        return self.period + _ema_memory(self.period)

    def values(self, bars: Bars) -> Values:
        return talib.EMA(bars.closes, self.period)

    def follow(self) -> Follow:
        handle = _ema(self.period)
        return lambda bar: handle.update(bar.close)


# -- momentum -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rsi:
    """Wilder's relative strength index, 0 to 100.

    Not defined while the price has never changed: neither strong nor weak. TA-Lib says 0 there,
    which a rule would take for oversold.
    """

    period: int = 14

    def __post_init__(self) -> None:
        _check_period("RSI", self.period)

    @property
    def warm_up(self) -> int:
        return self.period + 1

    def memory(self, timeframe: timedelta) -> int:
        return self.period + 1 + _FORGOTTEN * self.period

    def values(self, bars: Bars) -> Values:
        values = talib.RSI(bars.closes, self.period)
        moved = np.flatnonzero(bars.closes[1:] != bars.closes[:-1])
        values[: moved[0] + 1 if len(moved) else None] = np.nan
        return values

    def follow(self) -> Follow:
        period = self.period
        handle = _Handle(period + 1, lambda closes: stream.RSI(closes, timeperiod=period))
        first: float | None = None
        moved = False

        def update(bar: Bar) -> float | None:
            nonlocal first, moved
            first = bar.close if first is None else first
            moved = moved or bar.close != first
            value: float | None = handle.update(bar.close)
            return value if moved else None

        return update


class MacdLine(StrEnum):
    MACD = "macd"
    SIGNAL = "signal"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Macd:
    """Appel's moving average convergence divergence, in USD.

    Each average begins with its own first period, as in Appel's definition and on common charts;
    TA-Lib's own MACD begins the fast one late and differs at first.
    """

    fast: int = 12
    slow: int = 26
    signal: int = 9
    line: MacdLine = MacdLine.MACD

    def __post_init__(self) -> None:
        for name in ("fast", "slow", "signal"):
            _check_period(f"MACD ({name})", getattr(self, name))
        if self.fast >= self.slow:
            raise Rejected(
                f"The fast period of the MACD ({self.fast}) must be below the slow one ({self.slow}).",
                code="period_out_of_range",
            )

    @property
    def warm_up(self) -> int:
        return self.slow if self.line is MacdLine.MACD else self.slow + self.signal - 1

    def memory(self, timeframe: timedelta) -> int:
        return self.warm_up + _ema_memory(self.slow) + _ema_memory(self.signal)

    def values(self, bars: Bars) -> Values:
        macd = talib.EMA(bars.closes, self.fast) - talib.EMA(bars.closes, self.slow)
        if self.line is MacdLine.MACD:
            return macd
        signal = talib.EMA(macd, self.signal)
        return signal if self.line is MacdLine.SIGNAL else macd - signal

    def follow(self) -> Follow:
        fast, slow, smooth = _ema(self.fast), _ema(self.slow), _ema(self.signal)

        def update(bar: Bar) -> float | None:
            quick, late = fast.update(bar.close), slow.update(bar.close)
            if late is None:
                return None
            macd: float = quick - late
            if self.line is MacdLine.MACD:
                return macd
            signal: float | None = smooth.update(macd)
            if signal is None or self.line is MacdLine.SIGNAL:
                return signal
            return macd - signal

        return update


# -- volatility ---------------------------------------------------------------------------------


class Band(StrEnum):
    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Bollinger:
    """Bollinger bands: the simple average, and standard deviations (of the population) around it."""

    period: int = 20
    deviations: Decimal = Decimal(2)
    band: Band = Band.MIDDLE

    def __post_init__(self) -> None:
        _check_period("Bollinger bands", self.period)
        if not self.deviations.is_finite() or not 0 < self.deviations <= 10:
            raise Rejected(
                "The width of the Bollinger bands must be above 0 and at most 10 deviations.",
                code="deviations_out_of_range",
            )

    @property
    def warm_up(self) -> int:
        return self.period

    def memory(self, timeframe: timedelta) -> int:
        return self.period

    def values(self, bars: Bars) -> Values:
        middle = means(bars.closes, self.period)
        if self.band is Band.MIDDLE:
            return middle
        spread: Values = talib.STDDEV(bars.closes, self.period)
        return middle + self._width * spread

    def follow(self) -> Follow:
        period, width, center = self.period, self._width, mean(self.period)
        spread = _Handle(period, lambda closes: stream.STDDEV(closes, timeperiod=period))

        def update(bar: Bar) -> float | None:
            middle, deviation = center(bar.close), spread.update(bar.close)
            return middle if middle is None or not width else middle + width * deviation

        return update

    @property
    def _width(self) -> float:
        """Deviations from the middle, downward negative."""
        return {Band.UPPER: 1, Band.MIDDLE: 0, Band.LOWER: -1}[self.band] * float(self.deviations)


@dataclass(frozen=True, slots=True)
class Atr:
    """Wilder's average true range, in USD; the first candle only lends its close."""

    period: int = 14

    def __post_init__(self) -> None:
        _check_period("ATR", self.period)

    @property
    def warm_up(self) -> int:
        return self.period + 1

    def memory(self, timeframe: timedelta) -> int:
        return self.period + 1 + _FORGOTTEN * self.period

    def values(self, bars: Bars) -> Values:
        return talib.ATR(bars.highs, bars.lows, bars.closes, self.period)

    def follow(self) -> Follow:
        period = self.period
        handle = _Handle(
            period + 1,
            lambda highs, lows, closes: stream.ATR(highs, lows, closes, timeperiod=period),
        )
        return lambda bar: handle.update(bar.high, bar.low, bar.close)


# -- inside -------------------------------------------------------------------------------------


class _Handle:
    """A TA-Lib stream that opens itself as soon as it has seen the `need` candles it begins with."""

    def __init__(self, need: int, opens: Callable[..., Any]) -> None:
        self._need, self._opens = need, opens
        self._seen: list[Sequence[float]] = []
        self._stream: Any = None

    def update(self, *numbers: float) -> Any:
        """A float, or one for each line; None until it is open."""
        if self._stream is not None:
            return self._stream.update(*numbers)
        self._seen.append(numbers)
        if len(self._seen) < self._need:
            return None
        self._stream = self._opens(*np.array(self._seen).T.copy())
        self._seen.clear()
        return self._stream.value


def _ema(period: int) -> _Handle:
    return _Handle(period, lambda values: stream.EMA(values, timeperiod=period))


def _ema_memory(period: int) -> int:
    return math.ceil(_FORGOTTEN * (period + 1) / 2)


def _check_period(name: str, period: int) -> None:
    if not isinstance(period, int) or not 2 <= period <= MAX_PERIOD:
        raise Rejected(
            f"The period of the {name} must be a whole number from 2 to {MAX_PERIOD:,}.",
            code="period_out_of_range",
        )
