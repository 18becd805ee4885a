import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest
import stamina

from services.adapters.prices import public_api
from services.adapters.prices.live import LiveFeed
from services.adapters.prices.public_api import PublicApi, reachable
from services.domain.errors import Unavailable
from services.domain.market import Funding
from tests.support.prices import NOON, FakeTime, FakeVenue, first


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries as in production, without stamina's own pauses."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def venue(time: FakeTime) -> FakeVenue:
    return FakeVenue(time)


@pytest.fixture
async def feed(time: FakeTime, venue: FakeVenue) -> AsyncIterator[LiveFeed]:
    api = PublicApi(transport=venue.transport, monotonic=time.monotonic, sleep=time.sleep)
    feed = LiveFeed(api, clock=time, sleep=time.sleep)
    yield feed
    await feed.aclose()


def answered(status: int, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"code": "X", "message": "x"}, headers=named)


async def test_ticks_are_the_last_price_exactly(feed: LiveFeed) -> None:
    ticks = await first(feed.ticks(), 3)
    assert [tick.price for tick in ticks] == [Decimal("100000.5"), Decimal("100001.5"), Decimal("100002.5")]


async def test_venue_is_asked_at_most_once_a_second_whoever_asks(
    feed: LiveFeed, venue: FakeVenue, time: FakeTime
) -> None:
    await asyncio.gather(
        first(feed.ticks(), 5), feed.candles("1m", 5), feed.candles("1h", 5), feed.candles("15m", 5)
    )
    asked = [at for at, _ in venue.requests]
    assert len(asked) == 8
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(asked))


async def test_tick_is_as_old_as_the_venue_says(feed: LiveFeed, venue: FakeVenue) -> None:
    venue.lag = timedelta(seconds=45)
    (tick,) = await first(feed.ticks(), 1)
    assert timedelta(seconds=44) <= NOON - tick.at <= timedelta(seconds=46)


async def test_age_does_not_depend_on_our_clock_being_right(venue: FakeVenue, time: FakeTime) -> None:
    ours = FakeTime(NOON + timedelta(minutes=3))
    api = PublicApi(transport=venue.transport, monotonic=time.monotonic, sleep=time.sleep)
    feed = LiveFeed(api, clock=ours, sleep=ours.sleep)
    (tick,) = await first(feed.ticks(), 1)
    assert tick.at == ours.now()
    await feed.aclose()


async def test_ticks_do_not_go_back_in_time(feed: LiveFeed, venue: FakeVenue) -> None:
    ticks = feed.ticks()
    earlier = await anext(ticks)
    venue.lag = timedelta(seconds=10)
    assert (await anext(ticks)).at == earlier.at


@pytest.mark.parametrize(
    "failure",
    [
        answered(429),
        answered(502),
        answered(503),
        answered(504),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=repr,
)
async def test_read_is_repeated_after_a_passing_failure(
    feed: LiveFeed, venue: FakeVenue, failure: httpx.Response | Exception
) -> None:
    venue.failures = [failure]
    assert len(await feed.candles("1m", 3)) == 3
    assert len(venue.requests) == 2


@pytest.mark.parametrize("status", [301, 400, 403, 404, 500])
async def test_final_answer_is_not_asked_for_again(feed: LiveFeed, venue: FakeVenue, status: int) -> None:
    venue.failures = [answered(status)]
    with pytest.raises(Unavailable, match=str(status)):
        await feed.candles("1m", 3)
    assert len(venue.requests) == 1


async def test_read_that_keeps_failing_is_given_up(feed: LiveFeed, venue: FakeVenue) -> None:
    venue.failures = [httpx.ConnectError("refused") for _ in range(4)]
    with pytest.raises(Unavailable, match="does not answer"):
        await feed.candles("1m", 3)
    assert len(venue.requests) == 4


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "7"},
        {"Retry_After": "Fri, 20 Nov 2026 12:00:07 GMT", "Date": "Fri, 20 Nov 2026 12:00:00 GMT"},
    ],
    ids=["seconds", "date"],
)
async def test_retry_after_is_honoured(feed: LiveFeed, venue: FakeVenue, headers: dict[str, str]) -> None:
    venue.failures = [answered(429, **headers)]
    await feed.candles("1m", 3)
    (refused, _), (again, _) = venue.requests
    assert again - refused >= timedelta(seconds=7)


@pytest.mark.parametrize("text", ["", "soon", "-5", "Fri, 20 Nov 2026 12:00:07 GMT"])
async def test_retry_after_that_cannot_be_read_is_no_pause(
    feed: LiveFeed, venue: FakeVenue, text: str
) -> None:
    venue.failures = [answered(429, Retry_After=text)]
    await feed.candles("1m", 3)
    (refused, _), (again, _) = venue.requests
    assert again - refused == timedelta(seconds=1)


async def test_long_pause_is_kept_and_nobody_waits_for_it(
    feed: LiveFeed, venue: FakeVenue, time: FakeTime
) -> None:
    venue.failures = [answered(429, Retry_After="600")]
    with pytest.raises(Unavailable, match="pause of 600 s"):
        await feed.candles("1m", 3)
    (tick,) = await first(feed.ticks(), 1)
    assert tick.at >= NOON + timedelta(seconds=600)
    assert len(venue.requests) == 2


async def test_feed_is_silent_while_the_venue_is_and_goes_on_after(
    feed: LiveFeed, venue: FakeVenue, time: FakeTime
) -> None:
    ticks = feed.ticks()
    await anext(ticks)
    venue.failures = [answered(500) for _ in range(60)]
    tick = await anext(ticks)
    assert tick.price == Decimal("100001.5")
    assert time.now() - NOON >= timedelta(seconds=60)
    assert tick.at >= time.now() - timedelta(seconds=1)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>hello</html>",
        "[]",
        "{}",
        '{"time":"2026-11-20T12:00:00Z","lastPrice":NaN,"fundingRate":0.1,"fundingTime":"2026-11-20T16:00:00Z"}',
        '{"time":"2026-11-20T12:00:00Z","lastPrice":0,"fundingRate":0.1,"fundingTime":"2026-11-20T16:00:00Z"}',
        '{"time":"2026-11-20T12:00:00Z","lastPrice":null,"fundingRate":0.1,"fundingTime":"2026-11-20T16:00:00Z"}',
        '{"time":"2026-11-20T12:00:00","lastPrice":1,"fundingRate":0.1,"fundingTime":"2026-11-20T16:00:00Z"}',
    ],
)
async def test_answer_that_is_no_ticker_is_not_taken_for_one(
    feed: LiveFeed, venue: FakeVenue, body: str
) -> None:
    venue.failures = [httpx.Response(200, text=body)]
    assert await feed.funding() is None
    assert not await reachable(
        transport=FakeVenue(FakeTime(), failures=[httpx.Response(200, text=body)]).transport
    )


async def test_candles_come_sorted_from_several_pages(feed: LiveFeed, venue: FakeVenue) -> None:
    venue.page = 4
    candles = await feed.candles("1m", 10)
    assert len(candles) == 10
    assert len(venue.requests) == 3
    assert [candle.opened_at for candle in candles] == [
        datetime(2026, 11, 20, 11, 51, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(10)
    ]
    assert candles[-1].high == Decimal("100010.5")
    assert candles[-1].volume == Decimal("12.25")


async def test_candles_that_cannot_be_had_are_not_made_up(feed: LiveFeed, venue: FakeVenue) -> None:
    venue.failures = [
        httpx.Response(200, json={"data": [{"time": "2026-11-20T12:00:00Z"}], "nextCursor": None})
    ]
    with pytest.raises(Unavailable, match="unexpected"):
        await feed.candles("1m", 10)


async def test_funding_is_the_tickers(feed: LiveFeed) -> None:
    assert await feed.funding() == Funding(Decimal("0.0001"), datetime(2026, 11, 20, 16, tzinfo=UTC))


async def test_funding_is_asked_for_again_after_the_settlement(
    feed: LiveFeed, venue: FakeVenue, time: FakeTime
) -> None:
    await feed.funding()
    await feed.funding()
    assert len(venue.requests) == 1
    time.at += timedelta(hours=4)
    assert await feed.funding() == Funding(Decimal("0.0001"), datetime(2026, 11, 21, tzinfo=UTC))


async def test_funding_is_unknown_while_the_venue_is_silent(feed: LiveFeed, venue: FakeVenue) -> None:
    venue.failures = [answered(500)]
    assert await feed.funding() is None


async def test_label_names_another_network(feed: LiveFeed) -> None:
    assert feed.label == "LN Markets"
    other = LiveFeed(PublicApi("https://api.signet.lnmarkets.com/v3/"), clock=FakeTime())
    assert other.label == "LN Markets (api.signet.lnmarkets.com)"
    await other.aclose()


async def test_venue_with_a_ticker_is_reachable(venue: FakeVenue) -> None:
    assert await reachable(transport=venue.transport)


@pytest.mark.parametrize("failure", [answered(503), httpx.ConnectError("refused")], ids=repr)
async def test_venue_without_a_ticker_is_not_reachable(
    venue: FakeVenue, failure: httpx.Response | Exception
) -> None:
    venue.failures = [failure]
    assert not await reachable(transport=venue.transport)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{closed}/v3", "nonsense", "http://", "http://[::1", "ftp://a/b"]
)
async def test_address_where_nobody_answers_is_not_reachable(url: str) -> None:
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        assert not await reachable(url.replace("{closed}", str(port.getsockname()[1])))


def hanging() -> Callable[[httpx.Request], object]:
    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets the event")

    return answer


async def test_venue_that_hangs_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_api, "REACH_TIMEOUT_S", 0.01)
    assert not await reachable(transport=httpx.MockTransport(hanging()))  # type: ignore[arg-type]


async def test_request_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch, time: FakeTime) -> None:
    monkeypatch.setattr(public_api, "TIMEOUT_S", 0.01)
    api = PublicApi(
        transport=httpx.MockTransport(hanging()),  # type: ignore[arg-type]
        monotonic=time.monotonic,
        sleep=time.sleep,
    )
    with pytest.raises(Unavailable, match="does not answer"):
        await api.ticker()
    await api.aclose()
