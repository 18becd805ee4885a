"""The product put together for a test: a real database, a market played by hand, a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services import wiring
from services.accounts.people import People
from services.accounts.sessions import Sessions
from services.adapters.bus.memory import Changes
from services.automations import Automations
from services.desk import Desk
from services.domain.futures import Position
from services.domain.market import FeedName, Tick
from services.engine.in_memory import SimulatedClock
from services.engine.markets import Markets
from services.ports import PriceFeed, Scenario
from services.settings import load_settings
from services.storage.accounts import Accounts
from services.storage.books import DatabaseBooks
from services.storage.database import Database
from services.storage.journal import DatabaseJournal
from services.wiring import Axisor
from tests.support.markets import HandFeed, Story
from tests.support.stored import person
from tests.support.trading import NOON

GUARD = {"trigger_percent": "5", "target_percent": "12"}


class RunningClock(SimulatedClock):
    """Moved by hand, and a microsecond by every look: no two things happen at the same time."""

    def now(self) -> datetime:
        self.moment += timedelta(microseconds=1)
        return self.moment


@dataclass
class Product:
    """What delivery code would get, and the strings that a test pulls."""

    axisor: Axisor
    clock: SimulatedClock
    feed: HandFeed
    stories: list[HandFeed]

    @property
    def desk(self) -> Desk:
        return self.axisor.desk

    @property
    def automations(self) -> Automations:
        return self.axisor.automations

    async def tick(self, price: Decimal | int, after: timedelta = timedelta(seconds=1)) -> None:
        self.clock.moment += after
        await self.axisor.markets.base.tick(Tick(Decimal(price), self.clock.now()))

    async def wait(self, seconds: float = 1) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        await self.axisor.markets.pass_time()

    async def trader(self, name: str = "trader", balance: int = 1_000_000) -> "Trader":
        """A person with a paper account; the market stands at 100,000 if it has no price yet."""
        if self.axisor.markets.base.price is None:
            await self.tick(100_000)
        user_id = await person(self.axisor.database, name)
        account_id = await self.desk.open_paper(user_id, "Paper", balance)
        return Trader(self, user_id, account_id)


@dataclass(frozen=True)
class Trader:
    """Somebody who uses the product, by her own ids."""

    product: Product
    user_id: UUID
    account_id: UUID

    async def buys(self, side: str = "buy", quantity: object = 1000, leverage: object = 10) -> Position:
        return await self.product.desk.open_position(self.user_id, self.account_id, side, quantity, leverage)

    async def guards(self, **config: Any) -> UUID:
        return await self.product.automations.arm_guard(self.user_id, self.account_id, {**GUARD, **config})

    async def margins(self) -> list[int]:
        overview = await self.product.desk.overview(self.user_id)
        return [view.position.margin for view in overview.positions]


@asynccontextmanager
async def assembled(
    database_url: str, patch: pytest.MonkeyPatch, **settings: object
) -> AsyncIterator[Product]:
    """The product, as `wiring.current()` gives it."""
    clock = RunningClock(NOON)
    feed, stories = HandFeed(clock), list[HandFeed]()
    database, changes = Database(database_url), Changes()

    def overlay(scenario: Scenario, market: PriceFeed, latest: Callable[[], Tick | None]) -> PriceFeed:
        stories.append(HandFeed(clock, FeedName.SCENARIO))
        return stories[-1]

    async def sleep(seconds: float) -> None:
        clock.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    markets = Markets(
        feed=feed,
        clock=clock,
        journal=DatabaseJournal(database),
        store=DatabaseBooks(database),
        scenarios={"story": Story()},
        overlay=overlay,
        changed=changes.tell,
        sleep=sleep,
    )
    accounts = Accounts(database)
    axisor = Axisor(
        settings=load_settings(database_url=database_url, **settings),
        clock=clock,
        database=database,
        changes=changes,
        markets=markets,
        people=People(database, clock),
        sessions=Sessions(database, clock),
        accounts=accounts,
        desk=Desk(accounts, markets, clock),
        automations=Automations(accounts, markets, clock),
    )
    patch.setattr(wiring, "_running", axisor)
    try:
        yield Product(axisor, clock, feed, stories)
    finally:
        await markets.close()
        await database.close()
