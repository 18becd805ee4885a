from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.adapters.prices.scenario import RETURN_S, SCENARIOS, Scenario, ScenarioFeed, scenario_named
from services.domain.errors import Rejected
from services.domain.market import Candle, FeedName, Funding, Tick
from tests.support.prices import NOON, FakeTime, first

scenarios = st.sampled_from(sorted(SCENARIOS)).map(SCENARIOS.__getitem__)
seeds = st.integers(0, 10**6)


@given(scenarios, seeds)
def test_scenario_starts_and_ends_at_the_market(scenario: Scenario, seed: int) -> None:
    seeded = replace(scenario, seed=seed)
    for elapsed_s in (-1.0, 0.0, float(scenario.total_s), scenario.total_s + 1e6):
        assert seeded.factor(elapsed_s) == 1


@given(scenarios, seeds, st.floats(0, 120))
def test_scenario_has_no_jumps(scenario: Scenario, seed: int, elapsed_s: float) -> None:
    seeded = replace(scenario, seed=seed)
    assert abs(seeded.factor(elapsed_s + 0.01) - seeded.factor(elapsed_s)) < Decimal("0.002")


@given(scenarios, seeds, st.floats(0, 120))
def test_seed_decides_the_path(scenario: Scenario, seed: int, elapsed_s: float) -> None:
    assert replace(scenario, seed=seed).factor(elapsed_s) == replace(scenario, seed=seed).factor(elapsed_s)


def test_other_seeds_stray_otherwise() -> None:
    assert len({replace(SCENARIOS["crash"], seed=seed).factor(10.6) for seed in range(10)}) > 5


def path_of(name: str) -> list[Decimal]:
    return [SCENARIOS[name].factor(quarter / 4) for quarter in range(SCENARIOS[name].duration_s * 4 + 1)]


def bounces(path: Sequence[Decimal]) -> int:
    """How often the direction of the path, looked at every two seconds, changes."""
    seen = path[::8]
    moves = [later > earlier for earlier, later in pairwise(seen)]
    return sum(1 for earlier, later in pairwise(moves) if earlier != later)


def test_crash_loses_a_quarter_in_lurches_and_recovers_in_part() -> None:
    path = path_of("crash")
    assert path.index(min(path)) == 40 * 4
    assert min(path) == Decimal("0.75")
    assert Decimal("0.8") < path[-1] < Decimal("0.9")
    assert bounces(path[:161]) >= 6


def test_flash_crash_is_over_after_26_seconds() -> None:
    path = path_of("flash-crash")
    assert path[6 * 4] == min(path) == Decimal("0.85")
    assert path[26 * 4] == 1


def test_slow_bleed_takes_a_minute_and_a_half() -> None:
    path = path_of("slow-bleed")
    assert path[90 * 4] == min(path) == Decimal("0.88")


def test_squeeze_rises_by_a_fifth() -> None:
    path = path_of("squeeze")
    assert path[40 * 4] == max(path) == Decimal("1.2")
    assert min(path) > Decimal("0.995")


def test_return_takes_a_few_seconds_from_where_the_story_ended() -> None:
    crash = SCENARIOS["crash"]
    back = [crash.factor(60 + RETURN_S * part / 20) for part in range(21)]
    assert back == sorted(back)
    assert back[0] == Decimal("0.83")
    assert back[-1] == 1


class Market:
    """A feed that is followed by somebody else."""

    name = FeedName.SIMULATED
    label = "Simulated market"

    def __init__(self, *candles: Candle) -> None:
        self.all = candles

    def ticks(self) -> object:
        raise AssertionError("a scenario does not follow the market itself")

    async def candles(self, timeframe: str, limit: int) -> Sequence[Candle]:
        return self.all[-limit:]

    async def funding(self) -> Funding | None:
        return None


def still(time: FakeTime, price: int = 100_000) -> Tick:
    return Tick(Decimal(price), time.now())


def feed_of(time: FakeTime, latest: object = still, *candles: Candle) -> ScenarioFeed:
    source = latest if callable(latest) else still
    return ScenarioFeed(
        Market(*candles),  # type: ignore[arg-type]
        lambda: source(time),
        SCENARIOS["crash"],
        clock=time,
        sleep=time.sleep,
    )


async def test_feed_multiplies_the_market_and_ends_with_it() -> None:
    time = FakeTime()
    feed = feed_of(time)
    ticks = [tick async for tick in feed.ticks()]
    assert ticks[0].price == 100_000
    assert min(tick.price for tick in ticks) == 75_000
    assert ticks[-1].price > 99_000
    assert ticks[-1].at - ticks[0].at == timedelta(seconds=67.75)
    assert all(tick.price % Decimal("0.5") == 0 for tick in ticks)
    assert feed.label == "Scenario: crash"


async def test_feed_is_silent_while_the_market_is() -> None:
    time = FakeTime()
    feed = feed_of(time, lambda _: still(FakeTime()))
    ticks = [tick async for tick in feed.ticks()]
    assert timedelta(seconds=29) < ticks[-1].at - NOON <= timedelta(seconds=30)
    assert [tick async for tick in feed_of(FakeTime(), lambda _: None).ticks()] == []


async def test_candles_are_the_markets_before_and_the_scenarios_since() -> None:
    time = FakeTime(NOON + timedelta(seconds=30))
    opened = NOON.replace(microsecond=0)
    flat = [Decimal(price) for price in (100_100, 100_200, 99_900, 100_000)]
    market = [Candle(opened + timedelta(minutes=minute), *flat) for minute in (-2, -1, 0, 1)]
    feed = feed_of(time, still, *market)
    assert list(await feed.candles("1m", 10)) == market
    await first(feed.ticks(), 200)
    before, previous, joint, own = await feed.candles("1m", 10)
    assert [before, previous] == market[:2]
    assert (joint.opened_at, joint.open, joint.high) == (opened, Decimal(100_100), Decimal(100_200))
    assert joint.low < Decimal(85_000)
    assert own.low == Decimal(75_000)
    assert own.open < Decimal(85_000)


def test_unknown_scenario_is_refused_with_the_known_ones() -> None:
    assert scenario_named("squeeze") is SCENARIOS["squeeze"]
    with pytest.raises(Rejected, match="crash, flash-crash, slow-bleed, squeeze"):
        scenario_named("apocalypse")
