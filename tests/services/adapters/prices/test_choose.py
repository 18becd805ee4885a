from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from services.adapters.prices.choose import FeedOptions, choose_feed
from services.adapters.prices.live import LiveFeed
from services.adapters.prices.replay_file import ReplayFeed
from services.adapters.prices.simulated import SimulatedFeed
from services.domain.errors import Rejected
from services.domain.market import Candle
from services.domain.series import CandleSeries
from services.ports import PriceFeed
from tests.support.prices import FakeTime, first

PRICE = Decimal(100)
SERIES = CandleSeries.of([Candle(datetime(2020, 1, 1, tzinfo=UTC), PRICE, PRICE, PRICE, PRICE)])


def load(path: Path) -> CandleSeries:
    if path.name != "btc.csv":
        raise Rejected(f"{path.name} does not exist.")
    return SERIES


async def chosen(spec: str, *, online: bool = False, options: FeedOptions | None = None) -> PriceFeed:
    async def reach(_: str) -> bool:
        return online

    return await choose_feed(spec, options or FeedOptions(), clock=FakeTime(), load=load, reach=reach)


async def test_live_is_live_whether_it_answers_or_not() -> None:
    feed = await chosen("live")
    assert isinstance(feed, LiveFeed)
    await feed.aclose()


@pytest.mark.parametrize("spec", ["simulated", " Simulated "])
async def test_simulated_market_takes_its_seed_and_level(spec: str) -> None:
    prices = []
    for seed, level in ((1, 8_000), (1, 8_000), (2, 8_000)):
        feed = await chosen(spec, options=FeedOptions(seed=seed, level=Decimal(level)))
        assert isinstance(feed, SimulatedFeed)
        prices.append((await first(feed.ticks(), 1))[0].price)
    assert prices[0] == prices[1] != prices[2]
    assert 5_000 < prices[0] < 12_000


async def test_auto_is_live_when_the_venue_answers_and_simulated_otherwise() -> None:
    online = await chosen("auto", online=True)
    assert isinstance(online, LiveFeed)
    await online.aclose()
    assert isinstance(await chosen("auto", online=False), SimulatedFeed)


@pytest.mark.parametrize("spec", ["replay:/data/btc.csv", "replay: btc.csv ", "REPLAY:~/btc.csv"])
async def test_replay_loads_its_file(spec: str) -> None:
    feed = await chosen(spec, options=FeedOptions(speed=Decimal("1.50")))
    assert isinstance(feed, ReplayFeed)
    assert feed.label == "btc.csv, 1.5x"


async def test_file_that_cannot_be_loaded_is_refused() -> None:
    with pytest.raises(Rejected, match=r"absent\.csv does not exist"):
        await chosen("replay:absent.csv")


@pytest.mark.parametrize(
    "spec", ["", "replay", "replay:", "replay: ", "binance", "live:x", "auto "[:-1] + "matic"]
)
async def test_other_words_are_refused_with_the_allowed_forms(spec: str) -> None:
    with pytest.raises(Rejected, match="choose live, simulated, replay:FILE or auto"):
        await chosen(spec)
