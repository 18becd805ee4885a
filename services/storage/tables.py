"""Every table. SQLModel lives here and nowhere else; the rest of Axisor sees domain values.

Sats are bigint, prices and ratios exact numerics, times timestamptz. What is append-only or unique
for safety's sake (one intent per automation, position and sequence) is a constraint, not a habit.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Index, Numeric, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _sats(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_type=BigInteger, nullable=True)
    return Field(sa_type=BigInteger, nullable=False)


def _exact(*, nullable: bool = False) -> Any:
    if nullable:
        return Field(default=None, sa_type=Numeric, nullable=True)
    return Field(sa_type=Numeric, nullable=False)


def _moment(*, nullable: bool = False, index: bool = False) -> Any:
    kind: Any = DateTime(timezone=True)
    if nullable:
        return Field(default=None, sa_type=kind, nullable=True, index=index)
    return Field(sa_type=kind, nullable=False, index=index)


def _json() -> Any:
    return Field(sa_column=Column(JSONB, nullable=False))


class UserRow(SQLModel, table=True):
    """A person who may sign in. Names are unique whatever their case."""

    __tablename__ = "users"
    __table_args__ = (Index("uq_users_name", func.lower(Column("name")), unique=True),)

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=254)
    password_hash: str
    role: str = Field(max_length=16)
    created_at: datetime = _moment()


class SessionRow(SQLModel, table=True):
    """A signed-in browser. Only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    created_at: datetime = _moment()
    seen_at: datetime = _moment()
    expires_at: datetime = _moment()


class AccountRow(SQLModel, table=True):
    """An account at a venue."""

    __tablename__ = "accounts"

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=80)
    venue: str = Field(max_length=16)
    created_at: datetime = _moment()


class PaperBookRow(SQLModel, table=True):
    """The money side of a paper account, in sats."""

    __tablename__ = "paper_books"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id", ondelete="CASCADE")
    balance: int = _sats()
    fees: int = _sats()
    funding: int = _sats()


class PaperTradeRow(SQLModel, table=True):
    """A trade of a paper account, running while `closed_at` is empty."""

    __tablename__ = "paper_trades"

    id: str = Field(primary_key=True, max_length=64)
    account_id: UUID = Field(foreign_key="accounts.id", ondelete="CASCADE", index=True)
    side: str = Field(max_length=4)
    quantity: int
    entry: Decimal = _exact()
    margin: int = _sats()
    leverage: Decimal = _exact()
    liquidation: Decimal = _exact()
    maintenance: int = _sats()
    funding_paid: int = _sats()
    opening_fee: int = _sats()
    opened_at: datetime = _moment()
    closed_at: datetime | None = _moment(nullable=True)
    exit_price: Decimal | None = _exact(nullable=True)
    profit: int | None = _sats(nullable=True)
    closing_fee: int | None = _sats(nullable=True)
    how: str | None = Field(default=None, max_length=16)


class AutomationRow(SQLModel, table=True):
    """An automation in its current version; earlier ones are in `automation_versions`."""

    __tablename__ = "automations"

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id", ondelete="CASCADE", index=True)
    kind: str = Field(max_length=32)
    config: dict[str, Any] = _json()
    version: int
    paused: bool
    created_at: datetime = _moment()


class AutomationVersionRow(SQLModel, table=True):
    """What an automation's configuration was, for every version."""

    __tablename__ = "automation_versions"

    automation_id: UUID = Field(primary_key=True, foreign_key="automations.id", ondelete="CASCADE")
    version: int = Field(primary_key=True)
    config: dict[str, Any] = _json()
    created_at: datetime = _moment()


class MemoryRow(SQLModel, table=True):
    """What an automation remembers of a position."""

    __tablename__ = "automation_memories"

    automation_id: UUID = Field(primary_key=True, foreign_key="automations.id", ondelete="CASCADE")
    position_id: str = Field(primary_key=True, max_length=64)
    sequence: int
    acted_at: datetime | None = _moment(nullable=True)
    notes: dict[str, Any] = _json()


class RunRow(SQLModel, table=True):
    """The trace of one run."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_account_id_at", "account_id", "at"),)

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id", ondelete="CASCADE")
    automation_id: UUID = Field(foreign_key="automations.id", ondelete="CASCADE", index=True)
    position_id: str = Field(max_length=64)
    config_version: int
    at: datetime = _moment()
    cause: str = Field(max_length=32)
    outcome: str = Field(max_length=16)
    facts: dict[str, Any] = _json()
    reasons: list[dict[str, Any]] = _json()
    actions: list[dict[str, Any]] = _json()


class IntentRow(SQLModel, table=True):
    """A money action. The constraint makes a second one for the same decision impossible."""

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("automation_id", "position_id", "sequence"),
        Index("ix_intents_account_id_state", "account_id", "state"),
    )

    id: UUID = Field(primary_key=True)
    account_id: UUID = Field(foreign_key="accounts.id", ondelete="CASCADE")
    automation_id: UUID | None = Field(
        default=None, foreign_key="automations.id", ondelete="CASCADE", nullable=True
    )
    run_id: UUID | None = Field(default=None, foreign_key="runs.id", ondelete="CASCADE", nullable=True)
    position_id: str = Field(max_length=64)
    sequence: int
    action: str = Field(max_length=16)
    amount: int = _sats()
    state: str = Field(max_length=16)
    margin_before: int = _sats()
    funding_before: int = _sats()
    created_at: datetime = _moment()
    sent_at: datetime | None = _moment(nullable=True)
    resolved_at: datetime | None = _moment(nullable=True)
    detail: str = ""
