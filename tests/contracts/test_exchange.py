"""What every exchange promises: refused and unchanged, applied and readable, or not known."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain import futures
from services.domain.errors import Rejected, Unavailable
from services.domain.futures import Side
from services.domain.market import Tick
from services.domain.money import Sats
from services.engine.in_memory import MemoryBooks, SimulatedClock
from services.engine.paper import Book
from services.engine.paper_exchange import BookStore, PaperExchange
from services.engine.wakes import WakeIndex
from services.ports import ClosedTrade, Exchange, MarketOrder
from services.storage.books import DatabaseBooks
from services.storage.database import Database
from tests.support.stored import owned
from tests.support.trading import NOON

DEPOSIT = Sats(1_000_000)
LONG = MarketOrder(Side.BUY, 1000, Decimal(10))
SHORT = MarketOrder(Side.SELL, 1000, Decimal(10))


@dataclass
class Trading:
    """An exchange at a price that the test moves. `again` is the same account after a restart."""

    store: BookStore
    account_id: UUID
    clock: SimulatedClock
    tick: Tick | None = None

    def __post_init__(self) -> None:
        self.exchange: Exchange = self.again()
        self.price(100_000)

    def price(self, price: int | str) -> None:
        self.tick = Tick(Decimal(price), self.clock.now())

    def again(self) -> PaperExchange:
        return PaperExchange(
            self.account_id,
            store=self.store,
            clock=self.clock,
            tick=lambda: self.tick,
            levels=WakeIndex(),
        )


@asynccontextmanager
async def paper_in_memory(request: pytest.FixtureRequest) -> AsyncIterator[Trading]:
    account_id = uuid4()
    yield Trading(MemoryBooks({account_id: Book(DEPOSIT)}), account_id, SimulatedClock(NOON))


@asynccontextmanager
async def paper_in_database(request: pytest.FixtureRequest) -> AsyncIterator[Trading]:
    database = Database(request.getfixturevalue("database_url"))
    try:
        account_id = (await owned(database)).account_id
        yield Trading(DatabaseBooks(database), account_id, SimulatedClock(NOON))
    finally:
        await database.close()


@pytest.fixture(params=[paper_in_memory, paper_in_database], ids=["paper-memory", "paper-database"])
async def trading(request: pytest.FixtureRequest) -> AsyncIterator[Trading]:
    async with request.param(request) as one:
        yield one


async def test_an_account_begins_with_its_money_and_no_position(trading: Trading) -> None:
    assert await trading.exchange.balance() == DEPOSIT
    assert list(await trading.exchange.positions()) == []


async def test_a_market_order_runs_at_once_at_the_price(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    assert list(await trading.exchange.positions()) == [opened]
    assert (opened.side, opened.quantity, opened.entry) == (Side.BUY, 1000, 100_000)
    assert (opened.margin, opened.liquidation, opened.opened_at) == (100_000, 90_909, NOON)
    assert await trading.exchange.balance() == DEPOSIT - 102_100


async def test_longs_and_shorts_stand_side_by_side(trading: Trading) -> None:
    long, short = await trading.exchange.open_market(LONG), await trading.exchange.open_market(SHORT)
    assert long.id != short.id
    assert {one.id for one in await trading.exchange.positions()} == {long.id, short.id}


async def test_added_margin_moves_from_the_balance_into_the_position(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    before = await trading.exchange.balance()
    grown = await trading.exchange.add_margin(opened.id, Sats(5000))
    assert grown == futures.add_margin(opened, Sats(5000))
    assert list(await trading.exchange.positions()) == [grown]
    assert await trading.exchange.balance() == before - 5000


async def test_closing_returns_margin_and_profit_and_is_remembered(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    trading.price(110_000)
    trading.clock.moment += timedelta(minutes=1)
    assert await trading.exchange.closed(opened.id) is None
    trade = await trading.exchange.close(opened.id)
    assert (trade.profit, trade.closing_fee, trade.exit_price) == (90_909, 909, 110_000)
    assert trade.closed_at == NOON + timedelta(minutes=1)
    assert await trading.exchange.closed(opened.id) == trade
    assert list(await trading.exchange.positions()) == []
    assert await trading.exchange.balance() == DEPOSIT + 89_000


async def test_what_was_done_is_there_after_a_restart(trading: Trading) -> None:
    kept = await trading.exchange.open_market(LONG)
    gone = await trading.exchange.open_market(SHORT)
    kept = await trading.exchange.add_margin(kept.id, Sats(77))
    trade = await trading.exchange.close(gone.id)
    again = trading.again()
    assert list(await again.positions()) == [kept]
    assert await again.balance() == await trading.exchange.balance()
    assert await again.closed(gone.id) == trade


async def test_what_is_refused_changes_nothing(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    before = (list(await trading.exchange.positions()), await trading.exchange.balance())
    room = futures.full_margin(opened) - opened.margin
    for refused in (
        trading.exchange.open_market(MarketOrder(Side.BUY, 0, Decimal(10))),
        trading.exchange.open_market(MarketOrder(Side.BUY, 500_000, Decimal(1))),
        trading.exchange.add_margin(opened.id, Sats(0)),
        trading.exchange.add_margin(opened.id, Sats(-1)),
        trading.exchange.add_margin(opened.id, Sats(room + 1)),
        trading.exchange.add_margin("nobody's", Sats(1)),
        trading.exchange.close("nobody's"),
    ):
        with pytest.raises(Rejected) as refusal:
            await refused
        assert refusal.value.message.endswith(".")
    assert (list(await trading.exchange.positions()), await trading.exchange.balance()) == before
    assert list(await trading.again().positions()) == before[0]


async def test_a_position_is_closed_once(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    await trading.exchange.close(opened.id)
    for again in (trading.exchange.close(opened.id), trading.exchange.add_margin(opened.id, Sats(1))):
        with pytest.raises(Rejected) as refusal:
            await again
        assert refusal.value.code == "position_not_found"


async def test_without_a_price_nothing_is_executed(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    trading.tick = None
    for late in (trading.exchange.open_market(LONG), trading.exchange.close(opened.id)):
        with pytest.raises(Unavailable):
            await late
    assert list(await trading.exchange.positions()) == [opened]


# -- what only the simulated venue has ----------------------------------------------------------


async def test_margin_comes_too_late_once_the_price_is_there(trading: Trading) -> None:
    opened = await trading.exchange.open_market(LONG)
    trading.price("90909")
    with pytest.raises(Rejected, match="liquidation"):
        await trading.exchange.add_margin(opened.id, Sats(1000))
    trading.price("90909.5")
    await trading.exchange.add_margin(opened.id, Sats(1000))


async def test_a_liquidation_is_saved_and_remembered(trading: Trading) -> None:
    exchange = trading.again()
    opened = await exchange.open_market(LONG)
    assert await exchange.settle(Decimal(91_000)) == []
    (trade,) = await exchange.settle(Decimal(90_000))
    assert isinstance(trade, ClosedTrade)
    assert (trade.how, trade.profit) == ("liquidated", -opened.margin)
    assert await trading.again().closed(opened.id) == trade
    assert list(await trading.again().positions()) == []


async def test_funding_is_saved(trading: Trading) -> None:
    exchange = trading.again()
    opened = await exchange.open_market(LONG)
    assert await exchange.settle_funding(Decimal("0.0001")) == {opened.id: 100}
    (after,) = await trading.again().positions()
    assert (after.margin, after.funding_paid) == (opened.margin - 100, 100)


async def test_a_book_that_was_changed_elsewhere_is_read_again_and_not_overwritten(
    trading: Trading,
) -> None:
    other = trading.again()
    opened = await trading.exchange.open_market(LONG)
    await other.positions()
    await trading.exchange.add_margin(opened.id, Sats(1))
    with pytest.raises(Rejected) as refusal:
        await other.open_market(SHORT)
    assert refusal.value.code == "book_changed"
    second = await other.open_market(SHORT)
    assert {one.id: one.margin for one in await trading.again().positions()} == {
        opened.id: opened.margin + 1,
        second.id: second.margin,
    }


async def test_an_exchange_that_was_left_changes_nothing_any_more(trading: Trading) -> None:
    exchange = trading.again()
    opened = await exchange.open_market(LONG)
    await exchange.retire()
    with pytest.raises(Unavailable):
        await exchange.add_margin(opened.id, Sats(1))
    assert await exchange.balance() == DEPOSIT - 102_100
