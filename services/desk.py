"""What a trader sees and does on the Protect page: positions, guards, decisions, orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services import wording
from services.catalogue import N_, sats, translate, usd
from services.domain import futures
from services.domain.automation import AddMargin, ClosePosition, Intent, IntentState, MoneyAction
from services.domain.errors import Rejected
from services.domain.futures import Position, Side
from services.domain.inputs import decimal, whole
from services.domain.market import Candle, Tick
from services.domain.money import Sats, to_tick
from services.engine.kinds import margin_guard, parse
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.markets import MarketInfo, Markets
from services.engine.paper import Quote
from services.ports import Clock, MarketOrder
from services.storage.accounts import Accounts, Entry
from services.storage.tables import AutomationRow, PaperTradeRow, RunRow

MIN_PAPER_BALANCE = 10_000
MAX_PAPER_BALANCE = 10_000_000_000
DECISIONS = 50


@dataclass(frozen=True, slots=True)
class AccountView:
    id: UUID
    name: str
    venue: str
    balance: Sats
    market: MarketInfo


@dataclass(frozen=True, slots=True)
class GuardView:
    """A guard on one position. `state`: armed, acting, blocked or paused; fractions for levels.

    `would_add` is what it adds at `trigger_price`, `left` what the budgets leave for this position,
    `reasons` what blocks it, in words.
    """

    automation_id: UUID
    state: str
    headline: str
    reasons: tuple[str, ...]
    trigger: Decimal
    target: Decimal
    trigger_price: Decimal
    target_price: Decimal
    would_add: Sats
    spent: Sats
    left: Sats


@dataclass(frozen=True, slots=True)
class PositionView:
    """A running position; `room` sats of margin fit, `to_target` sats would restore the target."""

    account_id: UUID
    position: Position
    guard: GuardView | None
    room: Sats
    to_target: Sats


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One line of the decision stream. `reasons` are (verdict, sentence)."""

    id: str
    at: datetime
    outcome: str
    headline: str
    position_id: str
    source: str
    cause: str
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Overview:
    accounts: tuple[AccountView, ...]
    automations: tuple[AutomationRow, ...]
    positions: tuple[PositionView, ...]
    decisions: tuple[DecisionView, ...]


class Desk:
    """Use cases of the Protect page; every one takes the user first."""

    def __init__(self, accounts: Accounts, markets: Markets, clock: Clock) -> None:
        self._accounts, self._markets, self._clock = accounts, markets, clock

    # -- reading --------------------------------------------------------------------------------

    async def overview(self, user_id: UUID, language: str = "en") -> Overview:
        """Everything the Protect page shows, sentences in `language`."""
        rows = await self._accounts.of(user_id)
        automations = await self._accounts.automations(user_id)
        runs = {
            (run.automation_id, run.position_id): run for run in await self._accounts.latest_runs(user_id)
        }
        accounts, positions = [], []
        for row in rows:
            async with self._markets.staying(row.id) as floor:
                balance = await floor.exchange(row.id).balance()
                running, market = floor.runner.positions(row.id), self._markets.info(row.id)
            accounts.append(AccountView(row.id, row.name, row.venue, balance, market))
            guards = [a for a in automations if a.account_id == row.id]
            for position in running:
                guard = await self._guard(position, guards, runs, balance, language)
                positions.append(_position(row.id, position, guard, market.tick))
        decisions = await self._decisions(user_id, language)
        return Overview(tuple(accounts), tuple(automations), tuple(positions), decisions)

    async def market(self, user_id: UUID, account_id: UUID) -> MarketInfo:
        """The market that one of the user's accounts trades at."""
        await self._accounts.check(user_id, account_id)
        return self._markets.info(account_id)

    async def candles(
        self, user_id: UUID, account_id: UUID, timeframe: str, limit: object
    ) -> Sequence[Candle]:
        """The latest candles of the account's market, oldest first."""
        await self._accounts.check(user_id, account_id)
        return await self._markets.feed_of(account_id).candles(timeframe, whole("limit", limit, 1, 1000))

    def scenarios(self) -> tuple[str, ...]:
        """Names of the price paths that a paper account can be put through."""
        return tuple(self._markets.scenarios)

    async def quote(
        self, user_id: UUID, account_id: UUID, side: object, quantity: object, leverage: object
    ) -> tuple[Quote, Position]:
        """What an order would cost now, and the position it would make; nothing is ordered."""
        await self._accounts.check(user_id, account_id)
        order = _order(side, quantity, leverage)
        async with self._markets.staying(account_id) as floor:
            cost = floor.exchange(account_id).quote(order)
        position = Position(
            id="preview",
            side=order.side,
            quantity=order.quantity,
            entry=cost.price,
            margin=cost.margin,
            leverage=order.leverage,
            liquidation=cost.liquidation,
            maintenance=cost.reserve,
            opened_at=self._clock.now(),
        )
        return cost, position

    # -- acting ---------------------------------------------------------------------------------

    async def open_paper(self, user_id: UUID, name: str, balance: object) -> UUID:
        """A new paper account with `balance` sats of simulated money."""
        amount = whole("balance", balance, MIN_PAPER_BALANCE, MAX_PAPER_BALANCE)
        name = name.strip()
        if not 1 <= len(name) <= 80 or not name.isprintable():
            raise Rejected("The account needs a name of 1 to 80 visible characters.", code="name_length")
        row = await self._accounts.create_paper(user_id, name, Sats(amount), self._clock.now())
        await self._markets.join(row.id, [])
        return row.id

    async def open_position(
        self, user_id: UUID, account_id: UUID, side: object, quantity: object, leverage: object
    ) -> Position:
        """A market order. Raises `Rejected` with the allowed range; nothing is ordered then."""
        await self._accounts.check(user_id, account_id)
        order = _order(side, quantity, leverage)
        async with self._markets.staying(account_id) as floor:
            return await floor.runner.exclusively(account_id, lambda exchange: exchange.open_market(order))

    async def add_margin(
        self, user_id: UUID, account_id: UUID, position_id: str, amount: object, order_id: UUID
    ) -> Intent:
        """Add margin by hand. `order_id` is made once per click, so that a repeat is refused."""
        position = await self._own_position(user_id, account_id, position_id)
        room = max(futures.full_margin(position) - position.margin, 0)
        if room == 0:
            raise Rejected("This position is at leverage 1: no margin can be added.", code="leverage_too_low")
        added = whole("amount", amount, 1, room)
        return await self._order(account_id, position_id, AddMargin(Sats(added)), order_id)

    async def close_position(
        self, user_id: UUID, account_id: UUID, position_id: str, order_id: UUID
    ) -> Intent:
        """Close a position at the market."""
        await self._own_position(user_id, account_id, position_id)
        return await self._order(account_id, position_id, ClosePosition(), order_id)

    async def start_scenario(self, user_id: UUID, account_id: UUID, name: str) -> None:
        """Put a paper account through a named price path."""
        row = await self._accounts.check(user_id, account_id)
        if row.venue != "paper":
            raise Rejected("Scenarios are for paper accounts.", code="not_paper")
        await self._markets.start_scenario(account_id, name)

    async def stop_scenario(self, user_id: UUID, account_id: UUID) -> None:
        """Bring the account back to the market's own price."""
        await self._accounts.check(user_id, account_id)
        await self._markets.stop_scenario(account_id)

    # -- inside ---------------------------------------------------------------------------------

    async def _own_position(self, user_id: UUID, account_id: UUID, position_id: str) -> Position:
        await self._accounts.check(user_id, account_id)
        async with self._markets.staying(account_id) as floor:
            for position in floor.runner.positions(account_id):
                if position.id == position_id:
                    return position
        raise Rejected("There is no running position with this id.", code="position_not_found")

    async def _order(self, account_id: UUID, position_id: str, action: MoneyAction, order_id: UUID) -> Intent:
        async with self._markets.staying(account_id) as floor:
            intent = await floor.runner.order(account_id, position_id, action, order_id)
        if intent.state is IntentState.REJECTED:
            raise Rejected(intent.detail)
        return intent

    async def _guard(
        self,
        position: Position,
        automations: list[AutomationRow],
        runs: dict[tuple[UUID, str], RunRow],
        balance: Sats,
        language: str,
    ) -> GuardView | None:
        for row in automations:
            config = parse(row.kind, row.config)
            if isinstance(config, MarginGuard) and config.covers(position.id):
                return await self._guard_view(row, config, position, runs, balance, language)
        return None

    async def _guard_view(
        self,
        row: AutomationRow,
        config: MarginGuard,
        position: Position,
        runs: dict[tuple[UUID, str], RunRow],
        balance: Sats,
        language: str,
    ) -> GuardView:
        run = runs.get((row.id, position.id))
        spent = await self._accounts.spent(row.id, position.id, self._clock.now())
        state = "paused" if row.paused else _STATES.get(run.outcome if run else "", "armed")
        blocked = state == "blocked" and run is not None
        level = margin_guard.trigger_level(config, position)
        left = margin_guard.left(config, spent, balance, position)
        needed = futures.margin_to_reach(position, level, config.target)
        return GuardView(
            automation_id=row.id,
            state=state,
            headline=wording.headline(language, run.outcome, run.reasons, []) if run else "",
            reasons=_blocking(language, run) if blocked and run else (),
            trigger=config.trigger,
            target=config.target,
            trigger_price=level,
            target_price=to_tick(
                futures.price_at_distance(position.side, position.liquidation, config.target)
            ),
            would_add=left if needed is None else min(needed, left),
            spent=spent.position,
            left=left,
        )

    async def _decisions(self, user_id: UUID, language: str) -> tuple[DecisionView, ...]:
        history = [_decision(e, language) for e in await self._accounts.history(user_id, DECISIONS)]
        ended = [
            _ending(trade, language)
            for trade in await self._accounts.ended_trades(user_id, DECISIONS)
            if trade.how == "liquidated"
        ]
        return tuple(sorted([*history, *ended], key=lambda d: d.at, reverse=True)[:DECISIONS])


def _position(
    account_id: UUID, position: Position, guard: GuardView | None, tick: Tick | None
) -> PositionView:
    room = Sats(max(futures.full_margin(position) - position.margin, 0))
    needed = futures.margin_to_reach(position, tick.price, guard.target) if tick and guard else None
    return PositionView(account_id, position, guard, room, Sats(min(needed or 0, room)))


_STATES = {"blocked": "blocked", "acting": "acting"}

_LIQUIDATED = N_("Liquidated at {price}: {margin} sats of margin are lost.")


def _order(side: object, quantity: object, leverage: object) -> MarketOrder:
    if side not in (Side.BUY.value, Side.SELL.value):
        raise Rejected("The side must be buy (long) or sell (short).", code="side_unknown")
    return MarketOrder(
        Side(str(side)),
        whole("quantity", quantity, futures.MIN_QUANTITY, futures.MAX_QUANTITY),
        decimal("leverage", leverage, futures.MIN_LEVERAGE, futures.MAX_LEVERAGE),
    )


def _blocking(language: str, run: RunRow) -> tuple[str, ...]:
    return tuple(wording.reason_sentence(language, r) for r in run.reasons if r["verdict"] != "passed")


def _decision(entry: Entry, language: str) -> DecisionView:
    intents = [(i.action, i.state, i.amount, i.detail) for i in entry.intents]
    run = entry.run
    if run is None:
        first = entry.intents[0]
        return DecisionView(
            id=str(first.id),
            at=entry.at,
            outcome="order",
            headline=wording.order_line(language, intents[0]),
            position_id=first.position_id,
            source="",
            cause="order",
            reasons=(),
        )
    facts: dict[str, Any] = run.facts
    return DecisionView(
        id=str(run.id),
        at=entry.at,
        outcome=run.outcome,
        headline=wording.headline(language, run.outcome, run.reasons, intents),
        position_id=run.position_id,
        source=str(facts["price"]["source"]),
        cause=run.cause,
        reasons=tuple((str(r["verdict"]), wording.reason_sentence(language, r)) for r in run.reasons),
    )


def _ending(trade: PaperTradeRow, language: str) -> DecisionView:
    shown = {"price": usd(language, trade.exit_price or 0), "margin": sats(language, trade.margin)}
    return DecisionView(
        id=f"{trade.id}-end",
        at=trade.closed_at or trade.opened_at,
        outcome="liquidated",
        headline=translate(language, _LIQUIDATED, **shown),
        position_id=trade.id,
        source="",
        cause="venue",
        reasons=(),
    )
