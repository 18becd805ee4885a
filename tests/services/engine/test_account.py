"""An account under automation: runs in order, each action once, and on its feet after any failure."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain.automation import ClosePosition, Outcome, intent_id
from services.domain.errors import Defect
from services.domain.futures import Position, Side
from services.domain.market import Funding, Tick
from services.domain.wakes import EventKind
from services.ports import Exchange, MarketOrder
from tests.support.engine import ACCOUNT, GUARD, SECOND, World, guard, until
from tests.support.trading import position

OTHER = UUID("00000000-0000-4000-8000-0000000000b2")


pytestmark = pytest.mark.usefixtures("quiet")

DANGER, DEEPER, SAFE = 95_000, 93_000, 100_000


async def buy(exchange: Exchange) -> Position:
    return await exchange.open_market(MarketOrder(Side.BUY, 1000, Decimal(12)))


# -- acting -------------------------------------------------------------------------------------


async def test_guard_adds_when_the_price_comes_to_its_trigger_and_only_then() -> None:
    world = World()
    await world.start()
    await world.tick(96_000)
    assert world.intents == []
    await world.tick(DANGER)
    assert world.states() == ["confirmed"]
    assert world.margin() > position().margin
    world.assert_added_is_confirmed()


async def test_each_action_is_looked_at_again_and_found_to_be_enough() -> None:
    world = World()
    await world.start()
    await world.tick(DANGER)
    outcomes = [run.decision.outcome for run in world.memory.runs]
    assert outcomes == [Outcome.WATCHING, Outcome.ACTING, Outcome.WATCHING]
    assert [run.cause for run in world.memory.runs] == ["configuration", "price", "position"]


async def test_a_trace_holds_everything_that_was_known_and_planned() -> None:
    world = World()
    await world.start()
    await world.tick(DANGER)
    acting = world.memory.runs[1]
    (intent,) = acting.intents
    assert intent.id == intent_id(GUARD, "1", 0)
    assert (intent.account_id, intent.automation_id, intent.position_id) == (ACCOUNT, GUARD, "1")
    assert intent.margin_before == position().margin
    assert acting.facts.price.value == DANGER
    assert acting.facts.balance.value == 10**9
    assert acting.facts.position.value == position()
    assert intent.amount == world.memory.intents[intent.id].amount == world.venue.added["1"]


async def test_the_decision_is_taken_on_the_latest_price_whatever_woke_it() -> None:
    """Several ticks may be taken together; a low in between is a reason to look, not to act."""
    world = World()
    await world.start()
    await world.runner.tick(Tick(Decimal(SAFE), world.clock.now()), low=Decimal(90_950))
    assert world.last.cause == "price"
    assert world.last.facts.price.value == SAFE
    assert world.intents == []


async def test_a_level_met_between_reading_and_arming_is_not_slept_through() -> None:
    world = World()
    await world.start()

    async def fall() -> None:
        world.runner.market.tick = Tick(Decimal(DANGER), world.clock.now())

    world.steps.interrupt_at("journal after commit", fall)
    await world.attach(guard(), version=2)
    assert world.states() == ["confirmed"]


async def test_all_positions_of_an_account_are_guarded_and_each_gets_its_own() -> None:
    world = World(position(name="1"), position(name="2", leverage=20), position("sell", name="3"))
    await world.start()
    await world.tick(96_000)
    assert set(world.venue.added) == {"2"}
    await world.tick(DANGER)
    assert set(world.venue.added) == {"1", "2"}
    await world.tick(107_000)
    assert set(world.venue.added) == {"1", "2", "3"}
    world.assert_added_is_confirmed()


async def test_the_nearest_to_liquidation_goes_first() -> None:
    world = World(position(name="far", leverage=9), position(name="near", leverage=12))
    await world.start()
    await world.tick(94_000)
    assert [name for name, _ in world.venue.asked] == ["near", "far"]


async def test_two_automations_look_after_their_own_positions() -> None:
    world = World(position(name="1"), position(name="2"))
    await world.start((GUARD, guard(positions=("1",))), (OTHER, guard(3, 6, positions=("2",))))
    await world.tick(DANGER)
    assert {intent.automation_id for intent in world.intents} == {GUARD}
    await world.tick(93_500)
    assert {i.position_id for i in world.intents if i.automation_id == OTHER} == {"2"}
    world.assert_added_is_confirmed()


async def test_two_automations_share_one_balance_and_never_spend_a_sat_twice() -> None:
    world = World(position(name="1"), position(name="2"), balance=50_000)
    await world.start(
        (GUARD, guard(positions=("1",), reserve_sats=1)), (OTHER, guard(positions=("2",), reserve_sats=2))
    )
    await world.tick(DANGER)
    assert world.venue.added == {"1": 49_999}
    assert world.venue.book.balance == 1
    world.assert_added_is_confirmed()


async def test_a_position_that_was_closed_in_between_is_left_alone() -> None:
    world = World()
    await world.start()
    world.venue._close("1")
    await world.tick(DANGER)
    assert world.venue.added == {}
    await world.runner.refresh(ACCOUNT, EventKind.POSITION_CLOSED)
    assert len(world.runner.index) == 0
    runs = len(world.memory.runs)
    await world.tick(DEEPER)
    assert len(world.memory.runs) == runs


async def test_a_position_opened_later_is_guarded_at_once() -> None:
    world = World()
    await world.start()
    opened = await world.runner.exclusively(ACCOUNT, buy)
    assert world.last.position_id == opened.id
    assert world.last.cause == "position.opened"
    await world.tick(97_000)
    assert set(world.venue.added) == {opened.id}


async def test_a_spent_budget_blocks_and_the_next_day_it_is_there_again() -> None:
    world = World()
    await world.start((GUARD, guard(budget_per_day_sats=1000)))
    await world.tick(DANGER)
    assert world.venue.added == {"1": 1000}
    assert world.last.decision.outcome is Outcome.BLOCKED
    world.clock.moment = world.clock.moment.replace(hour=23, minute=59, second=59)
    await world.tick(DANGER, after=timedelta(0))
    assert world.venue.added == {"1": 1000}
    await world.tick(DANGER, after=SECOND)
    assert world.venue.added == {"1": 2000}
    world.assert_added_is_confirmed()


async def test_a_lifetime_budget_is_used_up_to_the_last_sat_and_never_beyond() -> None:
    world = World()
    await world.start((GUARD, guard(budget_lifetime_sats=100_000)))
    for price in range(95_500, 60_000, -1_500):
        if "1" not in world.venue.book.positions:
            break
        await world.tick(price)
    assert world.venue.added == {"1": 100_000}
    assert world.venue.ended["1"].how == "liquidated"
    world.assert_added_is_confirmed()


async def test_money_that_comes_free_wakes_a_guard_that_was_out_of_it() -> None:
    world = World(position(name="1"), position(name="2", leverage=3), balance=0)
    await world.start((GUARD, guard(positions=("1",))))
    await world.tick(DANGER)
    assert world.last.decision.outcome is Outcome.BLOCKED
    await world.runner.order(ACCOUNT, "2", ClosePosition(), uuid4())
    assert world.venue.added.keys() == {"1"}
    world.assert_added_is_confirmed()


# -- configuration, pause -----------------------------------------------------------------------


async def test_a_new_configuration_decides_at_once_with_its_version() -> None:
    world = World()
    await world.start()
    await world.tick(96_500)
    await world.attach(guard(8, 15), version=2)
    assert world.states() == ["confirmed"]
    assert world.last.config_version == 2
    await world.tick(100_000)
    await world.tick(96_400)
    assert len(world.intents) == 1, "the old trigger's wakes are gone"


async def test_a_paused_guard_does_nothing_and_a_resumed_one_decides_at_once() -> None:
    world = World()
    await world.start()
    await world.runner.detach(ACCOUNT, GUARD)
    await world.tick(DANGER)
    await world.wait(60)
    assert (world.intents, len(world.runner.index)) == ([], 0)
    await world.tick(DANGER)
    await world.attach(guard())
    assert world.states() == ["confirmed"]


@pytest.mark.parametrize("change", ["pause", "configure"])
async def test_pausing_or_configuring_while_it_acts_lets_the_action_finish_once(change: str) -> None:
    world = World()
    await world.start()
    acting = asyncio.create_task(world.tick(DANGER))
    await until(lambda: bool(world.venue.asked))
    if change == "pause":
        await world.runner.detach(ACCOUNT, GUARD)
    else:
        await world.attach(guard(5, 13), version=2)
    await acting
    assert world.states().count("confirmed") == 1
    world.assert_added_is_confirmed()


async def test_a_guard_paused_while_its_outcome_is_unknown_is_still_reconciled() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    world.venue.away = False
    await world.tick(DANGER)
    await world.runner.detach(ACCOUNT, GUARD)
    await world.reconciled()
    world.assert_added_is_confirmed()
    assert world.states() == ["confirmed"]


# -- silence ------------------------------------------------------------------------------------


async def test_silence_is_said_once_blocks_and_ends_with_the_next_price() -> None:
    world = World()
    await world.start()
    await world.wait(30)
    assert world.last.decision.outcome is Outcome.WATCHING
    await world.wait(1)
    assert world.last.decision.outcome is Outcome.BLOCKED
    assert world.last.cause == "price.silent"
    runs = len(world.memory.runs)
    await world.wait(60)
    assert len(world.memory.runs) == runs
    await world.tick(DANGER)
    assert world.states() == ["confirmed"]


@pytest.mark.parametrize("waited", [0, 1])
async def test_a_guard_without_any_price_waits_for_the_first(waited: int) -> None:
    world = World()
    await world.runner.add_account(ACCOUNT, world.venue)
    await world.attach(guard())
    assert world.last.decision.outcome is Outcome.BLOCKED
    for _ in range(waited):
        await world.wait(1)
    await world.tick(DANGER)
    assert world.states() == ["confirmed"]


async def test_a_stale_price_moves_no_money_and_the_fresh_one_after_it_does() -> None:
    world = World()
    await world.start()
    world.clock.moment += 2 * SECOND
    await world.runner.tick(Tick(Decimal(DANGER), world.clock.now() - 31 * SECOND))
    assert world.last.decision.outcome is Outcome.BLOCKED
    assert world.intents == []
    await world.tick(DANGER)
    assert world.states() == ["confirmed"]


async def test_stale_prices_that_keep_coming_do_not_wake_anybody_again_and_again() -> None:
    world = World()
    await world.start()
    await world.wait(31)
    runs = len(world.memory.runs)
    for _ in range(5):
        world.clock.moment += SECOND
        await world.runner.tick(Tick(Decimal(SAFE), world.clock.now() - 40 * SECOND))
        await world.runner.pass_time()
    assert len(world.memory.runs) == runs


async def test_a_decision_that_came_too_late_for_its_price_is_taken_again_on_the_next() -> None:
    """The database was slow: the tick was fresh when it came, and too old when it was its turn."""
    world = World()
    await world.start()

    async def stall() -> None:
        world.clock.moment += 31 * SECOND

    world.steps.interrupt_at("journal", stall)
    await world.tick(DANGER)
    assert world.last.decision.outcome is Outcome.BLOCKED
    world.runner.market.tick = Tick(Decimal(DANGER), world.clock.now())
    await world.wait(1)
    assert world.states() == ["confirmed"]


# -- loops, changes -----------------------------------------------------------------------------


async def test_whoever_shows_the_account_is_told_of_each_change() -> None:
    world = World()
    await world.start()
    world.changes.clear()
    await world.tick(DANGER)
    assert set(world.changes) == {ACCOUNT}
    world.changes.clear()
    await world.tick(SAFE)
    assert world.changes == []


async def test_automations_that_keep_waking_each_other_are_a_defect_and_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    await world.start()
    account = world.runner._accounts[ACCOUNT]
    monkeypatch.setattr(account, "_holds_now", lambda decision: True)
    with pytest.raises(Defect, match="keep waking each other"):
        await world.attach(guard())


async def test_a_guard_is_told_of_the_next_funding_when_it_becomes_known() -> None:
    world = World()
    await world.start()
    assert world.runner.index.next_time() is None
    settles = world.clock.now() + timedelta(hours=4)
    await world.runner.announce_funding(Funding(Decimal("0.0001"), settles))
    assert world.runner.index.next_time() == (settles - timedelta(minutes=10)).timestamp()
    runs = len(world.memory.runs)
    await world.runner.announce_funding(Funding(Decimal("0.0002"), settles))
    assert len(world.memory.runs) == runs, "a new rate alone wakes nobody"
    await world.runner.announce_funding(None)
    assert len(world.memory.runs) == runs
