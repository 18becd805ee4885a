"""Replay: jumping is stepping, stepping is the issue's rules, and the rules are known by heart."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from services.domain import futures
from services.domain.automation import Outcome
from services.domain.errors import Defect, Rejected
from services.domain.futures import Side
from services.domain.money import GRAIN, Sats
from services.domain.series import CandleSeries
from services.engine.replay import Action, Replay, Replayed, Terms, jump, step
from services.ports import MarketOrder
from tests.support.engine import guard
from tests.support.replays import HOUR, MIDNIGHT, Reference, candles, rows_of, series

LEVERAGES = [Decimal(1), Decimal("1.5"), Decimal(3), Decimal(10), Decimal("33.3"), Decimal(100)]
LEVELS = [(5, 12), (1, 2), (2, 30), ("0.5", "0.7"), (20, 50)]

CONFIGS: list[dict[str, Any]] = [
    {},
    {},
    {"budget_per_action_sats": 5000, "min_interval_s": 5400},
    {"budget_per_day_sats": 5000},
    {"budget_per_day_sats": 1, "close_at_percent": Decimal("0.1")},
    {"min_interval_s": 60, "funding_lead_minutes": 0},
    {"funding_lead_minutes": 480, "close_at_percent": Decimal("0.4")},
]


def order(side: Side | str = Side.BUY, quantity: int = 1000, leverage: object = 10) -> MarketOrder:
    return MarketOrder(Side(side), quantity, Decimal(str(leverage)))


def terms(
    asked: MarketOrder, levels: tuple[object, object] = (5, 12), budget: int = 10**8, **more: Any
) -> Terms:
    config = guard(*levels, budget_lifetime_sats=budget, **more.pop("config", {}))
    return Terms(asked, guard=config, funds=Sats(budget), **more)


def trace(result: Replayed) -> object:
    """Everything but how many candles were walked through."""
    return (
        result.entry,
        result.cost,
        result.final_profit,
        result.ended,
        result.position,
        result.actions,
        result.runs,
    )


orders = st.builds(
    order, st.sampled_from(Side), st.sampled_from([1, 60, 1000, 500_000]), st.sampled_from(LEVERAGES)
)
either_way = st.sampled_from([1, -1]).flatmap(lambda adverse: series(adverse=adverse))


# -- jumping is stepping ------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    either_way,
    orders,
    st.sampled_from(LEVELS),
    st.sampled_from([1, 1000, 10**6, 10**12]),
    st.booleans(),
    st.sampled_from([None, "0.0001", "-0.0003", "0.01"]),
    st.sampled_from(CONFIGS),
)
async def test_jumping_and_stepping_give_identical_traces(
    history: CandleSeries,
    asked: MarketOrder,
    levels: tuple[object, object],
    budget: int,
    fees: bool,
    rate: str | None,
    config: dict[str, Any],
) -> None:
    funding = None if rate is None else Decimal(rate)
    wanted = terms(asked, levels, budget, fees=fees, funding_rate=funding, config=config)
    jumped, stepped = await Replay(history, wanted).run(jump), await Replay(history, wanted).run(step)
    assert trace(jumped) == trace(stepped)
    assert jumped.candles_walked <= stepped.candles_walked
    assert to_jsonable_python(jumped.runs) == to_jsonable_python(stepped.runs)


@settings(max_examples=60)
@given(either_way, orders, st.sampled_from([None, "0.0001", "-0.01"]), st.booleans())
async def test_a_bare_position_jumps_as_it_steps(
    history: CandleSeries, asked: MarketOrder, rate: str | None, fees: bool
) -> None:
    wanted = Terms(asked, fees=fees, funding_rate=None if rate is None else Decimal(rate))
    jumped, stepped = await Replay(history, wanted).run(jump), await Replay(history, wanted).run(step)
    assert trace(jumped) == trace(stepped)
    assert jumped.runs == jumped.actions == ()


async def test_the_same_question_gives_the_same_trace_to_the_byte() -> None:
    history = candles((10_000, 10_100, 9_300, 9_400), (9_400, 9_500, 8_600, 8_700))
    first, second = [await Replay(history, terms(order())).run() for _ in range(2)]
    assert repr(trace(first)) == repr(trace(second))


async def test_a_quiet_market_is_not_walked_through() -> None:
    quiet = [(10_000, 10_010, 9_990, 10_000)] * 500
    result = await Replay(candles(*quiet, (10_000, 10_000, 9_500, 9_600), *quiet), terms(order())).run()
    assert result.candles_walked <= 2
    assert len(result.actions) == 1


# -- stepping is the rules --------------------------------------------------------------


def compared(result: Replayed) -> tuple[object, ...]:
    ended = result.ended.closed_at if result.liquidated and result.ended else None
    return ended, result.final_profit, [acted(action) for action in result.actions]


def acted(action: Action) -> tuple[object, ...]:
    assert action.liquidation_after is not None
    before, after = Fraction(action.liquidation_before), Fraction(action.liquidation_after)
    return action.run.facts.now, action.amount, before, after


@settings(max_examples=150)
@given(either_way, orders, st.sampled_from(LEVELS), st.sampled_from([1, 1000, 10**5, 10**6, 10**7, 10**12]))
async def test_replay_equals_the_rules_written_down_a_second_time(
    history: CandleSeries, asked: MarketOrder, levels: tuple[object, object], budget: int
) -> None:
    trigger, target = (Fraction(str(level)) / 100 for level in levels)
    leverage = Fraction(asked.leverage)
    guarded = Reference(asked.side.sign, asked.quantity, leverage, trigger, target, budget)
    expected = guarded.live(rows_of(history))
    result = await Replay(history, terms(asked, levels, budget)).run()
    assert compared(result) == (expected.liquidated_at, expected.final_pl, expected.actions)
    alone = Reference(asked.side.sign, asked.quantity, leverage).live(rows_of(history))
    bare = await Replay(history, Terms(asked)).run()
    assert compared(bare) == (alone.liquidated_at, alone.final_pl, [])


@settings(max_examples=60)
@given(either_way, orders, st.sampled_from(LEVELS), st.sampled_from([1000, 10**6, 10**12]), st.booleans())
async def test_a_guarded_position_never_dies_before_the_bare_one(
    history: CandleSeries, asked: MarketOrder, levels: tuple[object, object], budget: int, funded: bool
) -> None:
    rate = Decimal("0.0005") if funded else None
    guarded = await Replay(history, terms(asked, levels, budget, funding_rate=rate)).run()
    bare = await Replay(history, Terms(asked, funding_rate=rate)).run()
    assert guarded.added <= budget
    assert guarded.entry == bare.entry
    if guarded.liquidated:
        assert bare.liquidated
        assert guarded.ended is not None
        assert bare.ended is not None
        assert guarded.ended.closed_at >= bare.ended.closed_at
        assert guarded.final_profit <= bare.final_profit, "what was added is lost as well"


@given(either_way, orders, st.sampled_from(LEVELS))
async def test_every_action_moves_liquidation_away_and_reaches_the_target_unless_capped(
    history: CandleSeries, asked: MarketOrder, levels: tuple[object, object]
) -> None:
    result = await Replay(history, terms(asked, levels, 10**12)).run()
    for action in result.actions:
        assert action.amount >= 1
        assert action.liquidation_after is not None
        assert (action.liquidation_before - action.liquidation_after) * asked.side.sign >= 0
        before = action.run.facts.position.value
        assert before is not None
        room = futures.full_margin(before) - before.margin
        target = Decimal(str(levels[1])) / 100
        gap = (action.price - action.liquidation_after) * asked.side.sign
        assert gap >= target * action.price - 2 * GRAIN or action.amount == room


# -- known by heart -----------------------------------------------------------------------------


async def test_a_trigger_inside_a_candle_is_met_at_its_own_price() -> None:
    history = candles((10_000, 10_000, 9_200, 9_900))
    (action,) = (await Replay(history, terms(order())).run()).actions
    assert action.price == Decimal("9569.47368421"), "9,091 / 0.95"
    assert action.run.facts.now == MIDNIGHT
    assert action.liquidation_before == 9_091


async def test_a_jump_between_candles_is_met_where_it_lands() -> None:
    history = candles((10_000, 10_000, 10_000, 10_000), (9_400, 9_500, 9_400, 9_500))
    (action,) = (await Replay(history, terms(order())).run()).actions
    assert (action.price, action.run.facts.now) == (9_400, MIDNIGHT + HOUR)


async def test_a_jump_past_liquidation_cannot_be_guarded() -> None:
    history = candles((10_000, 10_000, 10_000, 10_000), (9_000, 9_500, 9_000, 9_500))
    result = await Replay(history, terms(order())).run()
    assert result.liquidated
    assert result.actions == ()
    assert result.final_profit == -1_000_000


async def test_the_adverse_extreme_comes_first() -> None:
    """A long falls before it rises, a short rises before it falls: both die in the same candle."""
    wide = candles((10_000, 12_000, 8_000, 10_000))
    for side in Side:
        assert (await Replay(wide, Terms(order(side))).run()).liquidated


async def test_liquidation_at_the_exact_price_and_not_a_cent_before() -> None:
    dead = await Replay(candles((10_000, 10_000, 9_091, 9_500)), Terms(order())).run()
    alive = await Replay(candles((10_000, 10_000, "9091.01", 9_500)), Terms(order())).run()
    assert (dead.liquidated, alive.liquidated) == (True, False)


async def test_the_position_opens_at_the_first_open_on_the_tick() -> None:
    result = await Replay(candles(("7387.37", 7_400, 7_380, 7_390)), Terms(order())).run()
    assert result.entry == Decimal("7387.5")


async def test_the_first_candle_counts_in_full() -> None:
    result = await Replay(candles((10_000, 10_000, 9_000, 10_000)), Terms(order())).run()
    assert result.liquidated
    assert result.ended is not None
    assert result.ended.closed_at == MIDNIGHT


async def test_a_spent_budget_leaves_the_rest_to_fate() -> None:
    history = candles((10_000, 10_000, 9_300, 9_300), (9_300, 9_300, 8_000, 8_000))
    result = await Replay(history, terms(order(), budget=1000)).run()
    assert (result.added, result.liquidated) == (1000, True)
    assert result.final_profit == -1_001_000
    assert result.runs[-1].decision.outcome is Outcome.BLOCKED


async def test_fees_and_funding_are_charged_only_when_asked_for() -> None:
    flat = candles(*[(10_000, 10_000, 10_000, 10_000)] * 25)
    free = await Replay(flat, Terms(order())).run()
    assert free.final_profit == 0
    with_fees = await Replay(flat, Terms(order(), fees=True)).run()
    assert with_fees.final_profit == -20_000
    funded = await Replay(flat, Terms(order(), funding_rate=Decimal("0.0001"))).run()
    assert funded.final_profit == -3_000, "at 8:00, 16:00 and 0:00"
    received = await Replay(flat, Terms(order("sell"), funding_rate=Decimal("0.0001"))).run()
    assert received.final_profit == 3_000


async def test_fundings_in_a_gap_are_all_settled() -> None:
    gap = CandleSeries.of([candles((10_000, 10_000, 10_000, 10_000)).candle(0)])
    later = candles((10_000, 10_000, 10_000, 10_000), start=MIDNIGHT + timedelta(days=2)).candle(0)
    both = CandleSeries.of([gap.candle(0), later])
    result = await Replay(both, Terms(order(), funding_rate=Decimal("0.0001"))).run()
    assert result.final_profit == -6_000


async def test_a_guard_acts_ten_minutes_before_a_funding_that_would_cross_its_trigger() -> None:
    still = candles(*[(9_700, 9_700, 9_700, 9_700)] * 12)
    result = await Replay(still, terms(order(leverage=15), funding_rate=Decimal("0.02"))).run()
    assert result.actions[0].run.facts.now == MIDNIGHT + timedelta(hours=7, minutes=50)


async def test_progress_names_the_candles_that_are_walked_through() -> None:
    history = candles((10_000, 10_000, 9_990, 10_000), (10_000, 10_000, 9_500, 9_600))
    seen: list[int] = []
    await Replay(history, terms(order())).run(progress=seen.append)
    assert seen == [1]


async def test_one_candle_is_enough() -> None:
    result = await Replay(candles((10_000, 10_000, 10_000, 10_000)), terms(order())).run()
    assert (result.final_profit, result.actions) == (0, ())


async def test_an_order_outside_the_limits_is_refused() -> None:
    with pytest.raises(Rejected):
        await Replay(candles((1, 1, 1, 1)), Terms(order(quantity=0))).run()


async def test_a_guard_that_fails_does_not_pass_for_one_that_had_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    from services.engine import account

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    kind = account.KINDS["margin_guard"]
    monkeypatch.setitem(account.KINDS, "margin_guard", type(kind)("margin_guard", kind.config, broken, {}))  # type: ignore[arg-type]
    with pytest.raises(Defect, match="failed during the replay"):
        await Replay(candles((10_000, 10_000, 9_500, 9_600)), terms(order())).run()
