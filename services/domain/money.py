"""Sats, prices and the only place where anything is rounded.

All arithmetic is exact (`int`, `Fraction`, `Decimal`); a float never decides. Each rounding rule
of the venue has one function here. Where the venue leaves a choice, ours goes against the user,
so that a preview never promises more than what happens.
Source: LN Markets trading math, "Helpers" and "Rounding: evidence and choice".
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NewType

Sats = NewType("Sats", int)
"""A whole number of satoshis."""

Exact = Fraction | Decimal | int
"""A number without a rounding error."""

SATS_PER_BTC = 100_000_000
TICK = Decimal("0.5")
MIN_PRICE = Decimal(1)
MAX_PRICE = Decimal(100_000_000)

GRAIN = Decimal("0.00000001")
"""USD per BTC: how finely a price level is written. Two prices nearer than this are one."""


def round_sats(value: Exact) -> Sats:
    """Nearest whole sat, exact halves away from zero: profit and loss, fees, funding."""
    exact = Fraction(value)
    whole = floor(abs(exact) + Fraction(1, 2))
    return Sats(whole if exact >= 0 else -whole)


def floor_sats(value: Exact) -> Sats:
    """Whole sats below: the margin inside the liquidation formula, quantity from margin."""
    return Sats(floor(value))


def ceil_sats(value: Exact) -> Sats:
    """Whole sats above: what a user has to pay in."""
    return Sats(ceil(value))


def to_tick(value: Exact) -> Decimal:
    """Nearest multiple of 0.5 USD, halves up, kept inside 1 to 100,000,000 as the venue does."""
    clamped = min(max(Fraction(value), Fraction(MIN_PRICE)), Fraction(MAX_PRICE))
    return floor(clamped / Fraction(TICK) + Fraction(1, 2)) * TICK


def tick_below(value: Exact) -> Decimal:
    """Highest multiple of 0.5 USD that is not above `value`."""
    return floor(Fraction(value) / Fraction(TICK)) * TICK


def tick_above(value: Exact) -> Decimal:
    """Lowest multiple of 0.5 USD that is not below `value`."""
    return ceil(Fraction(value) / Fraction(TICK)) * TICK


def level_below(value: Exact) -> Decimal:
    """`value` as a decimal with 8 places, never above it: a level for falling prices."""
    return _decimal(Fraction(value), ROUND_FLOOR)


def level_above(value: Exact) -> Decimal:
    """`value` as a decimal with 8 places, never below it: a level for rising prices."""
    return _decimal(Fraction(value), ROUND_CEILING)


def _decimal(value: Fraction, rounding: str) -> Decimal:
    scaled = value / Fraction(GRAIN)
    whole = floor(scaled) if rounding == ROUND_FLOOR else ceil(scaled)
    return whole * GRAIN
