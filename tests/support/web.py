"""The API and its sockets as a browser reaches them, without a server."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp, Message, Scope

from axisor_app.api import application
from axisor_app.middleware import Hardened

HOST = "127.0.0.1:3000"
ORIGIN = f"http://{HOST}"


def served() -> ASGIApp:
    """The API behind the outermost middleware."""
    return Hardened(application.create())


@asynccontextmanager
async def browser(*, url: str = ORIGIN, origin: str | None = ORIGIN) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on one of our own pages; it keeps cookies."""
    headers = {} if origin is None else {"origin": origin, "sec-fetch-site": "same-origin"}
    transport = httpx.ASGITransport(app=served(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers) as client:
        yield client


def cookie_header(client: httpx.AsyncClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


class Socket:
    """One WebSocket, from the side of the client."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: asyncio.Queue[Message] = asyncio.Queue()

    async def next(self) -> Message:
        """The next event that the server sends."""
        return await asyncio.wait_for(self.sent.get(), 10)

    async def message(self, kind: str = "") -> dict[str, Any]:
        """The next message of a kind; others are passed over."""
        while True:
            event = await self.next()
            assert event["type"] == "websocket.send", event
            found: dict[str, Any] = json.loads(event["text"])
            if kind in ("", found["type"]):
                return found

    async def say(self, **event: object) -> None:
        await self.received.put({"type": "websocket.receive", **event})

    async def leave(self) -> None:
        await self.received.put({"type": "websocket.disconnect", "code": 1000})


@asynccontextmanager
async def socket(
    path: str = "/ws/v1", *, query: str = "", headers: Mapping[str, str] | None = None
) -> AsyncIterator[Socket]:
    """Connect; the server's task has ended when the context is left."""
    given = {"host": HOST, "origin": ORIGIN, **(headers or {})}
    scope: Scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 3000),
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }
    side = Socket()
    await side.received.put({"type": "websocket.connect"})
    serving = asyncio.create_task(served()(scope, side.received.get, side.sent.put))
    try:
        yield side
    finally:
        await side.leave()
        await asyncio.wait([serving], timeout=10)
        assert serving.done(), "the server holds on to a tab that is gone"
        if not serving.cancelled():
            serving.result()
