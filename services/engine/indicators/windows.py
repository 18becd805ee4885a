"""Means over a window that depend on nothing outside it.

A running sum of floats remembers what has long left the window, in its last digits: two averages
of a flat market would differ and cross. So prices are summed as whole hundred-millionths.
"""

from collections import deque
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from services.domain.errors import Defect

Values = npt.NDArray[np.float64]

PLACES = 1e8
"""Results are rounded to eight decimals."""


def means(numbers: Values, period: int) -> Values:
    """The mean of each `period` numbers, exact to eight decimals; sums may wrap, differences do not."""
    found = np.full(len(numbers), np.nan)
    if len(numbers) < period:
        return found
    sums = np.cumsum(_hundred_millionths(numbers, period))
    found[period - 1] = sums[period - 1]
    found[period:] = sums[period:] - sums[:-period]
    found /= period * PLACES
    return found


def mean(period: int) -> Callable[[float], float | None]:
    """The same, number by number."""
    window: deque[int] = deque(maxlen=period)
    total = 0

    def update(number: float) -> float | None:
        nonlocal total
        whole = round(number * PLACES)
        total += whole - (window[0] if len(window) == period else 0)
        window.append(whole)
        return total / (period * PLACES) if len(window) == period else None

    return update


def _hundred_millionths(numbers: Values, period: int) -> npt.NDArray[np.int64]:
    """Whole numbers whose sum over `period` fits; a price that large is none."""
    scaled = np.rint(numbers * PLACES)
    if float(np.abs(scaled).max()) * period >= 2.0**62:
        raise Defect("A price is too large to be averaged.")
    return scaled.astype(np.int64)
