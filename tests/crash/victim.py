"""A process with the real runner and journal, guarding a position while the price falls: to be killed.

It ends by itself, with exit code 0, once the price has fallen all the way and nothing is open.
"""

import asyncio
import os
import signal
from decimal import Decimal
from uuid import UUID

from services.adapters.clock import SystemClock
from services.domain.market import Tick
from services.engine.account import Automation
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.runner import Runner
from services.storage.database import Database
from services.storage.journal import DatabaseJournal
from tests.crash.venue import RemoteExchange

ACCOUNT = UUID("00000000-0000-4000-8000-00000000000a")
GUARD = UUID("00000000-0000-4000-8000-00000000000b")
CONFIG = MarginGuard(trigger_percent=Decimal(2), target_percent=Decimal(3), budget_lifetime_sats=150_000_000)

LOWEST, STEP = 70_000, 250
LOOK_AGAIN_S = 0.05


class KilledAt(DatabaseJournal):
    """Kills its own process before the nth write; every step of a run writes."""

    def __init__(self, database: Database, step: int) -> None:
        super().__init__(database)
        self._left = step

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async def commit(self, *args: object) -> None:
        self._count()
        await super().commit(*args)  # type: ignore[arg-type]

    async def move(self, *args: object, **more: object) -> None:
        self._count()
        await super().move(*args, **more)  # type: ignore[arg-type]


def live(database_url: str, socket: str, kill_at: int) -> None:
    """Entry of the process. `kill_at` 0 never kills itself."""
    asyncio.run(_live(database_url, socket, kill_at))


async def _live(database_url: str, socket: str, kill_at: int) -> None:
    database, clock = Database(database_url), SystemClock()
    journal = KilledAt(database, kill_at)

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(min(seconds, LOOK_AGAIN_S))

    runner = Runner(clock=clock, journal=journal, source="crash test", sleep=sleep)
    runner.market.tick = Tick(Decimal(100_000), clock.now())
    exchange = RemoteExchange(socket)
    await runner.add_account(ACCOUNT, exchange)
    await runner.attach(Automation(GUARD, ACCOUNT, "margin_guard", CONFIG))
    for price in range(100_000, LOWEST, -STEP):
        await runner.tick(Tick(Decimal(price), clock.now()))
        while await journal.unresolved(ACCOUNT):  # noqa: ASYNC110 - another task resolves them
            await asyncio.sleep(LOOK_AGAIN_S)
    await runner.close()
    await exchange.aclose()
    await database.close()
