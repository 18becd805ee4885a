"""A venue that refuses, loses answers or is away: nothing is sent twice, and nobody falls asleep."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.automation import Outcome, intent_id
from services.domain.money import Sats
from services.domain.wakes import EventKind
from services.engine.account import Automation
from services.engine.paper import Book
from tests.support.engine import ACCOUNT, GUARD, SECOND, Steps, Venue, World, guard, turns
from tests.support.trading import position

OTHER = UUID("00000000-0000-4000-8000-0000000000b2")


pytestmark = pytest.mark.usefixtures("quiet")

DANGER, DEEPER = 95_000, 93_000


# -- the venue says no, or nothing --------------------------------------------------------------


async def test_what_the_venue_refuses_is_decided_again_five_seconds_later() -> None:
    world = World()
    await world.start()
    world.venue.script.append("refused")
    await world.tick(DANGER)
    assert world.states() == ["rejected"]
    await world.tick(DANGER - 1, after=4 * SECOND)
    assert world.states() == ["rejected"]
    await world.tick(DANGER - 1)
    assert world.states() == ["rejected", "confirmed"]
    assert world.memory.intents[intent_id(GUARD, "1", 0)].detail == "The venue says no."
    world.assert_added_is_confirmed()


async def test_a_refused_amount_does_not_count_as_spent() -> None:
    world = World()
    await world.start((GUARD, guard(budget_lifetime_sats=1000)))
    world.venue.script.append("refused")
    await world.tick(DANGER)
    await world.wait(5)
    assert world.venue.added == {"1": 1000}


@pytest.mark.parametrize("fate", ["late", "torn"])
async def test_an_answer_that_was_lost_is_found_to_be_applied(fate: str) -> None:
    world = World()
    await world.start()
    world.venue.script.append(fate)
    await world.tick(DANGER)
    assert world.last.decision.outcome is Outcome.BLOCKED
    assert world.last.facts.unresolved == ("unknown",)
    await world.reconciled()
    assert world.states() == ["confirmed"]
    assert world.last.cause == "intent.resolved"
    assert world.last.decision.outcome is Outcome.WATCHING
    world.assert_added_is_confirmed()


async def test_a_request_that_was_lost_is_found_not_applied_and_decided_again() -> None:
    world = World()
    await world.start()
    world.venue.script.append("lost")
    before = world.clock.now()
    await world.tick(DANGER)
    await world.reconciled()
    assert world.states() == ["rejected", "confirmed"]
    assert world.clock.now() - before >= 3 * SECOND, "read twice, three seconds apart"
    assert [amount for _, amount in world.venue.asked] == [world.venue.added["1"]] * 2
    world.assert_added_is_confirmed()


async def test_numbers_that_fit_neither_answer_are_ambiguous_and_block_for_good() -> None:
    world = World()
    await world.start()
    world.venue.script.append("lost")
    await world.tick(DANGER)
    world.venue.book.positions["1"] = position(added=777)
    await world.reconciled()
    assert world.states() == ["ambiguous"]
    await world.tick(DEEPER)
    await world.wait(60)
    assert len(world.venue.asked) == 1
    assert world.last.decision.outcome is Outcome.BLOCKED


async def test_while_an_outcome_is_unknown_nothing_else_is_sent_for_the_position() -> None:
    world = World(position(name="1"), position(name="2", leverage=11))
    await world.start()
    world.venue.script.append("late")
    await world.tick(96_000)
    world.venue.away = True
    await world.tick(95_900)
    await world.wait(20)
    assert [name for name, _ in world.venue.asked] == ["2"]
    world.venue.away = False
    await world.reconciled()
    world.assert_added_is_confirmed()


async def test_reconciliation_waits_for_a_venue_that_is_away() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    world.venue.away = False

    async def leave() -> None:
        world.venue.away = True

    world.steps.interrupt_at("venue after add", leave)
    await world.tick(DANGER)
    await turns(200)
    assert world.states() == ["unknown"]
    world.venue.away = False
    await world.reconciled()
    assert world.states() == ["confirmed"]


async def test_what_an_unknown_outcome_may_have_taken_is_not_spent_elsewhere() -> None:
    """Budgets and balance count what is open: the venue may still apply it."""
    world = World(position(name="1"), position(name="2", leverage=11), balance=150_000)
    await world.start()
    world.asleep = True
    world.venue.script.append("lost")
    await world.tick(96_000)
    assert world.states() == ["unknown"]
    pending = world.intents[0].amount
    await world.tick(DANGER, after=timedelta(0))
    on_the_other = [i.amount for i in world.intents if i.position_id == "1"]
    assert on_the_other
    assert sum(on_the_other) + pending == 150_000
    world.asleep = False
    await world.reconciled()


async def test_a_guard_whose_position_closed_under_a_doubt_learns_from_the_closed_trade() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    await world.tick(DANGER)
    world.venue._close("1")
    await world.reconciled()
    assert world.states() == ["confirmed"]
    assert len(world.runner.index) == 0


# -- a venue or a database that is away ---------------------------------------------------------


async def test_positions_that_could_not_be_read_are_read_again() -> None:
    world = World()
    await world.start()
    world.venue.away = True
    await world.runner.refresh(ACCOUNT, EventKind.POSITION_CHANGED)
    assert world.last.decision.outcome is Outcome.BLOCKED
    await world.tick(DANGER)
    await world.wait(5)
    assert world.intents == []
    world.venue.away = False
    await world.wait(1)
    assert world.states() == ["confirmed"]


async def test_a_balance_that_could_not_be_read_is_read_again() -> None:
    world = World()
    await world.start()

    async def leave() -> None:
        world.venue.away = True

    world.steps.interrupt_at("venue balance", leave)
    await world.tick(DANGER)
    assert world.last.decision.outcome is Outcome.BLOCKED
    world.venue.away = False
    await world.wait(1)
    assert world.states() == ["confirmed"]


async def test_an_account_taken_over_while_nothing_answers_is_guarded_as_soon_as_it_does() -> None:
    world = World()
    world.venue.away = True
    world.steps.interrupt_at("journal", world.steps.lose_the_database)
    await world.runner.add_account(ACCOUNT, world.venue)
    await world.attach(guard())
    await world.tick(DANGER)
    assert world.intents == []
    world.venue.away = False
    await world.wait(1)
    assert world.states() == ["confirmed"]


async def test_one_account_that_fails_does_not_stop_the_others() -> None:
    world = World()
    await world.start()
    other = UUID("00000000-0000-4000-8000-0000000000a2")
    steps = Steps()
    broken = Venue(world.clock, Book(Sats(10**9), {"x": position(name="x")}), steps=steps)
    await world.runner.add_account(other, broken)
    await world.runner.attach(Automation(OTHER, other, "margin_guard", guard()))

    async def burst() -> None:
        raise RuntimeError("a defect of this venue's client")

    steps.interrupt_at("venue", burst)
    await world.tick(DANGER)
    assert world.venue.added.keys() == {"1"}
    await world.wait(1)
    assert broken.added.keys() == {"x"}
