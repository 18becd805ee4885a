"""Floors and markets for tests: books that fail on demand, feeds that are played by hand."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from services.domain.errors import Unavailable, Unknown
from services.domain.market import Candle, FeedName, Funding, Tick
from services.domain.money import Sats
from services.engine.account import Automation
from services.engine.floor import Floor
from services.engine.in_memory import MemoryBooks, MemoryJournal, SimulatedClock
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.markets import Markets
from services.engine.paper import Book
from services.engine.runner import Runner
from services.ports import ClosedTrade, PriceFeed, Scenario
from tests.support.trading import NOON

DEPOSIT = Sats(10**9)


@dataclass
class FaultyBooks(MemoryBooks):
    """Fails as told: `lost` (not saved), `late` (saved, no answer), `broken` (a defect), `away`.

    `held` keeps every save waiting until it is set again.
    """

    saves: deque[str] = field(default_factory=deque)
    loads: deque[str] = field(default_factory=deque)
    held: asyncio.Event | None = None
    saving: int = 0

    async def load(self, account_id: UUID) -> Book:
        if self.loads and self.loads.popleft() == "away":
            raise Unavailable("The database does not answer.")
        return await super().load(account_id)

    async def save(self, account_id: UUID, before: Book, after: Book, closed: Sequence[ClosedTrade]) -> None:
        fate = self.saves.popleft() if self.saves else ""
        self.saving += 1
        if self.held is not None:
            await self.held.wait()
        if fate == "lost":
            raise Unknown("It may or may not have been saved.")
        if fate == "broken":
            raise RuntimeError("a defect")
        await super().save(account_id, before, after, closed)
        if fate == "late":
            raise Unknown("It may or may not have been saved.")


class HandFeed:
    """A feed whose ticks a test hands in; it ends with None."""

    def __init__(self, clock: SimulatedClock, name: FeedName = FeedName.SIMULATED) -> None:
        self.name, self.label = name, f"{name.value} by hand"
        self._clock = clock
        self._ticks: asyncio.Queue[Tick | Exception | None] = asyncio.Queue()
        self.next_funding: Funding | None = None
        self.history: list[Candle] = []
        self.closed = False

    def say(self, price: Decimal | int) -> None:
        self._ticks.put_nowait(Tick(Decimal(price), self._clock.now()))

    def fail(self, error: Exception) -> None:
        self._ticks.put_nowait(error)

    def end(self) -> None:
        self._ticks.put_nowait(None)

    async def ticks(self) -> AsyncIterator[Tick]:
        while (tick := await self._ticks.get()) is not None:
            if isinstance(tick, Exception):
                raise tick
            yield tick

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        return self.history[-limit:]

    async def funding(self) -> Funding | None:
        return self.next_funding

    async def aclose(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Story:
    """A scenario by hand."""

    name: str = "story"
    total_s: int = 60


class MarketWorld:
    """Markets over memory, with a feed and a scenario that are played by hand."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(NOON)
        self.journal, self.books = MemoryJournal(), FaultyBooks()
        self.feed = HandFeed(self.clock)
        self.stories: list[HandFeed] = []
        self.changes: list[UUID] = []
        self.markets = Markets(
            feed=self.feed,
            clock=self.clock,
            journal=self.journal,
            store=self.books,
            scenarios={"story": Story()},
            overlay=self._overlay,
            changed=self.changes.append,
            sleep=self._sleep,
        )

    def _overlay(self, scenario: Scenario, feed: PriceFeed, latest: Callable[[], Tick | None]) -> PriceFeed:
        self.stories.append(HandFeed(self.clock, FeedName.SCENARIO))
        return self.stories[-1]

    async def _sleep(self, seconds: float) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def join(self, account_id: UUID, *armed: tuple[UUID, MarginGuard], deposit: int = DEPOSIT) -> None:
        self.books.books[account_id] = Book(Sats(deposit))
        automations = [Automation(name, account_id, "margin_guard", config) for name, config in armed]
        await self.markets.join(account_id, automations)

    async def tick(self, price: Decimal | int, after: timedelta = timedelta(seconds=1)) -> None:
        """The base market moves."""
        self.clock.moment += after
        await self.markets.base.tick(Tick(Decimal(price), self.clock.now()))

    async def wait(self, seconds: float = 1) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        await self.markets.pass_time()


def floor_on(books: MemoryBooks, clock: SimulatedClock, journal: MemoryJournal) -> Floor:
    """A floor of its own."""
    return Floor(Runner(clock=clock, journal=journal, source="test"), clock=clock, store=books)


def funding(rate: str, at: datetime) -> Funding:
    return Funding(Decimal(rate), at)
