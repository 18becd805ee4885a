"""Taking sats out of a running isolated trade, and what changes its leverage.

A cash-in takes from the profit first, by moving the trade's price toward the market, and only then
from the margin. Source: LN Markets trading math, "Cash-in" (effects from the venue's documentation,
numbers from a third-party client that matches it).

The venue rounds the moved price to the nearest tick. What it credits then is not documented: here
it is what the moved price really takes out of the profit, and never more than was asked for, so that
nobody gains by rounding.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from services.domain import futures
from services.domain.errors import Rejected
from services.domain.futures import MAX_LEVERAGE, Position, Side
from services.domain.limits import check_leverage
from services.domain.money import (
    MAX_PRICE,
    SATS_PER_BTC,
    TICK,
    Exact,
    Sats,
    ceil_sats,
    floor_sats,
    tick_above,
    to_tick,
)


@dataclass(frozen=True, slots=True)
class CashedIn:
    """The trade after a cash-in, where the credited sats came from, and the stop loss that is left."""

    position: Position
    from_profit: Sats
    from_margin: Sats
    stop_loss: Decimal | None

    @property
    def credited(self) -> Sats:
        """What the account's balance gains; below the amount asked for by what a tick rounds away."""
        return Sats(self.from_profit + self.from_margin)


def price_for_profit(side: Side, quantity: int, entry: Exact, gain: Exact) -> Decimal:
    """Price at which a trade entered at `entry` shows `gain` sats; 100,000,000 when none does."""
    worth = futures.notional(quantity, entry) - side.sign * Fraction(gain)
    return to_tick(Fraction(quantity * SATS_PER_BTC) / worth) if worth > 0 else MAX_PRICE


def bankruptcy_price(position: Position) -> Decimal:
    """Price at which the margin is used up: the liquidation price.

    The closing fee is paid from the reserve beside the margin, so the two are the same.
    """
    return futures.liquidation_from_margin(position.side, position.quantity, position.entry, position.margin)


def cash_in(
    position: Position, amount: Sats, *, market: Decimal, stop_loss: Decimal | None = None
) -> CashedIn:
    """The trade after `amount` sats were taken out at `market`.

    Args:
        position: as it is; its `entry` is the price that counts for profit, which moves.
        amount: sats wanted.
        market: price at which the trade would be closed now, USD per BTC.
        stop_loss: the fixed stop that stands; dropped when the liquidation passes it.
    Raises:
        Rejected: less than 1 sat or than a tick is worth, leverage outside 1 to 100, or liquidated
            at once.
    """
    if amount < 1:
        raise Rejected("Cash in at least 1 sat.", code="amount_too_small")
    here = to_tick(market)
    available = _profit_at(position, here)
    moved = replace(position, entry=_moved_price(position, amount, available, here))
    from_margin = Sats(max(amount - (available or 0), 0))
    from_profit = Sats(min(_profit_at(position, moved.entry) or 0, amount - from_margin))
    if from_profit + from_margin < 1:
        raise Rejected("This is less than a step of the price is worth.", code="amount_too_small")
    if from_margin >= position.margin:
        raise Rejected(
            f"At most {most(position, market=market):,} sats can be cashed in.", code="amount_too_large"
        )
    after = futures.with_margin(moved, Sats(position.margin - from_margin))
    _check(position, after, here)
    return CashedIn(after, from_profit, from_margin, _kept(after, stop_loss))


def most(position: Position, *, market: Decimal) -> Sats:
    """Most sats that a cash-in at `market` accepts: profit, then margin down to what must stay."""
    here = to_tick(market)
    available = _profit_at(position, here)
    emptied = position if available is None else replace(position, entry=here)
    left = position.margin - _least_margin(emptied, here)
    if available is not None and left < 0:
        return _most_profit(position)
    return Sats(max((available or 0) + left, 0))


def surplus(position: Position, *, market: Decimal, target: Decimal) -> Sats:
    """Sats that can be cashed in while the distance to liquidation stays at least `target`.

    Searched on the venue's own rounding, and always checked: what is returned leaves the distance.
    0 when the distance is smaller already.
    """

    def leaves_distance(amount: int) -> bool:
        try:
            after = cash_in(position, Sats(amount), market=market).position
        except Rejected:
            return False
        return (market - after.liquidation) * after.side.sign >= target * market

    enough, too_much = 0, most(position, market=market) + 1
    while too_much - enough > 1:
        middle = (enough + too_much) // 2
        if leaves_distance(middle):
            enough = middle
        else:
            too_much = middle
    return Sats(enough)


def margin_change(position: Position, leverage: Decimal) -> Sats:
    """Sats to add (positive) or to take out (negative) for a leverage of at most `leverage`.

    Raises:
        Rejected: the leverage is not from 1 to 100.
    """
    check_leverage(leverage)
    wanted = futures.margin_for(position.quantity, position.entry, leverage)
    return Sats(min(wanted, futures.full_margin(position)) - position.margin)


def with_leverage(position: Position, leverage: Decimal) -> Position:
    """The trade with the margin that `leverage` asks for; its price does not move."""
    return futures.with_margin(position, Sats(position.margin + margin_change(position, leverage)))


def _profit_at(position: Position, price: Decimal) -> Sats | None:
    """Profit in whole sats at `price`, the rest of a sat cut off; None when there is none."""
    gain = position.side.sign * (
        futures.notional(position.quantity, position.entry) - futures.notional(position.quantity, price)
    )
    return floor_sats(gain) if gain > 0 else None


def _moved_price(position: Position, amount: Sats, available: Sats | None, market: Decimal) -> Decimal:
    if available is None:
        return position.entry
    if amount >= available:
        return market
    return price_for_profit(position.side, position.quantity, position.entry, amount)


def _least_margin(position: Position, market: Decimal) -> Sats:
    """Least sats that keep the leverage at 100 or below and the liquidation away from `market`."""
    for_leverage = ceil_sats(futures.notional(position.quantity, position.entry) / Fraction(MAX_LEVERAGE))
    bare = futures.with_margin(position, Sats(1))
    beyond = futures.margin_to_reach(bare, market - position.side.sign * TICK, Decimal(0))
    return Sats(max(for_leverage, 1 + (beyond or 0), 1))


def _most_profit(position: Position) -> Sats:
    """Most profit of a short that its margin alone allows: its value grows as its price falls."""
    allowed = Fraction(MAX_LEVERAGE) * position.margin
    lowest = tick_above(position.quantity * SATS_PER_BTC / allowed)
    rounds_there = Fraction(lowest) - Fraction(TICK) / 2
    gain = position.quantity * SATS_PER_BTC / rounds_there - futures.notional(
        position.quantity, position.entry
    )
    return Sats(max(floor_sats(gain), 0))


def _check(before: Position, after: Position, market: Decimal) -> None:
    if futures.leverage_of(after.quantity, after.entry, after.margin) < 1:
        raise Rejected(
            "Leverage cannot fall below 1: taking this profit would leave more margin than the trade "
            "can hold.",
            code="leverage_too_low",
        )
    if after.margin < _least_margin(after, market):
        raise Rejected(
            f"At most {most(before, market=market):,} sats can be cashed in: leverage cannot pass "
            f"{MAX_LEVERAGE}, and the trade must not be liquidated at once.",
            code="amount_too_large",
        )


def _kept(position: Position, stop_loss: Decimal | None) -> Decimal | None:
    """The stop loss, unless it would lie beyond the liquidation."""
    if stop_loss is None or (stop_loss - position.liquidation) * position.side.sign < 0:
        return None
    return stop_loss
