"""The simulated venue: one account's book, moved by prices and orders. No I/O, no clock.

The same code settles paper accounts, replays and scenarios. It follows LN Markets' rules for
isolated trades: margin and a fee reserve leave the balance at the order, funding leaves the margin
of the payer, a liquidation costs the whole margin. Orders execute at the last price, rounded to the
tick: the simulated venue has no order book, so a spread or slippage is not part of it.
Source: LN Markets trading math, "Rules" and "Funding".
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from services.domain import futures
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.money import Sats, to_tick
from services.ports import ClosedTrade, MarketOrder


@dataclass(slots=True)
class Book:
    """What one account owns. `fees` and `funding` are what it has paid so far, in sats."""

    balance: Sats
    positions: dict[str, Position] = field(default_factory=dict)
    fees: Sats = Sats(0)
    funding: Sats = Sats(0)

    def copy(self) -> "Book":
        return replace(self, positions=dict(self.positions))


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost, in sats, and where it would be liquidated."""

    price: Decimal
    margin: Sats
    opening_fee: Sats
    reserve: Sats
    liquidation: Decimal

    @property
    def total(self) -> Sats:
        """What leaves the balance: margin, and the reserve that the opening fee is paid from."""
        return Sats(self.margin + self.reserve)


def check_order(order: MarketOrder) -> None:
    """Raises `Rejected` with the allowed range when the order is outside the venue's limits."""
    if not futures.MIN_QUANTITY <= order.quantity <= futures.MAX_QUANTITY:
        raise Rejected(
            f"The quantity must be a whole number of USD from {futures.MIN_QUANTITY:,} to "
            f"{futures.MAX_QUANTITY:,}.",
            code="quantity_out_of_range",
        )
    if not futures.MIN_LEVERAGE <= order.leverage <= futures.MAX_LEVERAGE:
        raise Rejected(
            f"The leverage must be from {futures.MIN_LEVERAGE} to {futures.MAX_LEVERAGE}.",
            code="leverage_out_of_range",
        )


def quote(order: MarketOrder, price: Decimal, fee_rate: Decimal) -> Quote:
    """What `order` would cost at `price`; raises `Rejected` outside the venue's limits."""
    check_order(order)
    entry = to_tick(price)
    free = fee_rate == 0
    reserve = futures.fee_reserve(order.side, order.quantity, entry, order.leverage)
    return Quote(
        price=entry,
        margin=futures.margin_for(order.quantity, entry, order.leverage),
        opening_fee=futures.trading_fee(order.quantity, entry, fee_rate),
        reserve=Sats(0) if free else reserve,
        liquidation=futures.liquidation_from_leverage(order.side, order.quantity, entry, order.leverage),
    )


def open_market(
    book: Book,
    order: MarketOrder,
    *,
    price: Decimal,
    at: datetime,
    fee_rate: Decimal,
    new_id: Callable[[], str],
) -> Position:
    """Execute a market order.

    Raises:
        Rejected: limits, too many positions, or not enough balance; the book is unchanged.
    """
    cost = quote(order, price, fee_rate)
    if len(book.positions) >= futures.MAX_POSITIONS:
        raise Rejected(f"At most {futures.MAX_POSITIONS} positions can be open.", code="too_many_positions")
    if cost.total > book.balance:
        raise Rejected(
            f"This needs {cost.total:,} sats (margin and fee reserve); the account has {book.balance:,}.",
            code="balance_too_low",
        )
    position = Position(
        id=new_id(),
        side=order.side,
        quantity=order.quantity,
        entry=cost.price,
        margin=cost.margin,
        leverage=order.leverage,
        liquidation=cost.liquidation,
        maintenance=Sats(cost.reserve - cost.opening_fee),
        opened_at=at,
        opening_fee=cost.opening_fee,
    )
    book.balance = Sats(book.balance - cost.total)
    book.fees = Sats(book.fees + cost.opening_fee)
    book.positions[position.id] = position
    return position


def find(book: Book, position_id: str) -> Position:
    """The running position, or `Rejected`."""
    try:
        return book.positions[position_id]
    except KeyError:
        raise Rejected("There is no running position with this id.", code="position_not_found") from None


def add_margin(book: Book, position_id: str, amount: Sats) -> Position:
    """Move `amount` sats from the balance into the position's margin.

    Raises:
        Rejected: unknown position, not enough balance, or leverage below 1; nothing is changed.
    """
    grown = futures.add_margin(find(book, position_id), amount)
    if amount > book.balance:
        raise Rejected(
            f"The account has {book.balance:,} sats; {amount:,} cannot be added.", code="balance_too_low"
        )
    book.balance = Sats(book.balance - amount)
    book.positions[position_id] = grown
    return grown


def close(book: Book, position_id: str, *, price: Decimal, at: datetime, fee_rate: Decimal) -> ClosedTrade:
    """Close at `price` (rounded to the tick): margin, profit and what is left of the reserve return."""
    position = find(book, position_id)
    exit_price = to_tick(price)
    gain = futures.profit(position.side, position.quantity, position.entry, exit_price)
    fee = futures.trading_fee(position.quantity, exit_price, fee_rate)
    gain = Sats(max(gain, -position.margin))
    fee = Sats(min(fee, position.margin + gain + position.maintenance))
    del book.positions[position_id]
    book.balance = Sats(book.balance + position.margin + gain + position.maintenance - fee)
    book.fees = Sats(book.fees + fee)
    return ClosedTrade(position, exit_price, gain, fee, at, "closed")


def liquidated(position: Position, price: Decimal) -> bool:
    """Whether `price` has reached the position's liquidation price."""
    if position.side is Side.BUY:
        return price <= position.liquidation
    return price >= position.liquidation


def settle(book: Book, *, price: Decimal, at: datetime, fee_rate: Decimal) -> list[ClosedTrade]:
    """Liquidate what `price` has reached: the margin is lost, the reserve pays the closing fee."""
    return [
        _liquidate(book, position, at, fee_rate)
        for position in list(book.positions.values())
        if liquidated(position, price)
    ]


def _liquidate(book: Book, position: Position, at: datetime, fee_rate: Decimal) -> ClosedTrade:
    fee = futures.trading_fee(position.quantity, position.liquidation, fee_rate)
    fee = Sats(min(fee, position.maintenance))
    del book.positions[position.id]
    book.balance = Sats(book.balance + position.maintenance - fee)
    book.fees = Sats(book.fees + fee)
    loss = Sats(-position.margin)
    return ClosedTrade(position, position.liquidation, loss, fee, at, "liquidated")


def settle_funding(book: Book, *, rate: Decimal, price: Decimal) -> dict[str, Sats]:
    """One funding settlement at `price`: sats paid (positive) or received by each position.

    A position that cannot pay keeps 1 sat of margin: it is liquidated by the next `settle`.
    """
    fees: dict[str, Sats] = {}
    for position in list(book.positions.values()):
        fee = futures.funding_fee(position.side, position.quantity, price, rate)
        fee = Sats(min(fee, position.margin - 1))
        fees[position.id] = fee
        book.positions[position.id] = futures.after_funding(position, fee)
        book.funding = Sats(book.funding + fee)
        if fee < 0:
            book.balance = Sats(book.balance - fee)
    return fees
