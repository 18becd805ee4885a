"""The connection to PostgreSQL: one engine a process, sessions on demand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.domain.errors import Unavailable

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 15_000


def driver_url(url: str) -> str:
    """`url` with our driver named, as SQLAlchemy wants it; `postgres://` is accepted too."""
    for prefix in ("postgresql+psycopg://", "postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


class Database:
    """Sessions on one PostgreSQL. Created in the event loop that uses it, closed with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_async_engine(
            driver_url(url),
            pool_size=5,
            max_overflow=10,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
                "application_name": "axisor",
            },
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A session in a transaction: committed at the end, rolled back on any error.

        Raises:
            Unavailable: the database cannot be reached, or has no connection left.
        """
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise Unavailable("The database does not answer.", code="database_unavailable") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable("The database does not answer.", code="database_unavailable") from error
            raise

    async def close(self) -> None:
        await self._engine.dispose()
