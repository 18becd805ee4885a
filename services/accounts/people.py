"""Who may sign in. The first person to arrive owns the instance."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import func
from sqlmodel import select

from services.accounts import passwords
from services.domain.errors import Rejected
from services.ports import Clock
from services.storage.database import Database
from services.storage.tables import UserRow

_FIRST_PERSON = 0x4158_0001  # two browsers cannot both become the owner


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    role: str


class People:
    """Creates and recognises people."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._hasher = passwords.Hasher()

    async def needs_owner(self) -> bool:
        """Whether nobody has an account here yet."""
        async with self._database.begin() as session:
            return (await session.exec(select(func.count()).select_from(UserRow))).one() == 0

    async def create_owner(self, name: str, password: str) -> Person:
        """The first account.

        Raises:
            Rejected: name or password unfit, or somebody was first; nothing was created.
        """
        name = clean_name(name)
        passwords.check(password)
        row = UserRow(
            id=uuid4(),
            name=name,
            password_hash=await self._hasher.hashed(password),
            role="owner",
            created_at=self._clock.now(),
        )
        async with self._database.begin() as session:
            await session.exec(select(func.pg_advisory_xact_lock(_FIRST_PERSON)))
            if (await session.exec(select(func.count()).select_from(UserRow))).one():
                raise Rejected("This instance has an owner already; sign in instead.", code="owner_exists")
            session.add(row)
        return Person(row.id, row.name, row.role)

    async def recognise(self, name: str, password: str) -> Person:
        """The person with this name and password.

        Raises:
            Rejected: the same sentence whichever of the two was wrong.
        """
        row = await self._named(unicodedata.normalize("NFKC", name).strip())
        fits, replacement = await self._hasher.verify(password, row.password_hash if row else None)
        if row is None or not fits:
            raise Rejected("Name or password is not right.", code="credentials_wrong")
        if replacement is not None:
            await self._replace_hash(row.id, replacement)
        return Person(row.id, row.name, row.role)

    async def _named(self, name: str) -> UserRow | None:
        """Whatever the case; the database alone decides what that means, as it does for uniqueness."""
        if "\x00" in name:  # PostgreSQL cannot hold it, so nobody has it
            return None
        async with self._database.begin() as session:
            query = select(UserRow).where(func.lower(UserRow.name) == func.lower(name))
            return (await session.exec(query)).one_or_none()

    async def _replace_hash(self, user_id: UUID, replacement: str) -> None:
        async with self._database.begin() as session:
            row = await session.get(UserRow, user_id)
            if row is not None:
                row.password_hash = replacement
                session.add(row)


def clean_name(name: str) -> str:
    """A name or an e-mail address as kept: normalised, without control characters.

    Raises:
        Rejected: empty, too long, or with characters that cannot be seen.
    """
    cleaned = unicodedata.normalize("NFKC", name).strip()
    if not 2 <= len(cleaned) <= 254:
        raise Rejected("The name needs 2 to 254 characters.", code="name_length")
    if any(unicodedata.category(c).startswith("C") for c in cleaned):
        raise Rejected("The name has characters that cannot be seen.", code="name_characters")
    return cleaned
