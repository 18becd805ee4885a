"""The simulated venue as an `Exchange`: one account's book behind the port that real venues have.

Each change is made on a copy, saved, and only then believed, so that a crash leaves either the old
book or the new one. A replay saves nowhere; a paper account saves to the database.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID, uuid4

from services.domain.errors import Rejected, Unavailable
from services.domain.futures import Position, Side
from services.domain.market import Tick
from services.domain.money import Sats
from services.domain.wakes import PriceAtOrAbove, PriceAtOrBelow, Wake
from services.engine import paper
from services.engine.paper import Book, Quote
from services.engine.wakes import WakeIndex
from services.ports import Clock, ClosedTrade, MarketOrder

T = TypeVar("T")

FEE_RATE = Decimal("0.001")
"""LN Markets' first tier."""


class BookStore(Protocol):
    """Where a book is kept."""

    async def load(self, account_id: UUID) -> Book: ...

    async def save(self, account_id: UUID, before: Book, after: Book, closed: Sequence[ClosedTrade]) -> None:
        """All of it in one transaction.

        Raises:
            Rejected: the stored book is not `before` any more; nothing was saved.
            Unknown: it may or may not have been saved.
        """
        ...

    async def closed(self, account_id: UUID, position_id: str) -> ClosedTrade | None: ...


class PaperExchange:
    """One paper account.

    Args:
        tick: the market's latest price, None while there is none.
        levels: where the account arms its liquidation prices, shared by all accounts of a market.
        fee_rate: of the notional, for opening and closing; 0 also switches the reserve off.
    """

    def __init__(
        self,
        account_id: UUID,
        *,
        store: BookStore,
        clock: Clock,
        tick: Callable[[], Tick | None],
        levels: WakeIndex[UUID],
        fee_rate: Decimal = FEE_RATE,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._account_id, self._store, self._clock = account_id, store, clock
        self._tick, self._levels, self._fee_rate, self._new_id = tick, levels, fee_rate, new_id
        self._book: Book | None = None
        self._retired = False
        self._lock = asyncio.Lock()

    # -- the port -------------------------------------------------------------------------------

    async def positions(self) -> Sequence[Position]:
        return list((await self.book()).positions.values())

    async def balance(self) -> Sats:
        return (await self.book()).balance

    async def closed(self, position_id: str) -> ClosedTrade | None:
        return await self._store.closed(self._account_id, position_id)

    async def open_market(self, order: MarketOrder) -> Position:
        def act(book: Book) -> tuple[Position, list[ClosedTrade]]:
            return self._open(book, order), []

        return await self._change(act)

    async def add_margin(self, position_id: str, amount: Sats) -> Position:
        def act(book: Book) -> tuple[Position, list[ClosedTrade]]:
            tick = self._tick()
            if tick is not None and paper.liquidated(paper.find(book, position_id), tick.price):
                raise Rejected("The price has reached the liquidation of this position.", code="liquidated")
            return paper.add_margin(book, position_id, amount), []

        return await self._change(act)

    async def close(self, position_id: str) -> ClosedTrade:
        def act(book: Book) -> tuple[ClosedTrade, list[ClosedTrade]]:
            trade = paper.close(
                book, position_id, price=self._price(), at=self._clock.now(), fee_rate=self._fee_rate
            )
            return trade, [trade]

        return await self._change(act)

    # -- what only a simulated venue has --------------------------------------------------------

    async def book(self) -> Book:
        """The current book; not to be changed by the caller."""
        if self._book is None:
            self._believe(await self._store.load(self._account_id))
        assert self._book is not None  # noqa: S101 - set by _believe
        return self._book

    def quote(self, order: MarketOrder) -> Quote:
        """What an order would cost now."""
        return paper.quote(order, self._price(), self._fee_rate)

    async def settle(self, price: Decimal) -> list[ClosedTrade]:
        """Liquidate what `price` has reached."""

        def act(book: Book) -> tuple[list[ClosedTrade], list[ClosedTrade]]:
            trades = paper.settle(book, price=price, at=self._clock.now(), fee_rate=self._fee_rate)
            return trades, trades

        return await self._change(act)

    async def settle_funding(self, rate: Decimal) -> dict[str, Sats]:
        """One funding settlement at the current price; sats paid by each position."""
        return await self._change(
            lambda book: (paper.settle_funding(book, rate=rate, price=self._price()), [])
        )

    async def retire(self) -> None:
        """Leave the market after what is being saved: its prices do not settle this account any more.

        Whoever still holds this exchange is refused, as the book may be changed elsewhere from now on.
        """
        async with self._lock:
            self._retired = True
            self._levels.disarm(self._account_id)

    # -- inside ---------------------------------------------------------------------------------

    async def _change(self, act: Callable[[Book], tuple[T, list[ClosedTrade]]]) -> T:
        async with self._lock:
            if self._retired:
                raise Unavailable("The account trades elsewhere now.", code="account_moving")
            before = await self.book()
            after = before.copy()
            result, closed = act(after)
            if after != before:
                self._book = None  # until it is saved, nothing is believed
                await self._store.save(self._account_id, before, after, closed)
                self._believe(after)
            else:
                self._believe(before)
            return result

    def _believe(self, book: Book) -> None:
        self._book = book
        if self._retired:
            return
        self._levels.arm(self._account_id, [_liquidation_wake(p) for p in book.positions.values()])

    def _open(self, book: Book, order: MarketOrder) -> Position:
        return paper.open_market(
            book,
            order,
            price=self._price(),
            at=self._clock.now(),
            fee_rate=self._fee_rate,
            new_id=self._new_id,
        )

    def _price(self) -> Decimal:
        tick = self._tick()
        if tick is None:
            raise Unavailable("The market has no price yet; try again in a moment.", code="no_price")
        return tick.price


def _liquidation_wake(position: Position) -> Wake:
    if position.side is Side.BUY:
        return PriceAtOrBelow(position.liquidation)
    return PriceAtOrAbove(position.liquidation)
