"""Journal, book store and clock that live in memory: what replays, previews and tests run on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.domain.automation import BLOCKING, FINAL, SPENDING, Intent, IntentState, Memory, Run, Spent
from services.domain.errors import Rejected
from services.domain.money import Sats
from services.engine.paper import Book
from services.ports import ClosedTrade


@dataclass(slots=True)
class SimulatedClock:
    """Stands still until it is moved."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass(slots=True)
class MemoryJournal:
    """A `Journal` that forgets with the process; `runs` holds every trace in order."""

    runs: list[Run] = field(default_factory=list)
    intents: dict[UUID, Intent] = field(default_factory=dict)
    _memories: dict[tuple[UUID, str], Memory] = field(default_factory=dict)

    async def memory(self, automation_id: UUID, position_id: str) -> Memory:
        return self._memories.get((automation_id, position_id), Memory())

    async def spent(self, automation_id: UUID, position_id: str, day_start: datetime) -> Spent:
        mine = [i for i in self.intents.values() if i.automation_id == automation_id and i.state in SPENDING]
        return Spent(
            position=Sats(sum(i.amount for i in mine if i.position_id == position_id)),
            day=Sats(sum(i.amount for i in mine if i.created_at >= day_start)),
            lifetime=Sats(sum(i.amount for i in mine)),
        )

    async def unresolved(self, account_id: UUID, position_id: str | None = None) -> Sequence[Intent]:
        return [
            i
            for i in self.intents.values()
            if i.account_id == account_id
            and i.state in BLOCKING
            and (position_id is None or i.position_id == position_id)
        ]

    async def added_since(self, account_id: UUID, position_id: str, since: datetime) -> Sats:
        return Sats(
            sum(
                i.amount
                for i in self.intents.values()
                if (i.account_id, i.position_id) == (account_id, position_id)
                and i.state is IntentState.CONFIRMED
                and i.created_at > since
            )
        )

    async def commit(self, run: Run) -> None:
        if any(intent.id in self.intents for intent in run.intents):
            raise _exists()
        self.intents.update({intent.id: intent for intent in run.intents})
        self._memories[run.automation_id, run.position_id] = run.decision.memory
        self.runs.append(run)

    async def plan(self, intent: Intent) -> None:
        if intent.id in self.intents:
            raise _exists()
        self.intents[intent.id] = intent

    async def move(self, intent_id: UUID, state: IntentState, at: datetime, detail: str = "") -> None:
        before = self.intents[intent_id]
        if before.state in FINAL:
            return
        after = replace(before, state=state, detail=detail)
        if state is IntentState.SENT:
            after = replace(after, sent_at=at)
        self.intents[intent_id] = replace(after, resolved_at=at) if state in FINAL else after


def book_changed() -> Rejected:
    return Rejected("The account was changed elsewhere meanwhile; try again.", code="book_changed")


def _exists() -> Rejected:
    return Rejected("This order was already given; it was not repeated.", code="intent_exists")


@dataclass(slots=True)
class MemoryBooks:
    """A `BookStore` that keeps the last book of each account."""

    books: dict[UUID, Book] = field(default_factory=dict)
    trades: dict[UUID, list[ClosedTrade]] = field(default_factory=dict)

    async def load(self, account_id: UUID) -> Book:
        return self.books[account_id]

    async def save(self, account_id: UUID, before: Book, after: Book, closed: Sequence[ClosedTrade]) -> None:
        if self.books[account_id] != before:
            raise book_changed()
        self.books[account_id] = after
        self.trades.setdefault(account_id, []).extend(closed)

    async def closed(self, account_id: UUID, position_id: str) -> ClosedTrade | None:
        trades = self.trades.get(account_id, [])
        return next((t for t in trades if t.position.id == position_id), None)
