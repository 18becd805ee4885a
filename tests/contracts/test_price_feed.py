"""What every price feed promises; run against all of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stamina

from services.adapters.prices.live import LiveFeed
from services.adapters.prices.public_api import PublicApi
from services.adapters.prices.replay_file import ReplayFeed
from services.adapters.prices.scenario import SCENARIOS, ScenarioFeed
from services.adapters.prices.simulated import SimulatedFeed, SimulatedMarket
from services.domain.errors import Rejected
from services.domain.market import Candle, FeedName, Tick
from services.domain.series import CandleSeries
from services.ports import PriceFeed
from tests.support.prices import NOON, FakeTime, FakeVenue, first

MARKET = SimulatedMarket(seed=7)


def live(time: FakeTime) -> PriceFeed:
    venue = FakeVenue(time)
    api = PublicApi(transport=venue.transport, monotonic=time.monotonic, sleep=time.sleep)
    return LiveFeed(api, clock=time, sleep=time.sleep)


def replay(time: FakeTime) -> PriceFeed:
    prices = [(100, 130, 90, 120), (121, 125, 60, 70), (70, 75, 65, 66)]
    candles = [
        Candle(datetime(2020, 1, 1, hour, tzinfo=UTC), *(Decimal(price) for price in ohlc))
        for hour, ohlc in enumerate(prices)
    ]
    return ReplayFeed(
        CandleSeries.of(candles),
        "btc.csv",
        speed=Decimal(60),
        clock=time,
        monotonic=time.monotonic,
        sleep=time.sleep,
    )


def simulated(time: FakeTime) -> PriceFeed:
    return SimulatedFeed(MARKET, clock=time, sleep=time.sleep)


def scenario(time: FakeTime) -> PriceFeed:
    def latest() -> Tick:
        second = int(time.now().timestamp())
        return Tick(MARKET.price(second), datetime.fromtimestamp(second, UTC))

    return ScenarioFeed(simulated(time), latest, SCENARIOS["crash"], clock=time, sleep=time.sleep)


Make = Callable[[FakeTime], PriceFeed]


@pytest.fixture(params=[live, replay, simulated, scenario], ids=lambda make: make.__name__)
async def running(request: pytest.FixtureRequest) -> AsyncIterator[tuple[PriceFeed, FakeTime]]:
    time = FakeTime()
    make: Make = request.param
    feed = make(time)
    with stamina.set_testing(True, attempts=1):
        yield feed, time
    close: Callable[[], Awaitable[None]] | None = getattr(feed, "aclose", None)
    if close is not None:
        await close()


Running = tuple[PriceFeed, FakeTime]


def test_feed_says_what_it_is(running: Running) -> None:
    feed, _ = running
    assert feed.name in FeedName
    assert feed.label == feed.label.strip() != ""


async def test_ticks_are_prices_of_now_in_the_order_of_time(running: Running) -> None:
    feed, time = running
    earlier = time.now() - timedelta(seconds=1)
    async for tick in feed.ticks():
        assert tick.price > 0
        assert tick.price % Decimal("0.5") == 0
        assert tick.at.utcoffset() == timedelta(0)
        assert earlier <= tick.at <= time.now()
        assert time.now() - tick.at <= timedelta(seconds=1)
        earlier = tick.at
        if time.now() > NOON + timedelta(seconds=20):
            break
    assert time.now() > NOON + timedelta(seconds=20)


async def test_ticks_come_often_enough_to_be_fresh(running: Running) -> None:
    feed, time = running
    ticks = await first(feed.ticks(), 15)
    assert len(ticks) == 15
    assert time.now() - NOON <= timedelta(seconds=20)
    assert len({tick.price for tick in ticks}) > 5


@pytest.mark.parametrize(("timeframe", "length"), [("1m", 60), ("15m", 900), ("1h", 3600)])
@pytest.mark.parametrize("limit", [1, 2, 50])
async def test_candles_ascend_on_the_grid_up_to_now(
    running: Running, timeframe: str, length: int, limit: int
) -> None:
    feed, time = running
    await first(feed.ticks(), 12)
    candles = await feed.candles(timeframe, limit)
    assert 1 <= len(candles) <= limit
    opened = [candle.opened_at for candle in candles]
    assert opened == sorted(set(opened))
    assert all(at.timestamp() % length == 0 and at.utcoffset() == timedelta(0) for at in opened)
    assert opened[-1] <= time.now() < opened[-1] + timedelta(seconds=length)
    assert all(candle.low <= min(candle.open, candle.close) for candle in candles)
    assert all(candle.high >= max(candle.open, candle.close) for candle in candles)


async def test_no_candles_are_given_when_none_are_asked_for(running: Running) -> None:
    feed, _ = running
    assert list(await feed.candles("1m", 0)) == []


async def test_unknown_timeframe_is_refused_with_the_known_ones(running: Running) -> None:
    feed, _ = running
    with pytest.raises(Rejected, match=r"7m.*1m, 3m, 5m"):
        await feed.candles("7m", 10)


async def test_funding_is_unknown_or_the_next_settlement(running: Running) -> None:
    feed, time = running
    await first(feed.ticks(), 2)
    funding = await feed.funding()
    if funding is not None:
        assert funding.settles_at == datetime(2026, 11, 20, 16, tzinfo=UTC)
        assert time.now() < funding.settles_at
        assert abs(funding.rate) < Decimal("0.01")
