"""The paper exchange when its store fails, is slow, or is cancelled: no belief without a save."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest

from services.domain.errors import Unavailable, Unknown
from services.domain.futures import Side
from services.domain.market import Tick
from services.domain.money import Sats
from services.engine.in_memory import SimulatedClock
from services.engine.paper import Book
from services.engine.paper_exchange import PaperExchange
from services.engine.wakes import WakeIndex
from services.ports import MarketOrder
from tests.support.engine import turns
from tests.support.markets import DEPOSIT, FaultyBooks
from tests.support.trading import NOON

ACCOUNT = uuid4()
LONG = MarketOrder(Side.BUY, 1000, Decimal(10))


class Desk:
    """One exchange on a store that fails, at 100,000."""

    def __init__(self) -> None:
        self.books = FaultyBooks({ACCOUNT: Book(DEPOSIT)})
        self.levels: WakeIndex[object] = WakeIndex()
        clock = SimulatedClock(NOON)
        self.exchange = PaperExchange(
            ACCOUNT,
            store=self.books,
            clock=clock,
            tick=lambda: Tick(Decimal(100_000), clock.now()),
            levels=self.levels,  # type: ignore[arg-type]
        )

    @property
    def saved(self) -> Book:
        return self.books.books[ACCOUNT]


@pytest.mark.parametrize(("fate", "applied"), [("lost", False), ("late", True)])
async def test_after_a_save_without_an_answer_the_stored_book_counts(fate: str, applied: bool) -> None:
    desk = Desk()
    desk.books.saves.append(fate)
    with pytest.raises(Unknown):
        await desk.exchange.open_market(LONG)
    assert bool(await desk.exchange.positions()) == applied
    assert await desk.exchange.balance() == desk.saved.balance
    assert (desk.levels.highest_falling() == 90_909) == applied


async def test_a_book_that_cannot_be_read_is_not_guessed() -> None:
    desk = Desk()
    desk.books.loads.append("away")
    with pytest.raises(Unavailable):
        await desk.exchange.positions()
    assert await desk.exchange.balance() == DEPOSIT


async def test_changes_follow_each_other_and_none_is_lost() -> None:
    desk = Desk()
    opened = await desk.exchange.open_market(LONG)
    await asyncio.gather(*(desk.exchange.add_margin(opened.id, Sats(10**n)) for n in range(5)))
    (after,) = await desk.exchange.positions()
    assert after.margin == opened.margin + 11_111
    assert desk.saved.balance == DEPOSIT - 102_100 - 11_111


async def test_a_cancelled_save_leaves_the_book_as_stored() -> None:
    desk = Desk()
    opened = await desk.exchange.open_market(LONG)
    desk.books.held = asyncio.Event()
    adding = asyncio.create_task(desk.exchange.add_margin(opened.id, Sats(5)))
    await turns()
    adding.cancel()
    await asyncio.gather(adding, return_exceptions=True)
    desk.books.held = None
    assert list(await desk.exchange.positions()) == [opened]
    assert (await desk.exchange.add_margin(opened.id, Sats(7))).margin == opened.margin + 7


async def test_leaving_waits_for_what_is_being_saved() -> None:
    desk = Desk()
    desk.books.held = asyncio.Event()
    opening = asyncio.create_task(desk.exchange.open_market(LONG))
    await turns()
    leaving = asyncio.create_task(desk.exchange.retire())
    await turns()
    assert not leaving.done()
    desk.books.held.set()
    await asyncio.gather(opening, leaving)
    assert desk.levels.highest_falling() is None, "its price does not settle this account any more"
    assert len(desk.saved.positions) == 1


async def test_liquidation_levels_follow_the_book() -> None:
    desk = Desk()
    opened = await desk.exchange.open_market(LONG)
    short = await desk.exchange.open_market(MarketOrder(Side.SELL, 1000, Decimal(10)))
    assert (desk.levels.highest_falling(), desk.levels.lowest_rising()) == (90_909, 111_111)
    await desk.exchange.add_margin(opened.id, Sats(100_000))
    assert desk.levels.highest_falling() == Decimal("83333.5")
    await desk.exchange.close(short.id)
    assert desk.levels.lowest_rising() is None


async def test_a_refusal_saves_nothing() -> None:
    desk = Desk()
    before = desk.books.saving
    with pytest.raises(Exception, match="no running position"):
        await desk.exchange.close("nobody's")
    assert await desk.exchange.settle(Decimal(50_000)) == []
    assert desk.books.saving == before
