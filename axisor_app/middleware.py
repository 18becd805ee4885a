"""The outermost layer of every request: no token gets past it, every answer is hardened.

Plain ASGI, because it has to see the pages, the API and both sockets alike.
"""

import re
from collections.abc import Iterable
from http.cookies import Morsel

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from axisor_app.api.identity import PLAIN_COOKIE, SECURE_COOKIE
from services.accounts.sessions import token_hash

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}

_QUOTE = '"'
_OCTETS = r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
_CONTENT = re.compile(f"{_OCTETS}|{_QUOTE}{_OCTETS}{_QUOTE}")
_NAME = re.compile(r"[\w!#%&'*+.^`|~-][\w!#$%&'*+.^`|~-]*", re.ASCII)
"""Names and contents of cookies. Source: RFC 6265, section 4.1.1; older `$` attributes are none."""

_ATTRIBUTES = frozenset(Morsel[str]())


class Hardened:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": list(_without_tokens(scope["headers"]))}
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", ())))
                _harden(scope["path"], headers)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, send_hardened)


def _without_tokens(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """The request's headers with each session token replaced by its hash."""
    for name, value in headers:
        yield (name, _hashed(value)) if name.lower() == b"cookie" else (name, value)


def _hashed(value: bytes) -> bytes:
    """The cookies that every parser reads alike, the tokens among them as their hashes.

    Quotes, escapes and separators that one parser sees and another does not would let somebody
    smuggle a session's hash past this layer, as if it had been made here.
    """
    pairs = (part.partition("=") for part in value.decode("latin-1").split(";"))
    clean = (_clean(name.strip(), content.strip()) for name, _, content in pairs)
    return "; ".join(filter(None, clean)).encode("latin-1")


def _clean(name: str, content: str) -> str | None:
    if name in (PLAIN_COOKIE, SECURE_COOKIE):
        return f"{name}={token_hash(content.strip(_QUOTE))}"
    plain = _NAME.fullmatch(name) and name.lower() not in _ATTRIBUTES and _CONTENT.fullmatch(content)
    return f"{name}={content}" if plain else None


def _harden(path: str, headers: MutableHeaders) -> None:
    for name, value in _HEADERS.items():
        headers[name] = value
    kind = headers.get("content-type", "")
    if path.startswith("/assets/"):
        headers["cache-control"] = "public, max-age=31536000, immutable"
    elif path.startswith("/api/"):
        headers["cache-control"] = "no-store"
    elif kind.startswith("text/html"):
        headers["cache-control"] = "no-cache"
