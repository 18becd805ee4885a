"""What holds for every contract, run against each; and what only one of them has."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain import futures
from services.domain.contracts import INVERSE, Contract, Quantity
from services.domain.errors import Defect, Rejected
from services.domain.futures import Position, Side
from services.domain.money import MAX_PRICE, Sats
from tests.support.contracts import BTCUSDT, COARSE, Held, held
from tests.support.trading import position, positions

T = TypeVar("T", bound=Callable[..., Any])

rates = st.sampled_from([Decimal(0), Decimal("0.0005"), Decimal("0.001")])
funding_rates = st.integers(-300, 300).map(lambda number: Decimal(number) / 100_000)
targets = st.integers(1, 99_999).map(lambda number: Decimal(number) / 100_000)
more = st.integers(1, 50) | st.integers(1, 10**13)


@dataclass(frozen=True)
class Trade:
    """One contract with numbers that fit it; `price` is the market's, `margin` sats or units."""

    contract: Contract
    side: Side
    quantity: Quantity
    entry: Decimal
    price: Decimal
    margin: int
    leverage: Decimal

    def held(self, added: int = 0) -> Held:
        return held(self.contract, self.side, self.quantity, self.entry, self.margin + added)


@st.composite
def trades(draw: st.DrawFn, contract: Contract) -> Trade:
    steps = draw(st.integers(1, 50) | st.integers(1, 500_000))
    quantity = steps * contract.step
    entry, price = (draw(st.integers(2_000, 2_000_000)) * contract.tick for _ in range(2))
    leverage = draw(st.integers(100, 10_000).map(lambda number: Decimal(number) / 100))
    margin = contract.margin_for(quantity, entry, leverage)
    return Trade(contract, draw(st.sampled_from(Side)), quantity, entry, price, margin, leverage)


def for_each(test: T) -> T:
    """The test once with each contract."""
    once: Callable[[T], T] = pytest.mark.parametrize(
        "contract", [INVERSE, BTCUSDT, COARSE], ids=["inverse", "linear", "coarse"]
    )
    return once(test)


# -- every contract -----------------------------------------------------------------------------


@for_each
@given(st.data(), more)
def test_more_collateral_never_brings_liquidation_closer(
    contract: Contract, data: st.DataObject, added: int
) -> None:
    trade = data.draw(trades(contract))
    before, after = trade.held().liquidation, trade.held(added).liquidation
    assert (before - after) * trade.side.sign >= 0


@for_each
@given(st.data())
def test_liquidation_is_a_price_of_the_venue_or_the_end_of_the_axis(
    contract: Contract, data: st.DataObject
) -> None:
    trade = data.draw(trades(contract))
    for level in (
        trade.held().liquidation,
        contract.opening_liquidation(trade.side, trade.quantity, trade.entry, trade.leverage),
    ):
        assert level % contract.tick == 0
        assert level >= 0


def met(trade: Trade, added: int, target: Decimal) -> bool:
    """Whether the liquidation after adding leaves the target at the market."""
    gap = Fraction(trade.price - trade.held(added).liquidation) * trade.side.sign
    return gap >= Fraction(target) * Fraction(trade.price)


def least(trade: Trade, target: Decimal) -> int | None:
    """The least collateral that meets the target, by bisection."""
    low, high = 0, 1
    if met(trade, 0, target):
        return 0
    while not met(trade, high, target):
        if high > 10**22:
            return None
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(trade, middle, target) else (middle, high)
    return high


@for_each
@given(st.data(), targets)
def test_the_solved_amount_is_the_least_that_a_search_finds(
    contract: Contract, data: st.DataObject, target: Decimal
) -> None:
    trade = data.draw(trades(contract))
    assert contract.margin_to_reach(trade.held(), trade.price, target) == least(trade, target)


@for_each
@given(st.data())
def test_beyond_the_full_margin_nothing_moves_or_leverage_would_fall_below_one(
    contract: Contract, data: st.DataObject
) -> None:
    trade = data.draw(trades(contract))
    full = contract.full_margin(trade.held())
    assert full >= 0
    at_full = contract.liquidation(trade.side, trade.quantity, trade.entry, full)
    beyond = contract.liquidation(trade.side, trade.quantity, trade.entry, full + 10**14)
    assert beyond == at_full or contract.leverage_of(trade.quantity, trade.entry, full + 1) < 1


@for_each
@given(st.data(), rates)
def test_a_long_and_a_short_together_never_create_value(
    contract: Contract, data: st.DataObject, rate: Decimal
) -> None:
    trade = data.draw(trades(contract))
    profits = sum(contract.profit(side, trade.quantity, trade.entry, trade.price) for side in Side)
    fees = sum(contract.fee(trade.quantity, price, rate) for price in (trade.entry, trade.price))
    assert profits - 2 * fees <= 0
    assert profits >= -1, "nor is more than a unit lost by rounding"


@for_each
@given(st.data(), funding_rates)
def test_funding_never_creates_value(contract: Contract, data: st.DataObject, rate: Decimal) -> None:
    trade = data.draw(trades(contract))
    fees = [contract.funding_fee(side, trade.quantity, trade.price, rate) for side in Side]
    assert 0 <= sum(fees) <= 1
    exact = contract.notional(trade.quantity, trade.price) * Fraction(rate)
    assert abs(fees[0] - exact) < 1
    if rate > 0:
        assert fees[0] >= 0 >= fees[1]
    for fee in fees:
        after = contract.margin_after_funding(trade.margin, fee)
        low, high = sorted((trade.margin, max(trade.margin - fee, 0)))
        assert low <= after <= high
        assert fee <= 0 or after == low


@for_each
@given(st.data())
def test_a_margin_opens_what_it_was_asked_for_and_one_unit_less_does_not(
    contract: Contract, data: st.DataObject
) -> None:
    trade = data.draw(trades(contract))
    assert contract.quantity_for(trade.margin, trade.entry, trade.leverage) >= trade.quantity
    assert contract.quantity_for(trade.margin - 1, trade.entry, trade.leverage) < trade.quantity


@for_each
@given(st.data(), st.integers(0, 10**12))
def test_a_quantity_never_needs_more_than_the_margin_it_was_computed_from(
    contract: Contract, data: st.DataObject, margin: int
) -> None:
    trade = data.draw(trades(contract))
    bought = contract.quantity_for(margin, trade.entry, trade.leverage)
    assert bought % contract.step == 0
    if bought:
        assert contract.margin_for(bought, trade.entry, trade.leverage) <= margin
        assert contract.leverage_of(bought, trade.entry, margin) <= Fraction(trade.leverage)


@for_each
@given(st.data(), rates)
def test_a_round_trip_at_one_price_costs_its_fees_and_gives_nothing(
    contract: Contract, data: st.DataObject, rate: Decimal
) -> None:
    trade = data.draw(trades(contract))
    assert contract.profit(trade.side, trade.quantity, trade.entry, trade.entry) == 0
    fee = contract.fee(trade.quantity, trade.entry, rate)
    assert abs(fee - contract.notional(trade.quantity, trade.entry) * Fraction(rate)) < 1
    assert fee >= 0


@for_each
@given(st.data())
def test_profit_has_the_sign_of_the_move_and_is_within_a_unit(
    contract: Contract, data: st.DataObject
) -> None:
    trade = data.draw(trades(contract))
    gain = contract.profit(trade.side, trade.quantity, trade.entry, trade.price)
    rise = (trade.price - trade.entry) * trade.side.sign
    assert gain == 0 or (gain > 0) == (rise > 0)


@for_each
@given(st.data(), st.integers(1, 10**9))
def test_a_price_is_rounded_to_the_nearest_tick(
    contract: Contract, data: st.DataObject, thousandths: int
) -> None:
    price = Fraction(thousandths, 1000)
    rounded = contract.to_tick(price)
    assert rounded % contract.tick == 0
    if price >= 1:
        assert abs(Fraction(rounded) - price) <= Fraction(contract.tick) / 2


def test_the_collateral_is_named_with_its_smallest_unit() -> None:
    assert [(one.asset, one.decimals) for one in (INVERSE, BTCUSDT)] == [("BTC", 8), ("USDT", 8)]


# -- LN Markets ---------------------------------------------------------------------------------


@given(positions(), targets)
def test_the_inverse_contract_gives_what_the_venues_math_gives(opened: Position, target: Decimal) -> None:
    price = opened.entry
    assert INVERSE.margin_to_reach(opened, price, target) == futures.margin_to_reach(opened, price, target)
    assert INVERSE.full_margin(opened) == futures.full_margin(opened)
    assert INVERSE.fee_reserve(opened.side, opened.quantity, price, opened.leverage) == futures.fee_reserve(
        opened.side, opened.quantity, price, opened.leverage
    )
    assert (
        INVERSE.liquidation(opened.side, opened.quantity, price, opened.margin)
        == futures.with_margin(opened, opened.margin).liquidation
    )


def test_a_reported_liquidation_counts_more_than_the_computed_one() -> None:
    """A fresh trade's liquidation is computed from a margin rounded down, so it may be a tick nearer."""
    opened = position("buy", 1000, 100_000, 10)
    farther = Held(opened.side, 1000, opened.entry, opened.margin, Decimal(80_000))
    assert INVERSE.margin_to_reach(farther, Decimal(100_000), Decimal("0.2")) == 0
    assert INVERSE.margin_to_reach(opened, Decimal(100_000), Decimal("0.2")) == 149_997


def test_received_funding_leaves_an_inverse_margin_alone_and_joins_a_linear_one() -> None:
    assert [INVERSE.margin_after_funding(1000, fee) for fee in (30, -30, 2000)] == [970, 1000, 0]
    assert [BTCUSDT.margin_after_funding(1000, fee) for fee in (30, -30, 2000)] == [970, 1030, 0]


def test_lnmarkets_quantities_are_whole_dollars() -> None:
    assert INVERSE.margin_for(Decimal(1000), 100_000, 10) == 100_000
    with pytest.raises(Defect, match="whole dollars"):
        INVERSE.margin_for(Decimal("0.5"), 100_000, 10)


def test_an_inverse_short_with_all_its_value_as_margin_cannot_be_liquidated() -> None:
    assert INVERSE.liquidation(Side.SELL, 1000, 100_000, 1_000_000) == MAX_PRICE


# -- Binance ------------------------------------------------------------------------------------

USDT = 10**8


def test_a_linear_long_is_worth_what_it_is() -> None:
    size, entry = Decimal("0.5"), Decimal(60_000)
    assert BTCUSDT.notional(size, entry) == 30_000 * USDT
    assert BTCUSDT.margin_for(size, entry, 10) == 3_000 * USDT
    assert BTCUSDT.profit(Side.BUY, size, entry, Decimal("61000.1")) == Decimal("500.05") * USDT
    assert BTCUSDT.fee(size, entry, Decimal("0.0005")) == 15 * USDT
    liquidation = BTCUSDT.opening_liquidation(Side.BUY, size, entry, 10)
    assert liquidation == Decimal("54216.9"), "27,000 / 0.5 / (1 - 0.004) = 54,216.867..., rounded up"
    assert BTCUSDT.opening_liquidation(Side.SELL, size, entry, 10) == Decimal("65737.0")


def test_what_a_linear_venue_does_not_state_is_rounded_against_the_user() -> None:
    """In whole dollars: half a dollar won is none, half a dollar due is one."""
    size = Decimal("0.003")
    assert COARSE.profit(Side.BUY, size, Decimal(100), Decimal(250)) == 0
    assert COARSE.profit(Side.BUY, size, Decimal(250), Decimal(100)) == -1
    assert COARSE.fee(size, Decimal(250), Decimal("0.01")) == 1
    assert COARSE.margin_for(size, Decimal(250), 10) == 1
    assert COARSE.funding_fee(Side.BUY, size, Decimal(250), Decimal("0.01")) == 1
    assert COARSE.funding_fee(Side.SELL, size, Decimal(250), Decimal("0.01")) == 0


def test_a_linear_long_with_all_its_value_as_margin_cannot_be_liquidated() -> None:
    assert BTCUSDT.liquidation(Side.BUY, Decimal(1), Decimal(60_000), 60_000 * USDT) == 0
    assert BTCUSDT.liquidation(Side.BUY, Decimal(1), Decimal(60_000), 60_000 * USDT - 1) == Decimal("0.1")


def test_a_linear_short_is_never_shown_beyond_the_highest_price() -> None:
    top = BTCUSDT.max_price
    holding = held(BTCUSDT, Side.SELL, Decimal(1), Decimal(60_000), 10**16)
    assert holding.liquidation == top
    assert BTCUSDT.margin_to_reach(holding, top, Decimal("0.5")) is None


@pytest.mark.parametrize(("value", "leverage"), [(50_000, 125), (50_001, 100), (1_000_000, 50), (10**9, 1)])
def test_the_highest_leverage_falls_with_the_value(value: int, leverage: int) -> None:
    assert BTCUSDT.max_leverage(Decimal(value), 1) == leverage
    assert INVERSE.max_leverage(value, 1) == 100


def test_prices_stay_on_the_venues_axis() -> None:
    assert BTCUSDT.to_tick(Decimal("0.001")) == Decimal("0.1")
    assert BTCUSDT.to_tick(10**9) == BTCUSDT.max_price
    assert BTCUSDT.to_tick(Decimal("60000.05")) == Decimal("60000.1")


def test_a_linear_contract_checks_its_tiers() -> None:
    with pytest.raises(Rejected, match="do not fit together"):
        type(BTCUSDT)("X", Decimal("0.1"), Decimal(1), (), Decimal(100))


def test_liquidation_at_the_boundary_of_two_tiers_has_one_answer() -> None:
    """At 50,000 USDT the maintenance margin is 200 by either tier."""
    wallet = 10_200 * USDT
    assert BTCUSDT.liquidation(Side.BUY, Decimal(1), Decimal(60_000), wallet) == 50_000
    assert BTCUSDT.margin_to_reach(
        held(BTCUSDT, Side.BUY, Decimal(1), Decimal(60_000), wallet - 1), Decimal(100_000), Decimal("0.5")
    ) == Sats(1)
