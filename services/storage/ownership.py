"""One engine per database: a PostgreSQL advisory lock on a connection of its own.

The lock ends with the connection, so a process that dies gives it back by dying.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.domain.errors import Unavailable
from services.storage.database import CONNECT_TIMEOUT_S, driver_url

_log = structlog.get_logger()

_ENGINE = 0x4158_0002
RETRY_S = 1.0
GIVE_UP_S = 30.0


class Ownership:
    """Holds the engine's lock."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(
            driver_url(url), poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT_S}
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait for the lock, hold it, give it back.

        Raises:
            Unavailable: another process runs the engine on this database.
        """
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await self._acquire(connection)
            try:
                yield
            finally:
                await self._release(connection)

    async def _acquire(self, connection: AsyncConnection) -> None:
        waited = 0.0
        while not await connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _ENGINE}):
            if waited >= GIVE_UP_S:
                raise Unavailable("Another Axisor runs on this database.", code="engine_elsewhere")
            await asyncio.sleep(RETRY_S)
            waited += RETRY_S

    async def _release(self, connection: AsyncConnection) -> None:
        try:
            await connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _ENGINE})
        except DBAPIError:
            _log.info("engine.lock_gone")  # the connection died, and the lock with it
