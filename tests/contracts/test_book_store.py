"""What every store of paper books promises: what is saved is read, and nobody overwrites anybody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain import futures
from services.domain.errors import Rejected
from services.domain.money import Sats
from services.engine.in_memory import MemoryBooks
from services.engine.paper import Book
from services.engine.paper_exchange import BookStore
from services.ports import ClosedTrade
from services.storage.books import DatabaseBooks
from services.storage.database import Database
from tests.support.stored import owned
from tests.support.trading import NOON, position

BALANCE = Sats(1_000_000)


@dataclass(frozen=True)
class Kept:
    """A store with two accounts of `BALANCE` sats each."""

    store: BookStore
    account_id: UUID
    other_id: UUID


@asynccontextmanager
async def in_memory(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    one, other = uuid4(), uuid4()
    yield Kept(MemoryBooks({one: Book(BALANCE), other: Book(BALANCE)}), one, other)


@asynccontextmanager
async def in_database(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    database = Database(request.getfixturevalue("database_url"))
    try:
        one, other = await owned(database), await owned(database, "other")
        yield Kept(DatabaseBooks(database), one.account_id, other.account_id)
    finally:
        await database.close()


@pytest.fixture(params=[in_memory, in_database], ids=["memory", "database"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    async with request.param(request) as store:
        yield store


def names() -> tuple[str, str]:
    return str(uuid4()), str(uuid4())


async def test_an_account_begins_with_its_deposit(kept: Kept) -> None:
    assert await kept.store.load(kept.account_id) == Book(BALANCE)


async def test_what_was_saved_is_read_to_the_last_digit(kept: Kept) -> None:
    one, other = names()
    long = position("buy", 500_000, "98765.5", "33.33", name=one)
    long = futures.after_funding(futures.add_margin(long, Sats(1)), Sats(7))
    short = position("sell", 1, 100_000, "1", name=other, opened_at=NOON + timedelta(microseconds=1))
    after = Book(Sats(123), {one: long, other: short}, Sats(10**12), Sats(-(10**12)))
    await kept.store.save(kept.account_id, Book(BALANCE), after, [])
    assert await kept.store.load(kept.account_id) == after
    assert await kept.store.load(kept.other_id) == Book(BALANCE)


async def test_a_changed_position_replaces_the_one_before(kept: Kept) -> None:
    name, _ = names()
    first = Book(Sats(500), {name: position(name=name)})
    await kept.store.save(kept.account_id, Book(BALANCE), first, [])
    second = Book(Sats(400), {name: position(name=name, added=100)})
    await kept.store.save(kept.account_id, first, second, [])
    assert await kept.store.load(kept.account_id) == second


async def test_an_ended_trade_leaves_the_book_and_can_be_asked_for(kept: Kept) -> None:
    name, other = names()
    one = position(name=name, added=55)
    before = Book(Sats(500), {name: one})
    await kept.store.save(kept.account_id, Book(BALANCE), before, [])
    assert await kept.store.closed(kept.account_id, name) is None
    ended = ClosedTrade(one, Decimal("101234.5"), Sats(-123), Sats(9), NOON + timedelta(hours=1), "closed")
    await kept.store.save(kept.account_id, before, Book(Sats(600), fees=Sats(9)), [ended])
    assert await kept.store.load(kept.account_id) == Book(Sats(600), fees=Sats(9))
    assert await kept.store.closed(kept.account_id, name) == ended
    assert await kept.store.closed(kept.account_id, other) is None
    assert await kept.store.closed(kept.other_id, name) is None


async def test_a_trade_that_opened_and_ended_between_two_saves_is_kept(kept: Kept) -> None:
    name, _ = names()
    ended = ClosedTrade(position(name=name), Decimal(1), Sats(-1), Sats(0), NOON, "liquidated")
    await kept.store.save(kept.account_id, Book(BALANCE), Book(Sats(1)), [ended])
    assert await kept.store.closed(kept.account_id, name) == ended


async def test_whoever_started_from_another_book_is_refused_and_nothing_is_saved(kept: Kept) -> None:
    name, _ = names()
    ended = ClosedTrade(position(name=name), Decimal(1), Sats(-1), Sats(0), NOON, "closed")
    for other in (
        Book(Sats(BALANCE + 1)),
        Book(Sats(BALANCE - 1)),
        Book(BALANCE, fees=Sats(1)),
        Book(BALANCE, funding=Sats(-1)),
    ):
        after = replace(other, balance=Sats(5), positions={name: position(name=name)})
        with pytest.raises(Rejected) as refusal:
            await kept.store.save(kept.account_id, other, after, [ended])
        assert refusal.value.code == "book_changed"
        assert await kept.store.load(kept.account_id) == Book(BALANCE)
        assert await kept.store.closed(kept.account_id, name) is None


async def test_of_two_writers_with_the_same_book_one_is_refused(kept: Kept) -> None:
    before = await kept.store.load(kept.account_id)
    await kept.store.save(kept.account_id, before, Book(Sats(10)), [])
    with pytest.raises(Rejected):
        await kept.store.save(kept.account_id, Book(BALANCE), Book(Sats(20)), [])
    assert (await kept.store.load(kept.account_id)).balance == 10
