"""The outermost layer: no token gets past it, no hash is taken for one, every answer is hardened."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from axisor_app.api.identity import PLAIN_COOKIE, SECURE_COOKIE, session_hash
from axisor_app.middleware import Hardened
from services.accounts.sessions import token_hash

TOKEN = "secret-token_0123456789"
HASH = token_hash(TOKEN)


async def passed_on(*cookies: bytes, kind: str = "http", name: bytes = b"cookie") -> list[bytes]:
    """What the application sees of some `Cookie` headers."""
    seen: list[bytes] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(value for header, value in scope["headers"] if header.lower() == b"cookie")

    scope = {"type": kind, "path": "/", "headers": [(name, value) for value in cookies]}
    await Hardened(application)(scope, nothing, ignore)
    return seen


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def ignore(message: Message) -> None:
    """The answer does not matter."""


async def session_of(cookie: bytes) -> str | None:
    """The session that the application finds, by its own reading of the header."""
    (header,) = await passed_on(cookie)
    return session_hash(header.decode("latin-1"))


@pytest.mark.parametrize("name", [PLAIN_COOKIE, SECURE_COOKIE])
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_the_token_is_replaced_by_its_hash(name: str, kind: str) -> None:
    (header,) = await passed_on(f"a=1; {name}={TOKEN}; b=2".encode(), kind=kind)
    assert header == f"a=1; {name}={HASH}; b=2".encode()
    assert session_hash(header.decode()) == HASH


async def test_header_names_are_read_in_any_case() -> None:
    (header,) = await passed_on(f"{PLAIN_COOKIE}={TOKEN}".encode(), name=b"Cookie")
    assert TOKEN.encode() not in header


async def test_several_cookie_headers_are_each_cleaned() -> None:
    headers = await passed_on(b"a=1", f"{PLAIN_COOKIE}={TOKEN}".encode())
    assert headers == [b"a=1", f"{PLAIN_COOKIE}={HASH}".encode()]


HOSTILE = [
    b'%b="%b"',
    b"%b=%b; %b=%b",
    b'x="; %b=%b',
    b'x="a; %b=%b"',
    b"x=a %b=%b",
    b"x=a\t%b=%b",
    b"x=a,%b=%b",
    b'x="a\\073 %b=%b"',
    b"%b =%b",
    b" %b = %b ",
    b"; ;=;%b=%b;;",
    b"\xff\xfe=1; %b=%b",
    b"a\x00b=1; %b=%b",
    b'{"json": 1}; %b=%b',
    b"path=/; %b=%b",
    b"$Version=1; %b=%b",
    b"%b=%b; expires=now; secure",
    b"%b\n=%b",
    b"=%b=%b",
]


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize("name", [PLAIN_COOKIE, SECURE_COOKIE])
async def test_no_way_of_writing_it_lets_a_raw_token_through(pattern: bytes, name: str) -> None:
    used = pattern.count(b"%b") // 2
    (header,) = await passed_on(pattern % ((name.encode(), TOKEN.encode()) * used))
    assert TOKEN.encode() not in header


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize("name", [PLAIN_COOKIE, SECURE_COOKIE])
async def test_a_hash_is_never_taken_for_the_token_that_it_names(pattern: bytes, name: str) -> None:
    """Whoever reads the database or a log cannot sign in with what she finds."""
    used = pattern.count(b"%b") // 2
    found = await session_of(pattern % ((name.encode(), HASH.encode()) * used))
    assert found in (None, token_hash(HASH))


@given(
    st.lists(
        st.sampled_from(
            [
                PLAIN_COOKIE.encode(),
                HASH.encode(),
                b"=",
                b";",
                b" ",
                b'"',
                b"\\073",
                b"\\",
                b",",
                b"x",
                b"$",
                b"\n",
            ]
        ),
        max_size=14,
    ).map(b"".join)
)
async def test_no_mixture_of_these_is_taken_for_a_session_by_its_hash(cookie: bytes) -> None:
    assert await session_of(cookie) != HASH


@given(st.binary(max_size=60))
async def test_any_bytes_are_answered_and_never_pass_a_token(noise: bytes) -> None:
    token = f"{PLAIN_COOKIE}={TOKEN}".encode()
    for cookie in (noise, noise + b"; " + token, token + b"; " + noise):
        (header,) = await passed_on(cookie)
        assert TOKEN.encode() not in header


@pytest.mark.parametrize(
    "other",
    [
        b'{"theme": "dark"}',
        b"path=/",
        b"version=3",
        b"domain=x",
        b"comment=hi there",
        b"caf\xe9=1",
        b'q="a;b"',
        b"broken",
        b"a[0]=1",
        b"x=1,2",
    ],
)
async def test_cookies_of_other_programs_on_this_machine_do_not_sign_anybody_out(other: bytes) -> None:
    """A cookie belongs to a host and not to a port."""
    token = f"{PLAIN_COOKIE}={TOKEN}".encode()
    assert await session_of(other + b"; " + token) == HASH
    assert await session_of(token + b"; " + other) == HASH


async def test_ordinary_cookies_pass_unchanged() -> None:
    plain = b'axisor_language=pt-BR; token=6f9d-5a52; q="quoted"; empty='
    assert await passed_on(plain) == [plain]


# -- answers ------------------------------------------------------------------------------------


async def answered(
    path: str, headers: Iterable[tuple[bytes, bytes]] | None = (), kind: str = "http"
) -> dict[str, str]:
    """The headers of an answer after hardening."""
    sent: list[Message] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 200}
        await send(start if headers is None else {**start, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": []}
    await Hardened(application)(scope, nothing, send)
    return {name.decode(): value.decode() for name, value in sent[0].get("headers", ())}


@pytest.mark.parametrize("path", ["/", "/api/v1/setup", "/assets/a.js", "/_event", "/healthz"])
async def test_every_answer_is_hardened(path: str) -> None:
    headers = await answered(path)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


async def test_what_may_be_kept_by_browsers_is_said_by_the_path() -> None:
    html = [(b"content-type", b"text/html; charset=utf-8")]
    assert (await answered("/assets/app.js"))["cache-control"] == "public, max-age=31536000, immutable"
    assert (await answered("/api/v1/setup"))["cache-control"] == "no-store"
    assert (await answered("/", html))["cache-control"] == "no-cache"
    assert "cache-control" not in await answered("/favicon.svg")


@pytest.mark.parametrize("headers", [None, (), [], ((b"x-one", b"1"),), iter([(b"x-one", b"1")])])
async def test_headers_in_any_form_that_a_server_allows_are_hardened(
    headers: Iterable[tuple[bytes, bytes]] | None,
) -> None:
    assert (await answered("/", headers))["x-frame-options"] == "DENY"


async def test_the_servers_own_events_pass_untouched() -> None:
    seen: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    scope = {"type": "lifespan"}
    await Hardened(application)(scope, nothing, ignore)
    assert seen[0] is scope
