"""Killed, cancelled or without its database between any two steps: a guard does its work once."""

import asyncio
from collections import deque
from uuid import uuid4

import pytest

from services.domain.automation import ClosePosition
from services.domain.errors import Unavailable
from tests.support.engine import ACCOUNT, GUARD, Steps, World, guard
from tests.support.trading import position

pytestmark = pytest.mark.usefixtures("quiet")

DANGER = 95_000


FALL = (94_000, 93_500, 91_500, 89_500, 87_500)
TIGHT = guard(3, 5)


def a_day(steps: Steps) -> World:
    """Two longs in a falling market; the venue refuses, answers late, well, and not at all."""
    world = World(position(name="1"), position(name="2", leverage="9.5"), steps=steps)
    world.venue.script.extend(["refused", "late", "", "lost"])
    return world


async def live(world: World) -> None:
    """Whatever fails, time and prices go on."""
    await world.start((GUARD, TIGHT))
    for price in FALL:
        await world.tick(price)
        for _ in range(3):
            await world.wait(5)
            await world.reconciled()


async def live_on(world: World) -> None:
    """The rest of the day without interruptions: what is open is found out, and the fall goes on."""
    for price in (*FALL, 85_500):
        for _ in range(3):
            await world.wait(5)
            await world.reconciled()
        await world.tick(min(price, world.venue.price))
    await world.wait(5)
    await world.reconciled()


async def steps_of_a_day() -> int:
    world = a_day(Steps())
    await live(world)
    world.assert_added_is_confirmed()
    assert world.venue.script == deque()
    assert {intent.state.value for intent in world.intents} == {"confirmed", "rejected"}
    return world.steps.count


@pytest.mark.parametrize("interruption", ["kill", "lose_the_database", "cancel"])
async def test_an_interruption_between_any_two_steps_adds_nothing_twice_and_loses_no_guard(
    interruption: str,
) -> None:
    """Each step of a day is interrupted once; after it, or after a restart, the day goes on."""
    total = await steps_of_a_day()
    for step in range(1, total + 1):
        await interrupted_day(interruption, step)


async def interrupted_day(interruption: str, step: int) -> None:
    steps = Steps(at=step)
    steps.interrupt = getattr(steps, interruption)
    world = a_day(steps)
    day = asyncio.create_task(live(world))
    await asyncio.gather(day, return_exceptions=True)
    if interruption == "kill":
        await world.die()
        await world.start((GUARD, TIGHT), price=world.venue.price)
    elif day.cancelled() and GUARD not in world.armed():
        await world.start((GUARD, TIGHT), price=world.venue.price)
    await live_on(world)
    try:
        world.assert_added_is_confirmed()
        assert set(world.venue.book.positions) == {"1", "2"}, "a guard has slept"
    except AssertionError as error:
        raise AssertionError(f"{interruption} at {step}, {steps.names[step - 1]}: {error}") from error


async def test_a_restart_does_not_repeat_what_was_done() -> None:
    world = World()
    await world.start()
    await world.tick(DANGER)
    for _ in range(3):
        await world.die()
        await world.start(price=DANGER)
        await world.reconciled()
    assert world.states() == ["confirmed"]
    world.assert_added_is_confirmed()


async def test_a_runner_that_is_closed_holds_no_guard_and_can_be_closed_again() -> None:
    world = World()
    await world.start()
    await world.runner.close()
    await world.runner.close()
    assert not world.runner.owns(ACCOUNT)
    assert len(world.runner.index) == 0
    await world.tick(DANGER)
    assert world.venue.added == {}
    with pytest.raises(Unavailable, match="changing its market"):
        await world.runner.order(ACCOUNT, "1", ClosePosition(), uuid4())
    assert world.runner.positions(ACCOUNT) == []
