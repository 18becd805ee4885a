"""Signed-in browsers. The cookie holds a random token; the database holds only its hash.

The hash names the session everywhere inside: the server replaces the cookie by it before a request
reaches anything that might log headers.
"""

import secrets
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from sqlmodel import col, delete, select

from services.accounts.people import Person
from services.ports import Clock
from services.storage.database import Database
from services.storage.tables import SessionRow, UserRow

LIFETIME = timedelta(days=30)
_SEEN_STEP = timedelta(minutes=5)


def token_hash(token: str) -> str:
    """What the database knows of a token."""
    return sha256(token.encode()).hexdigest()


class Sessions:
    """Opens, resolves and ends sessions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def open(self, user_id: UUID) -> str:
        """A new session; returns the token for the cookie, which is kept nowhere."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        row = SessionRow(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFETIME,
        )
        async with self._database.begin() as session:
            session.add(row)
        return token

    async def resolve(self, hashed: str) -> Person | None:
        """Whose session this hash names; None when there is none or it has expired."""
        now = self._clock.now()
        query = select(SessionRow, UserRow).where(
            SessionRow.token_hash == hashed,
            col(SessionRow.expires_at) > now,
            col(UserRow.id) == col(SessionRow.user_id),
        )
        async with self._database.begin() as session:
            found = (await session.exec(query)).one_or_none()
            if found is None:
                return None
            row, user = found
            if now - row.seen_at > _SEEN_STEP:
                row.seen_at = now
                session.add(row)
        return Person(user.id, user.name, user.role)

    async def end(self, hashed: str) -> None:
        """Sign this browser out."""
        async with self._database.begin() as session:
            await session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == hashed))

    async def forget_expired(self) -> None:
        """Remove sessions that can no longer be used."""
        async with self._database.begin() as session:
            await session.exec(delete(SessionRow).where(col(SessionRow.expires_at) <= self._clock.now()))
