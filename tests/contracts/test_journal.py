"""What every journal promises: committed at once or not at all, named once, final for good."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain.automation import (
    BLOCKING,
    FINAL,
    SPENDING,
    AddMargin,
    Agreement,
    Alert,
    ClosePosition,
    Decision,
    Facts,
    Intent,
    IntentState,
    Memory,
    MoneyAction,
    Outcome,
    Reading,
    Reason,
    Run,
    Spent,
    Verdict,
    intent_id,
)
from services.domain.errors import Rejected
from services.domain.market import Funding
from services.domain.money import Sats
from services.domain.wakes import PriceAtOrBelow
from services.engine.in_memory import MemoryJournal
from services.ports import Journal
from services.storage.database import Database
from services.storage.journal import DatabaseJournal
from tests.support.stored import owned
from tests.support.trading import NOON, position

SECOND = timedelta(seconds=1)
LATER = datetime(2026, 11, 20, 12, 0, 7, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    """A journal, and for whom it is kept. `stranger` is an automation of another account."""

    journal: Journal
    account_id: UUID
    automation_id: UUID
    stranger_account: UUID
    stranger: UUID

    def intent(
        self,
        sequence: int = 0,
        action: MoneyAction | None = None,
        *,
        name: UUID | None = None,
        position_id: str = "1",
        **more: object,
    ) -> Intent:
        fresh = Intent(
            id=name or intent_id(self.automation_id, position_id, sequence),
            account_id=self.account_id,
            automation_id=self.automation_id,
            position_id=position_id,
            sequence=sequence,
            action=action or AddMargin(Sats(100)),
            state=IntentState.PLANNED,
            margin_before=Sats(1000),
            funding_before=Sats(-5),
            created_at=NOON,
        )
        return replace(fresh, **more)  # type: ignore[arg-type]

    def run(self, *intents: Intent, memory: Memory | None = None, position_id: str = "1") -> Run:
        facts = Facts(
            now=NOON,
            price=Reading(Decimal("95000.5"), NOON, "test"),
            agreement=Agreement.SINGLE,
            position=Reading(position(), NOON, "venue"),
            balance=Reading(Sats(10**15), NOON, "venue"),
            funding=Reading(Funding(Decimal("0.0001"), NOON), NOON, "test"),
        )
        decision = Decision(
            Outcome.ACTING,
            (AddMargin(Sats(100)), Alert("guard.partial", {"added": 100})),
            (Reason("distance", Verdict.PASSED, {"price": "95000.5"}),),
            memory or Memory(1, LATER, {"told": "something"}),
            (PriceAtOrBelow(Decimal(1)),),
        )
        return Run(
            id=uuid4(),
            automation_id=self.automation_id,
            account_id=self.account_id,
            position_id=position_id,
            config_version=1,
            cause="price",
            facts=facts,
            decision=decision,
            intents=intents,
        )


@asynccontextmanager
async def in_memory(request: pytest.FixtureRequest) -> AsyncIterator[Written]:
    yield Written(MemoryJournal(), uuid4(), uuid4(), uuid4(), uuid4())


@asynccontextmanager
async def in_database(request: pytest.FixtureRequest) -> AsyncIterator[Written]:
    database = Database(request.getfixturevalue("database_url"))
    try:
        one, other = await owned(database), await owned(database, "other")
        yield Written(
            DatabaseJournal(database),
            one.account_id,
            one.automation_id,
            other.account_id,
            other.automation_id,
        )
    finally:
        await database.close()


@pytest.fixture(params=[in_memory, in_database], ids=["memory", "database"])
async def written(request: pytest.FixtureRequest) -> AsyncIterator[Written]:
    async with request.param(request) as journal:
        yield journal


async def test_a_run_leaves_its_memory_and_its_planned_intents(written: Written) -> None:
    intent = written.intent()
    await written.journal.commit(written.run(intent))
    assert await written.journal.memory(written.automation_id, "1") == Memory(1, LATER, {"told": "something"})
    assert list(await written.journal.unresolved(written.account_id)) == [intent]


async def test_nothing_is_remembered_of_what_never_ran(written: Written) -> None:
    await written.journal.commit(written.run(written.intent()))
    assert await written.journal.memory(written.automation_id, "2") == Memory()
    assert await written.journal.memory(written.stranger, "1") == Memory()
    assert list(await written.journal.unresolved(written.stranger_account)) == []


async def test_the_last_memory_counts(written: Written) -> None:
    await written.journal.commit(written.run(memory=Memory(1, NOON, {"a": "1"})))
    await written.journal.commit(written.run(memory=Memory(2)))
    assert await written.journal.memory(written.automation_id, "1") == Memory(2)


async def test_an_intent_is_read_as_it_was_written(written: Written) -> None:
    add = written.intent(0, AddMargin(Sats(10**14)), margin_before=Sats(10**15), detail="why")
    close = written.intent(1, ClosePosition(), created_at=LATER)
    await written.journal.commit(written.run(add, close))
    by_hand = written.intent(0, name=uuid4(), automation_id=None, position_id="2")
    await written.journal.plan(by_hand)
    found = {intent.id: intent for intent in await written.journal.unresolved(written.account_id)}
    assert found == {intent.id: intent for intent in (add, close, by_hand)}


async def test_a_decision_whose_intent_exists_is_refused_and_leaves_nothing(written: Written) -> None:
    await written.journal.commit(written.run(written.intent(), memory=Memory(1)))
    repeated = written.run(written.intent(1), written.intent(), memory=Memory(9))
    with pytest.raises(Rejected) as refusal:
        await written.journal.commit(repeated)
    assert refusal.value.code == "intent_exists"
    assert await written.journal.memory(written.automation_id, "1") == Memory(1)
    assert len(await written.journal.unresolved(written.account_id)) == 1


async def test_an_order_with_a_known_name_is_refused(written: Written) -> None:
    order = written.intent(automation_id=None)
    await written.journal.plan(order)
    with pytest.raises(Rejected, match="not repeated"):
        await written.journal.plan(replace(order, action=AddMargin(Sats(7))))
    (found,) = await written.journal.unresolved(written.account_id)
    assert found.amount == 100


async def test_open_intents_block_and_final_ones_do_not(written: Written) -> None:
    for number, state in enumerate(IntentState):
        intent = written.intent(position_id=str(number))
        await written.journal.commit(written.run(intent, position_id=str(number)))
        await written.journal.move(intent.id, state, LATER, "because")
        found = list(await written.journal.unresolved(written.account_id, str(number)))
        assert bool(found) == (state in BLOCKING), state
        if found:
            assert (found[0].state, found[0].detail, found[0].resolved_at) == (state, "because", None)
            assert found[0].sent_at == (LATER if state is IntentState.SENT else None)


async def test_a_final_state_is_never_left(written: Written) -> None:
    for final in FINAL:
        for last in IntentState:
            name = f"{final.value}-{last.value}"
            intent = written.intent(position_id=name)
            await written.journal.commit(written.run(intent, position_id=name))
            await written.journal.move(intent.id, final, NOON)
            await written.journal.move(intent.id, last, LATER, "too late")
            assert list(await written.journal.unresolved(written.account_id, name)) == []
            spent = await written.journal.spent(written.automation_id, name, NOON)
            assert spent.position == (100 if final is IntentState.CONFIRMED else 0), name


async def test_intents_are_asked_for_by_position_and_account(written: Written) -> None:
    await written.journal.commit(written.run(written.intent()))
    await written.journal.commit(written.run(written.intent(position_id="2"), position_id="2"))
    for name, number in ((None, 2), ("1", 1), ("2", 1), ("3", 0)):
        assert len(await written.journal.unresolved(written.account_id, name)) == number
    assert list(await written.journal.unresolved(written.stranger_account, "1")) == []


async def test_budgets_count_what_is_open_and_what_was_applied(written: Written) -> None:
    for number, state in enumerate(IntentState):
        intent = written.intent(position_id=str(number))
        await written.journal.commit(written.run(intent, position_id=str(number)))
        await written.journal.move(intent.id, state, NOON)
        spent = await written.journal.spent(written.automation_id, str(number), NOON)
        assert spent.position == (100 if state in SPENDING else 0), state


async def test_budgets_count_by_position_by_day_and_for_life(written: Written) -> None:
    midnight = NOON.replace(hour=0)
    amounts = {("1", NOON): 1, ("1", midnight): 10, ("1", midnight - SECOND): 100, ("2", NOON): 1000}
    for number, ((name, at), amount) in enumerate(amounts.items()):
        intent = written.intent(number, AddMargin(Sats(amount)), position_id=name, created_at=at)
        await written.journal.commit(written.run(intent, position_id=name))
    spent = await written.journal.spent(written.automation_id, "1", midnight)
    assert spent == Spent(position=Sats(111), day=Sats(1011), lifetime=Sats(1111))
    assert await written.journal.spent(written.automation_id, "3", midnight) == Spent(
        Sats(0), Sats(1011), Sats(1111)
    )


async def test_orders_by_hand_and_closing_take_nothing_from_a_budget(written: Written) -> None:
    await written.journal.plan(written.intent(automation_id=None, name=uuid4()))
    await written.journal.commit(written.run(written.intent(1, ClosePosition())))
    assert await written.journal.spent(written.automation_id, "1", NOON) == Spent()
    assert await written.journal.spent(written.stranger, "1", NOON) == Spent()


async def test_sums_beyond_an_ordinary_number_are_exact(written: Written) -> None:
    huge = Sats(2_100_000_000_000_000)
    for number in range(5):
        await written.journal.commit(written.run(written.intent(number, AddMargin(huge))))
    assert (await written.journal.spent(written.automation_id, "1", NOON)).lifetime == 5 * huge


async def test_what_was_added_since_counts_confirmed_later_intents_of_the_position(
    written: Written,
) -> None:
    cases = [
        ("1", NOON, IntentState.CONFIRMED, 1),
        ("1", NOON + SECOND, IntentState.CONFIRMED, 10),
        ("1", NOON + 2 * SECOND, IntentState.CONFIRMED, 100),
        ("1", NOON + SECOND, IntentState.REJECTED, 1000),
        ("1", NOON + SECOND, IntentState.UNKNOWN, 10_000),
        ("2", NOON + SECOND, IntentState.CONFIRMED, 100_000),
    ]
    for number, (name, at, state, amount) in enumerate(cases):
        intent = written.intent(
            number,
            AddMargin(Sats(amount)),
            name=uuid4(),
            position_id=name,
            created_at=at,
            automation_id=written.automation_id if number % 2 else None,
        )
        await written.journal.plan(intent)
        await written.journal.move(intent.id, state, LATER)
    assert await written.journal.added_since(written.account_id, "1", NOON) == 110
    assert await written.journal.added_since(written.account_id, "1", NOON + 2 * SECOND) == 0
    assert await written.journal.added_since(written.stranger_account, "1", NOON) == 0
