"""Signing in and out by REST: cookies that scripts cannot read, and origins that are ours."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http.cookies import SimpleCookie

import httpx
import pytest
from sqlmodel import func, select

from services import wiring
from services.accounts.sessions import LIFETIME, token_hash
from services.storage.tables import SessionRow, UserRow
from tests.support.product import Product
from tests.support.web import ORIGIN, browser

ADA = {"name": "Ada", "password": "correct horse battery"}

Asked = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def count(product: Product, table: type[UserRow] | type[SessionRow]) -> int:
    async with product.axisor.database.begin() as session:
        return (await session.exec(select(func.count()).select_from(table))).one()


def cookie_of(response: httpx.Response) -> SimpleCookie:
    (header,) = response.headers.get_list("set-cookie")
    return SimpleCookie(header)


async def whether_signed_in(client: httpx.AsyncClient) -> bool:
    """Whether the browser gets past the door; there is no account behind it yet."""
    response = await client.get("/api/v1/market/candles")
    assert response.status_code in (401, 404), response.text
    return response.status_code == 404


def refused(response: httpx.Response, status: int, code: str) -> str:
    """The sentence of a refusal, in the one shape that all have."""
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    error: dict[str, str] = response.json()["error"]
    assert set(error) == {"code", "message"}
    assert error["code"] == code
    assert error["message"].endswith(".")
    assert "set-cookie" not in response.headers
    return error["message"]


# -- the owner ----------------------------------------------------------------------------------


async def test_the_owner_is_created_once_and_signed_in_at_once(product: Product) -> None:
    async with browser() as client:
        assert (await client.get("/api/v1/setup")).json() == {"needs_owner": True}
        assert not await whether_signed_in(client)
        response = await client.post("/api/v1/auth/setup", json=ADA)
        assert (response.status_code, response.json()) == (200, {"ok": True})
        assert await whether_signed_in(client)
        assert (await client.get("/api/v1/setup")).json() == {"needs_owner": False}
        again = await client.post("/api/v1/auth/setup", json={**ADA, "name": "Eve"})
        assert refused(again, 409, "owner_exists") == ("This instance has an owner already; sign in instead.")
    assert await count(product, UserRow) == 1


async def test_two_browsers_cannot_both_become_the_owner(product: Product) -> None:
    async with browser() as one, browser() as other:
        answers = await asyncio.gather(
            one.post("/api/v1/auth/setup", json=ADA),
            other.post("/api/v1/auth/setup", json={**ADA, "name": "Eve"}),
        )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await count(product, UserRow), await count(product, SessionRow)) == (1, 1)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "A", "password": "x" * 10}, 400, "name_length"),
        ({"name": "Ada", "password": "short"}, 400, "password_too_short"),
        ({"name": "Ada", "password": "x" * 1025}, 400, "password_too_long"),
        ({"name": "Ada", "password": "x" * 5000}, 422, "malformed"),
        ({"name": "A\u0000da", "password": "x" * 10}, 400, "name_characters"),
        ({"name": "Ada"}, 422, "malformed"),
        ({"name": None, "password": "x" * 10}, 422, "malformed"),
        ({"name": ["Ada"], "password": {"a": 1}}, 422, "malformed"),
        ([], 422, "malformed"),
        ("text", 422, "malformed"),
    ],
)
async def test_unfit_credentials_are_refused_and_nobody_is_created(
    product: Product, body: object, status: int, code: str
) -> None:
    async with browser() as client:
        refused(await client.post("/api/v1/auth/setup", json=body), status, code)
    assert await count(product, UserRow) == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"name": "\\ud800x", "password": "0123456789"}', b"\xff\xfe", b"name=Ada&password=x"],
)
async def test_bodies_that_are_no_credentials_are_malformed(product: Product, content: bytes) -> None:
    async with browser() as client:
        headers = {"content-type": "application/json"}
        response = await client.post("/api/v1/auth/setup", content=content, headers=headers)
        refused(response, 422, "malformed")
        plain = {"content-type": "text/plain"}
        response = await client.post("/api/v1/auth/setup", content=b'{"name": "Ada"}', headers=plain)
        assert response.status_code == 422


# -- signing in and out -------------------------------------------------------------------------


async def test_signing_in_with_the_right_password_opens_a_session(product: Product) -> None:
    await product.axisor.people.create_owner(**ADA)
    async with browser() as client:
        wrong = await client.post("/api/v1/auth/sign-in", json={**ADA, "password": "wrong horse"})
        unknown = await client.post("/api/v1/auth/sign-in", json={**ADA, "name": "Eve"})
        nul = await client.post("/api/v1/auth/sign-in", json={**ADA, "name": "A\x00"})
        for response in (wrong, unknown, nul):
            refused(response, 401, "credentials_wrong")
        assert wrong.json() == unknown.json()
        assert not await whether_signed_in(client)
        assert (await client.post("/api/v1/auth/sign-in", json=ADA)).status_code == 200
        assert await whether_signed_in(client)


async def test_signing_out_ends_the_session_and_takes_the_cookie_back(product: Product) -> None:
    await product.axisor.people.create_owner(**ADA)
    async with browser() as phone, browser() as desk:
        for client in (phone, desk):
            await client.post("/api/v1/auth/sign-in", json=ADA)
        stolen = dict(phone.cookies)
        response = await phone.post("/api/v1/auth/sign-out")
        (morsel,) = cookie_of(response).values()
        assert (morsel.value, morsel["max-age"], morsel["path"]) == ("", "0", "/")
        assert not await whether_signed_in(phone)
        phone.cookies.update(stolen)
        assert not await whether_signed_in(phone), "the cookie is worthless now"
        assert await whether_signed_in(desk)
        assert (await phone.post("/api/v1/auth/sign-out")).status_code == 200


async def test_a_session_ends_when_its_time_is_over(product: Product) -> None:
    await product.axisor.people.create_owner(**ADA)
    async with browser() as client:
        await client.post("/api/v1/auth/sign-in", json=ADA)
        product.clock.moment += LIFETIME - timedelta(seconds=1)
        assert await whether_signed_in(client)
        product.clock.moment += timedelta(seconds=1)
        assert not await whether_signed_in(client)
        refused(await client.get("/api/v1/market/candles"), 401, "not_signed_in")


async def test_over_plain_http_the_cookie_is_hidden_from_scripts_and_other_sites(product: Product) -> None:
    async with browser() as client:
        response = await client.post("/api/v1/auth/setup", json=ADA)
    ((name, morsel),) = cookie_of(response).items()
    assert name == "axisor_session"
    assert morsel["httponly"] is True
    assert morsel["samesite"] == "lax"
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""
    assert morsel["secure"] == ""
    assert morsel["max-age"] == str(30 * 24 * 3600)


async def test_over_https_the_cookie_is_secure_and_bound_to_the_host(secure_product: Product) -> None:
    address = "https://axisor.example.org"
    async with browser(url=address, origin=address) as client:
        response = await client.post("/api/v1/auth/setup", json=ADA)
        ((name, morsel),) = cookie_of(response).items()
        assert name == "__Host-axisor_session"
        assert (morsel["secure"], morsel["httponly"]) == (True, True)
        assert (morsel["samesite"], morsel["path"], morsel["domain"]) == ("lax", "/", "")
        assert await whether_signed_in(client)
        gone = cookie_of(await client.post("/api/v1/auth/sign-out"))
        assert gone["__Host-axisor_session"]["secure"] is True


async def test_what_the_database_knows_signs_nobody_in(product: Product) -> None:
    person = await product.axisor.people.create_owner(**ADA)
    token = await product.axisor.sessions.open(person.id)
    hashed = token_hash(token)
    async with browser() as client:
        for cookie in (
            f"axisor_session={hashed}",
            f'x="a\\073 axisor_session={hashed}"',
            f"x=a axisor_session={hashed}",
        ):
            response = await client.get("/api/v1/market/candles", headers={"cookie": cookie})
            refused(response, 401, "not_signed_in")
        found = await client.get("/api/v1/market/candles", headers={"cookie": f"axisor_session={token}"})
        assert found.status_code == 404


# -- whose page is asking -----------------------------------------------------------------------

CHANGES: list[Asked] = [
    lambda client: client.post("/api/v1/auth/setup", json=ADA),
    lambda client: client.post("/api/v1/auth/sign-in", json=ADA),
    lambda client: client.post("/api/v1/auth/sign-out"),
]

FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:3001"},
    {"origin": "http://127.0.0.1"},
    {"origin": f"{ORIGIN}.evil.example"},
    {"origin": "http://user@127.0.0.1:3000"},
    {"origin": "http://["},
    {"origin": "file://"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_requests_from_foreign_pages_are_refused_and_change_nothing(
    product: Product, headers: dict[str, str]
) -> None:
    async with browser(origin=None) as client:
        for asked in CHANGES:
            client.headers.update(headers)
            message = refused(await asked(client), 403, "foreign_origin")
            assert message == "This request does not come from Axisor's own pages."
    assert await count(product, UserRow) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ORIGIN},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {},
    ],
)
async def test_our_own_pages_and_clients_that_are_no_browsers_may_ask(
    product: Product, headers: dict[str, str]
) -> None:
    async with browser(origin=None) as client:
        client.headers.update(headers)
        assert (await CHANGES[0](client)).status_code == 200


# -- failures in one shape ----------------------------------------------------------------------


async def test_while_it_starts_everything_is_unavailable_but_health(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "_running", None)
    async with browser() as client:
        refused(await client.get("/api/v1/setup"), 503, "starting")
        health = await client.get("/healthz")
        assert (health.status_code, health.text) == (200, "ok")


async def test_a_database_that_is_away_is_said_in_one_sentence(product: Product) -> None:
    await product.axisor.database.close()
    product.axisor.database._engine = type(product.axisor.database)(
        "postgresql://nobody@127.0.0.1:1/none"
    )._engine
    async with browser() as client:
        message = refused(await client.get("/api/v1/setup"), 503, "database_unavailable")
        assert message == "The database does not answer."


async def test_what_does_not_exist_is_said_in_the_same_shape(product: Product) -> None:
    async with browser() as client:
        refused(await client.get("/api/v1/nothing"), 404, "not_found")
        refused(await client.get("/api/v1/auth/sign-in"), 405, "method_not_allowed")


async def test_a_defect_shows_nothing_of_itself(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> bool:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(product.axisor.people, "needs_owner", broken)
    async with browser() as client:
        response = await client.get("/api/v1/setup")
        refused(response, 500, "defect")
        assert "secret" not in response.text


async def test_the_api_describes_itself(product: Product) -> None:
    async with browser() as client:
        described = (await client.get("/api/v1/openapi.json")).json()
        assert set(described["paths"]) >= {"/api/v1/setup", "/api/v1/auth/sign-in", "/api/v1/market/candles"}
        assert (await client.get("/docs")).status_code == 404
