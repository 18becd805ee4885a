import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.prices.replay_file import ReplayFeed, path
from services.candles import load_candles
from services.domain.errors import Rejected
from services.domain.market import Candle
from services.domain.money import to_tick
from services.domain.series import CandleSeries
from tests.support.prices import NOON, FakeTime, first

CRASH = datetime(2020, 3, 12, 10, tzinfo=UTC)
REAL = Path(os.environ.get("AXISOR_TEST_DATA", Path(__file__).parents[4] / "../shared/data"))

halves = st.integers(2, 10**6).map(lambda value: Decimal(value) / 2)


def candle(hour: int, *ohlc: int) -> Candle:
    return Candle(CRASH + timedelta(hours=hour), *(Decimal(price) for price in ohlc))


RISING, FALLING = candle(0, 100, 130, 90, 120), candle(1, 121, 125, 60, 70)


def feed_of(time: FakeTime, *candles: Candle, speed: str = "60") -> ReplayFeed:
    return ReplayFeed(
        CandleSeries.of(candles),
        "crash.csv",
        speed=Decimal(speed),
        clock=time,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )


@given(st.lists(halves, min_size=4, max_size=4), st.booleans(), st.integers(1, 40))
def test_path_passes_the_four_prices_in_their_order(prices: list[Decimal], up: bool, steps: int) -> None:
    low, inner, other, high = sorted(prices)
    opened, close = (inner, other) if up else (other, inner)
    points = list(path(Candle(CRASH, opened, high, low, close), steps))
    rising = close >= opened
    corners = [opened, *((low, high) if rising else (high, low)), close]
    assert [price for _, price in points[::steps]] == corners
    assert len(points) == 3 * steps + 1
    assert all(low <= price <= high for _, price in points)
    assert [share for share, _ in points] == sorted({share for share, _ in points})
    assert points[0][0] == 0
    assert points[-1][0] < 1


@given(halves, halves, st.integers(1, 40))
def test_path_keeps_to_the_tick(low: Decimal, high: Decimal, steps: int) -> None:
    low, high = sorted((low, high + Decimal("0.37")))
    for _, price in path(Candle(CRASH, low, high, low, high), steps):
        assert price == to_tick(price)


async def test_fast_replay_sends_the_four_prices_of_each_candle() -> None:
    time = FakeTime()
    ticks = [tick async for tick in feed_of(time, RISING, FALLING, speed="3600").ticks()]
    assert [tick.price for tick in ticks] == [100, 90, 130, 120, 121, 125, 60, 70]
    assert ticks[4].at - ticks[0].at == timedelta(seconds=1)


async def test_slow_replay_fills_in_steps_of_half_a_second() -> None:
    time = FakeTime()
    ticks = [tick async for tick in feed_of(time, RISING, FALLING, speed="60").ticks()]
    assert len(ticks) == 2 * 121
    gaps = {(then.at - tick.at).total_seconds() for tick, then in pairwise(ticks)}
    assert max(gaps) <= 0.5
    assert {100, 90, 130, 120, 121, 125, 60, 70} <= {tick.price for tick in ticks}


async def test_gap_between_candles_is_jumped_over() -> None:
    time = FakeTime()
    feed = feed_of(time, RISING, FALLING, candle(50, 70, 75, 65, 66), speed="3600")
    ticks = [tick async for tick in feed.ticks()]
    assert ticks[8].at - ticks[4].at == timedelta(seconds=1)


async def test_label_tells_file_speed_and_time_of_the_candle_and_the_end() -> None:
    feed = feed_of(FakeTime(), RISING, FALLING, speed="1800")
    assert feed.label == "crash.csv, 1800x"
    seen = [feed.label async for _ in feed.ticks()]
    assert seen[0] == "crash.csv, 1800x, 2020-03-12 10:00 UTC"
    assert seen[4] == "crash.csv, 1800x, 2020-03-12 11:00 UTC"
    assert feed.label.endswith("2020-03-12 11:45 UTC, ended")
    assert [tick async for tick in feed.ticks()] == []


async def test_second_listener_joins_where_the_first_one_is() -> None:
    time = FakeTime()
    feed = feed_of(time, RISING, FALLING, speed="3600")
    await first(feed.ticks(), 6)
    assert (await anext(feed.ticks())).price == FALLING.open


async def test_late_listener_gets_every_price_without_waiting() -> None:
    time = FakeTime()
    ticks = feed_of(time, RISING, speed="3600").ticks()
    await anext(ticks)
    time.at += timedelta(minutes=1)
    assert [tick.price async for tick in ticks] == [90, 130, 120]
    assert time.now() == NOON + timedelta(minutes=1)


async def test_candles_are_what_was_played_at_the_time_it_was_played() -> None:
    time = FakeTime()
    feed = feed_of(time, RISING, FALLING, speed="60")
    assert list(await feed.candles("1m", 10)) == []
    async for _ in feed.ticks():
        pass
    candles = await feed.candles("1h", 10)
    (whole,) = candles
    assert whole.opened_at == NOON.replace(minute=0, microsecond=0)
    assert [whole.open, whole.high, whole.low, whole.close] == [
        Decimal(price) for price in (100, 130, 60, 70)
    ]
    assert await feed.funding() is None


@pytest.mark.parametrize("speed", ["0", "-1", "100000.1", "NaN", "Infinity"])
def test_impossible_speed_is_refused(speed: str) -> None:
    with pytest.raises(Rejected, match="more than 0 and at most 100,000"):
        feed_of(FakeTime(), RISING, speed=speed)


def test_nothing_to_play_is_refused() -> None:
    with pytest.raises(Rejected, match=r"crash\.csv has no candles"):
        feed_of(FakeTime())


@pytest.mark.realdata
async def test_real_crash_plays_down_to_its_low() -> None:
    file = REAL / "btcusd-1h-2018-05_2020-12.csv.gz"
    if not file.exists():
        pytest.skip(f"{file.name} is not there; AXISOR_TEST_DATA names the folder of real candles")
    series = load_candles(file).between(CRASH, CRASH + timedelta(days=1))
    time = FakeTime()
    feed = feed_of(time, *(series.candle(index) for index in range(len(series))), speed="3600")
    prices = [tick.price async for tick in feed.ticks()]
    assert min(prices) == 3850
    assert len(prices) == 4 * 24
