"""The venue's math: what must hold for every position."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from services.domain import futures
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.money import MAX_PRICE, MIN_PRICE, TICK, Sats, floor_sats
from tests.support import trading
from tests.support.trading import leverages, position, positions, quantities, sides, ticks

Vector = Mapping[str, Any]

targets = st.integers(1, 999_999).map(lambda number: Decimal(number) / 1_000_000)
amounts = st.integers(1, 10_000) | st.integers(1, 10**11)
rates = st.integers(-1000, 1000).map(lambda number: Decimal(number) / 100_000)

# -- opening ------------------------------------------------------------------------------------


@given(quantities, ticks, leverages)
def test_the_margin_of_an_order_opens_its_quantity_and_a_sat_less_does_not(
    quantity: int, price: Decimal, leverage: Decimal
) -> None:
    margin = futures.margin_for(quantity, price, leverage)
    assert futures.quantity_for(margin, price, leverage) >= quantity
    assert futures.quantity_for(Sats(margin - 1), price, leverage) < quantity


@given(positions())
def test_liquidation_lies_on_the_losing_side_of_the_entry_and_on_the_tick(opened: Position) -> None:
    assert opened.liquidation % TICK == 0
    assert (opened.entry - opened.liquidation) * opened.side.sign >= 0
    assert MIN_PRICE <= opened.liquidation <= MAX_PRICE


@given(sides, quantities, ticks, leverages)
def test_liquidation_from_leverage_is_that_of_the_margin_inside_rounded_down(
    side: Side, quantity: int, price: Decimal, leverage: Decimal
) -> None:
    inside = floor_sats(futures.notional(quantity, price) / Fraction(leverage))
    fresh = futures.liquidation_from_leverage(side, quantity, price, leverage)
    assert Fraction(fresh) == trading.liquidation(side, quantity, Fraction(price), inside)
    paid = futures.margin_for(quantity, price, leverage)
    assert paid - inside in (0, 1)
    from_paid = futures.liquidation_from_margin(side, quantity, price, paid)
    assert (fresh - from_paid) * side.sign >= 0, "the venue reports the nearer of the two"


@given(sides, quantities, ticks)
def test_leverage_one_dies_at_half_the_entry_long_and_never_short(
    side: Side, quantity: int, price: Decimal
) -> None:
    whole = futures.notional(quantity, price)
    assume(whole.denominator == 1)
    liquidation = futures.liquidation_from_leverage(side, quantity, price, 1)
    assert Fraction(liquidation) == (
        trading.to_tick(Fraction(price) / 2) if side is Side.BUY else Fraction(MAX_PRICE)
    )


def test_a_short_that_cannot_be_liquidated_says_so_with_the_highest_price() -> None:
    assert futures.liquidation_from_margin(Side.SELL, 1000, 100_000, 1_000_000) == MAX_PRICE
    assert futures.liquidation_from_margin(Side.SELL, 1000, 100_000, 2_000_000) == MAX_PRICE
    assert futures.liquidation_from_margin(Side.SELL, 1000, 100_000, 999_999) == MAX_PRICE
    assert futures.liquidation_from_margin(Side.SELL, 1000, 100_000, 990_000) == 10_000_000


@given(positions(), st.integers(0, 10**9), amounts)
def test_more_margin_never_brings_liquidation_closer(opened: Position, some: int, more: int) -> None:
    one = futures.with_margin(opened, Sats(opened.margin + some))
    other = futures.with_margin(opened, Sats(opened.margin + some + more))
    assert (one.liquidation - other.liquidation) * opened.side.sign >= 0
    assert (opened.liquidation - one.liquidation) * opened.side.sign >= 0
    assert other.leverage < one.leverage


@given(positions())
def test_the_margin_is_used_up_at_the_liquidation_price(opened: Position) -> None:
    """Exactly there but for the tick, which moves the loss by what half a tick is worth."""
    assume(MIN_PRICE < opened.liquidation < MAX_PRICE)
    fresh = futures.with_margin(opened, opened.margin)
    loss = -futures.profit(opened.side, opened.quantity, opened.entry, fresh.liquidation)
    near = fresh.liquidation - TICK / 2
    slack = futures.notional(opened.quantity, near) - futures.notional(opened.quantity, fresh.liquidation)
    assert abs(loss - opened.margin) <= slack + 1


# -- profit, fees, funding ----------------------------------------------------------------------


@given(quantities, ticks, ticks)
def test_a_long_and_a_short_together_never_create_sats(quantity: int, entry: Decimal, leave: Decimal) -> None:
    long = futures.profit(Side.BUY, quantity, entry, leave)
    short = futures.profit(Side.SELL, quantity, entry, leave)
    assert long + short == 0
    assert (long > 0) <= (leave > entry)


@given(quantities, ticks, rates)
def test_what_one_side_pays_in_funding_the_other_receives(
    quantity: int, price: Decimal, rate: Decimal
) -> None:
    assert (
        futures.funding_fee(Side.BUY, quantity, price, rate)
        + futures.funding_fee(Side.SELL, quantity, price, rate)
        == 0
    )


@given(quantities, ticks)
def test_a_trade_left_where_it_was_entered_neither_wins_nor_loses(quantity: int, price: Decimal) -> None:
    for side in Side:
        assert futures.profit(side, quantity, price, price) == 0


@given(positions(), st.integers(1, 10**9))
def test_a_funding_fee_leaves_the_margin_and_liquidation_follows(opened: Position, fee: int) -> None:
    after = futures.after_funding(opened, Sats(fee))
    assert after.margin == max(opened.margin - fee, 1)
    assert after.funding_paid == opened.funding_paid + fee
    assert Fraction(after.liquidation) == trading.liquidation(
        opened.side, opened.quantity, Fraction(opened.entry), after.margin
    )
    assert (after.quantity, after.entry, after.maintenance) == (
        opened.quantity,
        opened.entry,
        opened.maintenance,
    )


@given(positions(), st.integers(-(10**9), 0))
def test_received_funding_goes_to_the_account_and_leaves_the_position_as_it_is(
    opened: Position, fee: int
) -> None:
    after = futures.after_funding(opened, Sats(fee))
    assert (after.margin, after.liquidation, after.leverage) == (
        opened.margin,
        opened.liquidation,
        opened.leverage,
    )


# -- distance -----------------------------------------------------------------------------------


@given(positions(), ticks, targets)
def test_the_trigger_is_met_at_equality_and_agrees_with_the_distance(
    opened: Position, price: Decimal, limit: Decimal
) -> None:
    exact = Fraction(price - opened.liquidation) * opened.side.sign / Fraction(price)
    assert futures.within(opened.side, price, opened.liquidation, limit) == (exact <= Fraction(limit))
    shown = futures.distance(opened.side, price, opened.liquidation)
    assert abs(Fraction(shown) - max(exact, Fraction(0))) < Fraction(1, 10**20)


@given(positions(), targets)
def test_the_price_at_a_distance_has_exactly_that_distance(opened: Position, limit: Decimal) -> None:
    price = futures.price_at_distance(opened.side, opened.liquidation, limit)
    gap = (price - Fraction(opened.liquidation)) * opened.side.sign
    assert gap / price == Fraction(limit)


def test_past_liquidation_the_distance_is_zero_and_never_negative() -> None:
    assert futures.distance(Side.BUY, Decimal(90), Decimal(90)) == 0
    assert futures.distance(Side.BUY, Decimal(80), Decimal(90)) == 0
    assert futures.distance(Side.SELL, Decimal(100), Decimal(90)) == 0
    assert futures.within(Side.BUY, Decimal(80), Decimal(90), Decimal("0.001"))


# -- how much to add ----------------------------------------------------------------------------


def meets(opened: Position, added: int, price: Decimal, target: Decimal) -> bool:
    """Whether the venue's liquidation after adding leaves the target; by the test's own formula."""
    liquidation = Fraction(opened.liquidation)
    if added:
        liquidation = trading.liquidation(
            opened.side, opened.quantity, Fraction(opened.entry), opened.margin + added
        )
    return (Fraction(price) - liquidation) * opened.side.sign >= Fraction(target) * Fraction(price)


def least(opened: Position, price: Decimal, target: Decimal) -> int | None:
    """The least amount that meets the target, by bisection."""
    low, high = 0, 1
    if meets(opened, 0, price, target):
        return 0
    while not meets(opened, high, price, target):
        if high > 10**20:
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(opened, middle, price, target) else (middle, high)
    return high


@given(positions(), ticks | st.none(), targets)
@example(position("buy", 1, 100_000, 100), Decimal(99_500), Decimal("0.05"))
@example(position("sell", 1, 100_000, 100), Decimal(100_500), Decimal("0.05"))
@example(position("buy", 1, 1_000_000, 100), Decimal(1_000_000), Decimal("0.01"))
@example(position("sell", 500_000, 100, 1), Decimal(100), Decimal("0.9"))
@example(position("buy", 1000, 100_000, 10), Decimal(1), Decimal("0.5"))
def test_the_amount_is_the_least_that_restores_the_target(
    opened: Position, price: Decimal | None, target: Decimal
) -> None:
    price = opened.liquidation if price is None else price
    amount = futures.margin_to_reach(opened, price, target)
    assert amount == least(opened, price, target)
    if amount:
        assert meets(opened, amount, price, target)
        assert not meets(opened, amount - 1, price, target)


@given(positions(), st.integers(1_000, 10**9).map(lambda number: Decimal(number).scaleb(-3)), targets)
def test_the_amount_is_the_least_at_prices_between_the_ticks_too(
    opened: Position, price: Decimal, target: Decimal
) -> None:
    assert futures.margin_to_reach(opened, price, target) == least(opened, price, target)


@given(positions(), ticks, targets)
def test_no_amount_is_named_when_the_target_lies_beyond_every_price(
    opened: Position, price: Decimal, target: Decimal
) -> None:
    wanted = Fraction(price) * (1 - opened.side.sign * Fraction(target))
    unreachable = not MIN_PRICE <= wanted <= MAX_PRICE
    assert (futures.margin_to_reach(opened, price, target) is None) == unreachable


# -- adding it ----------------------------------------------------------------------------------


@given(positions())
def test_margin_can_be_added_until_leverage_one_and_not_a_sat_more(opened: Position) -> None:
    room = futures.full_margin(opened) - opened.margin
    if room > 0:
        full = futures.add_margin(opened, Sats(room))
        assert full.margin == futures.full_margin(opened)
        assert full.leverage >= 1
    with pytest.raises(Rejected, match="Leverage cannot fall below 1") as refusal:
        futures.add_margin(opened, Sats(max(room, 0) + 1))
    assert f"at most {max(room, 0):,} sats" in refusal.value.message


@pytest.mark.parametrize("amount", [0, -1, -(10**9)])
def test_nothing_and_less_than_nothing_cannot_be_added(amount: int) -> None:
    with pytest.raises(Rejected, match="at least 1 sat"):
        futures.add_margin(position(), Sats(amount))


@given(positions(), amounts)
def test_adding_changes_margin_leverage_and_liquidation_and_nothing_else(
    opened: Position, amount: int
) -> None:
    assume(amount <= futures.full_margin(opened) - opened.margin)
    after = futures.add_margin(opened, Sats(amount))
    assert after.margin == opened.margin + amount
    expected = futures.leverage_of(opened.quantity, opened.entry, after.margin)
    assert abs(Fraction(after.leverage) - expected) < Fraction(1, 10**20)
    assert Fraction(after.liquidation) == trading.liquidation(
        opened.side, opened.quantity, Fraction(opened.entry), after.margin
    )
    kept = ("id", "side", "quantity", "entry", "maintenance", "opened_at", "funding_paid", "opening_fee")
    assert all(getattr(after, name) == getattr(opened, name) for name in kept)
