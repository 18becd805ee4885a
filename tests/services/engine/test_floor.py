"""A floor: the venue settles first, then automations run; one account's trouble is its own."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.domain.errors import Defect
from services.domain.futures import Side
from services.domain.market import Tick
from services.domain.money import Sats
from services.engine.account import Automation
from services.engine.in_memory import MemoryJournal, SimulatedClock
from services.engine.paper import Book
from services.ports import MarketOrder
from tests.support.engine import guard, turns
from tests.support.markets import DEPOSIT, FaultyBooks, floor_on
from tests.support.trading import NOON

pytestmark = pytest.mark.usefixtures("quiet")

ONE = UUID(int=0xA1)
TWO = UUID(int=0xA2)
GUARD = UUID(int=0xB1)
LONG = MarketOrder(Side.BUY, 1000, Decimal(10))
SHORT = MarketOrder(Side.SELL, 1000, Decimal(10))


class FloorWorld:
    """A floor with two accounts, each with a long that dies at 90,909."""

    def __init__(self) -> None:
        self.clock, self.journal = SimulatedClock(NOON), MemoryJournal()
        self.books = FaultyBooks({ONE: Book(DEPOSIT), TWO: Book(DEPOSIT)})
        self.floor = floor_on(self.books, self.clock, self.journal)

    async def begin(self, *orders: MarketOrder) -> None:
        self.floor.runner.market.tick = Tick(Decimal(100_000), self.clock.now())
        for account_id in (ONE, TWO):
            await self.floor.join(account_id)
            for order in orders or (LONG,):
                await self.floor.runner.exclusively(account_id, lambda exchange: exchange.open_market(order))  # noqa: B023 - called at once

    async def tick(self, price: int | str) -> None:
        self.clock.moment += timedelta(seconds=1)
        await self.floor.tick(Tick(Decimal(price), self.clock.now()))

    def alive(self, account_id: UUID) -> int:
        return len(self.books.books[account_id].positions)


async def test_the_venue_settles_before_any_automation_runs() -> None:
    """A jump past the liquidation: the guard would have had the money, but not the time."""
    world = FloorWorld()
    await world.begin()
    await world.floor.runner.attach(Automation(GUARD, ONE, "margin_guard", guard()))
    await world.tick(90_000)
    assert world.alive(ONE) == world.alive(TWO) == 0
    assert world.journal.intents == {}
    assert world.floor.runner.positions(ONE) == []


async def test_a_guard_that_is_reached_first_saves_its_position() -> None:
    world = FloorWorld()
    await world.begin()
    await world.floor.runner.attach(Automation(GUARD, ONE, "margin_guard", guard()))
    for price in (95_500, 90_000):
        await world.tick(price)
    assert (world.alive(ONE), world.alive(TWO)) == (1, 0)


async def test_only_whom_the_price_reaches_is_settled() -> None:
    world = FloorWorld()
    await world.begin(LONG, SHORT)
    saves = world.books.saving
    await world.tick(99_000)
    assert world.books.saving == saves
    await world.tick(111_111)
    assert (world.alive(ONE), world.alive(TWO)) == (1, 1)
    assert {p.side for p in world.books.books[ONE].positions.values()} == {Side.BUY}


@pytest.mark.parametrize("fate", ["lost", "late", "broken"])
async def test_a_liquidation_that_could_not_be_saved_comes_with_the_next_price(fate: str) -> None:
    world = FloorWorld()
    await world.begin()
    world.books.saves.append(fate)
    await world.tick(90_900)
    assert sorted((world.alive(ONE), world.alive(TWO))) == ([0, 0] if fate == "late" else [0, 1])
    await world.tick(90_890)
    assert world.alive(ONE) == world.alive(TWO) == 0
    assert len(world.books.trades[ONE]) == len(world.books.trades[TWO]) == 1


async def test_a_tick_goes_on_to_everybody_when_one_account_fails() -> None:
    world = FloorWorld()
    await world.begin()
    await world.floor.runner.attach(Automation(GUARD, TWO, "margin_guard", guard()))
    world.books.books.pop(ONE)
    world.floor.exchange(ONE)._book = None
    world.floor._unsettled.add(ONE)
    await world.tick(95_500)
    assert [intent.state.value for intent in world.journal.intents.values()] == ["confirmed"]


async def test_funding_moves_margin_and_wakes_the_guards() -> None:
    world = FloorWorld()
    await world.begin()
    await world.floor.runner.attach(Automation(GUARD, ONE, "margin_guard", guard()))
    await world.floor.settle_funding(Decimal("0.01"))
    (position,) = world.floor.runner.positions(ONE)
    assert (position.margin, position.funding_paid) == (90_000, 10_000)
    assert world.journal.runs[-1].cause == "funding.settled"


async def test_funding_that_eats_the_margin_liquidates_at_once() -> None:
    world = FloorWorld()
    await world.begin()
    world.floor.runner.market.tick = Tick(Decimal(91_500), world.clock.now())
    await world.floor.settle_funding(Decimal("0.01"))
    assert world.alive(ONE) == world.alive(TWO) == 0


async def test_one_account_whose_funding_fails_does_not_keep_it_from_the_others() -> None:
    world = FloorWorld()
    await world.begin()
    world.books.saves.append("lost")
    await world.floor.settle_funding(Decimal("0.0001"))
    paid = {key: book.funding for key, book in world.books.books.items()}
    assert sorted(paid.values()) == [0, 100]


async def test_funding_without_positions_or_price_does_nothing() -> None:
    world = FloorWorld()
    await world.floor.join(ONE)
    await world.floor.settle_funding(Decimal("0.0001"))
    assert world.books.books[ONE] == Book(DEPOSIT)


async def test_an_account_that_has_left_is_settled_no_more() -> None:
    world = FloorWorld()
    await world.begin()
    await world.floor.leave(ONE)
    await world.tick(80_000)
    assert (world.alive(ONE), world.alive(TWO)) == (1, 0)
    assert world.floor.accounts() == [TWO]
    with pytest.raises(Defect, match="does not trade here"):
        world.floor.exchange(ONE)
    await world.floor.leave(ONE)


async def test_a_price_in_the_moment_of_leaving_hurts_nobody() -> None:
    """The runner has given the account back, and still waits for what was under way."""
    world = FloorWorld()
    await world.begin()
    world.books.held = asyncio.Event()
    adding = asyncio.create_task(
        world.floor.runner.exclusively(
            ONE, lambda exchange: exchange.add_margin(next(iter(world.books.books[ONE].positions)), Sats(1))
        )
    )
    await turns()
    leaving = asyncio.create_task(world.floor.leave(ONE))
    await turns()
    falling = asyncio.create_task(world.tick(90_000))
    await turns()
    world.books.held.set()
    await asyncio.gather(adding, leaving, falling)
    assert (world.alive(ONE), world.alive(TWO)) == (1, 0)


async def test_leaving_in_the_middle_of_a_liquidation_waits_for_it() -> None:
    world = FloorWorld()
    await world.begin()
    world.books.held = asyncio.Event()
    falling = asyncio.create_task(world.tick(90_000))
    await turns()
    leaving = asyncio.create_task(asyncio.wait([asyncio.create_task(world.floor.leave(ONE))]))
    await turns()
    assert not leaving.done()
    world.books.held.set()
    await asyncio.gather(falling, leaving)
    assert world.alive(ONE) == 0
    elsewhere = floor_on(world.books, world.clock, world.journal)
    elsewhere.runner.market.tick = world.floor.price
    await elsewhere.join(ONE)
    assert elsewhere.runner.positions(ONE) == []


async def test_an_account_that_joins_while_its_book_cannot_be_read_is_settled_and_guarded_later() -> None:
    world = FloorWorld()
    await world.begin()
    await world.floor.leave(ONE)
    world.books.loads.extend(["away", "away"])
    await world.floor.join(ONE)
    await world.floor.runner.attach(Automation(GUARD, ONE, "margin_guard", guard()))
    assert world.floor.runner.positions(ONE) == []
    await world.tick(99_000)
    await world.floor.runner.pass_time()
    assert len(world.floor.runner.positions(ONE)) == 1
    await world.tick(95_500)
    assert [intent.state.value for intent in world.journal.intents.values()] == ["confirmed"]
