"""A small application behind the real server, for tests of starting and stopping.

Arguments: port, seconds for requests in flight, and what the application does:
`answer`, `refuse` (its startup is rejected) or `break` (its startup fails).
"""

import asyncio
import sys
import time

from axisor_app.cli import ended, leave
from axisor_app.database import Database
from axisor_app.server import Message, Receive, Send, serve
from services.domain.errors import Rejected
from services.settings import load_settings


async def nothing() -> None:
    """Nobody watches a database here."""


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    print("asked for", scope["path"], flush=True)
    if scope["path"] == "/slow":
        await asyncio.sleep(600)
    if scope["path"] == "/stuck":
        time.sleep(600)  # noqa: ASYNC251 - it is the fault to be survived
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def live(receive: Receive, send: Send) -> None:
    await receive()
    if sys.argv[3] == "refuse":
        await send({"type": "lifespan.startup.failed", "message": "a traceback"})
        raise Rejected("The engine cannot run like this.")
    if sys.argv[3] == "break":
        await send({"type": "lifespan.startup.failed", "message": "a traceback"})
        raise ValueError("a defect")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan over", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


def run() -> None:
    settings = load_settings(port=sys.argv[1], stop_timeout_s=sys.argv[2])
    database = Database(url="", watch=nothing, stop=lambda: print("database stopped", flush=True))
    serve(application, settings, database, lambda: print("ready", flush=True))
    print("served", flush=True)


if __name__ == "__main__":
    leave(ended(run))
