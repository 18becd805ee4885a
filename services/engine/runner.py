"""Runs the automations of one market. The same live, on paper and in replay.

A runner owns one price and the accounts that trade at it. Ticks, events and orders come in from
outside; it reads no feed and no clock of its own. Accounts run side by side, each in order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from uuid import UUID, uuid4

from services.domain.automation import Intent, MoneyAction, Reading
from services.domain.errors import Unavailable
from services.domain.futures import Position
from services.domain.market import PRICE_MAX_AGE, Funding, Tick
from services.domain.wakes import EventKind
from services.engine.account import AccountRunner, Automation, Surroundings, Watch
from services.engine.intents import Sleep
from services.engine.market_view import MarketView
from services.engine.wakes import WakeIndex
from services.ports import Clock, Exchange, Journal


class Runner:
    """See the module's text.

    Args:
        clock: the only time.
        journal: where runs and intents are written before anything is sent.
        source: the market's name, as in `LN Markets` or `Simulated market`.
        changed: called with an account's id after something about it has changed.
        sleep: how to wait while an outcome is reconciled.
        new_id: names the traces; a replay numbers them.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        journal: Journal,
        source: str,
        changed: Callable[[UUID], None] = lambda account_id: None,
        sleep: Sleep = asyncio.sleep,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self.market = MarketView(source)
        self.index: WakeIndex[Watch] = WakeIndex()
        self._clock = clock
        self._around = Surroundings(self.market, self.index, clock, journal, sleep, changed, new_id)
        self._accounts: dict[UUID, AccountRunner] = {}

    async def add_account(self, account_id: UUID, exchange: Exchange) -> None:
        """Take an account over: open intents are reconciled, positions read."""
        account = AccountRunner(account_id, exchange, self._around)
        self._accounts[account_id] = account
        await account.recover()

    async def remove_account(self, account_id: UUID) -> None:
        """Hand an account back, after what is running; nothing happens when it is not here."""
        account = self._accounts.pop(account_id, None)
        if account is not None:
            await account.stop()

    def owns(self, account_id: UUID) -> bool:
        return account_id in self._accounts

    def is_sure(self, account_id: UUID) -> bool:
        """Whether nothing about the account waits for being read or tried again."""
        return not self._account(account_id).unsure

    def positions(self, account_id: UUID) -> list[Position]:
        """The account's positions as last read at the venue; none while it changes its market."""
        account = self._accounts.get(account_id)
        return account.positions() if account else []

    async def close(self) -> None:
        for account_id in list(self._accounts):
            await self.remove_account(account_id)

    async def attach(self, automation: Automation) -> None:
        """Arm an automation, or give an armed one its new configuration; it decides at once."""
        await self._account(automation.account_id).attach(automation)

    async def detach(self, account_id: UUID, automation_id: UUID) -> None:
        """Stop an automation, after what it is doing now."""
        await self._account(account_id).detach(automation_id)

    async def tick(self, tick: Tick, low: Decimal | None = None, high: Decimal | None = None) -> None:
        """A new price; `low` and `high` when several ticks were taken together."""
        was_silent, self.market.silent = self.market.silent, self._too_old(tick)
        self.market.tick = tick
        woken = self.index.priced(tick.price if low is None else low, tick.price if high is None else high)
        woken += self.index.due(self._clock.now())
        if was_silent != self.market.silent:
            woken += self.index.on(EventKind.PRICE_SILENT if self.market.silent else EventKind.PRICE_RESUMED)
        await self._dispatch(woken, "price")

    async def pass_time(self) -> None:
        """Wake what is due; and once, when the price has become too old, everything."""
        if not self.market.silent and self._too_old(self.market.tick):
            self.market.silent = True
            await self._dispatch(self.index.on(EventKind.PRICE_SILENT), EventKind.PRICE_SILENT.value)
        await asyncio.gather(*(one.recover() for one in list(self._accounts.values()) if one.unsure))
        await self._dispatch(self.index.due(self._clock.now()), "time")

    def _too_old(self, tick: Tick | None) -> bool:
        return tick is None or self._clock.now() - tick.at > PRICE_MAX_AGE

    def set_funding(self, funding: Funding | None) -> None:
        """The next settlement, as the market announces it."""
        self.market.funding = Reading(funding, self._clock.now(), self.market.source)

    async def announce_funding(self, funding: Funding | None) -> None:
        """The next settlement; whoever acts before it is woken when it is another one."""
        known = self.market.funding.value
        self.set_funding(funding)
        if funding is not None and (known is None or known.settles_at != funding.settles_at):
            woken = self.index.on(EventKind.FUNDING_ANNOUNCED)
            await self._dispatch(woken, EventKind.FUNDING_ANNOUNCED.value)

    async def refresh(self, account_id: UUID, event: EventKind) -> None:
        """Something happened to an account at the venue: read it and wake who is concerned."""
        await self._account(account_id).refresh(event.value)

    async def order(self, account_id: UUID, position_id: str, action: MoneyAction, order_id: UUID) -> Intent:
        """A person's own money action, written down and sent once, like any other.

        Args:
            order_id: made by the caller once per order, so that a repeated click is one order.
        Returns:
            The intent with the state it has reached.
        Raises:
            Rejected: repeated, or there is no such position; nothing was sent.
        """
        return await self._account(account_id).order(position_id, action, order_id)

    async def exclusively(self, account_id: UUID, act: Callable[[Exchange], Awaitable[Position]]) -> Position:
        """Do something at the venue, in order with the account's other actions."""
        return await self._account(account_id).exclusively(act)

    def _account(self, account_id: UUID) -> AccountRunner:
        try:
            return self._accounts[account_id]
        except KeyError:
            raise Unavailable(
                "This account is changing its market; try again in a moment.", code="account_moving"
            ) from None

    async def _dispatch(self, woken: Iterable[Watch], cause: str) -> None:
        by_account: dict[UUID, list[Watch]] = {}
        for watch in dict.fromkeys(woken):
            by_account.setdefault(watch.account_id, []).append(watch)
        accounts = {key: self._accounts[key] for key in by_account if key in self._accounts}
        try:
            await asyncio.gather(*(one.wake(by_account[key], cause) for key, one in accounts.items()))
        except asyncio.CancelledError:
            for account in accounts.values():
                account.unsure = True  # its wakes are used up, and it may not have run
            raise
