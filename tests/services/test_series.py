from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import Defect
from services.domain.market import Candle
from services.domain.series import CandleSeries, exact, from_ms, to_ms

START = datetime(2020, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

cents = st.integers(min_value=1, max_value=10**10).map(lambda value: Decimal(value).scaleb(-2))


def candle(index: int, low: Decimal, high: Decimal) -> Candle:
    return Candle(START + index * MINUTE, open=low, high=high, low=low, close=high)


@st.composite
def series(draw: st.DrawFn) -> CandleSeries:
    """Up to 700 candles from a few values, so that blocks are crossed and ties are common."""
    levels = sorted(draw(st.lists(cents, min_size=1, max_size=6)))
    seed = draw(st.integers(min_value=0, max_value=2**32 - 1))
    size = draw(st.integers(min_value=0, max_value=700))
    chance = np.random.default_rng(seed)
    # Low levels are rare: the answer is then far away, in another block.
    picks = np.sort(np.minimum(chance.geometric(0.9, size=(size, 2)), len(levels)), axis=1)
    return CandleSeries.of(
        [
            candle(i, low=levels[len(levels) - int(high)], high=levels[len(levels) - int(low)])
            for i, (low, high) in enumerate(picks)
        ]
    )


def stepping(found: CandleSeries, start: int, side: str, level: Decimal) -> int | None:
    """The oracle: looks at every exact candle."""
    for index in range(start, len(found)):
        at = found.candle(index)
        if at.low <= level if side == "low" else at.high >= level:
            return index
    return None


@given(series(), st.integers(min_value=0, max_value=710), st.data())
def test_search_finds_what_stepping_finds(found: CandleSeries, start: int, data: st.DataObject) -> None:
    known = sorted({exact(price) for price in [*found.lows, *found.highs]})
    level = data.draw(st.sampled_from(known) | cents if known else cents)
    assert found.first_at_or_below(start, level) == stepping(found, start, "low", level)
    assert found.first_at_or_above(start, level) == stepping(found, start, "high", level)


@pytest.mark.parametrize("at", [0, 255, 256, 65_535, 65_536, 131_071, 131_072, 199_999])
def test_search_crosses_blocks_and_blocks_of_blocks(at: int) -> None:
    lows, highs = np.full(200_000, 100.0), np.full(200_000, 110.0)
    lows[at], highs[at] = 50.0, 150.0
    found = CandleSeries(np.arange(200_000) * 60_000, lows, highs, lows, highs)
    for start in {0, at // 2, max(at - 1, 0), at}:
        assert found.first_at_or_below(start, Decimal(50)) == at
        assert found.first_at_or_above(start, Decimal(150)) == at
    assert found.first_at_or_below(at + 1, Decimal(50)) is None
    assert found.first_at_or_above(at + 1, Decimal(150)) is None


def test_level_that_only_decimals_tell_apart_is_found_and_left_to_the_caller() -> None:
    found = CandleSeries.of([candle(0, Decimal("7387.5"), Decimal(8000))])
    below = Decimal("7387.5") - Decimal("1e-20")
    assert found.first_at_or_below(0, below) == 0
    assert found.candle(0).low > below


@given(st.decimals(min_value="0.00000001", max_value=10**8, places=7, allow_nan=False))
def test_candle_gives_back_the_written_price(price: Decimal) -> None:
    found = CandleSeries.of([Candle(START, price, price, price, price)])
    assert found.candle(0) == Candle(START, price, price, price, price)


def test_between_includes_its_start_and_excludes_its_end() -> None:
    found = CandleSeries.of([candle(i, Decimal(1), Decimal(2)) for i in range(10)])
    part = found.between(START + 2 * MINUTE, START + 5 * MINUTE)
    assert [part.opened_at(i) for i in range(len(part))] == [START + i * MINUTE for i in (2, 3, 4)]
    assert len(found.between(None, None)) == 10
    assert len(found.between(START + 5 * MINUTE, START)) == 0


@pytest.mark.parametrize("shift", [timedelta(microseconds=1), timedelta(seconds=30)])
def test_between_cuts_inside_a_candle(shift: timedelta) -> None:
    found = CandleSeries.of([candle(i, Decimal(1), Decimal(2)) for i in range(4)])
    part = found.between(START + shift, START + 2 * MINUTE + shift)
    assert [part.opened_at(i) for i in range(len(part))] == [START + MINUTE, START + 2 * MINUTE]


def test_part_searches_only_itself() -> None:
    found = CandleSeries.of([candle(i, Decimal(10 - i), Decimal(20)) for i in range(10)])
    part = found.part(3, 6)
    assert part.first_at_or_below(0, Decimal(7)) == 0
    assert part.first_at_or_below(0, Decimal(4)) is None


@pytest.mark.parametrize(
    ("minutes", "step"),
    [([], 0), ([0], 0), ([0, 1, 2, 60], 1), ([0, 100, 101, 102, 200], 1), ([0, 5, 10], 5), ([0, 9, 10], 1)],
)
def test_step_is_the_most_common_spacing(minutes: list[int], step: int) -> None:
    found = CandleSeries.of([candle(minute, Decimal(1), Decimal(2)) for minute in minutes])
    assert found.step_ms == step * 60_000


@given(st.lists(st.integers(min_value=0, max_value=500), unique=True), st.integers(-5, 505))
def test_first_at_or_after_finds_the_next_opening(minutes: list[int], minute: int) -> None:
    found = CandleSeries.of([candle(at, Decimal(1), Decimal(2)) for at in sorted(minutes)])
    earlier = sum(1 for at in minutes if at < minute)
    assert found.first_at_or_after(to_ms(START + minute * MINUTE)) == earlier


@given(st.timedeltas(timedelta(days=-10_000), timedelta(days=50_000)).map(START.__add__))
def test_milliseconds_go_forth_and_back(at: datetime) -> None:
    assert timedelta(0) <= at - from_ms(to_ms(at)) < timedelta(milliseconds=1)


def test_series_cannot_be_written_to() -> None:
    found = CandleSeries.of([candle(0, Decimal(1), Decimal(2))])
    with pytest.raises(ValueError, match="read-only"):
        found.lows[0] = 5.0


def test_series_does_not_take_times_that_stand_still() -> None:
    with pytest.raises(Defect, match="ascend"):
        CandleSeries.of([candle(0, Decimal(1), Decimal(2)), candle(0, Decimal(1), Decimal(2))])


def test_series_does_not_take_columns_of_different_length() -> None:
    two, one = np.array([1.0, 1.0]), np.array([1.0])
    with pytest.raises(Defect, match="length"):
        CandleSeries(np.array([0, 1]), two, two, one, two)
