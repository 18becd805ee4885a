"""Candles by REST: of one's own account, in the form that charts want."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from services.domain.market import Candle
from tests.support.product import Product, Trader
from tests.support.trading import NOON
from tests.support.web import browser

ADA = {"name": "Ada", "password": "correct horse battery"}
PATH = "/api/v1/market/candles"


@pytest.fixture
async def client(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody signed in."""
    async with browser() as client:
        await client.post("/api/v1/auth/setup", json=ADA)
        yield client


@pytest.fixture
async def trader(product: Product, client: httpx.AsyncClient) -> Trader:
    person = await product.axisor.people.recognise(**ADA)
    await product.tick(100_000)
    account_id = await product.desk.open_paper(person.id, "Paper", 1_000_000)
    product.feed.history = [
        Candle(NOON + n * timedelta(minutes=1), *(Decimal(price) for price in ("1.5", "3", "1", "2.5")))
        for n in range(1200)
    ]
    return Trader(product, person.id, account_id)


async def test_candles_are_given_oldest_first_in_milliseconds(
    client: httpx.AsyncClient, trader: Trader
) -> None:
    found = (await client.get(PATH, params={"timeframe": "1m", "limit": 2})).json()
    assert found["timeframe"] == "1m"
    assert found["candles"][-1] == {
        "time": int((NOON + 1199 * timedelta(minutes=1)).timestamp() * 1000),
        "open": 1.5,
        "high": 3.0,
        "low": 1.0,
        "close": 2.5,
    }
    assert found["candles"][0]["time"] == found["candles"][1]["time"] - 60_000


@pytest.mark.parametrize(("limit", "given"), [(None, 240), (1, 1), (1000, 1000)])
async def test_as_many_as_asked_for_are_given(
    client: httpx.AsyncClient, trader: Trader, limit: int | None, given: int
) -> None:
    params = {} if limit is None else {"limit": limit}
    assert len((await client.get(PATH, params=params)).json()["candles"]) == given


@pytest.mark.parametrize(
    "params",
    [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"timeframe": "x" * 9}, {"account": "x"}],
)
async def test_unfit_questions_are_malformed(
    client: httpx.AsyncClient, trader: Trader, params: dict[str, str]
) -> None:
    response = await client.get(PATH, params=params)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "malformed"


async def test_only_ones_own_accounts_are_found(
    client: httpx.AsyncClient, trader: Trader, product: Product
) -> None:
    other = await product.trader("other")
    assert (await client.get(PATH, params={"account": str(trader.account_id)})).status_code == 200
    for wrong in (other.account_id, other.user_id):
        response = await client.get(PATH, params={"account": str(wrong)})
        assert (response.status_code, response.json()["error"]["code"]) == (404, "account_not_found")


async def test_strangers_get_nothing(trader: Trader) -> None:
    async with browser() as stranger:
        response = await stranger.get(PATH, params={"account": str(trader.account_id)})
        assert (response.status_code, response.json()["error"]["code"]) == (401, "not_signed_in")


async def test_without_an_account_there_are_no_candles(client: httpx.AsyncClient) -> None:
    response = await client.get(PATH)
    assert response.json()["error"] == {
        "code": "account_not_found",
        "message": "There is no account yet.",
    }
