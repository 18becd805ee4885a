"""Paper accounts' books in PostgreSQL: what changed, in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.domain.errors import Defect, Unavailable, Unknown
from services.domain.futures import Position, Side
from services.domain.money import Sats
from services.engine.in_memory import book_changed
from services.engine.paper import Book
from services.ports import ClosedTrade
from services.storage.database import Database
from services.storage.tables import PaperBookRow, PaperTradeRow


class DatabaseBooks:
    """A `BookStore`; a writer who started from another book than the stored one is refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, account_id: UUID) -> Book:
        running = select(PaperTradeRow).where(
            PaperTradeRow.account_id == account_id, col(PaperTradeRow.closed_at).is_(None)
        )
        async with self._database.begin() as session:
            row = await session.get(PaperBookRow, account_id)
            trades = (await session.exec(running.order_by(col(PaperTradeRow.opened_at)))).all()
        if row is None:
            raise Defect(f"Account {account_id} has no paper book.")
        positions = {trade.id: _position(trade) for trade in trades}
        return Book(Sats(row.balance), positions, Sats(row.fees), Sats(row.funding))

    async def save(self, account_id: UUID, before: Book, after: Book, closed: Sequence[ClosedTrade]) -> None:
        try:
            async with self._database.begin() as session:
                await self._write(session, account_id, before, after, closed)
        except Unavailable as error:
            raise Unknown("The book may or may not have been saved.") from error

    async def closed(self, account_id: UUID, position_id: str) -> ClosedTrade | None:
        query = select(PaperTradeRow).where(
            PaperTradeRow.account_id == account_id,
            PaperTradeRow.id == position_id,
            col(PaperTradeRow.closed_at).is_not(None),
        )
        async with self._database.begin() as session:
            row = (await session.exec(query)).one_or_none()
        return None if row is None else _closed_trade(row)

    async def _write(
        self,
        session: AsyncSession,
        account_id: UUID,
        before: Book,
        after: Book,
        closed: Sequence[ClosedTrade],
    ) -> None:
        was, becomes = _money(before), _money(after)
        query = update(PaperBookRow).filter_by(account_id=account_id, **was).values(**becomes)
        if (await session.exec(query)).rowcount != 1:
            raise book_changed()
        for position in after.positions.values():
            if before.positions.get(position.id) != position:
                await self._upsert(session, account_id, _columns(position))
        for trade in closed:
            await self._upsert(session, account_id, _columns(trade.position) | _ending(trade))

    async def _upsert(self, session: AsyncSession, account_id: UUID, columns: dict[str, Any]) -> None:
        query = insert(PaperTradeRow).values(account_id=account_id, **columns)
        await session.exec(query.on_conflict_do_update(index_elements=["id"], set_=columns))


def _money(book: Book) -> dict[str, int]:
    return {"balance": book.balance, "fees": book.fees, "funding": book.funding}


def _columns(position: Position) -> dict[str, Any]:
    return asdict(position) | {"side": position.side.value}


def _ending(trade: ClosedTrade) -> dict[str, Any]:
    return {
        "closed_at": trade.closed_at,
        "exit_price": trade.exit_price,
        "profit": trade.profit,
        "closing_fee": trade.closing_fee,
        "how": trade.how,
    }


def _position(row: PaperTradeRow) -> Position:
    return Position(
        id=row.id,
        side=Side(row.side),
        quantity=row.quantity,
        entry=row.entry,
        margin=Sats(row.margin),
        leverage=row.leverage,
        liquidation=row.liquidation,
        maintenance=Sats(row.maintenance),
        opened_at=row.opened_at,
        funding_paid=Sats(row.funding_paid),
        opening_fee=Sats(row.opening_fee),
    )


def _closed_trade(row: PaperTradeRow) -> ClosedTrade:
    if row.closed_at is None or row.exit_price is None or row.how is None:
        raise Defect(f"Trade {row.id} has not ended.")
    return ClosedTrade(
        position=_position(row),
        exit_price=row.exit_price,
        profit=Sats(row.profit or 0),
        closing_fee=Sats(row.closing_fee or 0),
        closed_at=row.closed_at,
        how=row.how,
    )
