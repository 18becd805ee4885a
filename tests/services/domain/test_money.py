"""Rounding: one rule of the venue each, exact on every side of a half."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain import money
from services.domain.money import MAX_PRICE, MIN_PRICE, TICK

fractions = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**9)
prices = st.fractions(min_value=0, max_value=2 * 10**8, max_denominator=10**9)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.5", 1),
        ("-0.5", -1),
        ("1.5", 2),
        ("2.5", 3),
        ("-1.5", -2),
        ("-2.5", -3),
        ("0.4999999999999999999999999999", 0),
        ("-0.4999999999999999999999999999", 0),
        ("1666.67", 1667),
        ("3.33", 3),
        ("0", 0),
    ],
)
def test_sats_round_to_the_nearest_and_halves_away_from_zero(value: str, rounded: int) -> None:
    assert money.round_sats(Decimal(value)) == rounded


@given(fractions)
def test_rounding_treats_gains_and_losses_alike(value: Fraction) -> None:
    assert money.round_sats(-value) == -money.round_sats(value)
    assert abs(money.round_sats(value) - value) <= Fraction(1, 2)


@given(fractions)
def test_floor_and_ceiling_enclose_the_value_within_a_sat(value: Fraction) -> None:
    assert money.floor_sats(value) <= value <= money.ceil_sats(value)
    assert money.ceil_sats(value) - money.floor_sats(value) == (value.denominator != 1)


def test_a_quotient_that_is_whole_is_not_floored_one_too_low() -> None:
    assert money.floor_sats(Fraction(10**8, 3) * 3) == 10**8
    assert money.ceil_sats(Fraction(10**8, 3) * 3) == 10**8


@pytest.mark.parametrize(
    ("value", "tick"),
    [
        ("99.74", "99.5"),
        ("99.75", "100"),
        ("100.24", "100"),
        ("100.25", "100.5"),
        ("100.2499999999999999999999999", "100"),
        ("100", "100"),
        ("0", "1"),
        ("-5", "1"),
        ("1.2", "1"),
        ("1.25", "1.5"),
        ("99999999.9", "100000000"),
        ("123456789", "100000000"),
    ],
)
def test_prices_go_to_the_nearest_half_dollar_between_one_and_a_hundred_million(
    value: str, tick: str
) -> None:
    assert money.to_tick(Decimal(value)) == Decimal(tick)


@given(prices)
def test_a_tick_stays_where_it_is_and_no_price_is_moved_by_more_than_a_quarter(value: Fraction) -> None:
    tick = money.to_tick(value)
    assert tick % TICK == 0
    assert MIN_PRICE <= tick <= MAX_PRICE
    assert money.to_tick(tick) == tick
    if MIN_PRICE <= value <= MAX_PRICE:
        assert abs(Fraction(tick) - value) <= Fraction(1, 4)


@given(prices)
def test_ticks_below_and_above_enclose_the_price(value: Fraction) -> None:
    below, above = money.tick_below(value), money.tick_above(value)
    assert Fraction(below) <= value <= Fraction(above)
    assert above - below == (0 if value % Fraction(1, 2) == 0 else TICK)
    assert below % TICK == above % TICK == 0


@given(prices)
def test_levels_enclose_the_price_within_their_last_place(value: Fraction) -> None:
    below, above = money.level_below(value), money.level_above(value)
    assert Fraction(below) <= value <= Fraction(above)
    assert above - below in (0, Decimal("0.00000001"))
    assert (above == below) == ((value * 10**8).denominator == 1)


@given(st.fractions(min_value=1, max_value=10**14, max_denominator=10**9))
def test_levels_are_exact_for_targets_that_lie_far_beyond_any_price(value: Fraction) -> None:
    """A trigger just below 100 % puts a level at a million times the liquidation."""
    assert 0 <= value - Fraction(money.level_below(value)) < Fraction(1, 10**8)
    assert 0 <= Fraction(money.level_above(value)) - value < Fraction(1, 10**8)
