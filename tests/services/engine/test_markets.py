"""Markets: the feed's floor, a floor for each scenario, and accounts that never end nowhere."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from services.domain.automation import AddMargin, IntentState
from services.domain.errors import Rejected, Unavailable
from services.domain.futures import Position, Side
from services.domain.market import FeedName
from services.domain.money import Sats
from services.engine.account import Automation
from services.ports import MarketOrder
from tests.support.engine import guard, turns, until
from tests.support.markets import MarketWorld, funding

pytestmark = pytest.mark.usefixtures("quiet")

ONE = UUID(int=0xA1)
TWO = UUID(int=0xA2)
GUARD = UUID(int=0xB1)
LONG = MarketOrder(Side.BUY, 1000, Decimal(10))
ARMED = (GUARD, guard())


async def world_with(*accounts: UUID) -> MarketWorld:
    """Each account has a guarded long from 100,000."""
    world = MarketWorld()
    await world.tick(100_000)
    for number, account_id in enumerate(accounts):
        await world.join(account_id, (UUID(int=GUARD.int + number), guard()))
        await open_long(world, account_id)
    return world


async def open_long(world: MarketWorld, account_id: UUID) -> Position:
    async with world.markets.staying(account_id) as floor:
        return await floor.runner.exclusively(account_id, lambda exchange: exchange.open_market(LONG))


def states(world: MarketWorld) -> list[str]:
    return [intent.state.value for intent in world.journal.intents.values()]


def margins(world: MarketWorld, account_id: UUID) -> list[int]:
    return [one.margin for one in world.books.books[account_id].positions.values()]


def assert_guarded_at_the_market(world: MarketWorld, account_id: UUID) -> None:
    """Neither between two floors nor asleep."""
    assert world.markets.floor(account_id) is world.markets.base
    assert account_id in world.markets.base.accounts()
    assert len(world.markets.base.runner.positions(account_id)) == len(margins(world, account_id))
    watched = {watch.account_id for watch in world.markets.base.runner.index._generations}
    assert account_id in watched


# -- the feed -----------------------------------------------------------------------------------


async def test_the_feed_moves_everybody_until_it_ends() -> None:
    world = await world_with(ONE, TWO)
    pumping = asyncio.create_task(world.markets.pump())
    assert world.markets.info(ONE).state == "live"
    world.feed.say(95_500)
    await until(lambda: len(world.journal.intents) == 2)
    world.feed.end()
    await pumping
    assert world.markets.info(ONE).state == "live", "its last price is fresh yet"
    await world.wait(31)
    assert world.markets.info(ONE).state == "ended"


async def test_a_market_says_what_it_is_and_how_old() -> None:
    world = await world_with(ONE)
    world.feed.next_funding = funding("0.0001", world.clock.now() + timedelta(hours=1))
    await world.markets.look_around()
    info = world.markets.info(ONE)
    assert (info.feed, info.label, info.scenario) == (FeedName.SIMULATED, "simulated by hand", None)
    assert info.tick is not None
    assert info.tick.price == 100_000
    assert info.funding == world.feed.next_funding
    await world.wait(30)
    assert world.markets.info(ONE).state == "live"
    await world.wait(1)
    assert world.markets.info(ONE).state == "stale"


async def test_strangers_are_not_found() -> None:
    world = await world_with(ONE)
    for asked in (
        lambda: world.markets.info(TWO),
        lambda: world.markets.floor(TWO),
        lambda: world.markets.feed_of(TWO),
    ):
        with pytest.raises(Rejected) as refusal:
            asked()
        assert refusal.value.code == "account_not_found"
    for waited in (
        world.markets.start_scenario(TWO, "story"),
        world.markets.stop_scenario(TWO),
        world.markets.detach(TWO, GUARD),
        world.markets.attach(Automation(GUARD, TWO, "margin_guard", guard())),
    ):
        with pytest.raises(Rejected):
            await waited


# -- funding ------------------------------------------------------------------------------------


async def test_funding_is_settled_once_when_its_time_has_come() -> None:
    world = await world_with(ONE)
    world.feed.next_funding = funding("0.0001", world.clock.now() + timedelta(seconds=10))
    await world.markets.look_around()
    await world.wait(9)
    assert world.books.books[ONE].funding == 0
    await world.wait(1)
    assert world.books.books[ONE].funding == 100
    await world.wait(1)
    assert world.books.books[ONE].funding == 100
    assert world.markets.info(ONE).funding is None, "the next one is not known yet"


async def test_no_funding_is_settled_at_a_price_that_is_too_old() -> None:
    world = await world_with(ONE)
    world.feed.next_funding = funding("0.0001", world.clock.now() + timedelta(seconds=40))
    await world.markets.look_around()
    await world.wait(41)
    assert world.books.books[ONE].funding == 0


async def test_a_guard_learns_of_the_next_funding_and_acts_before_it() -> None:
    world = await world_with(ONE)
    world.feed.next_funding = funding("0.01", world.clock.now() + timedelta(hours=1))
    await world.markets.look_around()
    await world.tick(96_000)
    assert states(world) == []
    await world.tick(96_000, after=timedelta(minutes=51))
    assert states(world) == ["confirmed"]


async def test_during_a_scenario_funding_is_settled_there_and_once() -> None:
    world = await world_with(ONE, TWO)
    await world.markets.start_scenario(ONE, "story")
    world.feed.next_funding = funding("0.0001", world.clock.now() + timedelta(seconds=5))
    await world.markets.look_around()
    await world.wait(6)
    assert (world.books.books[ONE].funding, world.books.books[TWO].funding) == (100, 100)


# -- scenarios ----------------------------------------------------------------------------------


async def test_a_scenario_takes_its_account_alone_and_brings_it_back() -> None:
    world = await world_with(ONE, TWO)
    await world.markets.start_scenario(ONE, "story")
    info = world.markets.info(ONE)
    assert (info.feed, info.scenario) == (FeedName.SCENARIO, "story")
    assert info.scenario_ends_at == world.clock.now() + timedelta(seconds=60)
    world.stories[0].say(95_500)
    await until(lambda: len(world.journal.intents) == 1)
    assert world.markets.info(TWO).tick != world.markets.info(ONE).tick
    world.stories[0].end()
    await until(lambda: world.markets.info(ONE).scenario is None)
    assert_guarded_at_the_market(world, ONE)
    assert world.changes.count(ONE) > 0
    await world.tick(95_500)
    assert {intent.account_id for intent in world.journal.intents.values()} == {ONE, TWO}


async def test_a_scenario_can_be_stopped_and_another_begun() -> None:
    world = await world_with(ONE)
    await world.markets.start_scenario(ONE, "story")
    with pytest.raises(Rejected) as refusal:
        await world.markets.start_scenario(ONE, "story")
    assert refusal.value.code == "scenario_running"
    await world.markets.stop_scenario(ONE)
    await world.markets.stop_scenario(ONE)
    assert_guarded_at_the_market(world, ONE)
    await world.markets.start_scenario(ONE, "story")
    assert world.markets.info(ONE).scenario == "story"
    await world.markets.close()


async def test_unknown_scenarios_and_stale_markets_are_refused() -> None:
    world = await world_with(ONE)
    with pytest.raises(Rejected, match=r"choose one of: story\."):
        await world.markets.start_scenario(ONE, "flood")
    await world.wait(31)
    with pytest.raises(Rejected) as refusal:
        await world.markets.start_scenario(ONE, "story")
    assert refusal.value.code == "no_price"
    assert_guarded_at_the_market(world, ONE)


async def test_two_people_cannot_start_two_scenarios_at_once() -> None:
    world = await world_with(ONE)
    both = await asyncio.gather(
        *(world.markets.start_scenario(ONE, "story") for _ in range(2)), return_exceptions=True
    )
    assert sum(isinstance(one, Rejected) for one in both) == 1
    await world.markets.close()


async def test_back_at_the_market_its_price_counts_at_once() -> None:
    world = await world_with(ONE)
    await world.markets.detach(ONE, GUARD)
    await world.markets.start_scenario(ONE, "story")
    await world.tick(90_000)
    assert margins(world, ONE) == [100_000], "elsewhere"
    await world.markets.stop_scenario(ONE)
    assert margins(world, ONE) == []


async def test_guards_that_change_during_a_scenario_come_back_changed() -> None:
    world = await world_with(ONE)
    await world.markets.start_scenario(ONE, "story")
    await world.markets.attach(Automation(GUARD, ONE, "margin_guard", guard(8, 16), 2))
    world.stories[0].say(98_000)
    await world.markets.stop_scenario(ONE)
    await world.tick(98_500)
    assert {run.config_version for run in world.journal.runs[-2:]} == {2}
    assert len(world.journal.intents) == 1
    await world.markets.start_scenario(ONE, "story")
    await world.markets.detach(ONE, GUARD)
    await world.markets.stop_scenario(ONE)
    await world.tick(95_000)
    assert len(world.journal.intents) == 1


# -- moving while something is open -------------------------------------------------------------


@pytest.mark.parametrize("fate", ["lost", "late"])
@pytest.mark.parametrize("way", ["there", "back"])
async def test_an_account_moves_while_an_outcome_is_unknown(fate: str, way: str) -> None:
    """The doubt moves along: it is settled once, on the floor where the account is then."""
    world = await world_with(ONE)
    if way == "back":
        await world.markets.start_scenario(ONE, "story")
    world.books.saves.append(fate)
    if way == "there":
        falling = asyncio.create_task(world.tick(95_500))
        await until(lambda: states(world) == ["unknown"])
        await world.markets.start_scenario(ONE, "story")
        await falling
    else:
        world.stories[0].say(95_500)
        await until(lambda: states(world) == ["unknown"])
        await world.markets.stop_scenario(ONE)
    await until(lambda: not any(i.state is IntentState.UNKNOWN for i in world.journal.intents.values()))
    await until(lambda: states(world)[-1] == "confirmed")
    confirmed = [i.amount for i in world.journal.intents.values() if i.state is IntentState.CONFIRMED]
    assert margins(world, ONE) == [100_000 + sum(confirmed)]
    assert len(confirmed) == 1
    await world.markets.close()


async def test_stopping_a_scenario_in_the_middle_of_an_action_finishes_or_reconciles_it() -> None:
    world = await world_with(ONE)
    await world.markets.start_scenario(ONE, "story")
    world.books.held = asyncio.Event()
    world.stories[0].say(95_500)
    await until(lambda: states(world) == ["sent"])
    stopping = asyncio.create_task(world.markets.stop_scenario(ONE))
    await turns()
    world.books.held.set()
    await stopping
    await until(lambda: states(world)[0] in ("confirmed", "rejected"))
    confirmed = [i.amount for i in world.journal.intents.values() if i.state is IntentState.CONFIRMED]
    assert margins(world, ONE) == [100_000 + sum(confirmed)]
    assert_guarded_at_the_market(world, ONE)


async def test_orders_wait_for_a_move_and_a_move_waits_for_orders() -> None:
    world = await world_with(ONE)
    world.books.held = asyncio.Event()
    (name,) = world.books.books[ONE].positions

    async def add() -> None:
        async with world.markets.staying(ONE) as floor:
            await floor.runner.order(ONE, name, AddMargin(Sats(5)), uuid4())

    before = asyncio.create_task(add())
    await turns()
    starting = asyncio.create_task(world.markets.start_scenario(ONE, "story"))
    await turns()
    assert world.markets.is_moving(ONE)
    after = asyncio.create_task(add())
    await turns()
    assert not starting.done()
    world.books.held.set()
    await asyncio.gather(before, starting, after)
    assert margins(world, ONE) == [100_010]
    assert not world.markets.is_moving(ONE)
    await world.markets.close()


async def test_a_scenario_that_breaks_brings_its_account_back() -> None:
    world = await world_with(ONE)
    await world.markets.start_scenario(ONE, "story")
    world.stories[0].fail(RuntimeError("a defect of the feed"))
    await until(lambda: world.markets.info(ONE).scenario is None)
    assert_guarded_at_the_market(world, ONE)


@pytest.mark.parametrize("stop_after", range(12))
async def test_stopping_a_scenario_in_the_moment_it_ends_leaves_the_account_at_the_market(
    stop_after: int,
) -> None:
    world = await world_with(ONE)
    await world.markets.start_scenario(ONE, "story")
    world.stories[0].end()
    await turns(stop_after)
    await world.markets.stop_scenario(ONE)
    await until(lambda: not world.markets.is_moving(ONE))
    assert_guarded_at_the_market(world, ONE)


@pytest.mark.parametrize("cancel_after", range(12))
async def test_a_start_that_is_cancelled_leaves_the_account_guarded_somewhere(cancel_after: int) -> None:
    world = await world_with(ONE)
    starting = asyncio.create_task(world.markets.start_scenario(ONE, "story"))
    await turns(cancel_after)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await world.markets.stop_scenario(ONE)
    assert_guarded_at_the_market(world, ONE)


@pytest.mark.parametrize("moment", ["start", "end"])
async def test_a_database_that_is_away_while_an_account_moves_leaves_it_guarded(moment: str) -> None:
    world = await world_with(ONE)
    if moment == "end":
        await world.markets.start_scenario(ONE, "story")
    world.books.loads.extend(["away", "away", "away"])
    if moment == "start":
        await world.markets.start_scenario(ONE, "story")
        await world.markets.stop_scenario(ONE)
    else:
        world.stories[0].end()
        await until(lambda: world.markets.info(ONE).scenario is None)
    await world.tick(99_000)
    await world.wait(1)
    assert_guarded_at_the_market(world, ONE)
    await world.tick(95_500)
    assert states(world) == ["confirmed"]


async def test_looking_at_an_account_that_moves_finds_no_position_rather_than_an_error() -> None:
    world = await world_with(ONE)
    world.books.held = asyncio.Event()
    opening = asyncio.create_task(open_long(world, ONE))
    await turns()
    moving = asyncio.create_task(world.markets.start_scenario(ONE, "story"))
    await turns()
    world.books.held.set()
    for _ in range(60):
        await turns(1)
        world.markets.floor(ONE).runner.positions(ONE)
        world.markets.info(ONE)
    await asyncio.gather(opening, moving)
    await world.markets.close()


# -- the end ------------------------------------------------------------------------------------


async def test_closing_brings_everybody_back_and_closes_the_feed() -> None:
    world = await world_with(ONE, TWO)
    await world.markets.start_scenario(ONE, "story")
    await world.markets.close()
    assert world.feed.closed
    assert not world.markets.base.runner.owns(ONE)
    assert not world.markets.base.runner.owns(TWO)
    with pytest.raises(Unavailable, match="changing its market"):
        await world.markets.attach(Automation(GUARD, ONE, "margin_guard", guard()))
