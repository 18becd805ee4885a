"""LN Markets' own prices, polled from its public API.

When the venue does not answer, the feed says nothing: whoever waits sees the last tick grow old.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from services.adapters.prices.bars import duration, opening
from services.adapters.prices.public_api import DEFAULT_URL, INTERVAL_S, PublicApi, Ticker
from services.domain.errors import Unavailable
from services.domain.market import Candle, FeedName, Funding, Tick
from services.ports import Clock

Sleep = Callable[[float], Awaitable[None]]

log = structlog.get_logger(__name__)


class LiveFeed:
    """Ticker and candles of `api`, at most one request a second in all.

    Call `aclose` when done.
    """

    name = FeedName.LIVE

    def __init__(self, api: PublicApi, *, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._api, self._clock, self._sleep = api, clock, sleep
        self._ticker: Ticker | None = None
        self._at: datetime | None = None
        self._silent = False

    @property
    def label(self) -> str:
        """`LN Markets`, with the host when it is not the main network's."""
        if self._api.base_url == DEFAULT_URL:
            return "LN Markets"
        return f"LN Markets ({urlsplit(self._api.base_url).hostname})"

    async def aclose(self) -> None:
        await self._api.aclose()

    async def ticks(self) -> AsyncIterator[Tick]:
        """The last price about every second. A tick is as old as the venue says it is."""
        while True:
            tick = await self._poll()
            if tick is not None:
                yield tick
            await self._sleep(INTERVAL_S)

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """The venue's candles, at most 5,000.

        Raises:
            Rejected: the venue has no such timeframe.
            Unavailable: the venue does not answer.
        """
        length = duration(timeframe)
        if limit < 1:
            return []
        since = opening(self._clock.now(), length) - (limit - 1) * length
        return (await self._api.candles(timeframe, since, limit))[-limit:]

    async def funding(self) -> Funding | None:
        """The next settlement from the latest ticker, asked for when there is none yet."""
        if self._ticker is None or self._ticker.fundingTime <= self._clock.now():
            await self._poll()
        ticker = self._ticker
        if ticker is None or ticker.fundingTime <= self._clock.now():
            return None
        return Funding(ticker.fundingRate, ticker.fundingTime)

    async def _poll(self) -> Tick | None:
        try:
            self._ticker, age = await self._api.ticker()
        except Unavailable as error:
            self._note(silent=True, reason=error.message)
            return None
        self._note(silent=False, reason="")
        at = self._clock.now() - age
        self._at = at if self._at is None else max(self._at, at)  # the venue rounds its own time
        return Tick(self._ticker.lastPrice, self._at)

    def _note(self, *, silent: bool, reason: str) -> None:
        """Logs the first failure and the first success after it, not each of a thousand."""
        if silent != self._silent:
            self._silent = silent
            log.warning(
                "price_feed_silent" if silent else "price_feed_resumed", feed=self.label, reason=reason
            )
