"""What lives as long as the server: the product with its engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services import worker
from services.settings import load_settings


@asynccontextmanager
async def engine() -> AsyncIterator[None]:
    """The engine runs from before the first request until after the last."""
    async with worker.running(load_settings()):
        yield
