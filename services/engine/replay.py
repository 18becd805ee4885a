"""Replays an automation over candles: the same runner, driven by a clock that jumps.

The clock goes straight to the next candle that can wake anything: one that reaches a price wake or
a liquidation, the next wake in time, the next funding. Inside a candle the price runs continuously
from the open to the adverse extreme, to the other extreme, to the close; between candles it jumps
from close to open. The venue settles first, then automations run until none is woken. Time inside a
candle is not known: what a price causes carries the candle's opening time, and wakes in time come
at the candle's end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from services.domain import futures
from services.domain.automation import IntentState, Run
from services.domain.errors import Defect
from services.domain.futures import Position, Side
from services.domain.market import Candle, Funding, Tick, next_funding
from services.domain.money import Sats, to_tick
from services.domain.series import CandleSeries, to_ms
from services.domain.wakes import EventKind
from services.engine.account import Automation
from services.engine.floor import Floor
from services.engine.in_memory import MemoryBooks, MemoryJournal, SimulatedClock
from services.engine.kind import KindConfig
from services.engine.paper import Book, Quote, quote
from services.engine.paper_exchange import FEE_RATE
from services.engine.runner import Runner
from services.ports import ClosedTrade, MarketOrder

ACCOUNT = UUID("00000000-0000-5000-8000-000000000001")
AUTOMATION = UUID("00000000-0000-5000-8000-000000000002")
POSITION = "1"

Find = Callable[["Replay", int], int]
"""Index of the next candle to walk through, at or after the given one; the length when none."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is replayed. `funds` sats beyond the cost of opening are in the account.

    `guard` None replays the bare position. `funding_rate` is charged at every settlement.
    """

    order: MarketOrder
    kind: str = "margin_guard"
    guard: KindConfig | None = None
    funds: Sats = Sats(0)
    fees: bool = False
    funding_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Something the automation did and the venue confirmed."""

    run: Run
    price: Decimal
    amount: Sats
    liquidation_before: Decimal
    liquidation_after: Decimal | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """`final_profit` in sats: fees and funding included, an open position valued at the last close."""

    entry: Decimal
    cost: Quote
    final_profit: Sats
    ended: ClosedTrade | None
    position: Position | None
    actions: tuple[Action, ...]
    runs: tuple[Run, ...]
    candles_walked: int

    @property
    def liquidated(self) -> bool:
        return self.ended is not None and self.ended.how == "liquidated"

    @property
    def added(self) -> Sats:
        return Sats(sum(action.amount for action in self.actions))


def jump(replay: "Replay", index: int) -> int:
    """The next candle that can cause anything, found without looking at those in between."""
    return replay.next_relevant(index)


def step(replay: "Replay", index: int) -> int:
    """The very next candle. Slow; proves that jumping misses nothing."""
    return index


class Replay:
    """One position, alone or guarded, over one series of candles (at least one)."""

    def __init__(self, series: CandleSeries, terms: Terms) -> None:
        self._series, self._terms = series, terms
        self._clock = SimulatedClock(series.opened_at(0))
        self._journal = MemoryJournal()
        self._books = MemoryBooks()
        self._numbers = 0
        self._fee_rate = FEE_RATE if terms.fees else Decimal(0)
        self._runner = Runner(
            clock=self._clock, journal=self._journal, source="candles", new_id=self._next_id
        )
        self._floor = Floor(self._runner, clock=self._clock, store=self._books, fee_rate=self._fee_rate)
        self._fundings: datetime | None = None

    async def run(self, find: Find = jump, progress: Callable[[int], None] = lambda index: None) -> Replayed:
        """Replay from the first candle to the last, or to the end of the position.

        `progress` is told the index of each candle that is walked through.
        """
        cost = await self._open()
        index = walked = 0
        while (index := find(self, index)) < len(self._series) and not self._ended:
            progress(index)
            await self._walk(index)
            index += 1
            walked += 1
        if not self._runner.is_sure(ACCOUNT):
            raise Defect("The automation failed during the replay; the log says why.")
        return await self._result(cost, walked)

    @property
    def _ended(self) -> bool:
        return bool(self._books.trades.get(ACCOUNT))

    @property
    def _price(self) -> Decimal:
        if (tick := self._floor.price) is None:
            raise Defect("A replay has a price from the start.")
        return tick.price

    def _next_id(self) -> UUID:
        self._numbers += 1
        return uuid5(AUTOMATION, str(self._numbers))

    async def _open(self) -> Quote:
        entry = to_tick(self._series.candle(0).open)
        cost = quote(self._terms.order, entry, self._fee_rate)
        self._books.books[ACCOUNT] = Book(Sats(cost.total + self._terms.funds))
        self._runner.market.begin(Tick(entry, self._clock.now()))
        if self._terms.funding_rate is not None:
            self._announce_funding(self._terms.funding_rate)
        await self._floor.join(ACCOUNT, new_id=lambda: POSITION)
        await self._floor.exchange(ACCOUNT).open_market(self._terms.order)
        await self._runner.refresh(ACCOUNT, EventKind.POSITION_OPENED)
        if self._terms.guard is not None:
            await self._runner.attach(Automation(AUTOMATION, ACCOUNT, self._terms.kind, self._terms.guard))
        return cost

    # -- finding the next candle ----------------------------------------------------------------

    def next_relevant(self, index: int) -> int:
        """First candle at or after `index` that reaches a level, a wake in time or a funding."""
        series, found = self._series, len(self._series)
        falling = _highest(self._floor.levels.highest_falling(), self._runner.index.highest_falling())
        if falling is not None:
            found = _earlier(found, series.first_at_or_below(index, falling))
        rising = _lowest(self._floor.levels.lowest_rising(), self._runner.index.lowest_rising())
        if rising is not None:
            found = _earlier(found, series.first_at_or_above(index, rising))
        due = self._runner.index.next_time()
        if due is not None:
            ends_after = to_ms(datetime.fromtimestamp(due, UTC)) - series.step_ms + 1
            found = _earlier(found, series.first_at_or_after(ends_after))
        if self._fundings is not None:
            found = _earlier(found, series.first_at_or_after(to_ms(self._fundings)))
        return max(found, index)

    # -- one candle -----------------------------------------------------------------------------

    async def _walk(self, index: int) -> None:
        candle = self._series.candle(index)
        self._clock.moment = candle.opened_at
        if index > 0:
            await self._at(candle.open)
        await self._fund(candle)
        for price in _path(candle, self._terms.order.side):
            await self._along(price)
        await self._pass_time(index)

    async def _at(self, price: Decimal) -> None:
        await self._floor.tick(Tick(price, self._clock.now()))

    async def _along(self, target: Decimal) -> None:
        """Run from the current price to `target`, stopping at every level that is met."""
        while not self._ended:
            level = self._next_level(self._price, target)
            if level is None:
                break
            await self._at(level)
        if not self._ended:
            await self._at(target)

    def _next_level(self, price: Decimal, target: Decimal) -> Decimal | None:
        if target < price:
            level = _highest(self._floor.levels.highest_falling(), self._runner.index.highest_falling())
            return None if level is None or level <= target else min(level, price)
        level = _lowest(self._floor.levels.lowest_rising(), self._runner.index.lowest_rising())
        return None if level is None or level >= target else max(level, price)

    async def _fund(self, candle: Candle) -> None:
        """Settle every funding that is due at this candle's open."""
        rate = self._terms.funding_rate
        if rate is None:
            return
        while self._fundings is not None and self._fundings <= candle.opened_at and not self._ended:
            self._announce_funding(rate)
            await self._floor.settle_funding(rate)

    def _announce_funding(self, rate: Decimal) -> None:
        self._fundings = next_funding(self._fundings or self._clock.now())
        self._runner.set_funding(Funding(rate, self._fundings))

    async def _pass_time(self, index: int) -> None:
        """Wake what is due before the candle ends, at its close."""
        end = int(self._series.times[index]) + self._series.step_ms
        while not self._ended and (due := self._runner.index.next_time()) is not None:
            at = datetime.fromtimestamp(due, UTC)
            if to_ms(at) >= end:
                break
            self._clock.moment = max(at, self._clock.moment)
            await self._at(self._price)

    # -- the result -----------------------------------------------------------------------------

    async def _result(self, cost: Quote, walked: int) -> Replayed:
        book = await self._floor.exchange(ACCOUNT).book()
        trades = self._books.trades.get(ACCOUNT, [])
        position = book.positions.get(POSITION)
        worth = book.balance - cost.total - self._terms.funds
        if position is not None:
            worth += self._worth(position)
        return Replayed(
            entry=cost.price,
            cost=cost,
            final_profit=Sats(worth),
            ended=trades[0] if trades else None,
            position=position,
            actions=self._actions(),
            runs=tuple(self._journal.runs),
            candles_walked=walked,
        )

    def _worth(self, position: Position) -> Sats:
        """What closing at the last close would return, in sats."""
        last = self._series.candle(len(self._series) - 1).close
        gain = futures.profit(position.side, position.quantity, position.entry, last)
        fee = futures.trading_fee(position.quantity, last, self._fee_rate)
        return Sats(max(position.margin + gain + position.maintenance - fee, 0))

    def _actions(self) -> tuple[Action, ...]:
        runs = self._journal.runs
        done = []
        for number, run in enumerate(runs):
            before, price = run.facts.position.value, run.facts.price.value
            for intent in run.intents:
                state = self._journal.intents[intent.id].state
                if state is not IntentState.CONFIRMED or before is None or price is None:
                    continue
                after = runs[number + 1].facts.position.value if number + 1 < len(runs) else None
                done.append(
                    Action(
                        run, price, intent.amount, before.liquidation, after.liquidation if after else None
                    )
                )
        return tuple(done)


def _path(candle: Candle, side: Side) -> tuple[Decimal, Decimal, Decimal]:
    """Adverse extreme, other extreme, close."""
    if side is Side.BUY:
        return candle.low, candle.high, candle.close
    return candle.high, candle.low, candle.close


def _highest(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return max((x for x in (one, other) if x is not None), default=None)


def _lowest(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return min((x for x in (one, other) if x is not None), default=None)


def _earlier(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)
