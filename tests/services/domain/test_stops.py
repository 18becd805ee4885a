"""Stop losses, take profits and trailing stops: where they may stand, and that they never move back."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.domain import stops
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.money import MAX_PRICE, MIN_PRICE, TICK
from tests.support.trading import positions, sides, ticks

prices = st.integers(10_000, 10**9).map(lambda number: Decimal(number).scaleb(-3))
trails = st.integers(1, 400).map(lambda number: Decimal(number) / 1000)


@given(positions(), prices)
def test_a_stop_loss_lies_between_liquidation_and_price_and_a_take_profit_beyond(
    held: Position, price: Decimal
) -> None:
    losses = stops.stop_loss_levels(held.side, liquidation=held.liquidation, reference=price)
    profits = stops.take_profit_levels(held.side, reference=price)
    sign = held.side.sign
    for level in (losses.lowest, losses.highest):
        if level in losses:
            assert (level - held.liquidation) * sign >= 0
            assert (price - level) * sign > 0
    for level in (profits.lowest, profits.highest):
        if level in profits:
            assert (level - price) * sign > 0
    assert price not in losses
    assert price not in profits


@given(positions(), prices)
def test_the_levels_leave_no_tick_out(held: Position, price: Decimal) -> None:
    losses = stops.stop_loss_levels(held.side, liquidation=held.liquidation, reference=price)
    assume(losses.lowest <= losses.highest)
    nearest, farthest = losses.highest, losses.lowest
    if held.side is Side.SELL:
        nearest, farthest = farthest, nearest
    assert (price - (nearest + held.side.sign * TICK)) * held.side.sign <= 0
    assert farthest == held.liquidation


def test_a_stop_loss_may_stand_at_the_liquidation_and_not_at_the_price() -> None:
    where = {"liquidation": Decimal(90_000), "reference": Decimal(100_000)}
    for good in ("90000", "95000.5", "99999.5"):
        stops.check_stop_loss(Side.BUY, Decimal(good), **where)
    for bad in ("89999.5", "100000", "95000.25", "NaN", "-1", "Infinity"):
        with pytest.raises(Rejected, match=r"from 90,000\S* to 99,999\.5"):
            stops.check_stop_loss(Side.BUY, Decimal(bad), **where)


def test_a_short_mirrors_a_long() -> None:
    stops.check_stop_loss(
        Side.SELL, Decimal(110_000), liquidation=Decimal(110_000), reference=Decimal(100_000)
    )
    with pytest.raises(Rejected, match="stop loss"):
        stops.check_stop_loss(
            Side.SELL, Decimal(100_000), liquidation=Decimal(110_000), reference=Decimal(100_000)
        )
    stops.check_take_profit(Side.SELL, Decimal("99999.5"), reference=Decimal(100_000))
    with pytest.raises(Rejected, match="take profit"):
        stops.check_take_profit(Side.SELL, Decimal(100_000), reference=Decimal(100_000))


def test_a_take_profit_below_the_entry_of_a_long_is_refused() -> None:
    with pytest.raises(Rejected, match=r"from 100,000\.5 to 100,000,000"):
        stops.check_take_profit(Side.BUY, Decimal(99_000), reference=Decimal(100_000))


def test_a_stop_loss_stays_on_its_side_of_the_take_profit() -> None:
    for side, stop, profit, words in (
        (Side.BUY, 95_000, 95_000, "below"),
        (Side.SELL, 105_000, 105_000, "above"),
    ):
        liquidation = Decimal(90_000 if side is Side.BUY else 110_000)
        with pytest.raises(Rejected, match=f"{words} the take profit"):
            stops.check_stop_loss(
                side,
                Decimal(stop),
                liquidation=liquidation,
                reference=Decimal(100_000),
                take_profit=Decimal(profit),
            )
    with pytest.raises(Rejected, match="below the take profit"):
        stops.check_take_profit(
            Side.BUY, Decimal(101_000), reference=Decimal(100_000), stop_loss=Decimal(102_000)
        )


def test_without_room_no_level_is_named() -> None:
    with pytest.raises(Rejected, match="no room"):
        stops.check_stop_loss(
            Side.BUY, Decimal(90_000), liquidation=Decimal(90_000), reference=Decimal(90_000)
        )


# -- trailing -----------------------------------------------------------------------------------


@given(sides, ticks, trails, st.lists(st.tuples(ticks, ticks), max_size=8))
def test_a_trailing_stop_never_moves_back(
    side: Side, price: Decimal, distance: Decimal, moves: list[tuple[Decimal, Decimal]]
) -> None:
    stop = stops.TrailingStop(side, distance, price)
    for one, other in moves:
        moved = stop.seen(lowest=min(one, other), highest=max(one, other))
        assert (moved.level - stop.level) * side.sign >= 0
        assert moved.level % TICK == 0
        assert MIN_PRICE <= moved.level <= MAX_PRICE
        stop = moved
    best = (max if side is Side.BUY else min)([price, *(p for move in moves for p in move)])
    assert stop.level == stops.TrailingStop(side, distance, best).level


def test_a_trailing_stop_follows_up_stays_down_and_is_hit() -> None:
    stop = stops.trailing_stop(Side.BUY, Decimal("0.05"), price=Decimal(100_000), liquidation=Decimal(91_000))
    assert stop.level == 95_000
    stop = stop.seen(lowest=Decimal(99_000), highest=Decimal(110_000))
    assert stop.level == 104_500
    stop = stop.seen(lowest=Decimal(104_501), highest=Decimal(105_000))
    assert stop.level == 104_500
    assert not stop.hit(Decimal("104500.5"))
    assert stop.hit(Decimal(104_500))


def test_a_short_trails_the_lowest_price() -> None:
    stop = stops.trailing_stop(
        Side.SELL, Decimal("0.01"), price=Decimal(100_000), liquidation=Decimal(111_111)
    )
    assert stop.level == 101_000
    stop = stop.seen(lowest=Decimal(90_000), highest=Decimal(101_500))
    assert stop.level == 90_900
    assert stop.hit(Decimal(90_900))
    assert not stop.hit(Decimal("90899.5"))


@pytest.mark.parametrize("distance", ["0.0009", "10.001", "0", "NaN", "-0.05"])
def test_a_distance_outside_the_venues_range_is_refused(distance: str) -> None:
    with pytest.raises(Rejected, match=r"from 0\.001 to 10"):
        stops.trailing_stop(Side.BUY, Decimal(distance), price=Decimal(100_000), liquidation=Decimal(90_000))


def test_a_trail_wider_than_the_way_to_liquidation_is_refused() -> None:
    with pytest.raises(Rejected, match="would stand at 89,000"):
        stops.trailing_stop(Side.BUY, Decimal("0.11"), price=Decimal(100_000), liquidation=Decimal(90_909))
