"""Candle history laid out for searching: where does the price first reach a level?

Separate from `market` because it is the one place of the domain that uses floats, in numpy arrays.
They only say where to look. Whatever is decided is decided on the `Decimal`s of `candle()`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.domain.errors import Defect
from services.domain.market import Candle

Times = npt.NDArray[np.int64]
Prices = npt.NDArray[np.float64]
Reached = Callable[[Prices], npt.NDArray[np.bool_]]

_BLOCK = 256
"""Values under one extreme; two levels of it cover 65,536 candles with one comparison."""

_PIECE = 65_536

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, eq=False)
class CandleSeries:
    """Candles in ascending order of time, at most one per instant; gaps are allowed.

    Args:
        times: opening times, milliseconds since 1970 UTC, strictly ascending.
        opens, highs, lows, closes: USD per BTC, as long as `times`, with
            `lows <= opens, closes <= highs`.
    Raises:
        Defect: lengths differ or times do not ascend. Whoever reads foreign data checks it first.
    """

    times: Times
    opens: Prices
    highs: Prices
    lows: Prices
    closes: Prices

    def __post_init__(self) -> None:
        prices = (self.opens, self.highs, self.lows, self.closes)
        if any(column.shape != self.times.shape for column in prices) or self.times.ndim != 1:
            raise Defect("The columns of a candle series differ in length.")
        if bool(np.any(self.times[1:] <= self.times[:-1])):
            raise Defect("The times of a candle series do not ascend.")
        for name, column in zip(("opens", "highs", "lows", "closes"), prices, strict=True):
            object.__setattr__(self, name, _frozen(column, np.float64))
        object.__setattr__(self, "times", _frozen(self.times, np.int64))

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> "CandleSeries":
        """The series of `candles`, which ascend; their volume is left behind."""
        columns = [[float(value) for value in (c.open, c.high, c.low, c.close)] for c in candles]
        prices = np.array(columns, dtype=np.float64).reshape(len(candles), 4)
        times = np.array([to_ms(candle.opened_at) for candle in candles], dtype=np.int64)
        return cls(times, prices[:, 0], prices[:, 1], prices[:, 2], prices[:, 3])

    def __len__(self) -> int:
        return len(self.times)

    def candle(self, index: int) -> Candle:
        """The exact candle at `index`: every price as it was written, up to 15 digits."""
        return Candle(
            opened_at=self.opened_at(index),
            open=exact(self.opens[index]),
            high=exact(self.highs[index]),
            low=exact(self.lows[index]),
            close=exact(self.closes[index]),
        )

    def opened_at(self, index: int) -> datetime:
        """Opening time at `index`, aware UTC."""
        return from_ms(int(self.times[index]))

    def between(self, start: datetime | None, end: datetime | None) -> "CandleSeries":
        """Candles that open in [`start`, `end`), both aware; None leaves that side open."""
        first = 0 if start is None else self.first_at_or_after(_ceil_ms(start))
        last = len(self) if end is None else self.first_at_or_after(_ceil_ms(end))
        return self.part(first, last)

    def part(self, first: int, last: int) -> "CandleSeries":
        """Candles with an index in [`first`, `last`); shares the memory of this series."""
        chosen = slice(first, max(first, last))
        columns = (self.opens, self.highs, self.lows, self.closes)
        return CandleSeries(self.times[chosen], *(column[chosen] for column in columns))

    @cached_property
    def step_ms(self) -> int:
        """The most common spacing in milliseconds, the smaller of two; 0 below two candles."""
        if len(self) < 2:
            return 0
        first = int(self.times[1] - self.times[0])
        if 2 * self._spacings_of(first) >= len(self):
            return first
        spacings, counts = np.unique(np.diff(self.times), return_counts=True)
        return int(spacings[np.argmax(counts)])

    def _spacings_of(self, gap: int) -> int:
        """How many spacings are `gap`; piece by piece, as fresh memory costs more than the sum."""
        pieces = (self.times[at : at + _PIECE + 1] for at in range(0, len(self) - 1, _PIECE))
        return sum(int(np.count_nonzero(np.diff(piece) == gap)) for piece in pieces)

    def first_at_or_after(self, time_ms: int) -> int:
        """Index of the first candle that opens at or after `time_ms`; the length if none does."""
        return int(np.searchsorted(self.times, time_ms, side="left"))

    def first_at_or_below(self, start: int, level: Decimal) -> int | None:
        """First index >= `start` whose low may be at or below `level` (USD per BTC).

        No candle that reaches the level is passed over: turning decimals into floats never
        swaps two values, it can only make them equal. So a low that is above the level by less
        than a float can tell is found too. The caller compares the exact candle and, if need
        be, goes on from the next index.
        """
        limit = float(level)
        return _first(self._low_blocks, start, lambda values: values <= limit)

    def first_at_or_above(self, start: int, level: Decimal) -> int | None:
        """First index >= `start` whose high may be at or above `level`; see `first_at_or_below`."""
        limit = float(level)
        return _first(self._high_blocks, start, lambda values: values >= limit)

    @cached_property
    def _low_blocks(self) -> tuple[Prices, ...]:
        return _layers(self.lows, np.minimum)

    @cached_property
    def _high_blocks(self) -> tuple[Prices, ...]:
        return _layers(self.highs, np.maximum)


def exact(price: float) -> Decimal:
    """The shortest decimal that reads back as `price`: its original text up to 15 digits."""
    return Decimal(repr(float(price)))


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC of an aware `at`, parts of a millisecond cut off."""
    return (at - _EPOCH) // _MS


def from_ms(time_ms: int) -> datetime:
    """Aware UTC of `time_ms` milliseconds since 1970."""
    return _EPOCH + time_ms * _MS


def _ceil_ms(at: datetime) -> int:
    return -((_EPOCH - at) // _MS)


def _frozen(column: npt.NDArray[np.generic], kind: type[np.generic]) -> npt.NDArray[np.generic]:
    view = np.ascontiguousarray(column, dtype=kind).view()
    view.flags.writeable = False
    return view


def _layers(values: Prices, extreme: np.ufunc) -> tuple[Prices, ...]:
    """`values`, then the extreme of each block of them, then of each block of blocks."""
    layers = [values]
    for _ in range(2):
        starts = np.arange(0, len(layers[-1]), _BLOCK)
        layers.append(extreme.reduceat(layers[-1], starts) if len(starts) else layers[-1])
    return tuple(layers)


def _first(layers: tuple[Prices, ...], start: int, reached: Reached) -> int | None:
    """First index >= `start` in `layers[0]` that is `reached`.

    Climbs: the rest of the own block, then the rest of the own block of blocks, then all others;
    and descends into the one that holds the answer.
    """
    top = len(layers) - 1
    at = max(start, 0)
    for height, layer in enumerate(layers):
        end = len(layer) if height == top else (at // _BLOCK + 1) * _BLOCK
        found = np.flatnonzero(reached(layer[at:end]))
        if len(found):
            return _descend(layers[:height], at + int(found[0]), reached)
        at = at // _BLOCK + 1
    return None


def _descend(layers: tuple[Prices, ...], block: int, reached: Reached) -> int:
    for layer in reversed(layers):
        begin = block * _BLOCK
        block = begin + int(np.argmax(reached(layer[begin : begin + _BLOCK])))
    return block
