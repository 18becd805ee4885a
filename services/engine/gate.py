"""Many may stay at once; who moves waits until they have gone, and keeps others out meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Readers and one mover. A stay is never begun within a stay: the mover waits between them."""

    def __init__(self) -> None:
        self._stays = 0
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._moving = asyncio.Lock()

    @property
    def is_moving(self) -> bool:
        return self._moving.locked()

    @asynccontextmanager
    async def staying(self) -> AsyncIterator[None]:
        async with self._moving:
            self._stays += 1
            self._nobody.clear()
        try:
            yield
        finally:
            self._stays -= 1
            if self._stays == 0:
                self._nobody.set()

    @asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        async with self._moving:
            await self._nobody.wait()
            yield
