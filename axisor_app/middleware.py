"""The outermost layer of every request: no token gets past it, every answer is hardened.

Plain ASGI, because it has to see the pages, the API and both sockets alike.
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie

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
                _harden(scope["path"], MutableHeaders(raw=message["headers"]))
            await send(message)

        await self._app(scope, receive, send_hardened)


def _without_tokens(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """The request's headers with each session token replaced by its hash."""
    for name, value in headers:
        yield (name, _hashed(value)) if name.lower() == b"cookie" else (name, value)


def _hashed(value: bytes) -> bytes:
    try:
        cookies = SimpleCookie(value.decode("latin-1"))
    except CookieError:
        return b""
    for name in (PLAIN_COOKIE, SECURE_COOKIE):
        if name in cookies:
            cookies[name] = token_hash(cookies[name].value)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items()).encode(
        "latin-1", "replace"
    )


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
