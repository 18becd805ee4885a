"""Taking sats out of a trade: the venue's published numbers, and that nobody gains by it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.domain import cash_in as cashing
from services.domain import futures
from services.domain.cash_in import CashedIn
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.money import Sats, to_tick
from tests.support import trading
from tests.support.trading import leverages, position, positions, quantities, sides, ticks

Vector = Mapping[str, Any]

VECTORS = [
    vector
    for vector in json.loads((Path(__file__).parent / "vectors_cross.json").read_text(), parse_float=Decimal)[
        "vectors"
    ]
    if vector["kind"] in ("isolated_cash_in", "bankruptcy_price")
]


def worth(held: Position, market: Decimal) -> Fraction:
    """Margin and unrounded profit of a trade at `market`, in sats."""
    entry, now = (Fraction(held.quantity * 10**8) / Fraction(price) for price in (held.entry, market))
    return held.margin + held.side.sign * (entry - now)


def healthy(held: Position, market: Decimal) -> bool:
    """Not liquidated at `market`: an open trade that a venue would have."""
    return (market - held.liquidation) * held.side.sign > 0


@st.composite
def open_trades(draw: st.DrawFn) -> tuple[Position, Decimal]:
    """A trade and a market price at which it lives, in profit or in loss."""
    held = position(draw(sides), draw(quantities), draw(ticks), draw(leverages))
    share = draw(st.integers(1, 400))
    market = to_tick(held.entry * share / 100)
    assume(healthy(held, market) and 50 <= market <= 10_000_000)
    return held, market


def tried(held: Position, amount: int, market: Decimal) -> CashedIn | None:
    """A cash-in, or None where a rule other than its size forbids it."""
    try:
        return cashing.cash_in(held, Sats(amount), market=market)
    except Rejected as refusal:
        if refusal.code not in ("leverage_too_low", "amount_too_small"):
            raise
        return None


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "isolated_cash_in"])
def test_cash_in_gives_the_published_numbers(vector: Vector) -> None:
    asked = vector["input"]
    held = position(asked["side"], asked["quantity"], asked["price"], asked["leverage"])
    assert held.margin == asked["margin"]
    done = cashing.cash_in(
        held,
        Sats(asked["amount"]),
        market=Decimal(asked["market"]),
        stop_loss=Decimal(asked["stoploss"]),
    )
    after = done.position
    price, margin, leverage, liquidation, stop_loss = vector["expected"]
    assert [after.entry, after.margin, after.liquidation] == [price, margin, liquidation]
    assert done.stop_loss == stop_loss
    assert float(after.leverage) == pytest.approx(float(leverage), rel=1e-9)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "bankruptcy_price"])
def test_the_bankruptcy_price_is_the_liquidation_price(vector: Vector) -> None:
    asked, expected = vector["input"], vector["expected"]
    held = position(asked["side"], asked["quantity"], asked["price"], asked["leverage"])
    assert held.margin == expected["margin"]
    assert cashing.bankruptcy_price(held) == expected["bankruptcyPrice"] == expected["liquidation"]


def test_what_the_tick_rounds_away_is_not_credited() -> None:
    held = position("buy", 1000, 100_000, 10)
    done = cashing.cash_in(held, Sats(40_000), market=Decimal(110_000))
    moved_to = Fraction(10**11) / Fraction(done.position.entry)
    assert done.credited == int(10**6 - moved_to) == 39_998


def test_an_amount_below_half_a_tick_is_refused_because_the_price_cannot_move() -> None:
    held = position("buy", 1000, 100_000, 10)
    with pytest.raises(Rejected, match="less than a step of the price"):
        cashing.cash_in(held, Sats(2), market=Decimal(110_000))


def test_profit_is_taken_before_margin_and_a_part_of_a_sat_stays_behind() -> None:
    held = position("sell", 1000, 100_000, 10)
    gain = Fraction(10**11, 92_000) - 10**6
    assert int(gain) == 86_956
    done = cashing.cash_in(held, Sats(86_957), market=Decimal(92_000))
    assert (done.from_profit, done.from_margin) == (86_956, 1)
    assert done.position.entry == 92_000


def test_a_losing_trade_pays_from_its_margin_and_its_price_stays() -> None:
    held = position("buy", 1000, 100_000, 10)
    done = cashing.cash_in(held, Sats(1000), market=Decimal(99_000))
    assert (done.from_profit, done.from_margin) == (0, 1000)
    assert [done.position.entry, done.position.margin] == [100_000, 99_000]


def test_a_profit_below_one_sat_moves_the_price_to_the_market() -> None:
    held = position("buy", 1, 100_000, 10)
    done = cashing.cash_in(held, Sats(1), market=Decimal("100000.5"))
    assert (done.from_profit, done.from_margin, done.position.entry) == (0, 1, Decimal("100000.5"))


def test_taking_all_whole_sats_of_profit_moves_the_price_to_the_market() -> None:
    held = position("buy", 1, 100_000, 10)
    done = cashing.cash_in(held, Sats(1), market=Decimal(100_190))
    assert (done.from_profit, done.from_margin, done.position.entry) == (1, 0, Decimal(100_190))


@pytest.mark.parametrize(
    ("side", "stop", "amount", "kept"),
    [
        ("buy", 95_000, 40_000, True),
        ("buy", 95_000, 50_000, False),
        ("sell", 105_000, 40_000, True),
        ("sell", 105_000, 60_000, False),
    ],
)
def test_a_stop_loss_is_dropped_when_the_liquidation_passes_it(
    side: str, stop: int, amount: int, kept: bool
) -> None:
    held = position(side, 1000, 100_000, 10)
    done = cashing.cash_in(held, Sats(amount), market=Decimal(100_000), stop_loss=Decimal(stop))
    beyond = (done.position.liquidation - stop) * held.side.sign > 0
    assert beyond is not kept
    assert done.stop_loss == (Decimal(stop) if kept else None)


def test_a_stop_loss_at_the_liquidation_is_kept() -> None:
    held = position("buy", 1000, 100_000, 10)
    done = cashing.cash_in(held, Sats(1000), market=Decimal(100_000))
    again = cashing.cash_in(held, Sats(1000), market=Decimal(100_000), stop_loss=done.position.liquidation)
    assert again.stop_loss == done.position.liquidation


@given(open_trades(), st.integers(1, 10**10))
def test_a_cash_in_moves_sats_and_makes_none(trade: tuple[Position, Decimal], amount: int) -> None:
    held, market = trade
    amount = min(amount, cashing.most(held, market=market))
    assume(amount > 0)
    done = tried(held, amount, market)
    assume(done is not None)
    assert done is not None
    assert 0 < done.credited <= amount
    assert worth(done.position, market) + done.credited <= worth(held, market)
    if done.from_margin:
        assert done.credited == amount


@given(open_trades(), st.integers(1, 10**9))
def test_adding_then_cashing_in_never_gains(trade: tuple[Position, Decimal], amount: int) -> None:
    held, market = trade
    amount = min(amount, futures.full_margin(held) - held.margin)
    assume(amount > 0)
    done = tried(futures.add_margin(held, Sats(amount)), amount, market)
    assume(done is not None)
    assert done is not None
    assert worth(done.position, market) + done.credited - amount <= worth(held, market)


@given(positions(), st.integers(1, 10**9))
def test_adding_then_cashing_in_without_profit_leaves_the_trade_as_it_was(
    held: Position, amount: int
) -> None:
    market = held.entry
    held = futures.with_margin(held, held.margin)
    amount = min(amount, futures.full_margin(held) - held.margin)
    assume(amount > 0 and cashing.most(futures.add_margin(held, Sats(amount)), market=market) >= amount)
    added = futures.add_margin(held, Sats(amount))
    assert cashing.cash_in(added, Sats(amount), market=market).position == held


@given(open_trades())
def test_the_most_can_be_cashed_in_and_a_sat_more_cannot(trade: tuple[Position, Decimal]) -> None:
    held, market = trade
    most = cashing.most(held, market=market)
    if most > 0:
        done = tried(held, most, market)
        assume(done is not None)
        assert done is not None
        assert 1 <= done.position.leverage <= 100
        assert healthy(done.position, market)
    with pytest.raises(Rejected) as refusal:
        cashing.cash_in(held, Sats(most + 1), market=market)
    assert refusal.value.code in ("amount_too_large", "leverage_too_low", "amount_too_small")
    if refusal.value.code == "amount_too_large":
        assert f"{most:,} sats" in refusal.value.message


@given(open_trades(), st.integers(1, 50))
def test_a_surplus_leaves_the_distance_and_the_leverage(
    trade: tuple[Position, Decimal], percent: int
) -> None:
    held, market = trade
    target = Decimal(percent) / 100
    amount = cashing.surplus(held, market=market, target=target)
    assume(amount > 0)
    after = cashing.cash_in(held, amount, market=market).position
    assert (market - after.liquidation) * held.side.sign >= target * market
    assert 1 <= after.leverage <= 100


def test_a_surplus_is_all_that_the_target_does_not_need() -> None:
    held = position("buy", 1000, 100_000, 10, added=200_000)
    amount = cashing.surplus(held, market=Decimal(100_000), target=Decimal("0.1"))
    after = futures.with_margin(held, Sats(held.margin - amount))
    assert after.liquidation == 90_000
    assert futures.with_margin(held, Sats(held.margin - amount - 1)).liquidation > 90_000


def test_there_is_no_surplus_below_the_target() -> None:
    held = position("sell", 1000, 100_000, 10)
    assert cashing.surplus(held, market=Decimal(100_000), target=Decimal("0.2")) == 0


@pytest.mark.parametrize("amount", [0, -1])
def test_less_than_a_sat_is_refused(amount: int) -> None:
    with pytest.raises(Rejected, match="at least 1 sat"):
        cashing.cash_in(position(), Sats(amount), market=Decimal(100_000))


def test_taking_profit_must_not_bring_the_leverage_below_one() -> None:
    held = position("buy", 1000, 50_000, 1)
    with pytest.raises(Rejected, match="Leverage cannot fall below 1"):
        cashing.cash_in(held, Sats(500_000), market=Decimal(100_000))


# -- price for a profit, leverage ---------------------------------------------------------------


@given(sides, quantities, ticks, st.integers(-(10**9), 10**9))
def test_the_price_for_a_profit_shows_it_but_for_the_tick(
    side: Side, quantity: int, entry: Decimal, gain: int
) -> None:
    at = cashing.price_for_profit(side, quantity, entry, gain)
    inverse = Fraction(1) / Fraction(entry) - side.sign * Fraction(gain, quantity * 10**8)
    assert Fraction(at) == (trading.to_tick(1 / inverse) if inverse > 0 else 10**8)


@given(positions(), leverages)
def test_changing_the_leverage_gives_at_most_that_leverage(held: Position, leverage: Decimal) -> None:
    change = cashing.margin_change(held, leverage)
    after = cashing.with_leverage(held, leverage)
    assert after.margin == held.margin + change
    assert after.entry == held.entry
    assert futures.leverage_of(after.quantity, after.entry, after.margin) >= 1
    if leverage > 1:
        assert Fraction(after.leverage) <= Fraction(leverage) + Fraction(1, 10**20)


@pytest.mark.parametrize("leverage", ["0.99", "100.01", "NaN", "Infinity", "-5"])
def test_a_leverage_outside_one_to_a_hundred_is_refused(leverage: str) -> None:
    with pytest.raises(Rejected, match="from 1 to 100"):
        cashing.with_leverage(position(), Decimal(leverage))
