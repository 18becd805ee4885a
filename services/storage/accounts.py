"""Accounts, automations and their history, always through their owner.

Every query takes the user first and joins on it, so that another person's rows cannot be reached
by guessing an id: they do not exist for her.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.domain.automation import Spent
from services.domain.errors import Rejected
from services.domain.market import day_of
from services.domain.money import Sats
from services.storage.database import Database
from services.storage.journal import DatabaseJournal
from services.storage.tables import (
    AccountRow,
    AutomationRow,
    AutomationVersionRow,
    IntentRow,
    PaperBookRow,
    PaperTradeRow,
    RunRow,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account's history: a run with its intents, or an intent without a run."""

    at: datetime
    run: RunRow | None
    intents: tuple[IntentRow, ...]


class Accounts:
    """What a user owns, as stored."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._journal = DatabaseJournal(database)

    async def everybodys(self) -> list[tuple[AccountRow, list[AutomationRow]]]:
        """All accounts with their armed automations; for the worker alone."""
        async with self._database.begin() as session:
            accounts = (await session.exec(select(AccountRow))).all()
            armed = (await session.exec(select(AutomationRow).where(~col(AutomationRow.paused)))).all()
        return [(a, [one for one in armed if one.account_id == a.id]) for a in accounts]

    async def of(self, user_id: UUID) -> list[AccountRow]:
        """The user's accounts, oldest first."""
        query = select(AccountRow).where(AccountRow.user_id == user_id)
        async with self._database.begin() as session:
            return list((await session.exec(query.order_by(col(AccountRow.created_at)))).all())

    async def check(self, user_id: UUID, account_id: UUID) -> AccountRow:
        """The user's account; `Rejected` when there is none with this id."""
        async with self._database.begin() as session:
            return await _account(session, user_id, account_id)

    async def create_paper(self, user_id: UUID, name: str, balance: Sats, now: datetime) -> AccountRow:
        row = AccountRow(id=uuid4(), user_id=user_id, name=name, venue="paper", created_at=now)
        async with self._database.begin() as session:
            session.add(row)
            await session.flush()
            session.add(PaperBookRow(account_id=row.id, balance=balance, fees=0, funding=0))
        return row

    # -- automations ----------------------------------------------------------------------------

    async def automations(self, user_id: UUID) -> list[AutomationRow]:
        query = _owned(select(AutomationRow), AutomationRow.account_id, user_id)
        async with self._database.begin() as session:
            return list((await session.exec(query.order_by(col(AutomationRow.created_at)))).all())

    async def automation(self, user_id: UUID, automation_id: UUID) -> AutomationRow:
        async with self._database.begin() as session:
            return await _automation(session, user_id, automation_id)

    async def create_automation(
        self, user_id: UUID, account_id: UUID, kind: str, config: dict[str, Any], now: datetime
    ) -> AutomationRow:
        row = AutomationRow(
            id=uuid4(),
            account_id=account_id,
            kind=kind,
            config=config,
            version=1,
            paused=False,
            created_at=now,
        )
        async with self._database.begin() as session:
            await _account(session, user_id, account_id)
            session.add(row)
            await session.flush()
            session.add(AutomationVersionRow(automation_id=row.id, version=1, config=config, created_at=now))
        return row

    async def configure(
        self, user_id: UUID, automation_id: UUID, config: dict[str, Any], now: datetime
    ) -> AutomationRow:
        """Make `config` the automation's next version."""
        async with self._database.begin() as session:
            row = await _automation(session, user_id, automation_id, lock=True)
            row.version, row.config = row.version + 1, config
            session.add(row)
            session.add(
                AutomationVersionRow(automation_id=row.id, version=row.version, config=config, created_at=now)
            )
        return row

    async def pause(self, user_id: UUID, automation_id: UUID, paused: bool) -> AutomationRow:
        async with self._database.begin() as session:
            row = await _automation(session, user_id, automation_id, lock=True)
            row.paused = paused
            session.add(row)
        return row

    async def spent(self, automation_id: UUID, position_id: str, now: datetime) -> Spent:
        """What an automation's budgets have lost so far."""
        return await self._journal.spent(automation_id, position_id, day_of(now))

    # -- history --------------------------------------------------------------------------------

    async def latest_runs(self, user_id: UUID) -> list[RunRow]:
        """The last run of each automation on each position."""
        query = _owned(select(RunRow), RunRow.account_id, user_id)
        pair = (col(RunRow.automation_id), col(RunRow.position_id))
        async with self._database.begin() as session:
            ordered = query.ext(distinct_on(*pair)).order_by(*pair, col(RunRow.at).desc())
            return list((await session.exec(ordered)).all())

    async def history(self, user_id: UUID, limit: int) -> list[Entry]:
        """Runs and a person's own intents, newest first."""
        newest = col(RunRow.at).desc()
        runs_query = _owned(select(RunRow), RunRow.account_id, user_id).order_by(newest).limit(limit)
        orders_query = (
            _owned(select(IntentRow), IntentRow.account_id, user_id)
            .where(col(IntentRow.run_id).is_(None))
            .order_by(col(IntentRow.created_at).desc())
            .limit(limit)
        )
        async with self._database.begin() as session:
            runs = (await session.exec(runs_query)).all()
            orders = (await session.exec(orders_query)).all()
            mine = select(IntentRow).where(col(IntentRow.run_id).in_([run.id for run in runs]))
            intents = (await session.exec(mine)).all()
        entries = [Entry(run.at, run, tuple(i for i in intents if i.run_id == run.id)) for run in runs] + [
            Entry(order.created_at, None, (order,)) for order in orders
        ]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]

    async def ended_trades(self, user_id: UUID, limit: int) -> list[PaperTradeRow]:
        """Closed and liquidated trades, newest first."""
        query = _owned(select(PaperTradeRow), PaperTradeRow.account_id, user_id)
        closed_at = col(PaperTradeRow.closed_at)
        query = query.where(closed_at.is_not(None)).order_by(closed_at.desc()).limit(limit)
        async with self._database.begin() as session:
            return list((await session.exec(query)).all())


def _owned(query: Any, account_column: Any, user_id: UUID) -> Any:
    """Restrict a query to rows of the user's accounts."""
    mine: Select[Any] = select(AccountRow.id).where(AccountRow.user_id == user_id)
    return query.where(account_column.in_(mine))


async def _account(session: AsyncSession, user_id: UUID, account_id: UUID) -> AccountRow:
    query = select(AccountRow).where(AccountRow.id == account_id, AccountRow.user_id == user_id)
    row = (await session.exec(query)).one_or_none()
    if row is None:
        raise Rejected("There is no such account.", code="account_not_found")
    return row


async def _automation(
    session: AsyncSession, user_id: UUID, automation_id: UUID, *, lock: bool = False
) -> AutomationRow:
    query = _owned(select(AutomationRow), AutomationRow.account_id, user_id)
    query = query.where(col(AutomationRow.id) == automation_id)
    row: AutomationRow | None = (await session.exec(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise Rejected("There is no such automation.", code="automation_not_found")
    return row
