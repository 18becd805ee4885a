"""Runs the engine: takes the accounts over, follows the feed, keeps the scheduler.

One process at a time, however many are started on a database: the one that holds the advisory lock.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from services.automations import armed
from services.domain.errors import AxisorError
from services.jobs import JOBS, Job
from services.settings import Settings
from services.storage.ownership import Ownership
from services.wiring import Axisor, assembled

_log = structlog.get_logger()

RESTART_S = 5.0


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Axisor]:
    """The product with its engine running, for as long as the context lasts."""
    async with assembled(settings) as axisor, Ownership(axisor.database.url).held():
        await _take_over(axisor)
        scheduler = _scheduler(axisor)
        pump = asyncio.create_task(_forever("feed", axisor.markets.pump))
        scheduler.start()
        try:
            yield axisor
        finally:
            scheduler.shutdown(wait=False)
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)


async def _take_over(axisor: Axisor) -> None:
    """Reconcile and arm everything before the first price can move anything."""
    for account, automations in await axisor.accounts.everybodys():
        await axisor.markets.join(account.id, [armed(row) for row in automations])
    await _once(Job("look around the market", 0, lambda a: a.markets.look_around()), axisor)


def _scheduler(axisor: Axisor) -> AsyncIOScheduler:
    scheduler = AsyncIOScheduler(timezone="UTC")
    for job in JOBS:
        scheduler.add_job(
            _once,
            "interval",
            seconds=job.every_s,
            args=[job, axisor],
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    return scheduler


async def _once(job: Job, axisor: Axisor) -> None:
    """One run of a job; what goes wrong is recorded and does not stop the next."""
    try:
        await job.run(axisor)
    except AxisorError as error:
        _log.warning("job.failed", job=job.name, reason=error.message)
    except Exception:  # noqa: BLE001 - the outermost loop of a job
        _log.exception("job.crashed", job=job.name)


async def _forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it ends by itself; when it breaks, record that and start again."""
    while True:
        try:
            await work()
        except AxisorError as error:
            _log.warning("loop.failed", loop=name, reason=error.message)
        except Exception:  # noqa: BLE001 - the outermost loop of the engine
            _log.exception("loop.crashed", loop=name)
        else:
            _log.info("loop.ended", loop=name)
            return
        await asyncio.sleep(RESTART_S)
