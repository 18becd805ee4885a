"""The connection: all or nothing, and one kind of failure for whoever asks."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.domain.errors import Rejected, Unavailable
from services.storage.database import Database, driver_url
from services.storage.tables import UserRow
from tests.support.engine import until
from tests.support.stored import person
from tests.support.trading import NOON


@pytest.mark.parametrize(
    "url",
    ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"],
)
def test_every_spelling_of_an_address_names_our_driver(url: str) -> None:
    assert driver_url(url) == "postgresql+psycopg://u:p@h/d"


async def test_a_failure_takes_everything_back(database_url: str) -> None:
    database = Database(database_url)

    async def change_ones_mind() -> None:
        async with database.begin() as session:
            session.add(UserRow(id=uuid4(), name="x", password_hash="x", role="owner", created_at=NOON))
            await session.flush()
            raise Rejected("after all")

    with pytest.raises(Rejected):
        await change_ones_mind()
    async with database.begin() as session:
        assert await (await session.connection()).scalar(text("select count(*) from users")) == 0
    await database.close()


async def test_a_broken_promise_is_no_missing_database(database_url: str) -> None:
    database = Database(database_url)
    await person(database, "one")
    with pytest.raises(IntegrityError):
        await person(database, "ONE")
    await database.close()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as failure:
        async with database.begin() as session:
            await (await session.connection()).execute(text("select 1"))
    assert failure.value.code == "database_unavailable"
    assert failure.value.message == "The database does not answer."
    await database.close()


async def test_a_connection_that_is_cut_is_unavailable_and_the_next_one_works(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(Unavailable):
        async with database.begin() as session:
            await (await session.connection()).execute(text("select pg_terminate_backend(pg_backend_pid())"))
    async with database.begin() as session:
        assert await (await session.connection()).scalar(text("select 1")) == 1
    await database.close()


async def test_a_statement_that_takes_too_long_is_unavailable(database_url: str) -> None:
    database = Database(database_url)
    slow = "set local statement_timeout = 20; select pg_sleep(10)"
    with pytest.raises(Unavailable):
        async with database.begin() as session:
            await (await session.connection()).execute(text(slow))
    await database.close()


async def test_more_work_than_connections_waits_or_is_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url)
    pool = database._engine.sync_engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.05)
    release = asyncio.Event()

    async def hold() -> None:
        async with database.begin() as session:
            await (await session.connection()).execute(text("select 1"))
            await release.wait()

    holding = [asyncio.create_task(hold()) for _ in range(15)]
    await until(lambda: pool.checkedout() == 15, patience=10**6)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable):
        await hold()
    release.set()
    await asyncio.gather(*holding)
    await database.close()
