"""Every query takes the user first: what another person owns does not exist."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.domain.automation import AddMargin, Intent, IntentState
from services.domain.errors import Rejected
from services.domain.money import Sats
from services.engine.paper import Book
from services.ports import ClosedTrade
from services.storage.accounts import Accounts
from services.storage.books import DatabaseBooks
from services.storage.database import Database
from services.storage.journal import DatabaseJournal
from tests.contracts.test_journal import Written
from tests.support.stored import GUARD_CONFIG, Owned, owned
from tests.support.trading import NOON, position

SECOND = timedelta(seconds=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def accounts(database: Database) -> Accounts:
    return Accounts(database)


@pytest.fixture
async def mine(database: Database) -> Owned:
    return await owned(database, "me")


@pytest.fixture
async def hers(database: Database) -> Owned:
    return await owned(database, "her")


def by_hand(account_id: UUID, **more: object) -> Intent:
    fresh = Intent(
        id=uuid4(),
        account_id=account_id,
        automation_id=None,
        position_id="1",
        sequence=0,
        action=AddMargin(Sats(5)),
        state=IntentState.CONFIRMED,
        margin_before=Sats(1),
        funding_before=Sats(0),
        created_at=NOON,
    )
    return replace(fresh, **more)  # type: ignore[arg-type]


async def test_each_sees_her_own_accounts_and_automations(
    accounts: Accounts, mine: Owned, hers: Owned
) -> None:
    for one in (mine, hers):
        assert [row.id for row in await accounts.of(one.user_id)] == [one.account_id]
        assert [row.id for row in await accounts.automations(one.user_id)] == [one.automation_id]
        assert (await accounts.check(one.user_id, one.account_id)).id == one.account_id
        assert (await accounts.automation(one.user_id, one.automation_id)).id == one.automation_id
    assert await accounts.of(uuid4()) == []


async def test_what_is_another_persons_is_not_found_and_nothing_changes(
    accounts: Accounts, mine: Owned, hers: Owned
) -> None:
    me = mine.user_id
    for refused, code in (
        (accounts.check(me, hers.account_id), "account_not_found"),
        (accounts.create_automation(me, hers.account_id, "margin_guard", {}, NOON), "account_not_found"),
        (accounts.automation(me, hers.automation_id), "automation_not_found"),
        (accounts.configure(me, hers.automation_id, {}, NOON), "automation_not_found"),
        (accounts.pause(me, hers.automation_id, True), "automation_not_found"),
        (accounts.check(me, uuid4()), "account_not_found"),
        (accounts.pause(me, uuid4(), True), "automation_not_found"),
    ):
        with pytest.raises(Rejected) as refusal:
            await refused
        assert refusal.value.code == code
    (row,) = await accounts.automations(hers.user_id)
    assert (row.version, row.paused, row.config) == (1, False, GUARD_CONFIG)


async def test_history_shows_ones_own_runs_and_orders_newest_first(
    database: Database, accounts: Accounts, mine: Owned, hers: Owned
) -> None:
    journal = DatabaseJournal(database)
    for one in (mine, hers):
        written = Written(journal, one.account_id, one.automation_id, uuid4(), uuid4())
        intent = written.intent(position_id=str(one.account_id))
        await journal.commit(written.run(intent, position_id=str(one.account_id)))
        await journal.plan(by_hand(one.account_id, created_at=NOON + SECOND))
        await journal.plan(by_hand(one.account_id, created_at=NOON - SECOND))
    for one in (mine, hers):
        history = await accounts.history(one.user_id, 10)
        assert [entry.at for entry in history] == [NOON + SECOND, NOON, NOON - SECOND]
        assert [entry.run is not None for entry in history] == [False, True, False]
        assert all(i.account_id == one.account_id for entry in history for i in entry.intents)
        assert [len(entry.intents) for entry in history] == [1, 1, 1]
        assert len(await accounts.history(one.user_id, 2)) == 2
        (latest,) = await accounts.latest_runs(one.user_id)
        assert latest.account_id == one.account_id
    assert await accounts.history(uuid4(), 10) == []


async def test_the_latest_run_of_each_automation_on_each_position_counts(
    database: Database, accounts: Accounts, mine: Owned
) -> None:
    journal = DatabaseJournal(database)
    written = Written(journal, mine.account_id, mine.automation_id, uuid4(), uuid4())
    for name, seconds in (("1", 0), ("1", 2), ("1", 1), ("2", 0)):
        run = written.run(position_id=name)
        later = replace(run.facts, now=NOON + seconds * SECOND)
        await journal.commit(replace(run, facts=later, cause=f"{name}-{seconds}"))
    runs = await accounts.latest_runs(mine.user_id)
    assert sorted(run.cause for run in runs) == ["1-2", "2-0"]


async def test_ended_trades_are_ones_own_newest_first(
    database: Database, accounts: Accounts, mine: Owned, hers: Owned
) -> None:
    books = DatabaseBooks(database)
    for one in (mine, hers):
        before = await books.load(one.account_id)
        running = {"r": position(name=f"running-{one.account_id}")}
        ended = [
            ClosedTrade(
                position(name=f"{n}-{one.account_id}"),
                position().entry,
                Sats(0),
                Sats(0),
                NOON + n * SECOND,
                "closed",
            )
            for n in range(3)
        ]
        await books.save(one.account_id, before, Book(before.balance, running), ended)
    found = [row.id for row in await accounts.ended_trades(mine.user_id, 2)]
    assert found == [f"2-{mine.account_id}", f"1-{mine.account_id}"]


async def test_a_changed_configuration_is_a_new_version_and_the_old_one_is_kept(
    database: Database, accounts: Accounts, mine: Owned
) -> None:
    row = await accounts.configure(mine.user_id, mine.automation_id, {"trigger_percent": "7"}, NOON)
    assert (row.version, row.config) == (2, {"trigger_percent": "7"})
    from services.storage.tables import AutomationVersionRow

    async with database.begin() as session:
        first = await session.get(AutomationVersionRow, (mine.automation_id, 1))
        second = await session.get(AutomationVersionRow, (mine.automation_id, 2))
    assert first is not None
    assert second is not None
    assert (first.config, second.config) == (GUARD_CONFIG, {"trigger_percent": "7"})


async def test_the_worker_takes_over_everybody_and_only_what_is_armed(
    accounts: Accounts, mine: Owned, hers: Owned
) -> None:
    await accounts.pause(mine.user_id, mine.automation_id, True)
    everybody = {account.id: [a.id for a in armed] for account, armed in await accounts.everybodys()}
    assert everybody == {mine.account_id: [], hers.account_id: [hers.automation_id]}
    await accounts.pause(mine.user_id, mine.automation_id, False)
    everybody = {account.id: [a.id for a in armed] for account, armed in await accounts.everybodys()}
    assert everybody[mine.account_id] == [mine.automation_id]
