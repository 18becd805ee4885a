"""The running product and tabs that send events to it, without a browser."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import reflex as rx
from pydantic import SecretStr
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor

from axisor_app.axisor_app import app
from services import worker
from services.accounts.people import Person
from services.accounts.sessions import token_hash
from services.settings import Settings
from services.wiring import Axisor

S = TypeVar("S", bound=rx.State)

PASSWORD = "correct horse battery"


class Silent:
    """Where a socket would be."""

    async def emit_update(self, *_: Any, **__: Any) -> None:
        pass


class Tab:
    """A browser tab with the cookies of its handshake."""

    def __init__(self, processor: BaseStateEventProcessor, states: StateManagerMemory, cookie: str) -> None:
        self._processor, self._states = processor, states
        self._token = str(uuid4())
        self._router = {"headers": {"cookie": cookie}, "pathname": "/", "asPath": "/"}

    async def send(self, name: str, payload: dict[str, Any]) -> None:
        """An event as it comes from a socket: a name and whatever payload."""
        event = Event(name=name, payload=payload, router_data=self._router)
        await (await self._processor.enqueue(self._token, event))

    async def do(self, state: type[rx.State], handler: str, **payload: Any) -> None:
        await self.send(f"{state.get_full_name()}.{handler}", payload)

    async def state(self, of: type[S]) -> S:
        root = await self._states.get_state(BaseStateToken(ident=self._token, cls=of))
        return await root.get_state(of)


@pytest.fixture
async def axisor(database_url: str) -> AsyncIterator[Axisor]:
    """The product on an empty database, its simulated market ticking."""
    async with worker.running(Settings(database_url=SecretStr(database_url), feed="simulated")) as running:
        await _first_price(running)
        yield running


async def _first_price(axisor: Axisor) -> None:
    for _ in range(500):
        if axisor.markets.base.price is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("no price within 10 s")


@pytest.fixture
async def tabs(axisor: Axisor) -> AsyncIterator[Callable[[str], Tab]]:
    """Opens tabs by their cookies."""
    assert app is not None  # events look up the pages of the registered app
    processor, states = BaseStateEventProcessor(graceful_shutdown_timeout=2), StateManagerMemory()
    async with processor.configure(state_manager=states, event_namespace=Silent()):  # type: ignore[arg-type]
        yield lambda cookie: Tab(processor, states, cookie)


@pytest.fixture
def stranger(tabs: Callable[[str], Tab]) -> Tab:
    """A tab in which nobody is signed in."""
    return tabs("")


@pytest.fixture
async def owner(axisor: Axisor) -> Person:
    return await axisor.people.create_owner("ada", PASSWORD)


@pytest.fixture
async def tab(axisor: Axisor, owner: Person, tabs: Callable[[str], Tab]) -> Tab:
    """A tab in which the owner is signed in."""
    hashed = token_hash(await axisor.sessions.open(owner.id))
    return tabs(f"axisor_session={hashed}; axisor_language=en")
