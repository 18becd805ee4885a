"""People, accounts and automations in a database, for tests that need somebody to own something."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from services.domain.money import Sats
from services.storage.accounts import Accounts
from services.storage.database import Database
from services.storage.tables import UserRow
from tests.support.trading import NOON

GUARD_CONFIG = {"trigger_percent": "5", "target_percent": "12"}


@dataclass(frozen=True, slots=True)
class Owned:
    """What one person has."""

    user_id: UUID
    account_id: UUID
    automation_id: UUID


async def person(database: Database, name: str = "trader") -> UUID:
    """Somebody who cannot sign in."""
    row = UserRow(id=uuid4(), name=name, password_hash="none", role="owner", created_at=NOON)
    async with database.begin() as session:
        session.add(row)
    return row.id


async def owned(database: Database, name: str = "trader", balance: int = 1_000_000) -> Owned:
    """A person with a paper account and a Margin Guard on it."""
    accounts = Accounts(database)
    user_id = await person(database, name)
    account = await accounts.create_paper(user_id, "Paper", Sats(balance), NOON)
    guard = await accounts.create_automation(user_id, account.id, "margin_guard", GUARD_CONFIG, NOON)
    return Owned(user_id, account.id, guard.id)
