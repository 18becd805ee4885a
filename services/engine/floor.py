"""One price and everybody who trades at it: the venue settles first, then automations run.

A floor is what a live market, a scenario and a replay have in common. Accounts come and go; a paper
account is settled here, a real one settles at its own venue and only its automations run here.
"""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from services.domain.errors import Defect, Unavailable, Unknown
from services.domain.market import Tick
from services.domain.wakes import EventKind
from services.engine.paper_exchange import FEE_RATE, BookStore, PaperExchange
from services.engine.runner import Runner
from services.engine.wakes import WakeIndex
from services.ports import Clock


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
        await exchange.book()
        await self.runner.add_account(account_id, exchange)

    async def leave(self, account_id: UUID) -> None:
        """The account trades elsewhere from now on; waits for what is running."""
        await self.runner.remove_account(account_id)
        self._paper.pop(account_id).disarm()

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
        try:
            closed = await self._paper[account_id].settle(tick.price)
        except (Unavailable, Unknown):
            self._unsettled.add(account_id)
            return
        self._unsettled.discard(account_id)
        if closed:
            await self.runner.refresh(account_id, EventKind.POSITION_CLOSED)

    async def settle_funding(self, rate: Decimal) -> None:
        """One funding settlement for every paper account, at the current price."""
        tick = self.runner.market.tick
        for account_id, exchange in list(self._paper.items()):
            if await exchange.settle_funding(rate):
                await self.runner.refresh(account_id, EventKind.FUNDING_SETTLED)
        if tick is not None:
            await self.tick(tick)
