"""One intent: written before it is sent, sent once, and explained by the venue's numbers alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.automation import (
    AddMargin,
    ClosePosition,
    Intent,
    IntentState,
    MoneyAction,
    intent_id,
)
from services.domain.errors import Unavailable, Unknown
from services.domain.futures import Position
from services.domain.money import Sats
from services.engine.in_memory import MemoryJournal, SimulatedClock
from services.engine.intents import compare_margin, perform, reconcile
from tests.support.engine import ACCOUNT, GUARD, SECOND, Steps, StepwiseJournal, Venue
from tests.support.trading import NOON, position


def intent(action: MoneyAction | None = None, **more: object) -> Intent:
    fresh = Intent(
        id=intent_id(GUARD, "1", 0),
        account_id=ACCOUNT,
        automation_id=GUARD,
        position_id="1",
        sequence=0,
        action=action or AddMargin(Sats(1000)),
        state=IntentState.PLANNED,
        margin_before=position().margin,
        funding_before=Sats(0),
        created_at=NOON,
    )
    return replace(fresh, **more)  # type: ignore[arg-type]


class Sending:
    """One planned intent, and where it is sent."""

    def __init__(self, action: MoneyAction | None = None) -> None:
        self.steps, self.clock = Steps(), SimulatedClock(NOON)
        self.memory = MemoryJournal()
        self.journal = StepwiseJournal(self.memory, self.steps)
        self.venue = Venue(self.clock, steps=self.steps)
        self.intent = intent(action)
        self.memory.intents[self.intent.id] = self.intent

    async def perform(self) -> Intent:
        return await perform(self.intent, self.venue, self.journal, self.clock)

    async def reconcile(self) -> None:
        await reconcile(self.intent, self.venue, self.journal, self.clock, self.sleep, asyncio.Lock())

    async def sleep(self, seconds: float) -> None:
        self.clock.moment += timedelta(seconds=seconds)

    @property
    def stored(self) -> Intent:
        return self.memory.intents[self.intent.id]


def test_the_same_decision_always_names_the_same_intent() -> None:
    assert intent_id(GUARD, "1", 0) == intent_id(GUARD, "1", 0)
    others = {intent_id(ACCOUNT, "1", 0), intent_id(GUARD, "2", 0), intent_id(GUARD, "1", 1)}
    assert len(others | {intent_id(GUARD, "1", 0)}) == 4


# -- sending ------------------------------------------------------------------------------------


async def test_it_is_written_as_sent_before_the_first_byte_and_the_outcome_after_the_last() -> None:
    sending = Sending()
    done = await sending.perform()
    assert done.state is IntentState.CONFIRMED
    assert sending.steps.names == [
        "journal before move sent",
        "journal after move sent",
        "venue before add",
        "venue after add",
        "journal before move confirmed",
        "journal after move confirmed",
    ]
    assert (sending.stored.sent_at, sending.stored.resolved_at) == (NOON, NOON)


@pytest.mark.parametrize("action", [AddMargin(Sats(1000)), ClosePosition()])
@pytest.mark.parametrize(
    ("fate", "state"),
    [
        ("", "confirmed"),
        ("refused", "rejected"),
        ("lost", "unknown"),
        ("late", "unknown"),
        ("torn", "unknown"),
    ],
)
async def test_each_answer_has_its_state(action: MoneyAction, fate: str, state: str) -> None:
    sending = Sending(action)
    sending.venue.script.append(fate)
    done = await sending.perform()
    assert done.state.value == sending.stored.state.value == state
    assert done.detail == sending.stored.detail
    assert (sending.stored.resolved_at is None) == (state == "unknown")


@pytest.mark.parametrize("error", [Unavailable("away"), TimeoutError(), OSError("reset")])
async def test_no_answer_is_neither_success_nor_failure(error: Exception) -> None:
    sending = Sending()

    async def fail() -> None:
        raise error

    sending.steps.interrupt_at("venue before", fail)
    assert (await sending.perform()).state is IntentState.UNKNOWN


@pytest.mark.parametrize(("age", "state"), [(5, "confirmed"), (5.000001, "dropped")])
async def test_what_could_not_be_sent_for_five_seconds_is_dropped(age: float, state: str) -> None:
    sending = Sending()
    sending.clock.moment += timedelta(seconds=age)
    assert (await sending.perform()).state.value == sending.stored.state.value == state
    assert bool(sending.venue.asked) == (state == "confirmed")


async def test_what_cannot_be_written_down_as_sent_is_not_sent() -> None:
    sending = Sending()
    sending.steps.interrupt_at("journal before move sent", sending.steps.lose_the_database)
    with pytest.raises(Unavailable):
        await sending.perform()
    assert sending.venue.asked == []


async def test_an_answer_that_cannot_be_written_down_is_an_unknown_outcome() -> None:
    sending = Sending()
    sending.steps.interrupt_at("journal before move confirmed", sending.steps.lose_the_database)
    with pytest.raises(Unknown, match="being found out"):
        await sending.perform()
    assert sending.stored.state is IntentState.SENT


# -- finding out --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [IntentState.SENT, IntentState.UNKNOWN])
async def test_applied_is_believed_at_once_and_not_applied_after_a_second_look(state: IntentState) -> None:
    for fate, found, waits in (("late", "confirmed", 0), ("lost", "rejected", 3)):
        sending = Sending()
        sending.venue.script.append(fate)
        await sending.perform()
        sending.memory.intents[sending.intent.id] = replace(sending.stored, state=state)
        await sending.reconcile()
        assert sending.stored.state.value == found
        assert sending.clock.now() - NOON == waits * SECOND


async def test_a_request_that_arrives_between_the_two_looks_is_seen() -> None:
    sending = Sending()
    sending.venue.script.append("lost")
    await sending.perform()

    async def arrive(seconds: float) -> None:
        sending.venue._add("1", Sats(1000))

    await reconcile(sending.intent, sending.venue, sending.journal, sending.clock, arrive, asyncio.Lock())
    assert sending.stored.state is IntentState.CONFIRMED


async def test_a_planned_intent_was_never_sent() -> None:
    sending = Sending()
    await sending.reconcile()
    assert sending.stored.state is IntentState.DROPPED


@pytest.mark.parametrize("state", [IntentState.CONFIRMED, IntentState.REJECTED, IntentState.DROPPED])
async def test_what_is_final_is_left_as_it_is(state: IntentState) -> None:
    sending = Sending()
    sending.memory.intents[sending.intent.id] = replace(sending.intent, state=state)
    await sending.reconcile()
    assert sending.stored.state is state


async def test_two_open_doubts_on_one_position_cannot_be_told_apart() -> None:
    sending = Sending()
    sending.venue.script.append("late")
    await sending.perform()
    other = intent(id=ACCOUNT, state=IntentState.UNKNOWN)
    sending.memory.intents[other.id] = other
    await sending.reconcile()
    assert sending.stored.state is IntentState.AMBIGUOUS


async def test_another_that_was_only_planned_is_no_doubt() -> None:
    sending = Sending()
    sending.venue.script.append("late")
    await sending.perform()
    sending.memory.intents[ACCOUNT] = intent(id=ACCOUNT)
    await sending.reconcile()
    assert sending.stored.state is IntentState.CONFIRMED


@pytest.mark.parametrize(("closes", "found"), [(True, "confirmed"), (False, "rejected")])
async def test_a_close_is_found_out_by_looking_whether_the_position_runs(closes: bool, found: str) -> None:
    sending = Sending(ClosePosition())
    sending.venue.script.append("late" if closes else "lost")
    await sending.perform()
    await sending.reconcile()
    assert sending.stored.state.value == found


async def test_a_position_that_ended_tells_by_its_last_margin() -> None:
    for fate, found in (("late", "confirmed"), ("lost", "rejected")):
        sending = Sending()
        sending.venue.script.append(fate)
        await sending.perform()
        sending.venue._close("1")
        await sending.reconcile()
        assert sending.stored.state.value == found
        sending = Sending()
        sending.venue.script.append(fate)
        await sending.perform()
        sending.venue.book.positions.clear()
        await sending.reconcile()
        assert sending.stored.state is IntentState.AMBIGUOUS


# -- the arithmetic -----------------------------------------------------------------------------


def as_read(margin: int, funding_paid: int = 0) -> Position:
    return replace(position(), margin=Sats(margin), funding_paid=Sats(funding_paid))


@pytest.mark.parametrize(
    ("margin", "funding", "later", "state"),
    [
        (101_000, 0, 0, "confirmed"),
        (100_000, 0, 0, "rejected"),
        (100_500, 0, 0, "ambiguous"),
        (99_000, 0, 0, "ambiguous"),
        (102_000, 0, 0, "ambiguous"),
        (100_900, 100, 0, "confirmed"),
        (99_900, 100, 0, "rejected"),
        (101_000, -100, 0, "confirmed"),
        (100_000, -100, 0, "rejected"),
        (100_000, 1000, 0, "confirmed"),
        (99_000, 1000, 0, "rejected"),
        (101_077, 0, 77, "confirmed"),
        (100_077, 0, 77, "rejected"),
        (101_000, 0, 1000, "rejected"),
        (102_000, 0, 1000, "confirmed"),
        (101_977, 100, 1077, "confirmed"),
    ],
)
def test_margin_is_explained_by_funding_later_orders_and_the_amount(
    margin: int, funding: int, later: int, state: str
) -> None:
    """Before: 100,000 sats of margin; the intent adds 1,000."""
    assert compare_margin(intent(), as_read(margin, funding), Sats(later)).state.value == state


@given(
    st.integers(1, 10**9),
    st.lists(st.integers(0, 10**6), max_size=3),
    st.integers(0, 10**9),
    st.booleans(),
)
def test_whatever_else_moved_the_margin_only_an_applied_amount_is_believed(
    amount: int, fees: list[int], later: int, applied: bool
) -> None:
    wanted = intent(AddMargin(Sats(amount)), margin_before=Sats(10**9), funding_before=Sats(50))
    margin = 10**9 - sum(fees) + later + (amount if applied else 0)
    finding = compare_margin(wanted, as_read(margin, 50 + sum(fees)), Sats(later))
    assert finding.state is (IntentState.CONFIRMED if applied else IntentState.REJECTED)


def test_a_margin_nobody_can_read_is_ambiguous() -> None:
    assert compare_margin(intent(), None).state is IntentState.AMBIGUOUS
