"""Technical indicators: one number per closed candle, the same in a replay and live.

A specification (`Rsi(period=14)`) is a value. `batch` gives its number for every candle of a
history; an `Incremental` gives the same numbers, to the bit, candle by candle. Where an indicator
has several lines, the specification names the one that is meant.

The arithmetic is TA-Lib's, in floats; what needed a choice is stated at each specification. All
results are rounded to eight decimals, so that two averages of a flat market are equal. Indicators
only look; whoever decides on one first turns it into a decimal with `services.domain.series.exact`.
"""

from services.engine.indicators.computing import Incremental, batch, finished, warmed
from services.engine.indicators.crossings import Crossing, crossings
from services.engine.indicators.specs import (
    MAX_PERIOD,
    Atr,
    Band,
    Bollinger,
    Ema,
    Macd,
    MacdLine,
    Rsi,
    Sma,
    Spec,
)
from services.engine.indicators.vwap import Vwap
from services.engine.indicators.windows import Values

__all__ = [
    "MAX_PERIOD",
    "Atr",
    "Band",
    "Bollinger",
    "Crossing",
    "Ema",
    "Incremental",
    "Macd",
    "MacdLine",
    "Rsi",
    "Sma",
    "Spec",
    "Values",
    "Vwap",
    "batch",
    "crossings",
    "finished",
    "warmed",
]
