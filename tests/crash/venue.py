"""A paper exchange in a process of its own, over a socket, with faults. It outlives its clients.

Each request is one JSON line, each answer too. Faults come from a seed: a request is delayed, an
answer is lost after the request was applied, sent twice, or turned into a server error.
"""

import asyncio
import json
import random
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from services.domain.errors import Rejected, Unavailable, Unknown
from services.domain.futures import Position, Side
from services.domain.money import Sats
from services.engine import paper
from services.engine.paper import Book
from services.ports import ClosedTrade, MarketOrder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PRICE = Decimal(100_000)
DEPOSIT = Sats(200_000_000)
ORDER = MarketOrder(Side.BUY, 100_000, Decimal(50))


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities of each fault for a mutation; `delay_s` is the longest delay."""

    seed: int
    delay_s: float = 0.02
    lost: float = 0.1
    doubled: float = 0.1
    server_error: float = 0.1
    refused: float = 0.05


def serve(path: str, faults: Faults) -> None:
    """Entry of the exchange's process; runs until it is terminated."""
    asyncio.run(_Venue(faults).run(path))


class _Venue:
    def __init__(self, faults: Faults) -> None:
        self._faults, self._dice = faults, random.Random(faults.seed)
        self._book = Book(DEPOSIT)
        paper.open_market(self._book, ORDER, price=PRICE, at=NOON, fee_rate=Decimal(0), new_id=lambda: "1")
        self._opened_with = self._book.positions["1"].margin

    async def run(self, path: str) -> None:
        server = await asyncio.start_unix_server(self._client, path)
        async with server:
            await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                for answer in await self._answers(json.loads(line)):
                    writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (_Lost, ConnectionError):
            writer.close()

    async def _answers(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        if request["do"] != "add_margin":
            return [{"id": request["id"], "ok": self._state()}]
        await asyncio.sleep(self._dice.random() * self._faults.delay_s)
        luck = self._dice.random()
        if luck < self._faults.refused:
            return [{"id": request["id"], "refused": "not now"}]
        paper.add_margin(self._book, "1", Sats(request["amount"]))
        luck = self._dice.random()
        if luck < self._faults.lost:
            raise _Lost
        if luck < self._faults.lost + self._faults.server_error:
            return [{"id": request["id"], "error": "502"}]
        answer = {"id": request["id"], "ok": self._state()}
        return [answer] * (2 if self._dice.random() < self._faults.doubled else 1)

    def _state(self) -> dict[str, Any]:
        position = asdict(self._book.positions["1"])
        shown = {key: str(value) for key, value in position.items()} | {
            "side": self._book.positions["1"].side
        }
        added = self._book.positions["1"].margin - self._opened_with
        return {"balance": self._book.balance, "position": shown, "added": added}


class _Lost(Exception):
    """The answer is lost: the connection ends after the request was applied."""


class RemoteExchange:
    """The `Exchange` port over the socket. An answer that does not come is `Unknown`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._requests = 0

    async def aclose(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            await self._streams[1].wait_closed()

    async def positions(self) -> list[Position]:
        return [_position((await self._read())["position"])]

    async def closed(self, position_id: str) -> ClosedTrade | None:
        return None

    async def balance(self) -> Sats:
        return Sats((await self._read())["balance"])

    async def open_market(self, order: MarketOrder) -> Position:
        raise Rejected("not here")

    async def close(self, position_id: str) -> ClosedTrade:
        raise Rejected("not here")

    async def add_margin(self, position_id: str, amount: Sats) -> Position:
        try:
            answer = await self._ask({"do": "add_margin", "amount": amount})
        except OSError as error:
            raise Unknown("the answer was lost") from error
        if "refused" in answer:
            raise Rejected(answer["refused"])
        if "error" in answer:
            raise Unknown(answer["error"])
        return _position(answer["ok"]["position"])

    async def _read(self) -> dict[str, Any]:
        try:
            return dict((await self._ask({"do": "read"}))["ok"])
        except OSError as error:
            raise Unavailable("the exchange does not answer") from error

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send once. Answers to older requests, doubled ones among them, are passed over."""
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(self._path)
        reader, writer = self._streams
        self._requests += 1
        writer.write(json.dumps(request | {"id": self._requests}).encode() + b"\n")
        while True:
            line = await reader.readline()
            if not line:
                self._streams = None
                writer.close()
                raise ConnectionResetError("the connection ended")
            answer = dict(json.loads(line))
            if answer["id"] == self._requests:
                return answer


async def added_at(path: str) -> int:
    """Sats that the exchange has added in all: the truth that the journal has to match."""
    exchange = RemoteExchange(path)
    try:
        return int((await exchange._read())["added"])
    finally:
        await exchange.aclose()


def _position(shown: dict[str, str]) -> Position:
    return Position(
        id=shown["id"],
        side=Side(shown["side"]),
        quantity=int(shown["quantity"]),
        entry=Decimal(shown["entry"]),
        margin=Sats(int(shown["margin"])),
        leverage=Decimal(shown["leverage"]),
        liquidation=Decimal(shown["liquidation"]),
        maintenance=Sats(int(shown["maintenance"])),
        opened_at=datetime.fromisoformat(shown["opened_at"]),
        funding_paid=Sats(int(shown["funding_paid"])),
        opening_fee=Sats(int(shown["opening_fee"])),
    )
