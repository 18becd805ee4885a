"""Instruments that know their own math, so that nothing above asks which kind it deals with.

A contract takes prices in the quote asset per base asset and quantities in its own unit, and gives
amounts as whole smallest units of its collateral: sats for LN Markets, hundred-millionths of a USDT
for Binance. `decimals` says how many of them make one.

Two implementations: `Inverse` (LN Markets; the math is `services.domain.futures`) and `Linear`
(Binance USD-M, isolated, one-way; the math is `services.domain.linear`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Protocol

from services.domain import futures, linear
from services.domain.errors import Defect
from services.domain.futures import Position, Side
from services.domain.linear import Tier
from services.domain.money import TICK, Exact, Sats, floor_sats, to_tick

Quantity = int | Decimal
"""Of a position: whole USD for `Inverse`, a multiple of the step in base asset for `Linear`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Holding(Protocol):
    """What the math needs of a position; `futures.Position` is one."""

    @property
    def side(self) -> Side: ...

    @property
    def quantity(self) -> Quantity: ...

    @property
    def entry(self) -> Decimal: ...

    @property
    def margin(self) -> int: ...

    @property
    def liquidation(self) -> Decimal:
        """As the venue reports it, which may differ by a tick from what the margin gives."""
        ...


class Contract(Protocol):
    """One instrument at one venue. All functions are pure and total for positive arguments."""

    @property
    def symbol(self) -> str: ...

    @property
    def asset(self) -> str:
        """What margin and profit are in, as in `BTC`."""
        ...

    @property
    def decimals(self) -> int:
        """Places of the collateral's smallest unit: 8 where a sat is the smallest part of a BTC."""
        ...

    @property
    def tick(self) -> Decimal:
        """Least step of a price."""
        ...

    @property
    def step(self) -> Decimal:
        """Least step of a quantity."""
        ...

    def to_tick(self, price: Exact) -> Decimal:
        """The nearest price that the venue knows, halves up."""
        ...

    def notional(self, quantity: Quantity, price: Exact) -> Fraction:
        """Value of `quantity` at `price` in collateral units, unrounded."""
        ...

    def max_leverage(self, quantity: Quantity, price: Exact) -> int:
        """Highest leverage that the venue gives a position of this value."""
        ...

    def margin_for(self, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        """Margin that opens `quantity` at `price` with `leverage`, rounded up."""
        ...

    def quantity_for(self, margin: int, price: Exact, leverage: Exact) -> Quantity:
        """Largest quantity, in whole steps, that `margin` opens at `price` with `leverage`."""
        ...

    def leverage_of(self, quantity: Quantity, price: Exact, margin: int) -> Fraction:
        """Value of `quantity` at `price` over `margin`."""
        ...

    def fee_reserve(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        """Collateral that an order sets aside for fees, beside its margin."""
        ...

    def opening_liquidation(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> Decimal:
        """Liquidation price that a fresh position will have."""
        ...

    def liquidation(self, side: Side, quantity: Quantity, entry: Exact, margin: int) -> Decimal:
        """Liquidation price of a position with `margin`.

        Where no price liquidates it, the end of the price axis: its lowest for a long, its highest
        for a short.
        """
        ...

    def profit(self, side: Side, quantity: Quantity, entry: Exact, exit_price: Exact) -> int:
        """Profit (positive) or loss (negative) of leaving at `exit_price`."""
        ...

    def fee(self, quantity: Quantity, price: Exact, rate: Exact) -> int:
        """Fee for executing `quantity` at `price`; `rate` is a fraction of the value."""
        ...

    def funding_fee(self, side: Side, quantity: Quantity, price: Exact, rate: Exact) -> int:
        """What a settlement at `price` takes; negative when it gives. Longs pay a positive rate."""
        ...

    def margin_after_funding(self, margin: int, fee: int) -> int:
        """Margin after a settlement: venues differ in where they put what a trader receives."""
        ...

    def margin_to_reach(self, holding: Holding, price: Decimal, target: Decimal) -> int | None:
        """Least collateral to add so that `|price - liquidation| >= target * price`.

        Solved from the venue's formula and its rounding to the tick, not searched for.

        Args:
            target: fraction of `price`; below 1 for a long.
        Returns:
            Units, 0 when the reported liquidation is far enough already; None when no amount can reach it.
        """
        ...

    def full_margin(self, holding: Holding) -> int:
        """Margin beyond which adding is refused by the venue or moves nothing any more."""
        ...


@dataclass(frozen=True, slots=True)
class Inverse:
    """LN Markets' inverse perpetual: quantities are whole USD, collateral is sats."""

    symbol: str = "BTCUSD"
    asset: str = "BTC"
    decimals: int = 8
    tick: Decimal = TICK
    step: Decimal = Decimal(1)

    def to_tick(self, price: Exact) -> Decimal:
        return to_tick(price)

    def notional(self, quantity: Quantity, price: Exact) -> Fraction:
        return futures.notional(_whole(quantity), price)

    def max_leverage(self, quantity: Quantity, price: Exact) -> int:
        return int(futures.MAX_LEVERAGE)

    def margin_for(self, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        return futures.margin_for(_whole(quantity), price, leverage)

    def quantity_for(self, margin: int, price: Exact, leverage: Exact) -> Quantity:
        return futures.quantity_for(Sats(margin), price, leverage)

    def leverage_of(self, quantity: Quantity, price: Exact, margin: int) -> Fraction:
        return futures.leverage_of(_whole(quantity), price, Sats(margin))

    def fee_reserve(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        return futures.fee_reserve(side, _whole(quantity), price, leverage)

    def opening_liquidation(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> Decimal:
        return futures.liquidation_from_leverage(side, _whole(quantity), price, leverage)

    def liquidation(self, side: Side, quantity: Quantity, entry: Exact, margin: int) -> Decimal:
        return futures.liquidation_from_margin(side, _whole(quantity), entry, margin)

    def profit(self, side: Side, quantity: Quantity, entry: Exact, exit_price: Exact) -> int:
        return futures.profit(side, _whole(quantity), entry, exit_price)

    def fee(self, quantity: Quantity, price: Exact, rate: Exact) -> int:
        return futures.trading_fee(_whole(quantity), price, rate)

    def funding_fee(self, side: Side, quantity: Quantity, price: Exact, rate: Exact) -> int:
        return futures.funding_fee(side, _whole(quantity), price, rate)

    def margin_after_funding(self, margin: int, fee: int) -> int:
        """A fee leaves the margin; a gift goes to the account's balance."""
        return max(margin - max(fee, 0), 0)

    def margin_to_reach(self, holding: Holding, price: Decimal, target: Decimal) -> int | None:
        return futures.margin_to_reach(_as_position(holding), price, target)

    def full_margin(self, holding: Holding) -> int:
        """Leverage 1: the venue refuses more."""
        return floor_sats(self.notional(holding.quantity, holding.entry))


@dataclass(frozen=True, slots=True)
class Linear:
    """Binance's linear perpetual, isolated margin, one-way mode.

    Quantities are multiples of `step` in the base asset; collateral is the quote asset in units of
    10 ** -`decimals`. What the venue does not state is rounded against the user. A margin is the
    position's own wallet balance.

    Raises:
        Rejected: the tiers do not fit together.
    """

    symbol: str
    tick: Decimal
    step: Decimal
    tiers: tuple[Tier, ...]
    max_price: Decimal
    asset: str = "USDT"
    decimals: int = 8

    def __post_init__(self) -> None:
        linear.check_tiers(self.tiers)

    def to_tick(self, price: Exact) -> Decimal:
        nearest = floor(Fraction(price) / Fraction(self.tick) + Fraction(1, 2)) * self.tick
        return min(max(nearest, self.tick), self.max_price)

    def notional(self, quantity: Quantity, price: Exact) -> Fraction:
        return Fraction(quantity) * Fraction(price) * self._units

    def max_leverage(self, quantity: Quantity, price: Exact) -> int:
        return linear.tier_at(self.tiers, Fraction(quantity) * Fraction(price)).max_leverage

    def margin_for(self, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        return ceil(self.notional(quantity, price) / Fraction(leverage))

    def quantity_for(self, margin: int, price: Exact, leverage: Exact) -> Quantity:
        bought = Fraction(margin, self._units) * Fraction(leverage) / Fraction(price)
        return floor(bought / Fraction(self.step)) * self.step

    def leverage_of(self, quantity: Quantity, price: Exact, margin: int) -> Fraction:
        return self.notional(quantity, price) / margin

    def fee_reserve(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> int:
        """Nothing: fees are paid from the account's balance when they arise."""
        return 0

    def opening_liquidation(self, side: Side, quantity: Quantity, price: Exact, leverage: Exact) -> Decimal:
        return self.liquidation(side, quantity, price, self.margin_for(quantity, price, leverage))

    def liquidation(self, side: Side, quantity: Quantity, entry: Exact, margin: int) -> Decimal:
        """Rounded toward the entry, so that it is never shown farther away than it is."""
        wallet = Fraction(margin, self._units)
        exact = linear.liquidation(self.tiers, side, quantity, entry, wallet)
        if side is Side.BUY:
            return max(self._tick_above(exact), Decimal(0))
        return min(self._tick_below(exact), self.max_price)

    def profit(self, side: Side, quantity: Quantity, entry: Exact, exit_price: Exact) -> int:
        move = side.sign * (Fraction(exit_price) - Fraction(entry))
        return floor(Fraction(quantity) * move * self._units)

    def fee(self, quantity: Quantity, price: Exact, rate: Exact) -> int:
        return ceil(self.notional(quantity, price) * Fraction(rate))

    def funding_fee(self, side: Side, quantity: Quantity, price: Exact, rate: Exact) -> int:
        return ceil(side.sign * self.notional(quantity, price) * Fraction(rate))

    def margin_after_funding(self, margin: int, fee: int) -> int:
        """Both a fee and a gift change the position's own wallet."""
        return max(margin - fee, 0)

    def margin_to_reach(self, holding: Holding, price: Decimal, target: Decimal) -> int | None:
        bound = Fraction(price) * (1 - holding.side.sign * Fraction(target))
        if bound < 0 or bound > Fraction(self.max_price):
            return None
        if (price - holding.liquidation) * holding.side.sign >= target * price:
            return 0
        level = self._tick_below(bound) if holding.side is Side.BUY else self._tick_above(bound)
        return max(self._margin_at(holding, level) - holding.margin, 1)

    def full_margin(self, holding: Holding) -> int:
        """Margin with which no price liquidates it any more; the venue itself names no limit."""
        end = Decimal(0) if holding.side is Side.BUY else self.max_price
        return self._margin_at(holding, end)

    @property
    def _units(self) -> int:
        return int(10**self.decimals)

    def _margin_at(self, holding: Holding, level: Decimal) -> int:
        """Least margin whose liquidation lies at or beyond `level`."""
        wallet = linear.wallet_for(self.tiers, holding.side, holding.quantity, holding.entry, level)
        return ceil(wallet * self._units)

    def _tick_above(self, price: Exact) -> Decimal:
        return ceil(Fraction(price) / Fraction(self.tick)) * self.tick

    def _tick_below(self, price: Exact) -> Decimal:
        return floor(Fraction(price) / Fraction(self.tick)) * self.tick


INVERSE = Inverse()


def _whole(quantity: Quantity) -> int:
    if quantity != int(quantity):
        raise Defect("LN Markets' quantities are whole dollars.")
    return int(quantity)


def _as_position(holding: Holding) -> Position:
    """The holding in the form that `futures` takes; what the math does not look at is left empty."""
    return Position(
        id="",
        side=holding.side,
        quantity=_whole(holding.quantity),
        entry=holding.entry,
        margin=Sats(holding.margin),
        leverage=Decimal(1),
        liquidation=holding.liquidation,
        maintenance=Sats(0),
        opened_at=_EPOCH,
    )
