"""LN Markets' public v3 endpoints as far as prices need them: ticker and candles.

Separate from the feed so that everything about HTTP is in one place: the public limit of one
request a second, timeouts, retries and the checking of what comes back.
Source: LN Markets API reference, "General REST rules" and "Public endpoints".
"""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, TypeVar

import httpx
import stamina
from pydantic import AwareDatetime, BaseModel, Field

from services.domain.errors import Unavailable
from services.domain.market import Candle

DEFAULT_URL = "https://api.lnmarkets.com/v3"
INTERVAL_S = 1.0
"""Least time between two requests of this process. Source: "1 request/s public"."""

TIMEOUT_S = 5.0
REACH_TIMEOUT_S = 3.0
LONGEST_WAIT_S = 20.0
"""Who would have to wait longer for a turn is told so instead."""

PAGE = 1000
_PAGES = 5
_ATTEMPTS = 4
_BASE_S, _CAP_S = 1.0, 8.0
_AGAIN = frozenset({429, 502, 503, 504})

Sleep = Callable[[float], Awaitable[None]]
Model = TypeVar("Model", bound=BaseModel)
Price = Annotated[Decimal, Field(gt=0, le=100_000_000)]


class Ticker(BaseModel):
    """What Axisor reads of the ticker; `fundingTime` is the next settlement."""

    time: AwareDatetime
    lastPrice: Price
    fundingRate: Decimal
    fundingTime: AwareDatetime


class _VenueCandle(BaseModel):
    time: AwareDatetime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[Decimal, Field(ge=0)] = Decimal(0)


class _Page(BaseModel):
    data: list[_VenueCandle]
    nextCursor: str | None = None


class Pace:
    """Turns that are at least `interval_s` apart, in the order in which they are asked for."""

    def __init__(self, interval_s: float, *, monotonic: Callable[[], float], sleep: Sleep) -> None:
        self._interval_s = interval_s
        self._monotonic, self._sleep = monotonic, sleep
        self._free_at = monotonic()

    async def turn(self, longest_s: float) -> None:
        """Returns when it is time. Raises `Unavailable` when that is more than `longest_s` away."""
        now = self._monotonic()
        start = max(now, self._free_at)
        if start - now > longest_s:
            raise Unavailable(
                f"LN Markets asks for a pause of {math.ceil(start - now)} s.", code="venue_busy"
            )
        self._free_at = start + self._interval_s
        if start > now:
            await self._sleep(start - now)

    def hold(self, seconds: float) -> None:
        """No turn before `seconds` from now."""
        self._free_at = max(self._free_at, self._monotonic() + seconds)


class PublicApi:
    """The endpoints, one method each. Reads only, so a failed one may be repeated.

    Every method raises `Unavailable` when there is no answer that can be used.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S)
        self._pace = Pace(INTERVAL_S, monotonic=monotonic, sleep=sleep)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ticker(self) -> tuple[Ticker, timedelta]:
        """The ticker and how old the venue itself says it is, free of our clock's error."""
        response = await self._get("/futures/ticker", {})
        ticker = _read(Ticker, response)
        served = _http_date(response.headers.get("Date", ""))
        return ticker, max(served - ticker.time, timedelta(0)) if served else timedelta(0)

    async def candles(self, timeframe: str, since: datetime, limit: int) -> Sequence[Candle]:
        """At most `limit` candles that open at or after `since`, oldest first, each once."""
        found: dict[datetime, Candle] = {}
        query = {"range": timeframe, "from": _iso(since), "limit": str(min(max(limit, 1), PAGE))}
        for _ in range(_PAGES):
            page = _read(_Page, await self._get("/futures/candles", query))
            for item in page.data:
                found[item.time.astimezone(UTC)] = _candle(item)
            if page.nextCursor is None or len(found) >= limit:
                break
            query["cursor"] = page.nextCursor
        return [found[at] for at in sorted(found)]

    async def _get(self, path: str, query: dict[str, str]) -> httpx.Response:
        try:
            async for attempt in stamina.retry_context(
                on=_worth_repeating, attempts=_ATTEMPTS, timeout=None, wait_initial=_BASE_S, wait_max=_CAP_S
            ):
                with attempt:
                    return await self._once(path, query)
        except httpx.HTTPStatusError as error:
            reason = f"LN Markets answered {error.response.status_code}."
            raise Unavailable(reason, code="venue_error") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unavailable("LN Markets does not answer.", code="venue_silent") from error
        raise AssertionError("stamina either returns or raises")

    async def _once(self, path: str, query: dict[str, str]) -> httpx.Response:
        await self._pace.turn(LONGEST_WAIT_S)
        async with asyncio.timeout(TIMEOUT_S):
            response = await self._http.get(self.base_url + path, params=query)
        if response.status_code in _AGAIN:
            self._pace.hold(_retry_after_s(response))
        return response.raise_for_status()


async def reachable(
    base_url: str = DEFAULT_URL, *, transport: httpx.AsyncBaseTransport | None = None
) -> bool:
    """Whether a ticker that can be read comes back within `REACH_TIMEOUT_S`; asked once."""
    try:
        async with asyncio.timeout(REACH_TIMEOUT_S), httpx.AsyncClient(transport=transport) as http:
            response = await http.get(f"{base_url.rstrip('/')}/futures/ticker")
            _read(Ticker, response.raise_for_status())
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, Unavailable):
        return False
    return True


def _worth_repeating(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _AGAIN
    return isinstance(error, httpx.TransportError | TimeoutError)


def _retry_after_s(response: httpx.Response) -> float:
    """Seconds from the header `Retry-After`, a number or a date; 0 without a usable one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    until, served = _http_date(text), _http_date(response.headers.get("Date", ""))
    return max((until - served).total_seconds(), 0.0) if until and served else 0.0


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _read(model: type[Model], response: httpx.Response) -> Model:
    try:
        return model.model_validate(_exact_json(response.text))
    except ValueError as error:  # pydantic's ValidationError is one, too
        raise Unavailable("LN Markets answered something unexpected.", code="venue_answer") from error


def _exact_json(text: str) -> Any:
    """JSON with every number as it was written, and without NaN."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _candle(item: _VenueCandle) -> Candle:
    """The venue's candle; its extremes hold its open and close, whatever their rounding."""
    prices = (item.open, item.high, item.low, item.close)
    return Candle(
        item.time.astimezone(UTC), item.open, max(prices), min(prices), item.close, volume=item.volume
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
