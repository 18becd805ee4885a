"""One engine per database, held by a lock that dies with its process."""

import asyncio

import psycopg
import pytest

from services.domain.errors import Unavailable
from services.storage import ownership
from services.storage.ownership import Ownership
from tests.support.databases import libpq_url


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "RETRY_S", 0.01)
    monkeypatch.setattr(ownership, "GIVE_UP_S", 0.02)


async def test_a_second_engine_is_refused_with_a_sentence(database_url: str, impatient: None) -> None:
    async with Ownership(database_url).held():
        with pytest.raises(Unavailable, match="Another Axisor runs on this database") as refusal:
            async with Ownership(database_url).held():
                raise AssertionError("both hold it")
        assert refusal.value.code == "engine_elsewhere"
    async with Ownership(database_url).held():
        pass


async def test_whoever_waits_takes_over_when_the_first_goes(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "RETRY_S", 0.01)
    taken = asyncio.Event()

    async def second() -> None:
        async with Ownership(database_url).held():
            taken.set()

    async with Ownership(database_url).held():
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        assert not taken.is_set()
    await waiting
    assert taken.is_set()


async def test_a_lock_whose_connection_died_is_free(database_url: str, impatient: None) -> None:
    async with Ownership(database_url).held():
        with psycopg.connect(libpq_url(database_url), autocommit=True) as session:
            session.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' "
                "and pid <> pg_backend_pid()"
            )
        async with Ownership(database_url).held():
            pass


async def test_two_databases_have_two_engines(database_url: str, empty_database_url: str) -> None:
    async with Ownership(database_url).held(), Ownership(empty_database_url).held():
        pass
