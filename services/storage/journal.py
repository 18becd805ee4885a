"""The journal in PostgreSQL: traces, memories and intents, each step a committed transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.domain.automation import (
    BLOCKING,
    FINAL,
    SPENDING,
    AddMargin,
    ClosePosition,
    Facts,
    Intent,
    IntentState,
    Memory,
    MoneyAction,
    Run,
    Spent,
)
from services.domain.errors import Rejected
from services.domain.money import Sats
from services.storage.database import Database
from services.storage.tables import IntentRow, MemoryRow, RunRow


class DatabaseJournal:
    """A `Journal`; see the port for what each method promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def memory(self, automation_id: UUID, position_id: str) -> Memory:
        async with self._database.begin() as session:
            row = await session.get(MemoryRow, (automation_id, position_id))
        if row is None:
            return Memory()
        return Memory(row.sequence, row.acted_at, {k: str(v) for k, v in row.notes.items()})

    async def spent(self, automation_id: UUID, position_id: str, day_start: datetime) -> Spent:
        amount = func.sum(IntentRow.amount)
        query = select(
            func.coalesce(amount.filter(col(IntentRow.position_id) == position_id), 0),
            func.coalesce(amount.filter(col(IntentRow.created_at) >= day_start), 0),
            func.coalesce(amount, 0),
        ).where(IntentRow.automation_id == automation_id, col(IntentRow.state).in_(SPENDING))
        async with self._database.begin() as session:
            position, day, lifetime = (await session.exec(query)).one()
        return Spent(Sats(int(position)), Sats(int(day)), Sats(int(lifetime)))

    async def unresolved(self, account_id: UUID, position_id: str | None = None) -> Sequence[Intent]:
        query = select(IntentRow).where(
            IntentRow.account_id == account_id, col(IntentRow.state).in_(BLOCKING)
        )
        if position_id is not None:
            query = query.where(IntentRow.position_id == position_id)
        async with self._database.begin() as session:
            rows = (await session.exec(query.order_by(col(IntentRow.created_at)))).all()
        return [_intent(row) for row in rows]

    async def added_since(self, account_id: UUID, position_id: str, since: datetime) -> Sats:
        query = select(func.coalesce(func.sum(IntentRow.amount), 0)).where(
            IntentRow.account_id == account_id,
            IntentRow.position_id == position_id,
            IntentRow.state == IntentState.CONFIRMED,
            IntentRow.created_at > since,
        )
        async with self._database.begin() as session:
            return Sats(int((await session.exec(query)).one()))

    async def commit(self, run: Run) -> None:
        try:
            async with self._database.begin() as session:
                session.add(_run_row(run))
                await session.flush()
                session.add_all(_intent_row(intent, run.id) for intent in run.intents)
                await _remember(session, run)
        except IntegrityError as error:
            raise _exists() from error

    async def plan(self, intent: Intent) -> None:
        try:
            async with self._database.begin() as session:
                session.add(_intent_row(intent, None))
        except IntegrityError as error:
            raise _exists() from error

    async def move(self, intent_id: UUID, state: IntentState, at: datetime, detail: str = "") -> None:
        changes: dict[str, Any] = {"state": state.value, "detail": detail}
        if state is IntentState.SENT:
            changes["sent_at"] = at
        elif state in FINAL:
            changes["resolved_at"] = at
        query = (
            update(IntentRow)
            .where(col(IntentRow.id) == intent_id, col(IntentRow.state).not_in(FINAL))
            .values(**changes)
        )
        async with self._database.begin() as session:
            await session.exec(query)


async def _remember(session: AsyncSession, run: Run) -> None:
    memory = run.decision.memory
    values = {
        "sequence": memory.sequence,
        "acted_at": memory.acted_at,
        "notes": dict(memory.notes),
    }
    key = {"automation_id": run.automation_id, "position_id": run.position_id}
    query = insert(MemoryRow).values(**key, **values)
    await session.exec(query.on_conflict_do_update(index_elements=list(key), set_=values))


def facts_json(facts: Facts) -> dict[str, Any]:
    """Facts as stored: decimals as text, times in ISO 8601."""
    return dict(to_jsonable_python(facts))


def _run_row(run: Run) -> RunRow:
    decision = run.decision
    return RunRow(
        id=run.id,
        account_id=run.account_id,
        automation_id=run.automation_id,
        position_id=run.position_id,
        config_version=run.config_version,
        at=run.facts.now,
        cause=run.cause,
        outcome=decision.outcome.value,
        facts=facts_json(run.facts),
        reasons=[to_jsonable_python(reason) for reason in decision.reasons],
        actions=[{"do": type(a).__name__, **to_jsonable_python(a)} for a in decision.actions],
    )


def _intent_row(intent: Intent, run_id: UUID | None) -> IntentRow:
    return IntentRow(
        id=intent.id,
        account_id=intent.account_id,
        automation_id=intent.automation_id,
        run_id=run_id,
        position_id=intent.position_id,
        sequence=intent.sequence,
        action=_ACTION_NAMES[type(intent.action)],
        amount=intent.amount,
        state=intent.state.value,
        margin_before=intent.margin_before,
        funding_before=intent.funding_before,
        created_at=intent.created_at,
        sent_at=intent.sent_at,
        resolved_at=intent.resolved_at,
        detail=intent.detail,
    )


_ACTION_NAMES: dict[type, str] = {AddMargin: "add_margin", ClosePosition: "close"}


def _action(row: IntentRow) -> MoneyAction:
    return AddMargin(Sats(row.amount)) if row.action == "add_margin" else ClosePosition()


def _intent(row: IntentRow) -> Intent:
    return Intent(
        id=row.id,
        account_id=row.account_id,
        automation_id=row.automation_id,
        position_id=row.position_id,
        sequence=row.sequence,
        action=_action(row),
        state=IntentState(row.state),
        margin_before=Sats(row.margin_before),
        funding_before=Sats(row.funding_before),
        created_at=row.created_at,
        sent_at=row.sent_at,
        resolved_at=row.resolved_at,
        detail=row.detail,
    )


def _exists() -> Rejected:
    return Rejected("This order was already given; it was not repeated.", code="intent_exists")
