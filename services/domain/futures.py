"""LN Markets' inverse perpetual, isolated margin: the venue's math as pure functions.

One contract is one USD, margin and profit are sats. Every formula is the venue's own, with its
own rounding; source: LN Markets trading math, "Rules" and "Funding". Nothing else in Axisor
computes a liquidation, a fee or a profit.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from services.domain.errors import Rejected
from services.domain.money import (
    GRAIN,
    MAX_PRICE,
    MIN_PRICE,
    SATS_PER_BTC,
    TICK,
    Exact,
    Sats,
    ceil_sats,
    floor_sats,
    round_sats,
    tick_above,
    tick_below,
    to_tick,
)

MIN_LEVERAGE = Decimal(1)
MAX_LEVERAGE = Decimal(100)
MIN_QUANTITY = 1
MAX_QUANTITY = 500_000
MAX_POSITIONS = 100
RESERVE_FEE_RATE = Decimal("0.001")
"""Opening and closing fee are reserved at the first tier's rate, whatever the account's tier."""


_SLACK = 2 * Fraction(GRAIN)


class Side(StrEnum):
    """`buy` is long, `sell` is short; the venue's own words."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1


@dataclass(frozen=True, slots=True)
class Position:
    """A running isolated trade as the venue reports it.

    `quantity` whole USD, `entry` and `liquidation` USD per BTC, the rest sats.
    `maintenance` is the fee reserve that lies beside the margin.
    """

    id: str
    side: Side
    quantity: int
    entry: Decimal
    margin: Sats
    leverage: Decimal
    liquidation: Decimal
    maintenance: Sats
    opened_at: datetime
    funding_paid: Sats = Sats(0)
    opening_fee: Sats = Sats(0)


def notional(quantity: int, price: Exact) -> Fraction:
    """Value of `quantity` USD at `price`, in sats, unrounded."""
    return Fraction(quantity * SATS_PER_BTC) / Fraction(price)


def margin_for(quantity: int, price: Exact, leverage: Exact) -> Sats:
    """Sats of margin that open `quantity` USD at `price` with `leverage`."""
    return ceil_sats(notional(quantity, price) / Fraction(leverage))


def quantity_for(margin: Sats, price: Exact, leverage: Exact) -> int:
    """Whole USD that `margin` sats open at `price` with `leverage`."""
    return int(floor_sats(Fraction(margin) * Fraction(leverage) * Fraction(price) / SATS_PER_BTC))


def leverage_of(quantity: int, price: Exact, margin: Sats) -> Fraction:
    """Leverage that `margin` sats give a position of `quantity` USD entered at `price`."""
    return notional(quantity, price) / margin


def liquidation_from_leverage(side: Side, quantity: int, price: Exact, leverage: Exact) -> Decimal:
    """Liquidation price of a fresh trade; the venue floors the margin inside."""
    margin = floor_sats(notional(quantity, price) / Fraction(leverage))
    return liquidation_from_margin(side, quantity, price, margin)


def liquidation_from_margin(side: Side, quantity: int, price: Exact, margin: Exact) -> Decimal:
    """Price at which `margin` sats are used up; fees and funding ignored, as the venue does.

    Args:
        side: `buy` loses below `price`, `sell` above.
        quantity: USD, positive.
        price: entry, USD per BTC.
        margin: sats.
    Returns:
        USD per BTC, a multiple of 0.5; 100,000,000 for a short that cannot be liquidated.
    """
    worth = Fraction(quantity * SATS_PER_BTC)
    collateral = Fraction(margin) * Fraction(price) * side.sign
    if worth + collateral <= 0:
        return MAX_PRICE
    return to_tick(worth * Fraction(price) / (worth + collateral))


def profit(side: Side, quantity: int, entry: Exact, exit_price: Exact) -> Sats:
    """Profit (positive) or loss (negative) in sats of a position left at `exit_price`."""
    return round_sats(side.sign * (notional(quantity, entry) - notional(quantity, exit_price)))


def trading_fee(quantity: int, price: Exact, rate: Exact) -> Sats:
    """Fee in sats for executing `quantity` USD at `price`; the same for opening and closing."""
    return round_sats(notional(quantity, price) * Fraction(rate))


def fee_reserve(side: Side, quantity: int, price: Exact, leverage: Exact) -> Sats:
    """Sats set aside at the order for the opening fee and for the closing fee at liquidation."""
    liquidation = liquidation_from_leverage(side, quantity, price, leverage)
    return Sats(
        trading_fee(quantity, price, RESERVE_FEE_RATE) + trading_fee(quantity, liquidation, RESERVE_FEE_RATE)
    )


def funding_fee(side: Side, quantity: int, fixing_price: Exact, rate: Exact) -> Sats:
    """Sats that a running trade pays at a settlement; negative when it receives."""
    return round_sats(notional(quantity, fixing_price) * Fraction(rate) * side.sign)


def distance(side: Side, price: Decimal, liquidation: Decimal) -> Decimal:
    """How far `price` is from `liquidation`, as a fraction of `price`; 0 at or past it."""
    gap = (price - liquidation) * side.sign
    return gap / price if gap > 0 else Decimal(0)


def within(side: Side, price: Decimal, liquidation: Decimal, limit: Decimal) -> bool:
    """Whether the distance is at most `limit` (a fraction), without a division's rounding."""
    return (price - liquidation) * side.sign <= limit * price


def price_at_distance(side: Side, liquidation: Decimal, limit: Decimal) -> Fraction:
    """Price at which the distance to `liquidation` is exactly `limit` (a fraction below 1)."""
    return Fraction(liquidation) / (1 - side.sign * Fraction(limit))


def full_margin(position: Position) -> Sats:
    """Most margin that the position can hold: its leverage never falls below 1."""
    return floor_sats(notional(position.quantity, position.entry))


def margin_to_reach(position: Position, price: Decimal, target: Decimal) -> Sats | None:
    """Least sats to add so that the venue's liquidation leaves `distance >= target` at `price`.

    Solved from the venue's formula and its rounding to the tick, not searched for: the
    liquidation has to be on or beyond the last tick that satisfies the target, and the venue
    rounds to a tick whatever lies within a quarter dollar of it. A price level is written to a
    grain, so the target counts as met when it is missed by less than two grains of the price:
    else a level whose exact value puts the liquidation on a tick would cost a tick more.

    Args:
        position: as the venue reports it now.
        price: USD per BTC, positive.
        target: fraction of `price`, between 0 and 1 for a long.
    Returns:
        Sats, 0 when the target is met already; None when no amount can reach it.
    """
    if not within_reach(position, price, target):
        return None
    worth = Fraction(position.quantity * SATS_PER_BTC)
    bound = Fraction(price) * (1 - position.side.sign * Fraction(target))
    if position.side is Side.BUY:  # anything below the edge rounds to the wanted tick or less
        edge = tick_below(bound + _SLACK) + TICK / 2
        needed = floor_sats(worth / Fraction(edge) - worth / Fraction(position.entry)) + 1
    else:  # anything from the edge on rounds to the wanted tick or more
        edge = tick_above(bound - _SLACK) - TICK / 2
        needed = ceil_sats(worth / Fraction(position.entry) - worth / Fraction(edge))
    if _meets(position, price, target):
        return Sats(0)
    return Sats(max(needed - position.margin, 1))


def within_reach(position: Position, price: Decimal, target: Decimal) -> bool:
    """Whether the price axis (1 to 100,000,000) has room for a liquidation that far away."""
    bound = Fraction(price) * (1 - position.side.sign * Fraction(target))
    return Fraction(MIN_PRICE) <= bound <= Fraction(MAX_PRICE)


def _meets(position: Position, price: Decimal, target: Decimal) -> bool:
    return (price - position.liquidation) * position.side.sign >= target * price - GRAIN * 2


def with_margin(position: Position, margin: Sats) -> Position:
    """The position after its margin became `margin` (at least 1): leverage and liquidation follow."""
    leverage = leverage_of(position.quantity, position.entry, margin)
    return replace(
        position,
        margin=margin,
        leverage=Decimal(leverage.numerator) / Decimal(leverage.denominator),
        liquidation=liquidation_from_margin(position.side, position.quantity, position.entry, margin),
    )


def after_funding(position: Position, fee: Sats) -> Position:
    """The position after a settlement: a fee leaves its margin, a gift goes to the account."""
    if fee <= 0:
        return replace(position, funding_paid=Sats(position.funding_paid + fee))
    paid = replace(position, funding_paid=Sats(position.funding_paid + fee))
    return with_margin(paid, Sats(max(position.margin - fee, 1)))


def add_margin(position: Position, amount: Sats) -> Position:
    """The position after `amount` sats were added.

    Raises:
        Rejected: the amount is not positive, or would bring the leverage below 1.
    """
    room = max(full_margin(position) - position.margin, 0)
    if amount < 1:
        raise Rejected("Add at least 1 sat of margin.", code="amount_too_small")
    if amount > room:
        raise Rejected(
            f"Leverage cannot fall below 1: at most {room:,} sats can be added to this position.",
            code="leverage_too_low",
        )
    return with_margin(position, Sats(position.margin + amount))
