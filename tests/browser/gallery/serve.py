"""The built gallery with a stream and candles that are made up: a stand-in for the server."""

import asyncio
import json
import sys
import time
from random import Random
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

PERIOD_S = 0.4
LIQUIDATIONS = {"a": (57_272.5, 1), "b": (70_000.0, -1)}


def now_ms() -> int:
    return int(time.time() * 1000)


def cells(price: float) -> dict[str, Any]:
    return {
        name: {"distance": (price - liquidation) * sign / price, "pl": round((price - 63_000) * sign * 3)}
        for name, (liquidation, sign) in LIQUIDATIONS.items()
    }


async def stream(socket: WebSocket) -> None:
    """A snapshot, then a price that wanders."""
    await socket.accept()
    price, random = 64_512.5, Random(1)
    market = {
        "feed": "simulated",
        "label": "Simulated market",
        "state": "live",
        "price": price,
        "at": now_ms(),
        "change_24h": 0.012,
        "funding": {"rate": 0.0001, "at": now_ms() + 11_520_000},
        "scenario": None,
    }
    snapshot = {"type": "snapshot", "now": now_ms(), "market": market, "positions": cells(price)}
    await socket.send_text(json.dumps(snapshot))
    while True:
        await asyncio.sleep(PERIOD_S)
        price = round((price + random.gauss(0, 12)) * 2) / 2
        tick = {"type": "tick", "at": now_ms(), "price": price, "positions": cells(price)}
        await socket.send_text(json.dumps(tick))


async def candles(request: Request) -> JSONResponse:
    random, price, made = Random(3), 64_000.0, []
    start = now_ms() // 60_000 * 60_000 - 240 * 60_000
    for index in range(240):
        close = price + random.gauss(0, 25)
        low, high = sorted((price, close))
        made.append(
            {"time": start + index * 60_000, "open": price, "high": high + 9, "low": low - 9, "close": close}
        )
        price = close
    return JSONResponse({"timeframe": request.query_params.get("timeframe", "1m"), "candles": made})


def main() -> None:
    static = StaticFiles(directory=sys.argv[1], html=True)
    app = Starlette(
        routes=[
            WebSocketRoute("/ws/v1", stream),
            Route("/api/v1/market/candles", candles),
            Mount("/", static),
        ]
    )
    port = int(sys.argv[2])
    print(f"Gallery: http://127.0.0.1:{port}", flush=True)
    asyncio.run(Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI).serve())


if __name__ == "__main__":
    main()
