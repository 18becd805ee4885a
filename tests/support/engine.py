"""A small world for the engine: a clock that is moved, a venue in memory, and interruptions at will."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from services.domain.automation import BLOCKING, AddMargin, Intent, IntentState, Memory, Run, Spent
from services.domain.errors import Rejected, Unavailable, Unknown
from services.domain.futures import Position
from services.domain.market import Tick
from services.domain.money import Sats
from services.engine import paper
from services.engine.account import Automation
from services.engine.in_memory import MemoryJournal, SimulatedClock
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.paper import Book
from services.engine.runner import Runner
from services.ports import ClosedTrade, MarketOrder
from tests.support.trading import NOON, position

T = TypeVar("T")

ACCOUNT = UUID("00000000-0000-4000-8000-0000000000a1")
GUARD = UUID("00000000-0000-4000-8000-0000000000b1")
SECOND = timedelta(seconds=1)
FEE = Decimal("0.001")


def guard(trigger: object = 5, target: object = 12, **more: Any) -> MarginGuard:
    return MarginGuard(trigger_percent=Decimal(str(trigger)), target_percent=Decimal(str(target)), **more)


class Killed(BaseException):
    """The process is dead: nothing of it may run on."""


@dataclass
class Steps:
    """Every border that is crossed, numbered from 1; `interrupt` is called at the one in `at`."""

    at: int = 0
    interrupt: Callable[[], Awaitable[None]] | None = None
    only: str = ""
    count: int = 0
    dead: bool = False
    names: list[str] = field(default_factory=list)

    def interrupt_at(self, name: str, interrupt: Callable[[], Awaitable[None]]) -> None:
        """Call `interrupt` at the next border whose name begins with `name`."""
        self.only, self.interrupt, self.count, self.at = name, interrupt, 0, 1

    async def cross(self, name: str) -> None:
        if self.dead:
            raise Killed
        await asyncio.sleep(0)
        if not name.startswith(self.only):
            return
        self.count += 1
        self.names.append(name)
        if self.count == self.at and self.interrupt is not None:
            await self.interrupt()

    async def kill(self) -> None:
        self.dead = True
        raise Killed

    async def lose_the_database(self) -> None:
        raise Unavailable("The database does not answer.")

    async def cancel(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)


class StepwiseJournal:
    """A journal that can be interrupted before and after everything it does."""

    def __init__(self, inner: MemoryJournal, steps: Steps) -> None:
        self.inner, self.steps = inner, steps

    async def memory(self, automation_id: UUID, position_id: str) -> Memory:
        return await self._step("memory", self.inner.memory(automation_id, position_id))

    async def spent(self, automation_id: UUID, position_id: str, day_start: datetime) -> Spent:
        return await self._step("spent", self.inner.spent(automation_id, position_id, day_start))

    async def unresolved(self, account_id: UUID, position_id: str | None = None) -> Sequence[Intent]:
        return await self._step("unresolved", self.inner.unresolved(account_id, position_id))

    async def commit(self, run: Run) -> None:
        await self._step("commit", self.inner.commit(run))

    async def plan(self, intent: Intent) -> None:
        await self._step("plan", self.inner.plan(intent))

    async def move(self, intent_id: UUID, state: IntentState, at: datetime, detail: str = "") -> None:
        await self._step(f"move {state.value}", self.inner.move(intent_id, state, at, detail))

    def __getattr__(self, name: str) -> Any:
        """Whatever else the port may come to have."""
        method = getattr(self.inner, name)

        async def step(*arguments: Any) -> Any:
            return await self._step(name, method(*arguments))

        return step

    async def _step(self, name: str, work: Awaitable[T]) -> T:
        try:
            await self.steps.cross(f"journal before {name}")
        except BaseException:
            work.close()  # type: ignore[attr-defined]
            raise
        result = await work
        await self.steps.cross(f"journal after {name}")
        return result


@dataclass
class Venue:
    """An account at an exchange in memory, which can refuse, lose answers and be away.

    `script` holds what happens to the next mutations: `refused`, `lost` (not applied, no answer),
    `late` (applied, no answer), `torn` (applied, the connection breaks). `away` lets nothing be read.
    """

    clock: SimulatedClock
    book: Book = field(default_factory=lambda: Book(Sats(10**9), {"1": position()}))
    price: Decimal = Decimal(100_000)
    steps: Steps = field(default_factory=Steps)
    script: deque[str] = field(default_factory=deque)
    away: bool = False
    ended: dict[str, ClosedTrade] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def positions(self) -> Sequence[Position]:
        await self._read("positions")
        return list(self.book.positions.values())

    async def balance(self) -> Sats:
        await self._read("balance")
        return self.book.balance

    async def closed(self, position_id: str) -> ClosedTrade | None:
        await self._read("closed")
        return self.ended.get(position_id)

    async def open_market(self, order: MarketOrder) -> Position:
        return await self._change("open", lambda: self._open(order))

    async def add_margin(self, position_id: str, amount: Sats) -> Position:
        self.asked.append((position_id, amount))
        return await self._change("add", lambda: self._add(position_id, amount))

    async def close(self, position_id: str) -> ClosedTrade:
        return await self._change("close", lambda: self._close(position_id))

    def settle(self) -> None:
        """Liquidate what the price has reached."""
        for trade in paper.settle(self.book, price=self.price, at=self.clock.now(), fee_rate=FEE):
            self.ended[trade.position.id] = trade

    def _open(self, order: MarketOrder) -> Position:
        number = str(len(self.book.positions) + len(self.ended) + 1)
        return paper.open_market(
            self.book,
            order,
            price=self.price,
            at=self.clock.now(),
            fee_rate=FEE,
            new_id=lambda: number,
        )

    def _add(self, position_id: str, amount: Sats) -> Position:
        grown = paper.add_margin(self.book, position_id, amount)
        self.added[position_id] = self.added.get(position_id, 0) + amount
        return grown

    def _close(self, position_id: str) -> ClosedTrade:
        trade = paper.close(self.book, position_id, price=self.price, at=self.clock.now(), fee_rate=FEE)
        self.ended[position_id] = trade
        return trade

    async def _read(self, name: str) -> None:
        await self.steps.cross(f"venue {name}")
        if self.away:
            raise Unavailable("The venue does not answer.")

    async def _change(self, name: str, act: Callable[[], T]) -> T:
        await self.steps.cross(f"venue before {name}")
        fate = self.script.popleft() if self.script else ""
        if fate == "refused":
            raise Rejected("The venue says no.")
        if fate == "lost":
            raise Unknown("No answer.")
        result = act()
        await self.steps.cross(f"venue after {name}")
        if fate == "late":
            raise Unknown("No answer.")
        if fate == "torn":
            raise ConnectionResetError("Connection reset by peer")
        return result


class World:
    """One account with one guarded position, and a runner that can be dropped and built anew."""

    def __init__(self, *positions: Position, steps: Steps | None = None, balance: int = 10**9) -> None:
        self.steps = steps or Steps()
        self.clock = SimulatedClock(NOON)
        self.memory = MemoryJournal()
        held = {one.id: one for one in positions or (position(),)}
        self.venue = Venue(self.clock, Book(Sats(balance), held), steps=self.steps)
        self.changes: list[UUID] = []
        self.asleep = False
        self.runner = self._runner()

    def _runner(self) -> Runner:
        return Runner(
            clock=self.clock,
            journal=StepwiseJournal(self.memory, self.steps),
            source="test",
            changed=self.changes.append,
            sleep=self.sleep,
        )

    async def start(self, *guards: tuple[UUID, MarginGuard], price: Decimal | int = 100_000) -> None:
        """Take the account over and arm the guards at a price."""
        self.venue.price = Decimal(price)
        self.runner.market.begin(Tick(Decimal(price), self.clock.now()))
        await self.runner.add_account(ACCOUNT, self.venue)
        for name, config in guards or ((GUARD, guard()),):
            await self.attach(config, name)

    async def attach(self, config: MarginGuard, name: UUID = GUARD, version: int = 1) -> None:
        await self.runner.attach(Automation(name, ACCOUNT, "margin_guard", config, version))

    async def tick(self, price: Decimal | int | str, after: timedelta = SECOND) -> None:
        """The venue moves first, then the market hears of it."""
        self._live()
        self.clock.moment += after
        self.venue.price = Decimal(price)
        self.venue.settle()
        await self.runner.tick(Tick(self.venue.price, self.clock.now()))

    async def wait(self, seconds: float = 1) -> None:
        """Time passes without a price."""
        self._live()
        self.clock.moment += timedelta(seconds=seconds)
        await self.runner.pass_time()
        await turns()

    def _live(self) -> None:
        if self.steps.dead:
            raise Killed

    async def sleep(self, seconds: float) -> None:
        """Time flies, unless the world is asleep."""
        await until(lambda: self.steps.dead or not self.asleep)
        self._live()
        self.clock.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def reconciled(self) -> None:
        """Wait until nothing is being found out any more, and what came of it is decided."""
        while doubts := [task for task in self._doubts() if not task.done()]:
            await asyncio.wait(doubts)

    def _doubts(self) -> list[asyncio.Task[None]]:
        accounts = self.runner._accounts.values()
        return [task for one in accounts for task in one._doubts._tasks.values()]

    async def die(self) -> None:
        """The process ends as by `kill -9`; a new one starts on what was written down."""
        self.steps.dead = True
        await asyncio.gather(*self._doubts(), return_exceptions=True)
        self.steps.dead, self.steps.at = False, 0
        self.runner = self._runner()

    def armed(self) -> set[UUID]:
        """The automations that the present runner holds."""
        return {key for account in self.runner._accounts.values() for key in account._automations}

    @property
    def intents(self) -> list[Intent]:
        return list(self.memory.intents.values())

    def states(self) -> list[str]:
        return [intent.state.value for intent in self.intents]

    @property
    def last(self) -> Run:
        return self.memory.runs[-1]

    def margin(self, name: str = "1") -> int:
        return self.venue.book.positions[name].margin

    def assert_added_is_confirmed(self) -> None:
        """The venue holds exactly what the journal says, and nothing is open any more."""
        confirmed: dict[str, int] = {}
        for intent in self.intents:
            assert intent.state not in BLOCKING, intent
            if intent.state is IntentState.CONFIRMED and isinstance(intent.action, AddMargin):
                confirmed[intent.position_id] = confirmed.get(intent.position_id, 0) + intent.amount
        assert confirmed == self.venue.added


async def turns(number: int = 20) -> None:
    """Let everybody who can go on go on."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], patience: int = 10_000) -> None:
    """Wait for something that happens within the loop, without any time passing."""
    for _ in range(patience):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")
