from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.prices.bars import TIMEFRAMES
from services.adapters.prices.simulated import SimulatedFeed, SimulatedMarket
from services.domain.errors import Rejected
from services.domain.market import Candle
from tests.support.prices import NOON, FakeTime, first

DAY = 20_777
MARKET = SimulatedMarket(seed=3)


def returns(market: SimulatedMarket, days: int) -> list[np.ndarray]:
    """Logarithmic returns of the minutes of each day."""
    return [np.diff(np.log(market.minutes(day)[3])) for day in range(DAY, DAY + days)]


@given(st.integers(DAY * 86_400, (DAY + 3) * 86_400))
@settings(max_examples=30, deadline=None)
def test_price_depends_on_seed_and_time_only(second: int) -> None:
    assert SimulatedMarket(seed=3).price(second) == MARKET.price(second)
    assert MARKET.price(second) % Decimal("0.5") == 0


def test_other_seeds_give_other_markets() -> None:
    assert len({SimulatedMarket(seed).price(DAY * 86_400 + 40_000) for seed in range(5)}) == 5


@pytest.mark.parametrize("seed", range(4))
def test_midnight_is_a_step_like_any_other(seed: int) -> None:
    market = SimulatedMarket(seed)
    for day in range(DAY, DAY + 5):
        before, after = int(market.day(day)[-1]), int(market.day(day + 1)[0])
        assert abs(after / before - 1) < 0.002


@pytest.mark.parametrize("seed", range(4))
def test_volatility_is_that_of_bitcoin_and_changes(seed: int) -> None:
    days = returns(SimulatedMarket(seed), 60)
    yearly = np.sqrt(1440 * 365)
    assert 0.40 <= np.concatenate(days).std() * yearly <= 0.75
    daily = [day.std() * yearly for day in days]
    assert max(daily) > 1.5 * min(daily)


def test_price_jumps_now_and_then() -> None:
    jumps = sum(
        int(np.count_nonzero(np.abs(np.diff(np.log(MARKET.day(day)))) > 0.004))
        for day in range(DAY, DAY + 60)
    )
    assert 10 <= jumps <= 90


def test_tails_are_fat() -> None:
    minutes = np.concatenate(returns(MARKET, 60))
    assert np.mean((minutes - minutes.mean()) ** 4) > 6 * minutes.var() ** 2


@pytest.mark.parametrize("level", [Decimal(8_000), Decimal(100_000)])
def test_price_stays_around_its_level(level: Decimal) -> None:
    market = SimulatedMarket(1, level)
    midnights = [market.price(day * 86_400) for day in range(DAY, DAY + 60)]
    assert all(level * Decimal("0.6") < price < level * Decimal("1.6") for price in midnights)


async def test_candles_before_the_start_join_the_ticks() -> None:
    time = FakeTime()
    feed = SimulatedFeed(MARKET, clock=time, sleep=time.sleep)
    ticks = await first(feed.ticks(), 150)
    candles = await feed.candles("1m", 500)
    assert len(candles) == 500
    assert candles[-1].close == ticks[-1].price
    whole = candles[-2]
    inside = [
        tick.price for tick in ticks if whole.opened_at <= tick.at < whole.opened_at + timedelta(minutes=1)
    ]
    assert len(inside) == 60
    assert (whole.open, whole.high, whole.low, whole.close) == (
        inside[0],
        max(inside),
        min(inside),
        inside[-1],
    )


def test_longer_candles_hold_the_shorter_ones() -> None:
    minutes = MARKET.candles(TIMEFRAMES["1m"], 3_000, NOON)
    for name in ("3m", "45m", "4h", "1d"):
        length = TIMEFRAMES[name]
        for candle in MARKET.candles(length, 2, NOON):
            inside = [m for m in minutes if candle.opened_at <= m.opened_at < candle.opened_at + length]
            if candle.opened_at < minutes[0].opened_at:
                continue
            assert candle.high == max(m.high for m in inside)
            assert candle.low == min(m.low for m in inside)
            assert (candle.open, candle.close) == (inside[0].open, inside[-1].close)


def test_candles_cross_midnight_without_a_hole() -> None:
    at = datetime(2026, 11, 20, 0, 0, 5, tzinfo=UTC)
    candles: list[Candle] = MARKET.candles(TIMEFRAMES["15m"], 30, at)
    gaps = {later.opened_at - earlier.opened_at for earlier, later in pairwise(candles)}
    assert gaps == {timedelta(minutes=15)}
    assert len(candles) == 30
    assert candles[-1].opened_at == at.replace(second=0)


def test_history_ends_somewhere() -> None:
    weeks = MARKET.candles(TIMEFRAMES["1w"], 500, NOON)
    assert len(weeks) == 57
    assert weeks[0].opened_at.weekday() == 0


async def test_second_that_was_slept_through_is_left_out() -> None:
    time = FakeTime()
    ticks = SimulatedFeed(MARKET, clock=time, sleep=time.sleep).ticks()
    await anext(ticks)
    time.at += timedelta(seconds=30)
    assert (await anext(ticks)).at == (NOON + timedelta(seconds=30)).replace(microsecond=0)


async def test_clock_that_is_set_back_does_not_silence_the_feed() -> None:
    time = FakeTime()
    ticks = SimulatedFeed(MARKET, clock=time, sleep=time.sleep).ticks()
    await anext(ticks)
    time.at -= timedelta(hours=1)
    assert time.now() - (await anext(ticks)).at <= timedelta(seconds=1)


def test_funding_returns_to_a_small_mean() -> None:
    rates = [MARKET.funding_rate(62_000 + number) for number in range(300)]
    assert rates[:50] == [SimulatedMarket(seed=3).funding_rate(62_000 + number) for number in range(50)]
    assert all(abs(rate) < Decimal("0.001") for rate in rates)
    assert Decimal(0) < sum(rates) / len(rates) < Decimal("0.0002")
    assert any(rate < 0 for rate in rates)


def test_feed_is_labelled_as_what_it_is() -> None:
    assert SimulatedFeed(MARKET, clock=FakeTime()).label == "Simulated market"


@pytest.mark.parametrize("level", ["99", "10000001", "NaN"])
def test_impossible_level_is_refused(level: str) -> None:
    with pytest.raises(Rejected, match="100 to 10,000,000"):
        SimulatedMarket(1, Decimal(level))


def test_negative_seed_is_refused() -> None:
    with pytest.raises(Rejected, match="seed -1"):
        SimulatedMarket(-1)
