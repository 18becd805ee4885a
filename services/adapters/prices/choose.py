"""Which feed a paper account gets: the operator's words turned into a `PriceFeed`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from services.adapters.prices.live import LiveFeed
from services.adapters.prices.public_api import DEFAULT_URL, PublicApi, reachable
from services.adapters.prices.replay_file import ReplayFeed
from services.adapters.prices.simulated import DEFAULT_LEVEL, SimulatedFeed, SimulatedMarket
from services.domain.errors import Rejected
from services.domain.series import CandleSeries
from services.ports import Clock, PriceFeed

FORMS = "live, simulated, replay:FILE or auto"


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """What the feeds need besides their name.

    Args:
        base_url: LN Markets' API.
        speed: of a replay, seconds of candle time per real second.
        seed: of the simulated market.
        level: USD per BTC around which the simulated market moves.
    """

    base_url: str = DEFAULT_URL
    speed: Decimal = Decimal(60)
    seed: int = 1
    level: Decimal = DEFAULT_LEVEL


async def choose_feed(
    spec: str,
    options: FeedOptions,
    *,
    clock: Clock,
    load: Callable[[Path], CandleSeries],
    reach: Callable[[str], Awaitable[bool]] = reachable,
) -> PriceFeed:
    """The feed that `spec` names: `live`, `simulated`, `replay:FILE`, or `auto`.

    `auto` asks LN Markets once, and takes the simulated market when there is no answer.

    Args:
        load: reads a candle file; runs in a thread.
        reach: whether the API at an address answers.
    Raises:
        Rejected: `spec` is none of them, or the file cannot be replayed.
    """
    file = _file_of(spec)
    if file is not None:
        series = await asyncio.to_thread(load, file)
        return ReplayFeed(series, file.name, speed=options.speed, clock=clock)
    match spec.strip().lower():
        case "live":
            return _live(options, clock)
        case "simulated":
            return _simulated(options, clock)
        case "auto":
            return _live(options, clock) if await reach(options.base_url) else _simulated(options, clock)
    raise Rejected(f"There is no price feed {spec!r}; choose {FORMS}.", code="feed")


def _file_of(spec: str) -> Path | None:
    """The file of `replay:FILE`; a leading `~` is the user's home."""
    form, _, file = spec.strip().partition(":")
    return Path(file.strip()).expanduser() if form.lower() == "replay" and file.strip() else None


def _live(options: FeedOptions, clock: Clock) -> LiveFeed:
    return LiveFeed(PublicApi(options.base_url), clock=clock)


def _simulated(options: FeedOptions, clock: Clock) -> SimulatedFeed:
    return SimulatedFeed(SimulatedMarket(options.seed, options.level), clock=clock)
