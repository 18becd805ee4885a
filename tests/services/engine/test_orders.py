"""A person's own orders go the same way as a guard's, and in order with them."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain.automation import AddMargin, ClosePosition, IntentState, intent_id
from services.domain.errors import Rejected, Unknown
from services.domain.futures import Position, Side
from services.domain.money import Sats
from services.ports import Exchange, MarketOrder
from tests.support.engine import ACCOUNT, GUARD, World
from tests.support.trading import position

pytestmark = pytest.mark.usefixtures("quiet")

DANGER = 95_000


async def buy(exchange: Exchange) -> Position:
    return await exchange.open_market(MarketOrder(Side.BUY, 1000, Decimal(12)))


async def test_a_person_adds_margin_once_however_often_she_clicks() -> None:
    world = World()
    await world.start()
    order = uuid4()
    done = await world.runner.order(ACCOUNT, "1", AddMargin(Sats(500)), order)
    assert done.state is IntentState.CONFIRMED
    with pytest.raises(Rejected, match="not repeated") as refusal:
        await world.runner.order(ACCOUNT, "1", AddMargin(Sats(500)), order)
    assert refusal.value.code == "intent_exists"
    both = await asyncio.gather(
        *(world.runner.order(ACCOUNT, "1", AddMargin(Sats(7)), UUID(int=9)) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Rejected) for one in both) == 2
    assert world.venue.added == {"1": 507}
    world.assert_added_is_confirmed()


async def test_a_persons_order_wakes_the_guard_of_the_position() -> None:
    world = World()
    await world.start()
    await world.runner.order(ACCOUNT, "1", AddMargin(Sats(500)), uuid4())
    assert world.last.cause == "order"
    assert world.last.facts.position.value == position(added=500)


async def test_what_an_order_finds_changed_wakes_its_guards_too() -> None:
    world = World(position(name="1"), position(name="2", leverage=5))
    await world.start()
    world.venue.book.positions["1"] = position(name="1", leverage=20)
    await world.tick(96_000)
    assert world.venue.added == {}
    await world.runner.order(ACCOUNT, "2", AddMargin(Sats(5)), uuid4())
    assert world.venue.added.keys() == {"1", "2"}


@pytest.mark.parametrize("name", ["2", "", "1 "])
async def test_an_order_for_no_position_is_refused_and_not_written_down(name: str) -> None:
    world = World()
    await world.start()
    with pytest.raises(Rejected) as refusal:
        await world.runner.order(ACCOUNT, name, ClosePosition(), uuid4())
    assert refusal.value.code == "position_not_found"
    assert world.intents == []


async def test_a_refused_order_says_what_the_venue_said() -> None:
    world = World()
    await world.start()
    world.venue.script.append("refused")
    done = await world.runner.order(ACCOUNT, "1", AddMargin(Sats(5)), uuid4())
    assert (done.state, done.detail) == (IntentState.REJECTED, "The venue says no.")


async def test_an_order_whose_answer_was_lost_is_reconciled_like_any_other() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    done = await world.runner.order(ACCOUNT, "1", AddMargin(Sats(5)), uuid4())
    assert done.state is IntentState.UNKNOWN
    await world.reconciled()
    world.assert_added_is_confirmed()


async def test_the_same_amount_by_hand_does_not_prove_what_the_guard_sent() -> None:
    """A person helps out with exactly the amount that the guard could not send."""
    world = World()
    await world.start()
    world.venue.script.append("lost")
    world.venue.away = False
    await world.tick(DANGER)
    amount = world.intents[0].amount
    await world.runner.order(ACCOUNT, "1", AddMargin(amount), uuid4())
    await world.reconciled()
    assert world.venue.added == {"1": amount}
    world.assert_added_is_confirmed()
    assert world.memory.intents[intent_id(GUARD, "1", 0)].state is IntentState.REJECTED


async def test_an_order_by_hand_does_not_hide_that_the_guards_own_was_applied() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    await world.tick(DANGER)
    await world.runner.order(ACCOUNT, "1", AddMargin(Sats(123)), uuid4())
    await world.reconciled()
    world.assert_added_is_confirmed()
    assert set(world.states()) == {"confirmed"}


@pytest.mark.parametrize("step", range(1, 12))
async def test_an_order_that_is_cancelled_midway_is_found_out_about(step: int) -> None:
    world = World(position(leverage=3))
    await world.start()
    world.steps.interrupt, world.steps.at = world.steps.cancel, world.steps.count + step
    task = asyncio.create_task(world.runner.order(ACCOUNT, "1", AddMargin(Sats(5)), uuid4()))
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(3):
        await world.wait(1)
        await world.reconciled()
    world.assert_added_is_confirmed()


async def test_a_market_order_whose_answer_was_lost_is_seen_and_guarded() -> None:
    world = World()
    await world.start()
    world.venue.script.append("late")
    with pytest.raises(Unknown):
        await world.runner.exclusively(ACCOUNT, buy)
    await world.wait(1)
    assert {one.id for one in world.runner.positions(ACCOUNT)} == {"1", "2"}
    await world.tick(97_000)
    assert world.venue.added.keys() == {"2"}
