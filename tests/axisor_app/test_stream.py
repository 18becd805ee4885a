"""`/ws/v1`: for whom it opens, what it says, and that it neither hangs nor falls silent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
import structlog

from axisor_app.api import stream
from services.accounts.people import Person
from services.accounts.sessions import LIFETIME, token_hash
from services.domain import futures
from services.domain.errors import Unavailable
from services.domain.market import Funding
from tests.support.product import Product, Trader
from tests.support.web import Socket, browser, socket

pytestmark = pytest.mark.usefixtures("swift")


@pytest.fixture
def swift(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come as fast as the loop allows."""
    monkeypatch.setattr(stream, "PERIOD_S", 0.001)
    monkeypatch.setattr(stream, "_encoded", stream.Encoded())


class Visitor:
    """Somebody signed in, with a paper account."""

    def __init__(self, product: Product, person: Person, token: str, trader: Trader) -> None:
        self.product, self.person, self.token, self.trader = product, person, token, trader
        self.headers = {"cookie": f"axisor_session={token}"}


@pytest.fixture
async def visitor(product: Product) -> Visitor:
    person = await product.axisor.people.create_owner("Ada", "correct horse battery")
    token = await product.axisor.sessions.open(person.id)
    await product.tick(100_000)
    account_id = await product.desk.open_paper(person.id, "Paper", 1_000_000)
    return Visitor(product, person, token, Trader(product, person.id, account_id))


@asynccontextmanager
async def tab(visitor: Visitor, query: str = "") -> AsyncIterator[tuple[Socket, dict[str, Any]]]:
    """An open tab that has its first snapshot."""
    async with socket(headers=visitor.headers, query=query) as side:
        assert (await side.next())["type"] == "websocket.accept"
        yield side, await side.message("snapshot")


# -- the door -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "axisor_session="},
        {"cookie": "axisor_session=wrong"},
        {"cookie": "other=1"},
    ],
)
async def test_strangers_are_told_to_sign_in(visitor: Visitor, headers: Mapping[str, str]) -> None:
    async with socket(headers=headers) as side:
        assert (await side.next())["type"] == "websocket.accept"
        closed = await side.next()
        assert (closed["type"], closed["code"]) == ("websocket.close", 4401)


async def test_a_session_that_was_ended_or_is_known_by_its_hash_alone_is_a_strangers(
    visitor: Visitor,
) -> None:
    hashed = token_hash(visitor.token)
    async with socket(headers={"cookie": f"axisor_session={hashed}"}) as side:
        await side.next()
        assert (await side.next())["code"] == 4401
    await visitor.product.axisor.sessions.end(hashed)
    async with socket(headers=visitor.headers) as side:
        await side.next()
        assert (await side.next())["code"] == 4401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:3001", "http://[", "http://127.0.0.1"]
)
async def test_foreign_pages_are_refused_before_the_socket_opens(visitor: Visitor, origin: str) -> None:
    async with socket(headers={**visitor.headers, "origin": origin}) as side:
        refusal = await side.next()
        assert refusal["type"] in ("websocket.close", "websocket.http.response.start")
        assert refusal.get("code", refusal.get("status")) in (4403, 403)


# -- what it says -------------------------------------------------------------------------------


async def test_the_first_message_is_a_snapshot_of_the_market_and_the_positions(visitor: Visitor) -> None:
    product = visitor.product
    opened = await visitor.trader.buys()
    funding = Funding(Decimal("0.0001"), product.clock.moment)
    product.axisor.markets.base.runner.set_funding(funding)
    async with tab(visitor) as (_, snapshot):
        tick = product.axisor.markets.base.price
        assert tick is not None
        assert set(snapshot) == {"type", "now", "market", "positions"}
        market = snapshot["market"]
        assert market == {
            "feed": "simulated",
            "label": "simulated by hand",
            "state": "live",
            "price": 100_000.0,
            "at": int(tick.at.timestamp() * 1000),
            "change_24h": None,
            "funding": {"rate": 0.0001, "at": int(funding.settles_at.timestamp() * 1000)},
            "scenario": None,
        }
        assert snapshot["positions"] == {opened.id: {"distance": 0.09091, "pl": 0}}
        assert abs(snapshot["now"] - market["at"]) < 1000


async def test_every_price_is_told_with_what_depends_on_it(visitor: Visitor) -> None:
    opened = await visitor.trader.buys()
    async with tab(visitor) as (side, _):
        for price in (99_000, 101_000):
            await visitor.product.tick(price)
            while (message := await side.message("tick"))["price"] != price:
                pass
            assert set(message) == {"type", "at", "price", "positions"}
            cell = message["positions"][opened.id]
            distance = futures.distance(opened.side, Decimal(price), opened.liquidation)
            assert cell["distance"] == float(distance)
            assert cell["pl"] == futures.profit(opened.side, 1000, opened.entry, Decimal(price))


async def test_the_same_price_is_not_told_twice(visitor: Visitor) -> None:
    async with tab(visitor) as (side, _):
        await side.message("tick")
        await asyncio.sleep(0.05)
        assert side.sent.empty()


async def test_a_change_of_the_account_is_told_and_others_changes_are_not(visitor: Visitor) -> None:
    other = await visitor.product.trader("other")
    async with tab(visitor) as (side, _):
        await side.message("tick")
        await visitor.trader.buys()
        assert (await side.message("changed")) == {"type": "changed"}
        await asyncio.sleep(0.05)
        while not side.sent.empty():
            side.sent.get_nowait()
        await other.buys()
        await asyncio.sleep(0.05)
        assert side.sent.empty()


async def test_a_market_that_changes_is_told_in_a_new_snapshot(visitor: Visitor) -> None:
    async with tab(visitor) as (side, first):
        assert first["market"]["state"] == "live"
        await visitor.product.wait(31)
        assert (await side.message("snapshot"))["market"]["state"] == "stale"


async def test_a_scenario_is_told_with_its_name_and_end(visitor: Visitor) -> None:
    trader = visitor.trader
    await trader.buys()
    async with tab(visitor) as (side, _):
        await visitor.product.desk.start_scenario(trader.user_id, trader.account_id, "story")
        message = await side.message("snapshot")
        scenario = message["market"]["scenario"]
        assert (scenario["name"], scenario["label"]) == ("story", "scenario by hand")
        assert scenario["ends_at"] > message["now"]
        assert message["market"]["feed"] == "scenario"
        assert len(message["positions"]) == 1, "no position vanishes while the account moves"
        await visitor.product.desk.stop_scenario(trader.user_id, trader.account_id)
        assert (await side.message("snapshot"))["market"]["scenario"] is None


async def test_a_quiet_market_is_confirmed_from_time_to_time(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    async with tab(visitor) as (side, _):
        for _ in range(3):
            await side.message("snapshot")


async def test_only_ones_own_account_can_be_watched(visitor: Visitor) -> None:
    other = await visitor.product.trader("other")
    await other.buys()
    second = await visitor.product.desk.open_paper(visitor.person.id, "Second", 50_000)
    async with tab(visitor, f"account={second}") as (_, snapshot):
        assert snapshot["positions"] == {}
    for wanted in (other.account_id, "nonsense", ""):
        async with socket(headers=visitor.headers, query=f"account={wanted}") as side:
            assert (await side.next())["type"] == "websocket.accept"
            await asyncio.sleep(0.05)
            assert side.sent.empty()


async def test_an_account_that_is_opened_later_is_shown(product: Product) -> None:
    person = await product.axisor.people.create_owner("Ada", "correct horse battery")
    token = await product.axisor.sessions.open(person.id)
    async with socket(headers={"cookie": f"axisor_session={token}"}) as side:
        assert (await side.next())["type"] == "websocket.accept"
        await asyncio.sleep(0.02)
        assert side.sent.empty()
        await product.tick(100_000)
        await product.desk.open_paper(person.id, "Paper", 50_000)
        assert (await side.message("snapshot"))["market"]["price"] == 100_000


async def test_two_tabs_share_what_was_made_once(visitor: Visitor) -> None:
    await visitor.trader.buys()
    async with tab(visitor) as (one, _), tab(visitor) as (other, _):
        await visitor.product.tick(99_000)
        for side in (one, other):
            while (message := await side.message("tick"))["price"] != 99_000:
                pass
        assert message["positions"]
    assert len(stream._encoded.messages) == 1


# -- its end ------------------------------------------------------------------------------------


async def test_a_session_that_ends_closes_the_tab(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHECK_SESSION_S", 0)
    async with tab(visitor) as (side, _):
        visitor.product.clock.moment += LIFETIME
        while (event := await side.next())["type"] == "websocket.send":
            pass
        assert (event["type"], event["code"]) == ("websocket.close", 4401)


async def test_signing_out_closes_the_tab(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "CHECK_SESSION_S", 0)
    async with tab(visitor) as (side, _):
        async with browser() as client:
            client.cookies.set("axisor_session", visitor.token)
            await client.post("/api/v1/auth/sign-out")
        while (event := await side.next())["type"] == "websocket.send":
            pass
        assert event["code"] == 4401


@pytest.mark.parametrize("said", [{"text": "{}"}, {"text": "x" * 10_000}, {"bytes": b"\x00\xff"}])
async def test_whatever_a_tab_says_changes_nothing(visitor: Visitor, said: dict[str, object]) -> None:
    async with tab(visitor) as (side, _):
        await side.say(**said)
        await visitor.product.tick(99_000)
        while (await side.message("tick"))["price"] != 99_000:
            pass


async def test_a_tab_that_goes_away_leaves_nobody_listening(visitor: Visitor) -> None:
    async with tab(visitor):
        assert len(visitor.product.axisor.changes._listeners) == 1
    assert visitor.product.axisor.changes._listeners == []


async def test_a_server_that_stops_does_not_wait_for_its_tabs(visitor: Visitor) -> None:
    async with tab(visitor):
        serving = [t for t in asyncio.all_tasks() if "Hardened" in repr(t.get_coro())]
        assert len(serving) == 1
        serving[0].cancel()
        done, _ = await asyncio.wait(serving, timeout=5)
        assert done
        assert serving[0].cancelled()
        assert visitor.product.axisor.changes._listeners == []


async def test_a_database_that_is_away_for_a_moment_does_not_silence_the_tab(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = visitor.product.axisor.accounts
    real, failures = accounts.of, iter([Unavailable("away")] * 3)

    async def of(user_id: object) -> object:
        if failure := next(failures, None):
            raise failure
        return await real(user_id)  # type: ignore[arg-type]

    async with tab(visitor) as (side, _):
        monkeypatch.setattr(accounts, "of", of)
        visitor.product.axisor.changes.tell(visitor.trader.account_id)
        assert (await side.message("changed")) == {"type": "changed"}
        await visitor.product.tick(99_000)
        while (await side.message("tick"))["price"] != 99_000:
            pass


async def test_a_tab_that_breaks_is_closed_so_that_the_browser_comes_back(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with structlog.testing.capture_logs() as logs:
        async with tab(visitor) as (side, _):
            monkeypatch.setattr(visitor.product.axisor.markets, "info", broken)
            while (event := await side.next())["type"] == "websocket.send":
                pass
            assert event["code"] == 1011
    assert [entry["event"] for entry in logs] == ["stream.failed"]
