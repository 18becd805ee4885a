"""Who may sign in: one owner, by the name she gave, with her password and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from passlib.hash import bcrypt
from sqlmodel import select

from services.accounts import passwords
from services.accounts.people import People, Person, clean_name
from services.domain.errors import Rejected
from services.engine.in_memory import SimulatedClock
from services.storage.database import Database
from services.storage.tables import UserRow
from tests.support.trading import NOON

PASSWORD = "correct horse battery"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def people(database: Database) -> People:
    return People(database, SimulatedClock(NOON))


async def rows(database: Database) -> list[UserRow]:
    async with database.begin() as session:
        return list((await session.exec(select(UserRow))).all())


async def test_the_first_person_owns_the_instance(people: People, database: Database) -> None:
    assert await people.needs_owner()
    person = await people.create_owner("Ada", PASSWORD)
    assert not await people.needs_owner()
    (row,) = await rows(database)
    assert person == Person(row.id, "Ada", "owner")
    assert row.created_at == NOON


async def test_the_password_is_kept_as_an_argon2id_hash_alone(people: People, database: Database) -> None:
    await people.create_owner("Ada", PASSWORD)
    (row,) = await rows(database)
    assert row.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in repr(row)


async def test_nobody_becomes_the_second_owner_not_even_at_the_same_moment(
    people: People, database: Database
) -> None:
    arriving = [people.create_owner(f"person {n}", PASSWORD) for n in range(4)]
    arrived = await asyncio.gather(*arriving, return_exceptions=True)
    assert sum(isinstance(one, Person) for one in arrived) == 1
    refusals = [one for one in arrived if isinstance(one, Rejected)]
    assert [refusal.code for refusal in refusals] == ["owner_exists"] * 3
    assert len(await rows(database)) == 1
    with pytest.raises(Rejected, match="has an owner already"):
        await people.create_owner("later", PASSWORD)


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("Ada", "ada"),
        ("ada@example.org", " ADA@Example.org "),
        ("Émile", "Émile"),
        ("Émile", "ÉMILE"),
        ("ΟΔΥΣΣΕΥΣ", "ΟΔΥΣΣΕΥΣ"),
        ("İpek", "İpek"),
        ("Straße", "Straße"),
        ("ﬁnn", "finn"),
        ("李小龍", "李小龍"),
    ],
)
async def test_she_is_recognised_by_the_name_she_gave(people: People, kept: str, typed: str) -> None:
    person = await people.create_owner(kept, PASSWORD)
    assert await people.recognise(typed, PASSWORD) == person


async def test_wrong_names_and_wrong_passwords_are_refused_alike(people: People) -> None:
    await people.create_owner("Ada", PASSWORD)
    for name, password in (
        ("Ada", PASSWORD + "x"),
        ("Ada", ""),
        ("Ada", "x" * 5000),
        ("Ada", PASSWORD + "\x00"),
        ("Eve", PASSWORD),
        ("", PASSWORD),
        ("A\x00da", PASSWORD),
        ("Ada' or '1'='1", PASSWORD),
        ("%", PASSWORD),
    ):
        with pytest.raises(Rejected) as refusal:
            await people.recognise(name, password)
        assert (refusal.value.message, refusal.value.code) == (
            "Name or password is not right.",
            "credentials_wrong",
        )


async def test_an_old_bcrypt_hash_is_verified_once_and_replaced(people: People, database: Database) -> None:
    await people.create_owner("Ada", PASSWORD)
    async with database.begin() as session:
        row = (await session.exec(select(UserRow))).one()
        row.password_hash = bcrypt.using(rounds=4).hash(PASSWORD)
        session.add(row)
    with pytest.raises(Rejected):
        await people.recognise("Ada", "something else")
    assert (await rows(database))[0].password_hash.startswith("$2b$")
    await people.recognise("Ada", PASSWORD)
    assert (await rows(database))[0].password_hash.startswith("$argon2id$")
    await people.recognise("Ada", PASSWORD)


@pytest.mark.parametrize(
    ("name", "password", "code", "sentence"),
    [
        ("A", PASSWORD, "name_length", "The name needs 2 to 254 characters."),
        ("   ", PASSWORD, "name_length", "The name needs 2 to 254 characters."),
        ("x" * 255, PASSWORD, "name_length", "The name needs 2 to 254 characters."),
        ("A\x00da", PASSWORD, "name_characters", "The name has characters that cannot be seen."),
        ("Ada\nEve", PASSWORD, "name_characters", "The name has characters that cannot be seen."),
        ("Ada\u202e", PASSWORD, "name_characters", "The name has characters that cannot be seen."),
        ("Ada\u200b", PASSWORD, "name_characters", "The name has characters that cannot be seen."),
        ("Ada", "x" * 9, "password_too_short", "The password needs at least 10 characters."),
        ("Ada", "", "password_too_short", "The password needs at least 10 characters."),
        ("Ada", "x" * 1025, "password_too_long", "The password can have at most 1024 characters."),
    ],
)
async def test_unfit_names_and_passwords_are_refused_and_nobody_is_created(
    people: People, name: str, password: str, code: str, sentence: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        await people.create_owner(name, password)
    assert (refusal.value.code, refusal.value.message) == (code, sentence)
    assert await people.needs_owner()


@pytest.mark.parametrize("length", [10, 1024])
def test_passwords_of_the_allowed_lengths_may_hold_anything(length: int) -> None:
    passwords.check("\N{CAT}" * length)
    passwords.check("\x00" * length)


async def test_a_long_or_strange_password_signs_in(people: People) -> None:
    strange = "\N{CAT} \x00 \u202e" + "x" * 1000
    person = await people.create_owner("Ada", strange)
    assert await people.recognise("Ada", strange) == person
    with pytest.raises(Rejected):
        await people.recognise("Ada", strange[:-1])


def test_names_are_kept_in_one_form() -> None:
    assert clean_name("  \uff21\uff44\uff41  ") == "Ada"
    assert clean_name("e\u0301mile") == "émile"
    assert clean_name("ada@example.org") == "ada@example.org"
