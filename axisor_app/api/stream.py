"""`/ws/v1`: the price and what depends on it, four times a second at most.

Reflex's state is for what belongs to one user and changes rarely; this is for everything that
ticks. A message is made once per account and tick, however many tabs look at it.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from axisor_app.api.identity import own_origin, person_of
from services import wiring
from services.domain import futures
from services.domain.errors import AxisorError
from services.domain.market import Tick
from services.engine.markets import MarketInfo, Markets
from services.wiring import Axisor

PERIOD_S = 0.25
CHECK_SESSION_S = 30.0
HEARTBEAT_S = 10.0

NOT_SIGNED_IN = 4401
FOREIGN_ORIGIN = 4403
DEFECT = 1011

_log = structlog.get_logger()


@dataclass(slots=True)
class Encoded:
    """The latest tick message of each account, shared by all its tabs."""

    messages: dict[UUID, tuple[Tick, int, str]] = field(default_factory=dict)

    def tick(self, markets: Markets, account_id: UUID, tick: Tick) -> str:
        runner = markets.floor(account_id).runner
        positions = runner.positions(account_id)
        version = hash(tuple(positions))
        known = self.messages.get(account_id)
        if known is not None and known[:2] == (tick, version):
            return known[2]
        cells = {
            position.id: {
                "distance": float(futures.distance(position.side, tick.price, position.liquidation)),
                "pl": futures.profit(position.side, position.quantity, position.entry, tick.price),
            }
            for position in positions
        }
        message = _encode(
            {"type": "tick", "at": _ms(tick.at), "price": float(tick.price), "positions": cells}
        )
        self.messages[account_id] = (tick, version, message)
        return message


_encoded = Encoded()


async def stream(socket: WebSocket) -> None:
    """Serve one tab until it goes away or its session ends."""
    if not own_origin(socket):
        await socket.close(FOREIGN_ORIGIN)
        return
    person = await person_of(socket)
    if person is None:
        await socket.accept()
        await socket.close(NOT_SIGNED_IN)
        return
    await socket.accept()
    tab = _Tab(socket, wiring.current(), person.id)
    both = asyncio.create_task(tab.serve()), asyncio.create_task(_until_gone(socket))
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        ended = await asyncio.gather(*both, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception) and not isinstance(failure, WebSocketDisconnect):
            _log.error("stream.failed", exc_info=failure)
            await socket.close(DEFECT)


async def _until_gone(socket: WebSocket) -> None:
    """What a tab says is of no interest; that it goes is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


class _Tab:
    def __init__(self, socket: WebSocket, axisor: Axisor, user_id: UUID) -> None:
        self._socket, self._axisor, self._user_id = socket, axisor, user_id
        self._changed = asyncio.Event()
        self._told: tuple[object, ...] = ()
        self._mine: list[UUID] = []
        self._sent = ""
        self._quiet = self._checked = 0.0

    async def serve(self) -> None:
        """Look four times a second; send what is new."""
        stop = self._axisor.changes.listen(self._concerns)
        try:
            while await self._still_signed_in():
                with suppress(AxisorError):  # the database is away: the next look will do
                    await self._look()
                await asyncio.sleep(PERIOD_S)
            await self._socket.close(NOT_SIGNED_IN)
        finally:
            stop()

    def _concerns(self, account_id: UUID) -> None:
        if not self._mine or account_id in self._mine:
            self._changed.set()

    async def _still_signed_in(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._checked < CHECK_SESSION_S:
            return True
        self._checked = now
        try:
            person = await person_of(self._socket)
        except AxisorError:
            return True  # the database is away; the tab keeps showing the price
        return person is not None and person.id == self._user_id

    async def _look(self) -> None:
        account_id = await self._account()
        markets = self._axisor.markets
        if account_id is None or markets.is_moving(account_id):
            return
        info = markets.info(account_id)
        change = None if info.change_24h is None else round(info.change_24h, 3)
        told = (account_id, info.feed, info.label, info.state, info.funding, info.scenario, change)
        if told != self._told or self._quiet >= HEARTBEAT_S:
            self._told = told
            await self._send(self._snapshot(account_id, info))
        if info.tick is not None:
            message = _encoded.tick(markets, account_id, info.tick)
            if message != self._sent:
                self._sent = message
                await self._send(message)
        if self._changed.is_set():
            self._changed.clear()
            await self._send(_encode({"type": "changed"}))
        self._quiet += PERIOD_S

    async def _account(self) -> UUID | None:
        wanted = self._socket.query_params.get("account")
        accounts = self._mine
        if not accounts or self._changed.is_set():
            rows = await self._axisor.accounts.of(self._user_id)
            accounts = self._mine = [row.id for row in rows]
        return next((one for one in accounts if wanted in (None, str(one))), None)

    async def _send(self, message: str) -> None:
        self._quiet = 0.0
        await self._socket.send_text(message)

    def _snapshot(self, account_id: UUID, info: MarketInfo) -> str:
        tick, funding = info.tick, info.funding
        positions = {}
        if tick is not None:
            positions = json.loads(_encoded.tick(self._axisor.markets, account_id, tick))["positions"]
        market = {
            "feed": info.feed.value,
            "label": info.label,
            "state": info.state,
            "price": float(tick.price) if tick else None,
            "at": _ms(tick.at) if tick else None,
            "change_24h": None if info.change_24h is None else float(info.change_24h),
            "funding": {"rate": float(funding.rate), "at": _ms(funding.settles_at)} if funding else None,
            "scenario": _scenario(info),
        }
        now = _ms(self._axisor.clock.now())
        return _encode({"type": "snapshot", "now": now, "market": market, "positions": positions})


def _scenario(info: MarketInfo) -> dict[str, Any] | None:
    if info.scenario is None or info.scenario_ends_at is None:
        return None
    return {"name": info.scenario, "label": info.label, "ends_at": _ms(info.scenario_ends_at)}


def _encode(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":"))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
