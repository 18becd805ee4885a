"""The composition root: the only place that knows which adapter stands behind which port."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import stamina

from services.accounts.people import People
from services.accounts.sessions import Sessions
from services.adapters.bus.memory import Changes
from services.adapters.clock import SystemClock
from services.adapters.prices.choose import FeedOptions, choose_feed
from services.adapters.prices.scenario import SCENARIOS, ScenarioFeed
from services.automations import Automations
from services.candles import load_candles
from services.desk import Desk
from services.domain.errors import Rejected, Unavailable
from services.domain.market import Tick
from services.engine.markets import Markets
from services.ports import Clock, Overlay, PriceFeed, Scenario
from services.settings import Settings
from services.storage.accounts import Accounts
from services.storage.books import DatabaseBooks
from services.storage.database import Database
from services.storage.journal import DatabaseJournal


@dataclass(frozen=True, slots=True)
class Axisor:
    """The running product: everything that delivery code may call."""

    settings: Settings
    clock: Clock
    database: Database
    changes: Changes
    markets: Markets
    people: People
    sessions: Sessions
    accounts: Accounts
    desk: Desk
    automations: Automations


_running: Axisor | None = None


def current() -> Axisor:
    """The running product of this process.

    Raises:
        Unavailable: it has not started yet, or has stopped.
    """
    if _running is None:
        raise Unavailable("Axisor is starting; try again in a moment.", code="starting")
    return _running


@asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Axisor]:
    """Put the product together for this event loop, and take it apart at the end."""
    global _running
    if settings.database_url is None:
        raise Rejected("No database: start with `./axisor up`, or set DATABASE_URL.", code="no_database")
    stamina.instrumentation.set_on_retry_hooks([])  # feeds log the first failure and the recovery
    clock, changes = SystemClock(), Changes()
    database = Database(settings.database_url.get_secret_value())
    feed = await choose_feed(settings.feed, _feed_options(settings), clock=clock, load=load_candles)
    markets = Markets(
        feed=feed,
        clock=clock,
        journal=DatabaseJournal(database),
        store=DatabaseBooks(database),
        scenarios=SCENARIOS,
        overlay=_overlay(clock),
        changed=changes.tell,
    )
    accounts = Accounts(database)
    _running = Axisor(
        settings=settings,
        clock=clock,
        database=database,
        changes=changes,
        markets=markets,
        people=People(database, clock),
        sessions=Sessions(database, clock),
        accounts=accounts,
        desk=Desk(accounts, markets, clock),
        automations=Automations(accounts, markets, clock),
    )
    try:
        yield _running
    finally:
        _running = None
        await markets.close()
        await database.close()


def _feed_options(settings: Settings) -> FeedOptions:
    return FeedOptions(
        base_url=settings.lnmarkets_url, speed=settings.feed_speed, seed=settings.simulation_seed
    )


def _overlay(clock: Clock) -> Overlay:
    def overlay(scenario: Scenario, market: PriceFeed, latest: Callable[[], Tick | None]) -> PriceFeed:
        return ScenarioFeed(market, latest, SCENARIOS[scenario.name], clock=clock)

    return overlay
