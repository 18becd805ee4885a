"""Open intents of one account that are being found out about, each in a task of its own.

Separate from the runs, because finding out takes as long as the venue is away, and the account's
other positions must not wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from services.domain.automation import Intent, IntentState
from services.engine.intents import Alone, Sleep, reconcile
from services.ports import Clock, Exchange, Journal

_log = structlog.get_logger()

LONGEST_PAUSE_S = 30.0


class Doubts:
    """What is not known yet.

    Args:
        alone: held while the venue is read.
        resolved: called once an outcome has been written down, without `alone`.
    """

    def __init__(
        self,
        exchange: Exchange,
        journal: Journal,
        clock: Clock,
        sleep: Sleep,
        alone: Alone,
        resolved: Callable[[Intent], Awaitable[None]],
    ) -> None:
        self._exchange, self._journal, self._clock = exchange, journal, clock
        self._sleep, self._alone, self._resolved = sleep, alone, resolved
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    def __contains__(self, intent_id: UUID) -> bool:
        task = self._tasks.get(intent_id)
        return task is not None and not task.done()

    def begin(self, intent: Intent) -> None:
        """Find out about an intent; nothing happens when that is going on, or only a person can tell."""
        if intent.id not in self and intent.state is not IntentState.AMBIGUOUS:
            self._tasks[intent.id] = asyncio.create_task(self._find_out(intent))

    def leave(self) -> None:
        """Stop finding out; the journal holds what is still open."""
        for task in self._tasks.values():
            task.cancel()

    async def _find_out(self, intent: Intent) -> None:
        """Reconcile until the venue has answered."""
        pause = 1.0
        while True:
            try:
                await reconcile(intent, self._exchange, self._journal, self._clock, self._sleep, self._alone)
                break
            except Exception as error:  # noqa: BLE001 - the outermost loop of a doubt
                _log.info("intent.still_open", intent=str(intent.id), exc_info=error)
                await self._sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        del self._tasks[intent.id]
        await self._resolved(intent)
