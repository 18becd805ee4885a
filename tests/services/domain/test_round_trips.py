"""Trades in columns give the same sats as one by one, also where 64 bits are too few."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.domain import futures, round_trips
from services.domain.futures import Side
from services.domain.money import to_tick
from services.domain.series import exact
from tests.benchmarks import crossovers
from tests.benchmarks.replays import minutes
from tests.support.trading import quantities, sides

halves = st.integers(2, 200_000_000) | st.integers(100_000, 300_000)
trades = st.lists(st.tuples(sides, halves, halves), max_size=20)
rates = st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.0006"), Decimal("0.123456789")])


@given(quantities, trades)
@example(500_000, [(Side.BUY, 2, 200_000_000), (Side.SELL, 2, 200_000_000)])
@example(1, [(Side.SELL, 199_999_999, 200_000_000)])
def test_profits_in_columns_are_those_of_single_trades(
    quantity: int, given_trades: list[tuple[Side, int, int]]
) -> None:
    signs = np.array([side.sign for side, _, _ in given_trades], dtype=np.int8)
    entries = np.array([entry for _, entry, _ in given_trades], dtype=np.int64)
    exits = np.array([leave for _, _, leave in given_trades], dtype=np.int64)
    assert round_trips.profits(quantity, signs, entries, exits).tolist() == [
        futures.profit(side, quantity, round_trips.dollars(entry), round_trips.dollars(leave))
        for side, entry, leave in given_trades
    ]


@given(quantities, st.lists(halves, max_size=20), rates)
@example(500_000, [2], Decimal("0.123456789"))
def test_fees_in_columns_are_those_of_single_orders(quantity: int, prices: list[int], rate: Decimal) -> None:
    found = round_trips.fees(quantity, np.array(prices, dtype=np.int64), rate)
    assert found.tolist() == [
        futures.trading_fee(quantity, round_trips.dollars(price), rate) for price in prices
    ]


@given(st.lists(st.integers(1, 10**12).map(lambda number: float(Decimal(number).scaleb(-3))), max_size=20))
def test_a_price_is_put_on_the_tick_as_the_venue_does(prices: list[float]) -> None:
    found = round_trips.half_dollars(np.array(prices))
    assert [round_trips.dollars(half) for half in found.tolist()] == [
        to_tick(exact(price)) for price in prices
    ]


@pytest.mark.parametrize(("price", "tick"), [("60000.25", "60000.5"), ("60000.2499", "60000"), ("0.3", "1")])
def test_a_quarter_dollar_rounds_up(price: str, tick: str) -> None:
    halves_of_it = round_trips.half_dollars(np.array([float(price)]))
    assert round_trips.dollars(int(halves_of_it[0])) == Decimal(tick)


def test_a_backtest_in_columns_makes_the_trades_of_a_plain_loop_to_the_sat() -> None:
    series = minutes(30_000, seed=3)
    columns = crossovers.crossover(series)
    assert columns == crossovers.plain_loop(series)
    assert len(columns.gains) > 500
