"""Cross margin: the published numbers, and that no order, transfer or change of leverage creates sats."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.domain import cross, futures
from services.domain.cross import CrossPosition
from services.domain.errors import Defect, Rejected
from services.domain.futures import Side
from services.domain.money import MAX_PRICE, TICK, Sats
from tests.support import trading
from tests.support.trading import quantities, sides, ticks

Vector = Mapping[str, Any]

FEE = Decimal("0.001")
FREE = Decimal(0)

VECTORS = json.loads((Path(__file__).parent / "vectors_cross.json").read_text(), parse_float=Decimal)[
    "vectors"
]


def vectors(kind: str) -> list[Vector]:
    return [vector for vector in VECTORS if vector["kind"] == kind]


def running(
    side: Side | str = "buy",
    quantity: int = 1000,
    entry: Decimal | int | str = 100_000,
    margin: int = 500_000,
    leverage: int = 10,
) -> CrossPosition:
    return CrossPosition(Side(side).sign * quantity, Decimal(entry), Sats(margin), leverage)


def worth(position: CrossPosition, price: Decimal) -> Fraction:
    """All the account has here at `price`, in sats: collateral and unrounded profit."""
    if position.entry is None:
        return Fraction(position.margin)
    entry, now = (Fraction(position.size * 10**8) / Fraction(p) for p in (position.entry, price))
    return position.margin + position.side.sign * (entry - now)


@st.composite
def held(draw: st.DrawFn) -> tuple[CrossPosition, Decimal]:
    """A position that the venue would keep, and a price at which it lives."""
    side, quantity, entry = draw(sides), draw(quantities), draw(ticks)
    leverage = draw(st.integers(1, 100))
    least = cross.running_margin(quantity, entry, leverage) + cross.maintenance_margin(quantity, entry) + 1
    margin = least + draw(st.integers(0, 10) | st.integers(0, 3 * least))
    position = running(side, quantity, entry, margin, leverage)
    liquidation = position.liquidation
    assert liquidation is not None
    from_here = Fraction(min(liquidation, 4 * entry))
    far = draw(st.integers(1, 200) | st.integers(1, 9_000))
    price = from_here * (10_000 + far) if side is Side.BUY else from_here * (10_000 - far)
    tick = trading.to_tick(price / 10_000)
    at = Decimal(tick.numerator) / Decimal(tick.denominator)
    assume(not cross.liquidated(position, at) and at >= 50)
    return position, at


# -- the published numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("vector", vectors("cross_exposure"))
def test_margins_and_liquidation_are_the_published_ones(vector: Vector) -> None:
    asked = vector["input"]
    position = running(
        asked["side"], asked["quantity"], asked["entryPrice"], asked["margin"], asked["leverage"]
    )
    assert {
        "runningMargin": position.running_margin,
        "maintenanceMargin": position.maintenance_margin,
        "liquidation": position.liquidation,
    } == vector["expected"]


@pytest.mark.parametrize("vector", vectors("cross_running_margin"))
def test_the_running_margin_is_the_published_one(vector: Vector) -> None:
    asked = vector["input"]
    assert (
        cross.running_margin(asked["quantity"], asked["entryPrice"], asked["leverage"]) == vector["expected"]
    )


@pytest.mark.parametrize("vector", vectors("cross_max_quantity"))
def test_the_largest_quantity_is_the_published_one(vector: Vector) -> None:
    assert cross.max_quantity(vector["input"]["leverage"]) == vector["expected"]


@pytest.mark.parametrize("vector", vectors("cross_aggregate_entry_price"))
def test_the_entry_after_adding_is_the_published_one(vector: Vector) -> None:
    asked = vector["input"]
    entry = cross.aggregate_entry(asked["q1"], asked["p1"], asked["q2"], asked["p2"])
    assert entry == vector["expected"]
    position = running("buy", asked["q1"], asked["p1"], margin=10**8)
    added = cross.execute(position, Side.BUY, asked["q2"], price=Decimal(asked["p2"]), fee_rate=FREE)
    assert (added.quantity, added.entry) == (3000, vector["expected"])


def test_the_smallest_margins_are_one_sat() -> None:
    position = running("buy", 1, 1_000_000, margin=5, leverage=100)
    assert [position.running_margin, position.maintenance_margin] == [1, 1]


def test_the_largest_quantity_falls_with_leverage_in_steps_of_five() -> None:
    sizes = [cross.max_quantity(leverage) for leverage in range(1, 101)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(size % 5 == 0 for size in sizes)


# -- orders -------------------------------------------------------------------------------------


def test_opening_pays_the_fee_out_of_the_margin() -> None:
    start = CrossPosition(margin=Sats(500_000), leverage=10)
    opened = cross.execute(start, Side.SELL, 1000, price=Decimal(100_000), fee_rate=FEE)
    assert opened == CrossPosition(-1000, Decimal(100_000), Sats(499_000), 10, trading_fees=Sats(1000))


def test_a_gain_is_realised_when_reducing_and_the_entry_stays() -> None:
    position = running("buy", 1000, 100_000)
    reduced = cross.execute(position, Side.SELL, 400, price=Decimal(110_000), fee_rate=FREE)
    assert (reduced.quantity, reduced.entry) == (600, Decimal(100_000))
    assert [reduced.margin, reduced.realised] == [536_364, 36_364]


def test_a_loss_is_carried_by_what_remains() -> None:
    position = running("buy", 1000, 100_000)
    reduced = cross.execute(position, Side.SELL, 500, price=Decimal(95_000), fee_rate=FREE)
    inverse = Fraction(10**8, 95_000) - (Fraction(10**11, 95_000) - 10**6) / 500
    assert reduced.entry == Decimal("105555.5") + TICK, "rounded so that the loss is no smaller"
    assert 10**8 / inverse == Fraction(950_000, 9)
    assert (reduced.quantity, reduced.margin, reduced.realised) == (500, position.margin, 0)


def test_a_loss_that_no_entry_can_carry_is_booked() -> None:
    position = running("buy", 1000, 100_000, margin=900_000)
    price = Decimal(60_000)
    reduced = cross.execute(position, Side.SELL, 999, price=price, fee_rate=FREE)
    assert (reduced.quantity, reduced.entry) == (1, MAX_PRICE)
    assert reduced.realised < 0
    assert worth(position, price) - 1 <= worth(reduced, price) <= worth(position, price)


def test_an_order_beyond_the_position_turns_it_around() -> None:
    position = running("buy", 1000, 100_000)
    turned = cross.execute(position, Side.SELL, 1500, price=Decimal(110_000), fee_rate=FREE)
    assert (turned.quantity, turned.entry, turned.realised) == (-500, Decimal(110_000), 90_909)
    assert turned.margin == position.margin + 90_909


def test_closing_leaves_the_margin_and_an_empty_position() -> None:
    position = running("sell", 1000, 100_000)
    closed = cross.close(position, price=Decimal(92_000), fee_rate=FEE)
    assert (closed.quantity, closed.entry, closed.liquidation) == (0, None, None)
    assert [closed.margin, closed.trading_fees] == [500_000 + 86_957 - 1_087, 1_087]
    assert cross.close(closed, price=Decimal(92_000), fee_rate=FEE) == closed
    by_order = cross.execute(position, Side.BUY, 1000, price=Decimal(92_000), fee_rate=FEE)
    assert by_order == closed


@given(held(), sides, quantities, st.sampled_from([FREE, FEE, Decimal("0.0006")]))
def test_no_order_creates_sats_but_for_the_tick_of_an_added_entry(
    position_at: tuple[CrossPosition, Decimal], side: Side, quantity: int, rate: Decimal
) -> None:
    position, price = position_at
    try:
        after = cross.execute(position, side, quantity, price=price, fee_rate=rate)
    except Rejected as refusal:
        if refusal.code not in ("margin_too_low", "quantity_out_of_range"):
            raise
        return
    gained = worth(after, price) - worth(position, price)
    assert after.quantity == position.quantity + side.sign * quantity
    if side is position.side:
        near = Fraction(min(after.entry or price, price)) - Fraction(TICK) / 2
        assert gained <= Fraction(after.size * 10**8) * Fraction(TICK) / 2 / near**2
    else:
        assert gained <= Fraction(1, 2), "realised profit is rounded to the nearest sat"
    if rate:
        assert after.trading_fees > position.trading_fees


@given(quantities, ticks, ticks, st.integers(1, 100))
def test_a_long_and_a_short_together_never_create_sats(
    quantity: int, entry: Decimal, leave: Decimal, leverage: int
) -> None:
    total = 0
    for side in Side:
        start = CrossPosition(margin=Sats(10**15), leverage=leverage)
        opened = cross.execute(start, side, quantity, price=entry, fee_rate=FREE)
        total += cross.close(opened, price=leave, fee_rate=FREE).margin
    assert total == 2 * 10**15


@given(ticks)
def test_one_dollar_is_never_traded_for_free_where_a_rate_applies(price: Decimal) -> None:
    assert cross.trading_fee(1, price, FEE) >= 1
    assert cross.trading_fee(1, price, 0) == 0


def test_an_order_needs_margin_below_what_the_maintenance_leaves() -> None:
    price = Decimal(100_000)
    enough = CrossPosition(margin=Sats(101_501), leverage=10)
    cross.execute(enough, Side.BUY, 1000, price=price, fee_rate=FREE)
    with pytest.raises(Rejected, match="needs 101,501") as refusal:
        cross.execute(
            CrossPosition(margin=Sats(101_500), leverage=10), Side.BUY, 1000, price=price, fee_rate=FREE
        )
    assert refusal.value.code == "margin_too_low"


@pytest.mark.parametrize("quantity", [0, -5, 500_001])
def test_an_order_outside_the_venues_range_is_refused(quantity: int) -> None:
    with pytest.raises(Rejected, match="from 1 to 500,000"):
        cross.execute(running(), Side.BUY, quantity, price=Decimal(100_000), fee_rate=FREE)


def test_a_position_too_large_for_its_leverage_is_refused() -> None:
    position = running("buy", 9_800_000, 100_000, margin=10**12, leverage=100)
    with pytest.raises(Rejected, match="At leverage 100 the position can be at most 10,000,000 USD"):
        cross.execute(position, Side.BUY, 300_000, price=Decimal(100_000), fee_rate=FREE)


# -- collateral and leverage --------------------------------------------------------------------


@given(held(), st.integers(1, 10**9))
def test_a_deposit_never_brings_liquidation_closer(
    position_at: tuple[CrossPosition, Decimal], amount: int
) -> None:
    position, _ = position_at
    after = cross.deposit(position, Sats(amount))
    assert after.liquidation is not None
    assert position.liquidation is not None
    assert (position.liquidation - after.liquidation) * position.side.sign >= 0
    assert after.margin == position.margin + amount


@given(held())
def test_what_is_free_can_be_withdrawn_and_no_more(position_at: tuple[CrossPosition, Decimal]) -> None:
    position, price = position_at
    free = cross.withdrawable(position, price)
    assert free < max(cross.free_margin(position, price), 1)
    if free:
        after = cross.withdraw(position, Sats(free), price=price)
        assert after.running_margin < after.margin - after.maintenance_margin
        assert not cross.liquidated(after, price)
    with pytest.raises(Rejected, match=f"At most {free:,} sats"):
        cross.withdraw(position, Sats(free + 1), price=price)


def test_everything_can_be_withdrawn_when_flat() -> None:
    flat = CrossPosition(margin=Sats(4_000))
    assert cross.withdraw(flat, Sats(4_000), price=Decimal(100_000)).margin == 0


def test_a_loss_binds_margin_only_beyond_the_running_margin() -> None:
    position = running("buy", 1000, 100_000)
    free = 500_000 - 100_000 - 1_500
    assert cross.free_margin(position, Decimal(110_000)) == free
    assert cross.free_margin(position, Decimal(95_000)) == free, "a loss of 52,632 is inside 100,000"
    assert cross.free_margin(position, Decimal(80_000)) == free - 150_000


def test_depositing_and_withdrawing_leaves_the_position_as_it_was() -> None:
    position = running()
    added = cross.deposit(position, Sats(12_345))
    assert cross.withdraw(added, Sats(12_345), price=Decimal(100_000)) == position


def test_a_higher_leverage_frees_margin_and_moves_no_liquidation() -> None:
    position = running("sell", 1000, 100_000, leverage=10)
    changed = cross.with_leverage(position, 50, price=Decimal(100_000))
    assert changed.running_margin == 20_000
    assert changed.liquidation == position.liquidation


def test_a_lower_leverage_realises_some_profit_when_the_margin_is_short() -> None:
    position = running("buy", 1000, 100_000, margin=150_000, leverage=10)
    price = Decimal(130_000)
    changed = cross.with_leverage(position, 4, price=price)
    assert changed.entry is not None
    assert 100_000 < changed.entry < price
    assert changed.running_margin < changed.margin - changed.maintenance_margin
    assert changed.realised == changed.margin - 150_000 > 0
    assert worth(changed, price) <= worth(position, price)
    less = futures.profit(Side.BUY, 1000, 100_000, changed.entry - TICK)
    tick_before = running("buy", 1000, changed.entry - TICK, 150_000 + less - 5, leverage=4)
    assert tick_before.running_margin + tick_before.maintenance_margin + 1 > tick_before.margin


@given(held(), st.integers(1, 100))
def test_changing_leverage_creates_no_sats_and_leaves_a_position_that_stands(
    position_at: tuple[CrossPosition, Decimal], leverage: int
) -> None:
    position, price = position_at
    try:
        changed = cross.with_leverage(position, leverage, price=price)
    except Rejected as refusal:
        if refusal.code not in ("margin_too_low", "quantity_out_of_range"):
            raise
        return
    assert worth(changed, price) <= worth(position, price)
    assert changed.running_margin < changed.margin - changed.maintenance_margin
    assert changed.leverage == leverage
    assert cross.unrealised(changed, price) >= 0 or changed.entry == position.entry


def test_a_leverage_without_margin_or_profit_for_it_is_refused() -> None:
    position = running("buy", 1000, 100_000, margin=150_000, leverage=10)
    for leverage, price in ((4, 100_000), (4, 95_000), (1, 130_000)):
        with pytest.raises(Rejected, match="Deposit more"):
            cross.with_leverage(position, leverage, price=Decimal(price))
    for leverage in (0, 101):
        with pytest.raises(Rejected, match="from 1 to 100"):
            cross.with_leverage(position, leverage, price=Decimal(100_000))


def test_leverage_can_be_chosen_while_flat() -> None:
    assert cross.with_leverage(CrossPosition(), 25, price=Decimal(100_000)).leverage == 25


# -- funding and liquidation --------------------------------------------------------------------


def test_funding_leaves_and_joins_the_margin() -> None:
    position = running()
    paid = cross.after_funding(position, Sats(1_667))
    assert [paid.margin, paid.funding_paid] == [498_333, 1_667]
    received = cross.after_funding(paid, Sats(-1_667))
    assert [received.margin, received.funding_paid] == [500_000, 0]
    assert cross.after_funding(position, Sats(10**9)).margin == 0


@given(held())
def test_liquidation_leaves_no_more_than_the_maintenance_margin_but_for_the_tick(
    position_at: tuple[CrossPosition, Decimal],
) -> None:
    position, _ = position_at
    level = position.liquidation
    assert level is not None
    assume(1 < level < MAX_PRICE)
    assert cross.liquidated(position, level)
    after = cross.liquidate(position, fee_rate=FREE)
    near = Fraction(level) - Fraction(TICK) / 2
    slack = Fraction(position.size * 10**8) * Fraction(TICK) / 2 / near**2
    assert abs(after.margin - position.maintenance_margin) <= slack + 1
    assert after.quantity == 0
    charged = cross.liquidate(position, fee_rate=FEE)
    assert charged.margin == max(after.margin - charged.trading_fees, 0)


def test_a_flat_position_is_never_liquidated() -> None:
    flat = CrossPosition(margin=Sats(1))
    assert not cross.liquidated(flat, Decimal(1))
    assert cross.liquidate(flat, fee_rate=FEE) == flat
    with pytest.raises(Defect, match="flat"):
        cross.as_isolated(flat)


def test_a_position_has_an_entry_exactly_when_it_has_a_quantity() -> None:
    for quantity, entry in ((1, None), (0, Decimal(1))):
        with pytest.raises(Defect, match="exactly when"):
            CrossPosition(quantity, entry)


@given(held(), st.integers(1, 60))
def test_a_guard_sees_a_cross_position_as_a_trade_with_the_same_liquidation(
    position_at: tuple[CrossPosition, Decimal], percent: int
) -> None:
    position, price = position_at
    view, target = cross.as_isolated(position), Decimal(percent) / 100
    assert (view.liquidation, view.side, view.quantity) == (
        position.liquidation,
        position.side,
        position.size,
    )
    needed = futures.margin_to_reach(view, price, target)
    if not needed:
        return
    reached = cross.deposit(position, needed).liquidation
    assert reached is not None
    assert (price - reached) * position.side.sign >= target * price
    if needed > 1:
        short = cross.deposit(position, Sats(needed - 1)).liquidation
        assert short is not None
        assert (price - short) * position.side.sign < target * price
