"""Time that passes only when somebody sleeps, and a venue that answers from memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count

import httpx

from services.domain.market import Tick

NOON = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)


class FakeTime:
    """A clock, a monotonic clock and a sleep that agree with each other."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at
        self._waking: list[datetime] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds() + 1000

    async def sleep(self, seconds: float) -> None:
        """Returns when nobody else wakes earlier, and everybody else has had their turn."""
        waking = self.at + timedelta(seconds=seconds)
        self._waking.append(waking)
        try:
            await self._others()
            while waking > min(self._waking):
                await self._others()
            self.at = max(self.at, waking)
        finally:
            self._waking.remove(waking)

    @staticmethod
    async def _others() -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def first(ticks: AsyncIterator[Tick], number: int) -> list[Tick]:
    """At most `number` ticks; the feed is closed afterwards."""
    taken: list[Tick] = []
    async with aclosing(ticks) as running:  # type: ignore[type-var]
        async for tick in running:
            taken.append(tick)
            if len(taken) == number:
                break
    return taken


Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class FakeVenue:
    """LN Markets' public endpoints; `failures` are answered first, one per request."""

    time: FakeTime
    lag: timedelta = timedelta(0)
    page: int = 1000
    failures: list[httpx.Response | Exception] = field(default_factory=list)
    requests: list[tuple[datetime, httpx.URL]] = field(default_factory=list)
    prices: "count[int]" = field(default_factory=lambda: count(100_000))

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((self.time.now(), request.url))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        answers = {"/v3/futures/ticker": self._ticker, "/v3/futures/candles": self._candles}
        answer = answers.get(request.url.path)
        return answer(request) if answer else httpx.Response(404, text="Not found")

    def _ticker(self, _: httpx.Request) -> httpx.Response:
        now = self.time.now()
        settles_at = now.replace(hour=now.hour // 8 * 8, minute=0, second=0, microsecond=0) + timedelta(
            hours=8
        )
        body = {
            "time": iso(now - self.lag),
            "index": 100_000,
            "lastPrice": next(self.prices) + 0.5,
            "fundingRate": 0.0001,
            "fundingTime": iso(settles_at),
            "prices": [{"minSize": 0, "maxSize": 1_000_000, "askPrice": 100_000.5, "bidPrice": 99_999.5}],
            "exchangesWeights": {"bybit": 0.5, "binance": 0.5},
            "priceChange24h": None,
        }
        return httpx.Response(200, json=body, headers={"Date": format_datetime(now.replace(microsecond=0))})

    def _candles(self, request: httpx.Request) -> httpx.Response:
        """Newest first in pages; the cursor is the number of candles that were given out."""
        query = request.url.params
        length = LENGTHS[query["range"]]
        since, now = datetime.fromisoformat(query["from"]), self.time.now()
        total = int((now - since) / length) + 1
        given, size = int(query.get("cursor", "0")), min(int(query["limit"]), self.page)
        data = [
            {
                "time": iso(since + (total - 1 - number) * length),
                "open": 100_000 + number,
                "high": 100_010.5 + number,
                "low": 99_990 + number,
                "close": 100_001 + number,
                "volume": 12.25,
            }
            for number in range(given, min(given + size, total))
        ]
        more = given + size < total
        return httpx.Response(200, json={"data": data, "nextCursor": str(given + size) if more else None})


LENGTHS = {"1m": timedelta(minutes=1), "15m": timedelta(minutes=15), "1h": timedelta(hours=1)}


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
