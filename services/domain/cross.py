"""LN Markets' cross margin: one net position per account, and one pot of collateral beside it.

Sources, by rule. Running margin, maintenance margin, liquidation and the largest quantity: a
third-party client whose numbers were compared with the live API. Entry after adding on the same
side: the same client. Reducing: a third-party simulator's model, in which a gain is realised and a
loss is carried in the entry of what remains; where LN Markets differs is not documented. See LN
Markets trading math, "Rules", lines "Cross".

The venue's rounding to the nearest tick when adding can change what the position is worth by what
a quarter dollar of entry is worth. A carried loss is rounded against the user.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil

from services.domain import futures
from services.domain.errors import Defect, Rejected
from services.domain.futures import MAX_LEVERAGE, MAX_QUANTITY, MIN_LEVERAGE, MIN_QUANTITY, Position, Side
from services.domain.money import (
    MAX_PRICE,
    MIN_PRICE,
    SATS_PER_BTC,
    TICK,
    Exact,
    Sats,
    ceil_sats,
    floor_sats,
    tick_above,
    tick_below,
    to_tick,
)

MAINTENANCE_RATE = Fraction(15, 10_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def running_margin(quantity: int, entry: Exact, leverage: int) -> Sats:
    """Sats of collateral that a position of `quantity` USD binds at `leverage`; at least 1."""
    return Sats(max(floor_sats(futures.notional(quantity, entry) / leverage), 1))


def maintenance_margin(quantity: int, entry: Exact) -> Sats:
    """Sats that must remain at the liquidation: 0.15 % of the value at entry; at least 1."""
    return Sats(max(floor_sats(futures.notional(quantity, entry) * MAINTENANCE_RATE), 1))


def aggregate_entry(quantity: int, entry: Exact, added: int, price: Exact) -> Decimal:
    """Entry after `added` USD at `price` joined `quantity` USD at `entry`: the harmonic mean."""
    worth = futures.notional(quantity, entry) + futures.notional(added, price)
    return to_tick((quantity + added) * SATS_PER_BTC / worth)


def max_quantity(leverage: int) -> int:
    """Largest position in USD: 15,000,000 at leverage 1, falling to 10,000,000 at 100, in steps of 5."""
    return ceil(Fraction(15_000_000 * 99 - (leverage - 1) * 5_000_000, 99 * 5)) * 5


def trading_fee(quantity: int, price: Exact, rate: Exact) -> Sats:
    """Fee in sats for executing `quantity` USD; never 0 where a rate applies, unlike isolated trades."""
    return Sats(max(futures.trading_fee(quantity, price, rate), 1)) if rate > 0 else Sats(0)


@dataclass(frozen=True, slots=True)
class CrossPosition:
    """The account's net position and its collateral.

    `quantity` whole USD, negative for a short, 0 when flat; `entry` USD per BTC, None when flat.
    `margin` is all collateral in sats. `realised`, `trading_fees` and `funding_paid` add up what
    has happened, in sats; they are part of `margin` already.
    """

    quantity: int = 0
    entry: Decimal | None = None
    margin: Sats = Sats(0)
    leverage: int = 1
    realised: Sats = Sats(0)
    trading_fees: Sats = Sats(0)
    funding_paid: Sats = Sats(0)

    def __post_init__(self) -> None:
        if (self.quantity == 0) is not (self.entry is None):
            raise Defect("A cross position has an entry exactly when it has a quantity.")

    @property
    def side(self) -> Side:
        """Of the running position; `buy` when flat, where it has no meaning."""
        return Side.SELL if self.quantity < 0 else Side.BUY

    @property
    def size(self) -> int:
        """USD without the sign."""
        return abs(self.quantity)

    @property
    def running_margin(self) -> Sats:
        return Sats(0) if self.entry is None else running_margin(self.size, self.entry, self.leverage)

    @property
    def maintenance_margin(self) -> Sats:
        return Sats(0) if self.entry is None else maintenance_margin(self.size, self.entry)

    @property
    def liquidation(self) -> Decimal | None:
        """USD per BTC where the margin above the maintenance margin is used up; None when flat."""
        if self.entry is None:
            return None
        spare = self.margin - self.maintenance_margin
        return futures.liquidation_from_margin(self.side, self.size, self.entry, spare)


def unrealised(position: CrossPosition, price: Decimal) -> Sats:
    """Profit or loss in sats at `price`, 0 when flat."""
    if position.entry is None:
        return Sats(0)
    return futures.profit(position.side, position.size, position.entry, price)


def free_margin(position: CrossPosition, price: Decimal) -> Sats:
    """Sats that nothing binds at `price`; a loss counts as far as the running margin does not bear it."""
    bound = position.running_margin
    loss = max(-unrealised(position, price), 0)
    return Sats(position.margin - bound - position.maintenance_margin - max(loss - bound, 0))


def liquidated(position: CrossPosition, price: Decimal) -> bool:
    """Whether `price` has reached the liquidation."""
    level = position.liquidation
    return level is not None and (price - level) * position.side.sign <= 0


def as_isolated(position: CrossPosition) -> Position:
    """The position as an isolated trade with the same liquidation, so that a guard can look at it.

    Its margin is the collateral above the maintenance margin: sats deposited count one for one.

    Raises:
        Defect: the position is flat.
    """
    if position.entry is None or position.liquidation is None:
        raise Defect("A flat cross position has no liquidation.")
    return Position(
        id="cross",
        side=position.side,
        quantity=position.size,
        entry=position.entry,
        margin=Sats(position.margin - position.maintenance_margin),
        leverage=Decimal(position.leverage),
        liquidation=position.liquidation,
        maintenance=position.maintenance_margin,
        opened_at=_EPOCH,
        funding_paid=position.funding_paid,
        opening_fee=position.trading_fees,
    )


# -- what happens to it -------------------------------------------------------------------------


def execute(
    position: CrossPosition, side: Side, quantity: int, *, price: Decimal, fee_rate: Exact
) -> CrossPosition:
    """The position after an order of `quantity` USD was executed at `price`.

    It opens, adds, reduces, closes or turns the position around; the fee leaves the margin.

    Raises:
        Rejected: the order is not from 1 to 500,000 USD, the position would be too large for the
            leverage, or its margin too small.
    """
    if not MIN_QUANTITY <= quantity <= MAX_QUANTITY:
        raise Rejected(
            f"The quantity must be a whole number of USD from {MIN_QUANTITY:,} to {MAX_QUANTITY:,}.",
            code="quantity_out_of_range",
        )
    here = to_tick(price)
    paid = _after_fee(position, quantity, here, fee_rate)
    if position.entry is None:
        return _checked(replace(paid, quantity=side.sign * quantity, entry=here), here)
    if side is position.side:
        return _checked(_added(paid, position.entry, quantity, here), here)
    if quantity < position.size:
        return _reduced(paid, position.entry, quantity, here)
    flat = _realised(paid, unrealised(position, here))
    if quantity == position.size:
        return flat
    rest = side.sign * (quantity - position.size)
    return _checked(replace(flat, quantity=rest, entry=here), here)


def close(position: CrossPosition, *, price: Decimal, fee_rate: Exact) -> CrossPosition:
    """The flat position after everything was closed at `price`; the margin never falls below 0."""
    if position.entry is None:
        return position
    here = to_tick(price)
    paid = _after_fee(position, position.size, here, fee_rate)
    return _realised(paid, unrealised(position, here))


def liquidate(position: CrossPosition, *, fee_rate: Exact) -> CrossPosition:
    """The flat position after the venue closed it at its liquidation price."""
    level = position.liquidation
    return position if level is None else close(position, price=level, fee_rate=fee_rate)


def deposit(position: CrossPosition, amount: Sats) -> CrossPosition:
    """The position after `amount` sats joined its margin. Raises `Rejected` below 1 sat."""
    if amount < 1:
        raise Rejected("Deposit at least 1 sat.", code="amount_too_small")
    return replace(position, margin=Sats(position.margin + amount))


def withdrawable(position: CrossPosition, price: Decimal) -> Sats:
    """Most sats that may leave at `price`: all of a flat margin, else what is free but for one sat.

    The running margin has to stay below what is left, and the liquidation away from the price.
    """
    if position.entry is None:
        return position.margin
    free = free_margin(position, price) - 1
    bare = futures.with_margin(as_isolated(position), Sats(1))
    beyond = futures.margin_to_reach(bare, to_tick(price) - position.side.sign * TICK, Decimal(0))
    kept = 1 + (beyond or 0) + position.maintenance_margin
    return Sats(max(min(free, position.margin - kept), 0))


def withdraw(position: CrossPosition, amount: Sats, *, price: Decimal) -> CrossPosition:
    """The position after `amount` sats left its margin at `price`.

    Raises:
        Rejected: less than 1 sat, or more than `withdrawable`.
    """
    free = withdrawable(position, price)
    if amount < 1:
        raise Rejected("Withdraw at least 1 sat.", code="amount_too_small")
    if amount > free:
        raise Rejected(f"At most {free:,} sats are free to withdraw.", code="amount_too_large")
    return replace(position, margin=Sats(position.margin - amount))


def with_leverage(position: CrossPosition, leverage: int, *, price: Decimal) -> CrossPosition:
    """The position at another `leverage`; where the margin is short, some profit is realised for it.

    The entry then moves toward `price` by the least profit that is needed. The venue says only
    that it realises "some"; how much is our choice.

    Raises:
        Rejected: outside 1 to 100, the position is too large for it, or margin and profit together
            are too little.
    """
    if not MIN_LEVERAGE <= leverage <= MAX_LEVERAGE:
        raise Rejected(
            f"The leverage must be a whole number from {MIN_LEVERAGE} to {MAX_LEVERAGE}.",
            code="leverage_out_of_range",
        )
    changed = replace(position, leverage=leverage)
    if _short_of(changed) <= 0:
        return _checked(changed, price)
    return _checked(_with_profit_taken(changed, to_tick(price)), price)


def after_funding(position: CrossPosition, fee: Sats) -> CrossPosition:
    """The position after a settlement: `fee` sats leave the margin, or join it when negative."""
    margin = Sats(max(position.margin - fee, 0))
    return replace(position, margin=margin, funding_paid=Sats(position.funding_paid + fee))


# -- inside -------------------------------------------------------------------------------------


def _after_fee(position: CrossPosition, quantity: int, price: Decimal, rate: Exact) -> CrossPosition:
    fee = trading_fee(quantity, price, rate)
    return replace(
        position,
        margin=Sats(position.margin - fee),
        trading_fees=Sats(position.trading_fees + fee),
    )


def _realised(position: CrossPosition, gain: Sats) -> CrossPosition:
    """Flat, with `gain` booked; what is lost beyond the margin is the venue's."""
    return replace(
        position,
        quantity=0,
        entry=None,
        margin=Sats(max(position.margin + gain, 0)),
        realised=Sats(position.realised + gain),
    )


def _added(position: CrossPosition, entry: Decimal, quantity: int, price: Decimal) -> CrossPosition:
    return replace(
        position,
        quantity=position.quantity + position.side.sign * quantity,
        entry=aggregate_entry(position.size, entry, quantity, price),
    )


def _reduced(position: CrossPosition, entry: Decimal, quantity: int, price: Decimal) -> CrossPosition:
    """A gain of the part that leaves is realised; a loss of the whole is carried by what remains."""
    rest = replace(position, quantity=position.quantity - position.side.sign * quantity)
    gain = futures.profit(position.side, quantity, entry, price)
    if gain >= 0:
        return replace(rest, margin=Sats(rest.margin + gain), realised=Sats(rest.realised + gain))
    return _carried(rest, _loss(position, entry, price), price)


def _loss(position: CrossPosition, entry: Decimal, price: Decimal) -> Fraction:
    """Sats lost at `price`, unrounded, positive."""
    return position.side.sign * (
        futures.notional(position.size, price) - futures.notional(position.size, entry)
    )


def _carried(rest: CrossPosition, loss: Fraction, price: Decimal) -> CrossPosition:
    """`rest` with the entry that shows `loss` sats at `price`.

    The entry is rounded so that it shows no less. What even the end of the price axis cannot show
    is booked, so that a loss never disappears.
    """
    worth = futures.notional(rest.size, price) - rest.side.sign * loss
    entry = _entry_worth(rest, worth)
    shown = _loss(rest, entry, price)
    booked = Sats(-ceil_sats(max(loss - shown, Fraction(0))))
    return replace(
        rest,
        entry=entry,
        margin=Sats(max(rest.margin + booked, 0)),
        realised=Sats(rest.realised + booked),
    )


def _checked(position: CrossPosition, price: Decimal) -> CrossPosition:
    """The position, if its leverage allows its size and its margin carries it at `price`."""
    if position.size > max_quantity(position.leverage):
        raise Rejected(
            f"At leverage {position.leverage} the position can be at most "
            f"{max_quantity(position.leverage):,} USD.",
            code="quantity_out_of_range",
        )
    if _short_of(position) > 0 or liquidated(position, price):
        raise _too_little(position)
    return position


def _too_little(position: CrossPosition) -> Rejected:
    needed = position.running_margin + position.maintenance_margin + 1
    return Rejected(
        f"The cross margin is {position.margin:,} sats; this position needs {needed:,}. "
        "Deposit more, or choose a higher leverage.",
        code="margin_too_low",
    )


def _short_of(position: CrossPosition) -> int:
    """Sats that the margin lacks; the running margin has to be below what the maintenance leaves."""
    if position.entry is None:
        return 0
    return position.running_margin + position.maintenance_margin + 1 - position.margin


def _with_profit_taken(position: CrossPosition, market: Decimal) -> CrossPosition:
    """The entry moved toward the market until the profit booked carries the position.

    With a value at entry of N, which moves to M: margin + sign * (N - M) has to exceed
    M * (1 / leverage + 0.15 %). Solved for M; three sats more cover the rounding of the margins.
    """
    entry, sign = position.entry, position.side.sign
    share = sign + Fraction(1, position.leverage) + MAINTENANCE_RATE
    if entry is None or share == 0 or (share > 0) is not (sign > 0):
        raise _too_little(position)
    before = futures.notional(position.size, entry)
    moved = _entry_worth(position, (sign * before + position.margin - 4) / share)
    if (market - moved) * sign < 0:
        raise _too_little(position)
    gain = floor_sats(sign * (before - futures.notional(position.size, moved)))
    return replace(
        position,
        entry=moved,
        margin=Sats(position.margin + gain),
        realised=Sats(position.realised + gain),
    )


def _entry_worth(position: CrossPosition, worth: Fraction) -> Decimal:
    """Entry at which the position's value is `worth` sats, rounded against the user."""
    exact = position.size * SATS_PER_BTC / worth if worth > 0 else Fraction(MAX_PRICE)
    rounded = tick_above(exact) if position.side is Side.BUY else tick_below(exact)
    return min(max(rounded, MIN_PRICE), MAX_PRICE)
