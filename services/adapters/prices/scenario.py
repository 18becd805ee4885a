"""Scenarios: named disasters that are laid over a market, to see what an automation does.

A scenario is a factor over time. It starts at 1, ends where its story ends, and then leads back
to 1 within `RETURN_S` seconds, so that the account's price rejoins the market without a jump. The
feed that plays one says so in its name and label.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random

from services.adapters.prices.bars import Bars, joined
from services.domain.errors import Rejected
from services.domain.market import PRICE_MAX_AGE, Candle, FeedName, Funding, Tick
from services.domain.money import to_tick
from services.ports import Clock, PriceFeed

RETURN_S = 8
TICK_S = 0.25
"""Seconds between two ticks of a scenario."""

_TREMBLE_S = 0.5
_PLACES = Decimal("0.000001")

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A path of prices relative to the market's.

    Args:
        name: the key in `SCENARIOS`.
        duration_s: length of the story, without the return to the market.
        knots: (seconds, factor) in ascending order, from (0, 1) to the end of the story.
        tremble: how far the path strays from the straight lines between its knots, as a fraction.
        seed: another seed strays in another way; the knots stay.
    """

    name: str
    duration_s: int
    knots: tuple[tuple[float, float], ...]
    tremble: float
    seed: int = 1

    @property
    def label(self) -> str:
        return f"Scenario: {self.name.replace('-', ' ')}"

    @property
    def total_s(self) -> int:
        """Seconds until the market is rejoined: from then on the factor is exactly 1."""
        return self.duration_s + RETURN_S

    def factor(self, elapsed_s: float) -> Decimal:
        """What the market's price is multiplied with, `elapsed_s` seconds after the start."""
        if not 0 < elapsed_s < self.total_s:
            return Decimal(1)
        if elapsed_s > self.duration_s:
            return _exact(self._returning(elapsed_s - self.duration_s))
        return _exact(self._told(elapsed_s))

    def _returning(self, since_end_s: float) -> float:
        done = since_end_s / RETURN_S
        eased = done * done * (3 - 2 * done)
        return self._told(self.duration_s) * (1 - eased) + eased

    def _told(self, elapsed_s: float) -> float:
        place = bisect_right(self.knots, (elapsed_s, float("inf")))
        (from_s, start), (to_s, end) = self.knots[place - 1], self.knots[min(place, len(self.knots) - 1)]
        share = (elapsed_s - from_s) / (to_s - from_s) if to_s > from_s else 0.0
        return (start + (end - start) * share) * (1 + self._stray(elapsed_s) * 4 * share * (1 - share))

    def _stray(self, elapsed_s: float) -> float:
        """A wave that is drawn anew every half second; continuous in between."""
        before = int(elapsed_s / _TREMBLE_S)
        share = elapsed_s / _TREMBLE_S - before
        here, there = self._draw(before), self._draw(before + 1)
        return self.tremble * (here + (there - here) * share)

    def _draw(self, index: int) -> float:
        return Random(f"{self.seed}/{self.name}/{index}").uniform(-1, 1)  # noqa: S311 - a price, not a secret


def _exact(factor: float) -> Decimal:
    return Decimal(factor).quantize(_PLACES)


_CRASH = (
    *((0, 1.0), (3, 0.985), (5, 0.955), (7, 0.967), (10, 0.93), (12, 0.90), (15, 0.916), (19, 0.872)),
    *((22, 0.838), (25, 0.853), (29, 0.805), (33, 0.77), (35, 0.786), (40, 0.75)),
    *((44, 0.786), (47, 0.776), (53, 0.82), (56, 0.811), (60, 0.83)),
)
_FLASH_CRASH = ((0, 1.0), (1.5, 0.97), (3, 0.925), (6, 0.85), (9, 0.9), (12, 0.885), (19, 0.97), (26, 1.0))
_SLOW_BLEED = (
    *((0, 1.0), (9, 0.985), (14, 0.99), (27, 0.966), (33, 0.971), (48, 0.943), (54, 0.948)),
    *((69, 0.914), (75, 0.919), (90, 0.88)),
)
_SQUEEZE = (
    *((0, 1.0), (4, 1.018), (6, 1.011), (11, 1.055), (14, 1.043), (20, 1.1), (23, 1.087), (29, 1.15)),
    *((32, 1.138), (40, 1.2)),
)

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("crash", 60, _CRASH, tremble=0.006),
        Scenario("flash-crash", 26, _FLASH_CRASH, tremble=0.005),
        Scenario("slow-bleed", 90, _SLOW_BLEED, tremble=0.003),
        Scenario("squeeze", 40, _SQUEEZE, tremble=0.005),
    )
}
"""A quarter lost in 40 s with bounces; 15 % in 6 s and back in 20; 12 % in 90 s; a fifth up in 40 s."""


def scenario_named(name: str) -> Scenario:
    """Raises `Rejected` with the allowed names when there is none of that name."""
    if name not in SCENARIOS:
        allowed = ", ".join(SCENARIOS)
        raise Rejected(f"There is no scenario {name!r}; choose one of {allowed}.", code="scenario")
    return SCENARIOS[name]


class ScenarioFeed:
    """A market with a scenario laid over it, from the first tick on; ends when they are one again.

    Args:
        market: whose candles and funding are taken over.
        latest: the market's last tick, as whoever follows the market knows it.
    """

    name = FeedName.SCENARIO

    def __init__(
        self,
        market: PriceFeed,
        latest: Callable[[], Tick | None],
        scenario: Scenario,
        *,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._market, self._latest, self._scenario = market, latest, scenario
        self._clock, self._sleep = clock, sleep
        self._bars = Bars()
        self._started: datetime | None = None

    @property
    def label(self) -> str:
        return self._scenario.label

    async def ticks(self) -> AsyncIterator[Tick]:
        """Four a second; none while the market is silent, as there is nothing to multiply."""
        self._started = self._started or self._clock.now()
        while (elapsed_s := (self._clock.now() - self._started).total_seconds()) < self._scenario.total_s:
            tick = self._tick(elapsed_s)
            if tick is not None:
                self._bars.add(tick)
                yield tick
            await self._sleep(TICK_S)

    def _tick(self, elapsed_s: float) -> Tick | None:
        base, now = self._latest(), self._clock.now()
        if base is None or now - base.at > PRICE_MAX_AGE:
            return None
        return Tick(to_tick(base.price * self._scenario.factor(elapsed_s)), now)

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        """The market's before the scenario, its own since, one of both where it started."""
        own = {candle.opened_at: candle for candle in self._bars.candles(timeframe, limit)}
        since = min(own, default=None)
        market = await self._market.candles(timeframe, limit)
        before = [candle for candle in market if since is None or candle.opened_at <= since]
        if before and before[-1].opened_at in own:
            last = before.pop()
            own[last.opened_at] = joined(last, own[last.opened_at])
        return [*before, *own.values()][-limit:] if limit > 0 else []

    async def funding(self) -> Funding | None:
        return await self._market.funding()

    async def aclose(self) -> None:
        """Nothing is held open."""
