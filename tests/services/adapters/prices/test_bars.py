from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.prices.bars import TIMEFRAMES, Bars, duration, folded, opening
from services.domain.errors import Rejected
from services.domain.market import Candle, Tick

START = datetime(2026, 11, 18, tzinfo=UTC)  # a Wednesday

instants = st.datetimes(datetime(1970, 2, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ticks = st.lists(st.tuples(st.integers(0, 300_000), st.integers(1, 10**6)), min_size=1, max_size=50).map(
    lambda pairs: [Tick(Decimal(price), START + timedelta(seconds=at)) for at, price in sorted(pairs)]
)


@given(instants, st.sampled_from(sorted(TIMEFRAMES.values())))
def test_every_instant_is_in_exactly_one_candle_of_the_grid(at: datetime, length: timedelta) -> None:
    opened = opening(at, length)
    assert opened <= at < opened + length
    assert opening(opened, length) == opened
    assert opening(opened + length, length) == opened + length


def test_days_open_at_midnight_and_weeks_on_monday() -> None:
    at = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
    assert opening(at, TIMEFRAMES["1d"]) == datetime(2026, 11, 21, tzinfo=UTC)
    assert opening(at, TIMEFRAMES["1w"]) == datetime(2026, 11, 16, tzinfo=UTC)
    assert opening(at, TIMEFRAMES["45m"]) == datetime(2026, 11, 21, 12, 45, tzinfo=UTC)


@given(ticks, st.sampled_from(sorted(TIMEFRAMES)))
def test_bars_are_the_extremes_of_their_ticks(found: list[Tick], timeframe: str) -> None:
    bars = Bars()
    for tick in found:
        bars.add(tick)
    length = duration(timeframe)
    for candle in bars.candles(timeframe, 10_000):
        inside = [tick.price for tick in found if opening(tick.at, length) == candle.opened_at]
        assert (candle.open, candle.close) == (inside[0], inside[-1])
        assert (candle.low, candle.high) == (min(inside), max(inside))


def test_bars_forget_the_oldest_minute() -> None:
    bars = Bars(keep=2)
    for minute in range(4):
        bars.add(Tick(Decimal(minute + 1), START + timedelta(minutes=minute)))
    assert [candle.close for candle in bars.candles("1m", 10)] == [3, 4]


def test_folding_adds_volumes() -> None:
    price = Decimal(1)
    minutes = [Candle(START + timedelta(minutes=i), price, price, price, price, Decimal(i)) for i in range(5)]
    assert [candle.volume for candle in folded(minutes, TIMEFRAMES["3m"])] == [3, 7]


def test_unknown_timeframe_is_refused() -> None:
    with pytest.raises(Rejected, match="1month"):
        duration("1month")
