"""Sessions: a token that is kept nowhere, a hash that names it, an end that comes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from sqlmodel import select

from services.accounts.sessions import LIFETIME, Sessions, token_hash
from services.engine.in_memory import SimulatedClock
from services.storage.database import Database
from services.storage.tables import SessionRow
from tests.support.stored import person
from tests.support.trading import NOON

SECOND = timedelta(seconds=1)


class Signing:
    """Two people and the clock."""

    def __init__(self, database: Database, one: UUID, other: UUID) -> None:
        self.database, self.one, self.other = database, one, other
        self.clock = SimulatedClock(NOON)
        self.sessions = Sessions(database, self.clock)

    async def rows(self) -> list[SessionRow]:
        async with self.database.begin() as session:
            return list((await session.exec(select(SessionRow))).all())


@pytest.fixture
async def signing(database_url: str) -> AsyncIterator[Signing]:
    database = Database(database_url)
    yield Signing(database, await person(database, "one"), await person(database, "other"))
    await database.close()


async def test_a_token_resolves_to_its_person_by_its_hash(signing: Signing) -> None:
    mine, hers = await signing.sessions.open(signing.one), await signing.sessions.open(signing.other)
    assert mine != hers
    found = await signing.sessions.resolve(token_hash(mine))
    assert found is not None
    assert (found.id, found.name, found.role) == (signing.one, "one", "owner")
    other = await signing.sessions.resolve(token_hash(hers))
    assert other is not None
    assert other.id == signing.other


async def test_the_database_never_sees_the_token(signing: Signing) -> None:
    token = await signing.sessions.open(signing.one)
    (row,) = await signing.rows()
    assert row.token_hash == sha256(token.encode()).hexdigest()
    assert token not in repr(row)
    assert len(token) >= 43, "256 bits"
    assert await signing.sessions.resolve(token) is None, "the token is not its own hash"


@pytest.mark.parametrize("hashed", ["", "0" * 64, "x", "' or 1=1 --", "\N{CAT}"])
async def test_no_hash_but_the_right_one_resolves(signing: Signing, hashed: str) -> None:
    await signing.sessions.open(signing.one)
    assert await signing.sessions.resolve(hashed) is None


async def test_a_session_ends_after_thirty_days_to_the_second(signing: Signing) -> None:
    token = await signing.sessions.open(signing.one)
    signing.clock.moment = NOON + LIFETIME - SECOND
    assert await signing.sessions.resolve(token_hash(token)) is not None
    signing.clock.moment = NOON + LIFETIME
    assert await signing.sessions.resolve(token_hash(token)) is None
    assert len(await signing.rows()) == 1
    await signing.sessions.forget_expired()
    assert await signing.rows() == []


async def test_forgetting_leaves_those_that_can_be_used(signing: Signing) -> None:
    await signing.sessions.open(signing.one)
    signing.clock.moment = NOON + timedelta(days=1)
    later = await signing.sessions.open(signing.one)
    signing.clock.moment = NOON + LIFETIME
    await signing.sessions.forget_expired()
    assert [row.token_hash for row in await signing.rows()] == [token_hash(later)]


async def test_signing_out_ends_this_session_alone(signing: Signing) -> None:
    phone, desk = await signing.sessions.open(signing.one), await signing.sessions.open(signing.one)
    await signing.sessions.end(token_hash(phone))
    await signing.sessions.end(token_hash(phone))
    assert await signing.sessions.resolve(token_hash(phone)) is None
    assert await signing.sessions.resolve(token_hash(desk)) is not None


async def test_when_it_was_last_seen_is_written_every_few_minutes(signing: Signing) -> None:
    token = await signing.sessions.open(signing.one)
    for minutes, seen in ((5, 0), (6, 6), (8, 6), (12, 12)):
        signing.clock.moment = NOON + timedelta(minutes=minutes)
        await signing.sessions.resolve(token_hash(token))
        (row,) = await signing.rows()
        assert row.seen_at == NOON + timedelta(minutes=seen)
    assert row.expires_at == NOON + LIFETIME
