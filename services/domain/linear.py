"""Binance's linear perpetual (USD-M), isolated margin, one-way mode: the venue's math as pure functions.

One contract is a quantity of the base asset; margin and profit are in the quote asset. All amounts
here are exact fractions of it (USDT, not its smallest unit) and nothing is rounded.

Liquidation is where wallet balance and profit together equal the maintenance margin:

    price = (wallet + amount - side * quantity * entry) / (quantity * (rate - side))

with `side` 1 or -1, and `rate` and `amount` of the tier that the position's value *at that price*
falls in. Source: Binance support, "How to Calculate Liquidation Price of USD-M Futures Contracts"
(isolated: other positions count 0; a tier that differs at the liquidation price replaces the one
assumed) and its maintenance amount: amount(n) = floor(n) * (rate(n) - rate(n - 1)) + amount(n - 1),
which makes the maintenance margin continuous, so that exactly one tier fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from services.domain.errors import Rejected
from services.domain.futures import Side
from services.domain.money import Exact


@dataclass(frozen=True, slots=True)
class Tier:
    """One row of the venue's leverage brackets, for values of a position above `floor`.

    `floor` and `amount` in the quote asset, `rate` a fraction; `max_leverage` as the venue allows.
    """

    floor: Decimal
    rate: Decimal
    amount: Decimal
    max_leverage: int


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raises `Rejected` unless the tiers start at 0, ascend and join without a jump."""
    fits = bool(tiers) and tiers[0].floor == 0 and tiers[0].amount == 0 and tiers[0].rate >= 0
    for lower, upper in pairwise(tiers):
        step = upper.floor * (upper.rate - lower.rate)
        fits = fits and lower.floor < upper.floor and lower.rate <= upper.rate
        fits = fits and upper.amount == lower.amount + step
    if not fits or tiers[-1].rate >= 1:
        raise Rejected("The maintenance margin tiers do not fit together.", code="tiers_invalid")


def tier_at(tiers: Sequence[Tier], value: Exact) -> Tier:
    """The tier of a position worth `value`; a bound belongs to the tier below it."""
    return next((tier for tier in reversed(tiers) if value > tier.floor), tiers[0])


def maintenance_margin(tiers: Sequence[Tier], value: Fraction) -> Fraction:
    """What the position must be worth to be kept, when its contracts are worth `value`."""
    tier = tier_at(tiers, value)
    return value * Fraction(tier.rate) - Fraction(tier.amount)


def liquidation(
    tiers: Sequence[Tier], side: Side, quantity: Exact, entry: Exact, wallet: Fraction
) -> Fraction:
    """Price at which `wallet` and the profit equal the maintenance margin; 0 or below if none does.

    Args:
        tiers: as `check_tiers` accepts them.
        quantity: of the base asset, positive.
        wallet: margin of this position, in the quote asset.
    """
    size, sign = Fraction(quantity), side.sign
    for index, tier in enumerate(tiers):
        above = wallet + Fraction(tier.amount) - sign * size * Fraction(entry)
        price = above / (size * (Fraction(tier.rate) - sign))
        if index + 1 == len(tiers) or size * price <= Fraction(tiers[index + 1].floor):
            break
    return price


def wallet_for(tiers: Sequence[Tier], side: Side, quantity: Exact, entry: Exact, level: Exact) -> Fraction:
    """Least margin whose liquidation lies at `level`: the formula above, solved for the wallet."""
    size, at = Fraction(quantity), Fraction(level)
    loss = side.sign * size * (Fraction(entry) - at)
    return maintenance_margin(tiers, size * at) + loss
