"""All the floors of one process: the market that the feed moves, and one for each scenario.

An account trades on the base floor. A scenario takes it to a floor of its own, whose price is the
base price times a path, and brings it back when the two are one again. Its automations and its open
intents move along.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import structlog

from services.domain.errors import Rejected
from services.domain.market import PRICE_MAX_AGE, FeedName, Funding, Tick
from services.engine.account import Automation
from services.engine.floor import Floor
from services.engine.gate import Gate
from services.engine.intents import Sleep
from services.engine.paper_exchange import BookStore
from services.engine.runner import Runner
from services.ports import Clock, Journal, Overlay, PriceFeed, Scenario

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MarketInfo:
    """A market as a person sees it. `state` is `live`, `stale` or `ended`."""

    feed: FeedName
    label: str
    state: str
    tick: Tick | None
    change_24h: Decimal | None
    funding: Funding | None
    scenario: str | None = None
    scenario_ends_at: datetime | None = None


@dataclass(slots=True)
class _Away:
    """An account on a scenario's floor."""

    scenario: Scenario
    feed: PriceFeed
    floor: Floor
    ends_at: datetime
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Member:
    automations: dict[UUID, Automation] = field(default_factory=dict)
    away: _Away | None = None
    gate: Gate = field(default_factory=Gate)


class Markets:
    """See the module's text.

    Args:
        feed: moves the base floor.
        scenarios: by name; `overlay` makes one a feed.
        changed: called with an account's id after something about it has changed.
        sleep: how to wait while an outcome is reconciled.
    """

    def __init__(
        self,
        *,
        feed: PriceFeed,
        clock: Clock,
        journal: Journal,
        store: BookStore,
        scenarios: Mapping[str, Scenario],
        overlay: Overlay,
        changed: Callable[[UUID], None] = lambda account_id: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.feed, self.scenarios = feed, scenarios
        self._overlay, self._sleep = overlay, sleep
        self._clock, self._journal, self._store, self._changed = clock, journal, store, changed
        self.base = self._floor(feed.label)
        self._members: dict[UUID, _Member] = {}
        self._ended = False
        self._day_ago: Decimal | None = None

    # -- accounts -------------------------------------------------------------------------------

    async def join(self, account_id: UUID, automations: list[Automation]) -> None:
        """Take over an account with its armed automations."""
        member = self._members[account_id] = _Member({a.id: a for a in automations})
        async with member.gate.moving():
            await self._enter(account_id, self.base)

    def floor(self, account_id: UUID) -> Floor:
        """Where the account trades now."""
        member = self._member(account_id)
        return member.away.floor if member.away else self.base

    @asynccontextmanager
    async def staying(self, account_id: UUID) -> AsyncIterator[Floor]:
        """Where the account trades, and goes on to trade until the context ends."""
        async with self._member(account_id).gate.staying():
            yield self.floor(account_id)

    def is_moving(self, account_id: UUID) -> bool:
        """Whether the account may be between two floors at this moment."""
        return self._member(account_id).gate.is_moving

    async def attach(self, automation: Automation) -> None:
        """Arm an automation or its new configuration."""
        async with self.staying(automation.account_id) as floor:
            self._member(automation.account_id).automations[automation.id] = automation
            await floor.runner.attach(automation)

    async def detach(self, account_id: UUID, automation_id: UUID) -> None:
        """Stop an automation; what it has begun is finished."""
        async with self.staying(account_id) as floor:
            self._member(account_id).automations.pop(automation_id, None)
            await floor.runner.detach(account_id, automation_id)

    def info(self, account_id: UUID) -> MarketInfo:
        """The market that the account trades at."""
        away = self._member(account_id).away
        floor = self.floor(account_id)
        tick = floor.price
        return MarketInfo(
            feed=away.feed.name if away else self.feed.name,
            label=away.feed.label if away else self.feed.label,
            state=self._state(floor),
            tick=tick,
            change_24h=tick.price / self._day_ago - 1 if tick and self._day_ago else None,
            funding=floor.runner.market.funding.value,
            scenario=away.scenario.name if away else None,
            scenario_ends_at=away.ends_at if away else None,
        )

    def feed_of(self, account_id: UUID) -> PriceFeed:
        """What moves the account's price, for its candles."""
        away = self._member(account_id).away
        return away.feed if away else self.feed

    # -- scenarios ------------------------------------------------------------------------------

    async def start_scenario(self, account_id: UUID, name: str) -> None:
        """Put a paper account through a price path.

        Raises:
            Rejected: unknown name, one is running already, or there is no price to start from.
        """
        scenario = self.scenarios.get(name)
        if scenario is None:
            raise Rejected(f"There is no such scenario; choose one of: {', '.join(self.scenarios)}.")
        member = self._member(account_id)
        async with member.gate.moving():
            if member.away is not None:
                raise Rejected("A scenario is running already; stop it first.", code="scenario_running")
            if self.base.price is None or self._state(self.base) != "live":
                raise Rejected("The market has no current price to start from.", code="no_price")
            away = self._away(scenario)
            try:
                await self.base.leave(account_id)
                member.away = away
                await self._enter(account_id, away.floor)
            except BaseException:  # nowhere is the one place where an account must not end
                await self._come_back(account_id, away)
                raise
            away.task = asyncio.create_task(self._play(account_id, away))

    async def stop_scenario(self, account_id: UUID) -> None:
        """Bring the account back to the market; nothing happens when no scenario is running."""
        member = self._member(account_id)
        async with member.gate.moving():
            away = member.away
            if away is None:
                return
            if away.task is not None:
                away.task.cancel()
                await asyncio.gather(away.task, return_exceptions=True)
            await self._come_back(account_id, away)

    def _away(self, scenario: Scenario) -> _Away:
        """A floor of its own for a scenario, at the base floor's price."""
        feed = self._overlay(scenario, self.feed, lambda: self.base.price)
        floor = self._floor(feed.label)
        if self.base.price is not None:
            floor.runner.market.begin(self.base.price)
        floor.runner.market.funding = self.base.runner.market.funding
        return _Away(scenario, feed, floor, self._clock.now() + timedelta(seconds=scenario.total_s))

    async def _play(self, account_id: UUID, away: _Away) -> None:
        try:
            async for tick in away.feed.ticks():
                await away.floor.tick(tick)
        except Exception:  # noqa: BLE001 - the outermost loop of a scenario: the account must get back
            _log.exception("scenario.failed", account=str(account_id), scenario=away.scenario.name)
        member = self._member(account_id)
        async with member.gate.moving():
            if member.away is away:
                await self._come_back(account_id, away)

    async def _come_back(self, account_id: UUID, away: _Away) -> None:
        """From wherever the account is to the base floor. It does not move otherwise meanwhile."""
        await away.floor.leave(account_id)
        await away.floor.runner.close()
        await self.base.leave(account_id)
        self._member(account_id).away = None
        await self._enter(account_id, self.base)
        if self.base.price is not None:
            await self.base.tick(self.base.price)

    # -- the feed -------------------------------------------------------------------------------

    async def pump(self) -> None:
        """Move the base floor by the feed until the feed ends."""
        async for tick in self.feed.ticks():
            await self.base.tick(tick)
        self._ended = True

    async def pass_time(self) -> None:
        """Called about once a second: silence, wakes in time, funding."""
        for floor in self._floors():
            await floor.runner.pass_time()
            funding = floor.runner.market.funding.value
            if funding is not None and self._clock.now() >= funding.settles_at:
                floor.runner.set_funding(None)
                if not floor.runner.market.silent:
                    await floor.settle_funding(funding.rate)

    async def look_around(self) -> None:
        """Called about once a minute: the next funding, and the price a day ago."""
        funding = await self.feed.funding()
        for floor in self._floors():
            await floor.runner.announce_funding(funding)
        candles = await self.feed.candles("1h", 25)
        self._day_ago = candles[0].open if candles else None

    async def close(self) -> None:
        """Bring everybody back and stop; the journal holds what is still open."""
        for account_id in list(self._members):
            await self.stop_scenario(account_id)
        await self.base.runner.close()
        await self.feed.aclose()

    # -- inside ---------------------------------------------------------------------------------

    def _floor(self, source: str) -> Floor:
        runner = Runner(
            clock=self._clock,
            journal=self._journal,
            source=source,
            changed=self._changed,
            sleep=self._sleep,
        )
        return Floor(runner, clock=self._clock, store=self._store)

    def _floors(self) -> list[Floor]:
        return [self.base, *(m.away.floor for m in self._members.values() if m.away)]

    async def _enter(self, account_id: UUID, floor: Floor) -> None:
        await floor.join(account_id)
        for automation in list(self._members[account_id].automations.values()):
            await floor.runner.attach(automation)
        self._changed(account_id)

    def _member(self, account_id: UUID) -> _Member:
        try:
            return self._members[account_id]
        except KeyError:
            raise Rejected("There is no such account.", code="account_not_found") from None

    def _state(self, floor: Floor) -> str:
        tick = floor.price
        if tick is not None and self._clock.now() - tick.at <= PRICE_MAX_AGE:
            return "live"
        return "ended" if self._ended else "stale"
