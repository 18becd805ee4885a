"""Profit and fees of many LN Markets trades at once: the numbers of `futures`, in whole-number columns.

For backtests that trade tens of thousands of times: one exact fraction per trade is what they
would spend their time on. Prices are counted in half dollars, the venue's tick, so that everything
is a whole number; where 64 bits do not hold it, Python's own integers do. A property test holds
every number to `futures.profit` and `futures.trading_fee`.
"""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from services.domain.money import MAX_PRICE, MIN_PRICE, SATS_PER_BTC, TICK

Prices = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
"""Half dollars, or sats."""

_LARGEST = 2**62


def half_dollars(prices: Prices) -> Whole:
    """USD per BTC as half dollars: the venue's rounding to the tick, halves up, and its bounds."""
    bounded = np.clip(prices, float(MIN_PRICE), float(MAX_PRICE))
    return np.floor(bounded * 2 + 0.5).astype(np.int64)


def dollars(halves: int) -> Decimal:
    """The price of so many half dollars."""
    return int(halves) * TICK


def profits(quantity: int, signs: npt.NDArray[np.int8], entries: Whole, exits: Whole) -> npt.NDArray[Any]:
    """Sats won or lost by trades of `quantity` USD each.

    Args:
        signs: 1 for a long, -1 for a short.
        entries, exits: half dollars, positive.
    Returns:
        Sats, as long as `signs`; exact halves rounded away from zero, as the venue does.
    """
    numerator_bound = 4 * quantity * SATS_PER_BTC * _largest(exits - entries)
    denominator_bound = 2 * _largest(entries) * _largest(exits)
    kind = _kind(numerator_bound + denominator_bound)
    entered, left = entries.astype(kind), exits.astype(kind)
    gains = signs.astype(kind) * (left - entered)
    won = _rounded(2 * quantity * SATS_PER_BTC * abs(gains), entered * left)
    return np.where(gains < 0, -won, won)


def fees(quantity: int, prices: Whole, rate: Decimal) -> npt.NDArray[Any]:
    """Sats for executing `quantity` USD at each of `prices` (half dollars); `rate` is a fraction."""
    parts, whole = rate.as_integer_ratio()
    value = 2 * quantity * SATS_PER_BTC * parts
    kind = _kind(2 * value + 2 * whole * _largest(prices))
    paid = prices.astype(kind) * whole
    return _rounded(np.full(len(prices), value, dtype=kind), paid)


def _rounded(numerators: npt.NDArray[Any], denominators: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Nearest whole number of each positive fraction, halves up."""
    rounded: npt.NDArray[Any] = (2 * numerators + denominators) // (2 * denominators)
    return rounded


def _largest(numbers: Whole) -> int:
    return int(np.abs(numbers).max()) if len(numbers) else 0


def _kind(bound: int) -> type[np.int64] | type[object]:
    """64 bits where `bound` fits with room to spare, else Python's integers."""
    return np.int64 if bound < _LARGEST else object
