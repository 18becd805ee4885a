"""One price and everybody who trades at it: the venue settles first, then automations run.

A floor is what a live market, a scenario and a replay have in common. Accounts come and go; a paper
account is settled here, a real one settles at its own venue and only its automations run here.
"""

from collections.abc import Awaitable, Callable, Collection
from decimal import Decimal
from uuid import UUID

import structlog

from services.domain.errors import Defect, Unavailable
from services.domain.market import Tick
from services.domain.wakes import EventKind
from services.engine.paper_exchange import FEE_RATE, BookStore, PaperExchange
from services.engine.runner import Runner
from services.engine.wakes import WakeIndex
from services.ports import Clock

_log = structlog.get_logger()


class Floor:
    """See the module's text. `runner` holds the market's view and the automations."""

    def __init__(
        self, runner: Runner, *, clock: Clock, store: BookStore, fee_rate: Decimal = FEE_RATE
    ) -> None:
        self.runner = runner
        self.levels: WakeIndex[UUID] = WakeIndex()
        self._clock, self._store, self._fee_rate = clock, store, fee_rate
        self._paper: dict[UUID, PaperExchange] = {}
        self._unsettled: set[UUID] = set()

    @property
    def price(self) -> Tick | None:
        return self.runner.market.tick

    async def join(self, account_id: UUID, new_id: Callable[[], str] | None = None) -> None:
        """A paper account begins to trade here; what an earlier process left open is reconciled."""
        exchange = PaperExchange(
            account_id,
            store=self._store,
            clock=self._clock,
            tick=lambda: self.runner.market.tick,
            levels=self.levels,
            fee_rate=self._fee_rate,
            **({} if new_id is None else {"new_id": new_id}),
        )
        self._paper[account_id] = exchange
        try:
            await exchange.book()
        except Unavailable:
            self._unsettled.add(account_id)
        await self.runner.add_account(account_id, exchange)

    async def leave(self, account_id: UUID) -> None:
        """The account trades elsewhere from now on; waits for what is running."""
        exchange = self._paper.pop(account_id, None)
        self._unsettled.discard(account_id)
        await self.runner.remove_account(account_id)
        if exchange is not None:
            await exchange.retire()

    def exchange(self, account_id: UUID) -> PaperExchange:
        """The account's venue; a `Defect` when it does not trade here."""
        try:
            return self._paper[account_id]
        except KeyError:
            raise Defect(f"Account {account_id} does not trade here.") from None

    def accounts(self) -> list[UUID]:
        return list(self._paper)

    async def tick(self, tick: Tick) -> None:
        """A new price: liquidate whom it has reached, then wake automations."""
        self.runner.market.tick = tick
        reached = self._unsettled.union(self.levels.priced(tick.price, tick.price))
        for account_id in reached & self._paper.keys():
            await self._settle(account_id, tick)
        await self.runner.tick(tick)

    async def _settle(self, account_id: UUID, tick: Tick) -> None:
        """Liquidate at one account; when its book cannot be saved now, again at the next price."""
        self._unsettled.add(account_id)
        exchange = self._paper[account_id]
        if await self._done(account_id, exchange.settle(tick.price), EventKind.POSITION_CLOSED):
            self._unsettled.discard(account_id)

    async def settle_funding(self, rate: Decimal) -> None:
        """One funding settlement for every paper account, at the current price."""
        tick = self.runner.market.tick
        for account_id, exchange in list(self._paper.items()):
            await self._done(account_id, exchange.settle_funding(rate), EventKind.FUNDING_SETTLED)
        if tick is not None:
            await self.tick(tick)

    async def _done(self, account_id: UUID, work: Awaitable[Collection[object]], event: EventKind) -> bool:
        """Whether something at one account could be done; if so, its automations hear what came of it.

        An account that fails does not keep the others from the price.
        """
        try:
            if await work and self.runner.owns(account_id):
                await self.runner.refresh(account_id, event)
        except Exception as error:  # noqa: BLE001 - the outermost loop of a market
            _log.warning(
                "account.not_settled", account=str(account_id), event_kind=event.value, exc_info=error
            )
            return False
        return True
