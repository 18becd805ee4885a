"""Arming, changing, pausing and previewing automations."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.domain.automation import AddMargin, Agreement, Facts, Memory, Reading
from services.domain.errors import Rejected
from services.domain.futures import Position
from services.domain.money import Sats
from services.engine.account import Automation
from services.engine.kind import KindConfig
from services.engine.kinds import KINDS, margin_guard, parse
from services.engine.kinds.margin_guard import MarginGuard
from services.engine.markets import Markets
from services.ports import Clock
from services.storage.accounts import Accounts
from services.storage.tables import AutomationRow

GUARD = margin_guard.KIND.slug

_NOTHING = Sats(0)


@dataclass(frozen=True, slots=True)
class GuardPreview:
    """What a guard would do to a position: at `price`, `amount` sats; within `cap` in all.

    `amount` is 0 when the budgets leave nothing.
    """

    price: Decimal
    amount: Sats
    cap: Sats


class Automations:
    """Use cases around automations; every one takes the user first.

    What is stored and what the engine does are changed one after the other, by one person at a
    time, and to the end even when whoever asked has gone away.
    """

    def __init__(self, accounts: Accounts, markets: Markets, clock: Clock) -> None:
        self._accounts, self._markets, self._clock = accounts, markets, clock
        self._one_at_a_time = asyncio.Lock()
        self._begun: set[asyncio.Task[UUID]] = set()

    async def arm_guard(self, user_id: UUID, account_id: UUID, config: Mapping[str, Any]) -> UUID:
        """Create and arm a Margin Guard; returns its id.

        Raises:
            Rejected: a value that does not fit, or a guard that covers the same positions already;
                nothing was created.
        """
        return await self._to_the_end(self._arm(user_id, account_id, parse(GUARD, config)))

    async def update_guard(self, user_id: UUID, automation_id: UUID, config: Mapping[str, Any]) -> None:
        """Give a guard its next version; it decides anew at once unless it is paused."""
        await self._to_the_end(self._update(user_id, automation_id, parse(GUARD, config)))

    async def pause(self, user_id: UUID, automation_id: UUID) -> None:
        """Stop it from acting; what it has begun is finished. Nothing else is stopped."""
        await self._to_the_end(self._pause(user_id, automation_id))

    async def resume(self, user_id: UUID, automation_id: UUID) -> None:
        """Arm it again; it decides at once."""
        await self._to_the_end(self._resume(user_id, automation_id))

    async def preview(
        self,
        user_id: UUID,
        account_id: UUID,
        config: Mapping[str, Any],
        position: Position,
        *,
        cost: Sats = _NOTHING,
    ) -> GuardPreview:
        """What the guard would do when the price comes to its trigger; nothing is created.

        `cost` is what opening `position` takes first, when it is not open yet.
        """
        parsed = parse(GUARD, config)
        await self._accounts.check(user_id, account_id)
        if not isinstance(parsed, MarginGuard):
            raise Rejected("Only a Margin Guard can be previewed here.")
        async with self._markets.staying(account_id) as floor:
            balance = await floor.exchange(account_id).balance()
        return preview(parsed, position, Sats(max(balance - cost, 0)), self._clock)

    async def _to_the_end(self, change: Coroutine[Any, Any, UUID]) -> UUID:
        task = asyncio.create_task(self._alone(change))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    async def _alone(self, change: Coroutine[Any, Any, UUID]) -> UUID:
        async with self._one_at_a_time:
            return await change

    async def _arm(self, user_id: UUID, account_id: UUID, parsed: KindConfig) -> UUID:
        await self._accounts.check(user_id, account_id)
        await self._refuse_overlap(user_id, account_id, parsed, besides=None)
        row = await self._accounts.create_automation(
            user_id, account_id, GUARD, parsed.model_dump(mode="json"), self._clock.now()
        )
        await self._markets.attach(armed(row))
        return row.id

    async def _update(self, user_id: UUID, automation_id: UUID, parsed: KindConfig) -> UUID:
        before = await self._accounts.automation(user_id, automation_id)
        await self._refuse_overlap(user_id, before.account_id, parsed, besides=automation_id)
        row = await self._accounts.configure(
            user_id, automation_id, parsed.model_dump(mode="json"), self._clock.now()
        )
        if not row.paused:
            await self._markets.attach(armed(row))
        return row.id

    async def _pause(self, user_id: UUID, automation_id: UUID) -> UUID:
        row = await self._accounts.pause(user_id, automation_id, True)
        await self._markets.detach(row.account_id, row.id)
        return row.id

    async def _resume(self, user_id: UUID, automation_id: UUID) -> UUID:
        row = await self._accounts.pause(user_id, automation_id, False)
        await self._markets.attach(armed(row))
        return row.id

    async def _refuse_overlap(
        self, user_id: UUID, account_id: UUID, wanted: KindConfig, besides: UUID | None
    ) -> None:
        """Two guards on one position would each add what the other has added already."""
        for row in await self._accounts.automations(user_id):
            if row.account_id != account_id or row.kind != GUARD or row.id == besides:
                continue
            other = parse(row.kind, row.config)
            if _overlap(wanted, other):
                raise Rejected(
                    "A guard covers these positions already; change that one instead.", code="guard_exists"
                )


def preview(config: MarginGuard, position: Position, balance: Sats, clock: Clock) -> GuardPreview:
    """The guard's own decision on facts as they would be at its trigger price."""
    now, level = clock.now(), margin_guard.trigger_level(config, position)
    facts = Facts(
        now=now,
        price=Reading(level, now, "preview"),
        agreement=Agreement.SINGLE,
        position=Reading(position, now, "preview"),
        balance=Reading(balance, now, "preview"),
        funding=Reading(None, None, "preview"),
    )
    decision = KINDS[GUARD].decide(config, facts, Memory())
    amounts = [action.amount for action in decision.actions if isinstance(action, AddMargin)]
    cap = margin_guard.left(config, facts.spent, balance, position)
    return GuardPreview(level, amounts[0] if amounts else Sats(0), cap)


def armed(row: AutomationRow) -> Automation:
    """A stored automation as the engine runs it."""
    return Automation(row.id, row.account_id, row.kind, parse(row.kind, row.config), row.version)


def _overlap(one: KindConfig, other: KindConfig) -> bool:
    if not isinstance(one, MarginGuard) or not isinstance(other, MarginGuard):
        return False
    if one.positions is None or other.positions is None:
        return True
    return bool(set(one.positions) & set(other.positions))
