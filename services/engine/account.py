"""One account under automation: its positions, its automations, and its runs in order.

A run is: observe, decide, commit, perform once, record. Everything that touches the account goes
through one lock, a person's own orders included, so that no two actions can cross.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog

from services.domain import futures
from services.domain.automation import (
    Decision,
    Facts,
    Intent,
    IntentState,
    Memory,
    MoneyAction,
    Reading,
    Run,
    intent_id,
)
from services.domain.errors import Defect, Rejected, Unavailable
from services.domain.futures import Position
from services.domain.market import PRICE_MAX_AGE, day_of
from services.domain.money import Sats
from services.domain.wakes import At, EventKind, PriceAtOrAbove, PriceAtOrBelow
from services.engine.doubts import Doubts
from services.engine.intents import Sleep, perform
from services.engine.kind import KindConfig
from services.engine.kinds import KINDS
from services.engine.market_view import MarketView
from services.engine.wakes import WakeIndex
from services.ports import Clock, Exchange, Journal

_log = structlog.get_logger()

MAX_RUNS_AT_ONCE = 1_000
"""More consecutive runs of one account at one price is a loop, not a market."""

PAUSE_AFTER_REFUSAL = timedelta(seconds=5)
"""What the venue has refused is decided again, but not in the same breath."""


@dataclass(frozen=True, slots=True)
class Automation:
    """An armed instance of a kind."""

    id: UUID
    account_id: UUID
    kind: str
    config: KindConfig
    version: int = 1


@dataclass(frozen=True, slots=True)
class Watch:
    """One automation looking after one position: the unit that is woken and run."""

    account_id: UUID
    automation_id: UUID
    position_id: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all accounts of a runner share."""

    market: MarketView
    index: WakeIndex[Watch]
    clock: Clock
    journal: Journal
    sleep: Sleep
    changed: Callable[[UUID], None]
    new_id: Callable[[], UUID]


class AccountRunner:
    """Created by the market's `Runner`. `unsure`: something failed, was cancelled or could not be read."""

    def __init__(self, account_id: UUID, exchange: Exchange, around: Surroundings) -> None:
        self.id, self.unsure = account_id, True
        self._exchange, self._around = exchange, around
        self._automations: dict[UUID, Automation] = {}
        self._positions: dict[str, Reading[Position]] = {}
        self._lock = asyncio.Lock()
        self._doubts = Doubts(
            exchange, around.journal, around.clock, around.sleep, self._lock, self._resolved
        )

    async def recover(self) -> None:
        """Find out what was left open, read everything anew, and decide on it. At the start, too."""
        try:
            async with self._lock:
                if self.unsure:
                    await self._recover()
        except Unavailable:
            self.unsure = True
        except Exception as error:  # noqa: BLE001 - an outermost loop: it is tried again
            self.unsure = True
            _log.warning("account.not_recovered", account=str(self.id), exc_info=error)

    async def _recover(self) -> None:
        for intent in await self._around.journal.unresolved(self.id):
            self._doubts.begin(intent)
        await self._exchange.balance()
        self.unsure = False
        await self._read()
        if not self.unsure:
            await self._run_all(self._all_watches(self._positions), EventKind.POSITION_CHANGED.value)

    async def stop(self) -> None:
        """Disarm everything, after what is running; the journal holds what is still open."""
        self._doubts.leave()
        async with self._lock:
            self._doubts.leave()
            for automation_id in list(self._automations):
                self._forget(automation_id)

    async def attach(self, automation: Automation) -> None:
        """Arm an automation, or give an armed one its new configuration; it decides at once."""
        async with self._lock:
            self._forget(automation.id)
            self._automations[automation.id] = automation
            await self._run_all(self._watches(automation, self._positions), "configuration")

    async def detach(self, automation_id: UUID) -> None:
        async with self._lock:
            self._forget(automation_id)

    async def wake(self, watches: Iterable[Watch], cause: str) -> None:
        """Run the woken ones, nearest to liquidation first. Fails for nobody but itself."""
        try:
            async with self._lock:
                await self._run_all(sorted(watches, key=self._danger), cause)
        except Exception:  # noqa: BLE001 - the outermost loop of an account: others must go on
            _log.exception("account.failed", account=str(self.id))

    async def refresh(self, cause: str) -> None:
        """Read the positions; whoever watches a changed one is woken."""
        async with self._lock:
            await self._run_all(await self._read(), cause)

    async def order(self, position_id: str, action: MoneyAction, order_id: UUID) -> Intent:
        """A person's own money action; see `Runner.order`."""
        async with self._lock:
            await self._run_all(await self._read(), EventKind.POSITION_CHANGED.value)
            reading = self._positions.get(position_id)
            if reading is None:
                raise Rejected("There is no running position with this id.", code="position_not_found")
            if reading.value is None:
                raise Unavailable("The position cannot be read at the venue now; nothing was sent.")
            intent = self._intent(order_id, None, reading.value, 0, action)
            with self._unsure_unless_refused():
                await self._around.journal.plan(intent)
                done = await self._perform(intent)
            await self._run_all(await self._read(), "order")
        return done

    async def exclusively(self, act: Callable[[Exchange], Awaitable[Position]]) -> Position:
        """Do something at the venue in order with everything else, then read it back."""
        async with self._lock:
            with self._unsure_unless_refused():
                result = await act(self._exchange)
            await self._run_all(await self._read(), EventKind.POSITION_OPENED.value)
        return result

    @contextmanager
    def _unsure_unless_refused(self) -> Iterator[None]:
        """Whatever else ends it, a cancellation included, may have left something behind."""
        try:
            yield
        except Rejected:
            raise
        except BaseException:
            self.unsure = True
            raise

    def positions(self) -> list[Position]:
        """The positions as last read; one that was acted on since is left out."""
        return [reading.value for reading in self._positions.values() if reading.value is not None]

    # -- runs -----------------------------------------------------------------------------------

    async def _run_all(self, watches: Iterable[Watch], cause: str) -> None:
        """Run until nobody is woken any more. The lock is held."""
        queue = deque((watch, cause) for watch in watches)
        for _ in range(MAX_RUNS_AT_ONCE):
            if not queue:
                return
            watch, why = queue.popleft()
            with self._unsure_unless_refused():
                queue.extend(await self._run(watch, why))
        raise Defect(f"The automations of account {self.id} keep waking each other.")

    async def _run(self, watch: Watch, cause: str) -> list[tuple[Watch, str]]:
        """One run; returns whom it has woken, and why. One that fails is tried again by `recover`."""
        automation = self._automations.get(watch.automation_id)
        if automation is None or watch.position_id not in self._positions:
            self._around.index.disarm(watch)
            return []
        try:
            return await self._decide_and_perform(automation, watch, cause)
        except Exception as error:  # noqa: BLE001 - the outermost loop of a run: it must stay armed
            _log.warning(
                "run.failed", automation=str(automation.id), position=watch.position_id, exc_info=error
            )
            self.unsure = True
            return []

    async def _decide_and_perform(
        self, automation: Automation, watch: Watch, cause: str
    ) -> list[tuple[Watch, str]]:
        memory = await self._around.journal.memory(watch.automation_id, watch.position_id)
        facts = await self._observe(watch)
        decision = KINDS[automation.kind].decide(automation.config, facts, memory)
        intents = self._intents(watch, memory, facts, decision)
        run = Run(
            id=self._around.new_id(),
            automation_id=automation.id,
            account_id=self.id,
            position_id=watch.position_id,
            config_version=automation.version,
            cause=cause,
            facts=facts,
            decision=decision,
            intents=intents,
        )
        await self._around.journal.commit(run)
        self._around.index.arm(watch, decision.wakes)
        self._around.changed(self.id)
        if not intents:
            return [(watch, "price")] if self._holds_now(decision) else []
        refused = any([(await self._perform(i)).state is IntentState.REJECTED for i in intents])
        woken = [(other, "position") for other in await self._read() if not (refused and other == watch)]
        if refused and watch.position_id in self._positions:
            self._around.index.arm(watch, (*decision.wakes, At(facts.now + PAUSE_AFTER_REFUSAL)))
        return woken

    def _holds_now(self, decision: Decision) -> bool:
        """Whether a price wake is met already: a level that holds when it is armed fires at once."""
        tick = self._around.market.tick
        return tick is not None and any(
            (isinstance(wake, PriceAtOrBelow) and tick.price <= wake.price)
            or (isinstance(wake, PriceAtOrAbove) and tick.price >= wake.price)
            for wake in decision.wakes
        )

    async def _observe(self, watch: Watch) -> Facts:
        around, now = self._around, self._around.clock.now()
        tick, source = around.market.tick, around.market.source
        if tick is not None and now - tick.at > PRICE_MAX_AGE and not around.market.silent:
            self.unsure = True  # its turn came too late for its price, and the next may be as good
        still_open = await self._open_intents()
        here = [intent for intent in still_open if intent.position_id == watch.position_id]
        elsewhere = sum(intent.amount for intent in still_open if intent not in here)
        return Facts(
            now=now,
            price=Reading(tick.price if tick else None, tick.at if tick else None, source),
            agreement=around.market.agreement,
            position=self._positions[watch.position_id],
            balance=await self._balance(less=elsewhere),
            funding=around.market.funding,
            unresolved=tuple(intent.state.value for intent in here),
            spent=await around.journal.spent(watch.automation_id, watch.position_id, day_of(now)),
        )

    async def _open_intents(self) -> list[Intent]:
        """What is still open. Nothing can be under way while the lock is held, so one that was
        planned was never sent, and one without an outcome has to be reconciled."""
        still_open = []
        for intent in await self._around.journal.unresolved(self.id):
            if intent.state is IntentState.PLANNED and intent.id not in self._doubts:
                await self._around.journal.move(
                    intent.id, IntentState.DROPPED, self._around.clock.now(), "never sent"
                )
            else:
                self._doubts.begin(intent)
                still_open.append(intent)
        return still_open

    async def _balance(self, less: int) -> Reading[Sats]:
        """The account's balance without what open intents elsewhere may still take from it."""
        try:
            balance = await self._exchange.balance()
        except Unavailable:
            self.unsure = True
            return Reading(None, None, "venue")
        return Reading(Sats(max(balance - less, 0)), self._around.clock.now(), "venue")

    async def _read(self) -> list[Watch]:
        """Read the positions; gives the watches of new and changed ones, forgets closed ones.

        A position that changes takes or frees money, so those who wait for money are among them.
        """
        before = self._positions
        try:
            positions = await self._exchange.positions()
        except Unavailable:
            self.unsure = True
            self._positions = {key: Reading(None, None, "venue") for key in before}
            return self._all_watches(before)
        now = self._around.clock.now()
        self._positions = {p.id: Reading(p, now, "venue") for p in positions}
        closed = before.keys() - self._positions.keys()
        for watch in self._all_watches(closed):
            self._around.index.disarm(watch)
        self._around.changed(self.id)
        changed = [p.id for p in positions if p.id not in before or before[p.id].value != p]
        waiting = self._around.index.on(EventKind.BALANCE_CHANGED) if changed or closed else []
        woken = [*self._all_watches(changed), *(w for w in waiting if w.account_id == self.id)]
        return sorted(dict.fromkeys(woken), key=self._danger)

    def _danger(self, watch: Watch) -> Decimal:
        """Distance to liquidation; what is not known comes first."""
        reading, tick = self._positions.get(watch.position_id), self._around.market.tick
        if reading is None or reading.value is None or tick is None:
            return Decimal(-1)
        return futures.distance(reading.value.side, tick.price, reading.value.liquidation)

    # -- intents --------------------------------------------------------------------------------

    def _intents(self, watch: Watch, memory: Memory, facts: Facts, decision: Decision) -> tuple[Intent, ...]:
        position = facts.position.value
        wanted = [action for action in decision.actions if isinstance(action, MoneyAction)]
        if position is None or not wanted:
            return ()
        if len(wanted) > 1:
            raise Defect("A decision may hold one money action.")
        name = intent_id(watch.automation_id, watch.position_id, memory.sequence)
        return (self._intent(name, watch.automation_id, position, memory.sequence, wanted[0]),)

    def _intent(
        self, name: UUID, automation_id: UUID | None, position: Position, sequence: int, action: MoneyAction
    ) -> Intent:
        return Intent(
            id=name,
            account_id=self.id,
            automation_id=automation_id,
            position_id=position.id,
            sequence=sequence,
            action=action,
            state=IntentState.PLANNED,
            margin_before=position.margin,
            funding_before=position.funding_paid,
            created_at=self._around.clock.now(),
        )

    async def _perform(self, intent: Intent) -> Intent:
        """Send it once. The position counts as not read until it has been read again."""
        self._positions[intent.position_id] = Reading(None, None, "acted since it was read")
        done = await perform(intent, self._exchange, self._around.journal, self._around.clock)
        if done.state is IntentState.UNKNOWN:
            self._doubts.begin(done)
        return done

    async def _resolved(self, intent: Intent) -> None:
        """What was open is known now: whoever was blocked decides anew."""
        async with self._lock:
            with self._unsure_unless_refused():
                changed = await self._read()
        watches = dict.fromkeys([*changed, *self._all_watches([intent.position_id])])
        await self.wake(watches, EventKind.INTENT_RESOLVED.value)

    # -- watches --------------------------------------------------------------------------------

    def _watches(self, automation: Automation, position_ids: Iterable[str]) -> list[Watch]:
        return [
            Watch(self.id, automation.id, position_id)
            for position_id in position_ids
            if automation.config.covers(position_id)
        ]

    def _all_watches(self, position_ids: Collection[str]) -> list[Watch]:
        return [w for a in self._automations.values() for w in self._watches(a, position_ids)]

    def _forget(self, automation_id: UUID) -> None:
        automation = self._automations.pop(automation_id, None)
        if automation is not None:
            for watch in self._watches(automation, self._positions):
                self._around.index.disarm(watch)
