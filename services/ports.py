"""Every border of the engine, as a Protocol: what the outside has to offer, and nothing more.

Each has at least two implementations, and one contract suite in `tests/contracts/` that all of
them pass.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from services.domain.automation import Intent, IntentState, Memory, Run, Spent
from services.domain.futures import Position, Side
from services.domain.market import Candle, FeedName, Funding, Tick
from services.domain.money import Sats


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class PriceFeed(Protocol):
    """One source of prices. Nothing is invented: a feed that has nothing to say stays silent."""

    name: FeedName

    @property
    def label(self) -> str:
        """The source in words, as in `LN Markets` or `btcusd-1h.csv, 60x`."""
        ...

    def ticks(self) -> AsyncIterator[Tick]:
        """Prices as they come, until the source ends. Reconnects by itself."""
        ...

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """The latest `limit` candles up to now, oldest first; fewer when there are no more."""
        ...

    async def funding(self) -> Funding | None:
        """The next settlement, None when it is not known."""
        ...

    async def aclose(self) -> None:
        """Give connections back."""
        ...


class Scenario(Protocol):
    """A story that a paper account can be put through; `Overlay` makes it a feed."""

    @property
    def name(self) -> str: ...

    @property
    def total_s(self) -> int:
        """Seconds until the market's own price is rejoined."""
        ...


Overlay = Callable[[Scenario, PriceFeed, Callable[[], Tick | None]], PriceFeed]
"""Lays a scenario over a market, given its latest tick: a feed that ends when the two are one again."""


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """`quantity` whole USD; executed at once at the venue's price."""

    side: Side
    quantity: int
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    position: Position
    exit_price: Decimal
    profit: Sats
    closing_fee: Sats
    closed_at: datetime
    how: str


class Exchange(Protocol):
    """One account at one venue.

    Mutations are sent once and never retried. They raise `Rejected` when the venue refused and
    nothing was applied, and `Unknown` when the outcome cannot be told.
    """

    async def positions(self) -> Sequence[Position]: ...

    async def closed(self, position_id: str) -> ClosedTrade | None:
        """The trade when it has ended, None when it has not or never was."""
        ...

    async def balance(self) -> Sats: ...

    async def open_market(self, order: MarketOrder) -> Position: ...

    async def add_margin(self, position_id: str, amount: Sats) -> Position: ...

    async def close(self, position_id: str) -> ClosedTrade: ...


class Journal(Protocol):
    """Where runs and intents are written down; the only truth after a crash."""

    async def memory(self, automation_id: UUID, position_id: str) -> Memory: ...

    async def spent(self, automation_id: UUID, position_id: str, day_start: datetime) -> Spent:
        """What the automation's budgets have lost; `day` counts from `day_start`."""
        ...

    async def unresolved(self, account_id: UUID, position_id: str | None = None) -> Sequence[Intent]: ...

    async def added_since(self, account_id: UUID, position_id: str, since: datetime) -> Sats:
        """What confirmed intents that were decided after `since` have added to the position's margin."""
        ...

    async def commit(self, run: Run) -> None:
        """Decision, memory and planned intents in one transaction, before anything is sent.

        Raises:
            Rejected: one of the intents exists already; nothing was written.
        """
        ...

    async def plan(self, intent: Intent) -> None:
        """A person's own order, written down like any other. Raises `Rejected` on a repeated id."""
        ...

    async def move(self, intent_id: UUID, state: IntentState, at: datetime, detail: str = "") -> None:
        """The intent's next state, in a transaction of its own. A final state is never left again."""
        ...
