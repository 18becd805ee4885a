"""Serves the application in this process, on one port, until a signal asks it to stop.

The server runs embedded rather than as supervisor and worker: one process less, and the
database is watched by the same event loop that uses it.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import FrameType
from typing import Any

from granian.constants import Interfaces
from granian.errors import FatalError
from granian.log import LogLevels
from granian.server.embed import Server

from axisor_app.database import Database
from services.domain.errors import AxisorError, Unavailable
from services.settings import Settings, reachable_host

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

_CONNECTIONS = 4096
"""Connections served at once: each open browser tab holds two for as long as it is open."""

_PROBE_S = 0.05
_PROBE_TIMEOUT_S = 2.0
_LOGGERS = {
    "_granian": {"handlers": [], "propagate": True},
    "granian.access": {"handlers": [], "propagate": True},
}


def load_application() -> Application:
    """Import the app and make its ASGI application, with the frontend as it was built."""
    os.environ["REFLEX_ENV_MODE"] = "prod"
    os.environ["REFLEX_TELEMETRY_ENABLED"] = "false"
    os.environ["REFLEX_CHECK_LATEST_VERSION"] = "false"
    # Reflex's internal switches have two leading underscores; with one they are ignored.
    os.environ["__REFLEX_SKIP_COMPILE"] = "true"
    os.environ["__REFLEX_MOUNT_FRONTEND_COMPILED_APP"] = "true"
    from axisor_app.axisor_app import app

    application: Application = app()
    return application


def serve(
    application: Application, settings: Settings, database: Database, ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT.

    Requests in flight get `settings.stop_timeout_s` to finish; then the database is stopped
    and the process ends in any case, with exit code 0.

    Args:
        ready: called once GET /healthz has answered 200.
    Raises:
        AxisorError: the application could not start.
        Unavailable: the server ended although nobody asked it to.
    """
    asyncio.run(_serve(_Startup(application), settings, database, ready))


async def _serve(
    startup: "_Startup", settings: Settings, database: Database, ready: Callable[[], None]
) -> None:
    server = _server(startup, settings)
    stopping = _stop_on_signal(server, settings, database)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_keep(database)), group.create_task(_announce(settings, ready))]
        with contextlib.suppress(FatalError):  # it says that the startup failed, and the startup knows why
            await server.serve()
        for task in tasks:
            task.cancel()
    if startup.failure is not None:
        raise startup.failure
    if not stopping.is_set():
        raise Unavailable("The server ended by itself; the lines above say why.")


def _stop_on_signal(server: Server, settings: Settings, database: Database) -> threading.Event:
    """Stop the server on SIGTERM and SIGINT, also while something blocks the event loop.

    Returns:
        Set when a signal has come.
    """
    stopping = threading.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            _end_after(settings.stop_timeout_s, database)
            loop.call_soon_threadsafe(server.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping


def _server(application: Application, settings: Settings) -> Server:
    return Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        log_level=LogLevels.error,
        log_dictconfig={"loggers": _LOGGERS},
    )


class _Startup:
    """The application, with the reason kept when it cannot start: the server would only log it."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.failure: Exception | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        try:
            await self._application(scope, receive, lambda message: send(_without_traceback(message)))
        except AxisorError as error:
            self.failure = error
            logging.getLogger("_granian").setLevel(
                logging.CRITICAL
            )  # it would only add that something failed
        except Exception as error:
            self.failure = error
            raise


def _without_traceback(message: Message) -> Message:
    return {"type": message["type"]} if message["type"] == "lifespan.startup.failed" else message


async def _keep(database: Database) -> None:
    await database.watch()


async def _announce(settings: Settings, ready: Callable[[], None]) -> None:
    """Ask until the whole application answers, then say so once."""
    while not await _healthy(reachable_host(settings.host), settings.port):  # noqa: ASYNC110 - no event tells it
        await asyncio.sleep(_PROBE_S)
    ready()


async def _healthy(host: str, port: int) -> bool:
    request = f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request.encode())
            status = await reader.readline()
            writer.close()
            return status.split()[1:2] == [b"200"]
    return False


def _end_after(timeout_s: float, database: Database) -> None:
    """The last resort of a stop: a request, or the event loop itself, may hang for ever."""

    def end() -> None:
        print(f"axisor: something did not finish within {timeout_s:.0f} s and was cut off.", file=sys.stderr)
        database.stop()
        os._exit(0)

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
