"""Password hashes: argon2id, in a thread, two at a time so that sign-ins cannot starve the app.

Old bcrypt hashes are verified and replaced on the next sign-in. Parameters: OWASP's 19 MiB, t=2.
"""

import asyncio

from passlib.context import CryptContext

from services.domain.errors import Rejected

MIN_LENGTH = 10
MAX_LENGTH = 1024

_CONTEXT = CryptContext(
    schemes=["argon2", "bcrypt"],
    deprecated="auto",
    argon2__type="ID",
    argon2__memory_cost=19_456,
    argon2__time_cost=2,
    argon2__parallelism=1,
)


def check(password: str) -> None:
    """Raises `Rejected` unless the password's length is acceptable; nothing else is demanded."""
    if len(password) < MIN_LENGTH:
        raise Rejected(f"The password needs at least {MIN_LENGTH} characters.", code="password_too_short")
    if len(password) > MAX_LENGTH:
        raise Rejected(f"The password can have at most {MAX_LENGTH} characters.", code="password_too_long")


class Hasher:
    """Hashes and verifies, two at a time."""

    def __init__(self) -> None:
        self._two_at_a_time = asyncio.Semaphore(2)

    async def hashed(self, password: str) -> str:
        """A new argon2id hash."""
        async with self._two_at_a_time:
            return str(await asyncio.to_thread(_CONTEXT.hash, password))

    async def verify(self, password: str, against: str | None) -> tuple[bool, str | None]:
        """Whether the password fits, and a new hash when the old one should be replaced.

        Takes as long for an unknown person (`against` None) as for a known one.
        """
        if len(password) > MAX_LENGTH:
            password = ""
        async with self._two_at_a_time:
            if against is None:
                await asyncio.to_thread(_CONTEXT.dummy_verify)
                return False, None
            fits, replacement = await asyncio.to_thread(_CONTEXT.verify_and_update, password, against)
        return bool(fits), replacement
