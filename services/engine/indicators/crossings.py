"""Where one line crosses another: over a whole history, and candle by candle."""

import numpy as np
import numpy.typing as npt

from services.engine.indicators.windows import Values

Signs = npt.NDArray[np.int8]


def crossings(fast: Values, slow: Values) -> Signs:
    """1 where `fast` came from below `slow` to above it, -1 where it fell below, else 0.

    Values that are equal are still on the side they came from: touching is not crossing. So are
    those of which one is nan: whoever was above before it is still above after it.
    """
    sides = _sides(fast, slow)
    known = sides != 0
    if not bool(known.all()):
        source = np.maximum.accumulate(np.where(known, np.arange(len(sides)), 0))
        sides = sides[source]
    found = np.zeros(len(sides), dtype=np.int8)
    turned = np.flatnonzero(sides[1:] * sides[:-1] == -1) + 1
    found[turned] = sides[turned]
    return found


class Crossing:
    """The same as `crossings`, candle by candle."""

    def __init__(self) -> None:
        self._side = 0

    def update(self, fast: float | None, slow: float | None) -> int:
        """1, -1 or 0 for the latest pair; None stands for a value that is not defined."""
        before = self._side
        if fast is None or slow is None:
            return 0
        self._side = (fast > slow) - (fast < slow) or before
        return self._side if self._side == -before else 0


def _sides(fast: Values, slow: Values) -> Signs:
    return (fast > slow).astype(np.int8) - (fast < slow).astype(np.int8)
