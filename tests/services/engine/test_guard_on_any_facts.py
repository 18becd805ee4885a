"""What Margin Guard promises whatever it is told: it is total, safe, thrifty and awake."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from services import wording
from services.domain import futures
from services.domain.automation import (
    AddMargin,
    Agreement,
    Facts,
    Memory,
    Outcome,
    Reading,
    Spent,
    Verdict,
)
from services.domain.futures import Side
from services.domain.market import Funding
from services.domain.money import Sats
from services.domain.wakes import At, PriceAtOrAbove, PriceAtOrBelow, Wake
from services.engine.kinds import margin_guard
from services.engine.kinds.margin_guard import MarginGuard, decide
from tests.support.guards import LOT, added, alerts, facts, guard, money, verdicts
from tests.support.trading import NOON, position, positions

SECOND = timedelta(seconds=1)
MICRO = timedelta(microseconds=1)


def met(wake: Wake, price: Decimal) -> bool:
    match wake:
        case PriceAtOrBelow(level):
            return price <= level
        case PriceAtOrAbove(level):
            return price >= level
    return False


percents = st.integers(1, 999_999).map(lambda number: Decimal(number) / 10_000)
budgets = st.none() | st.integers(1, 1000) | st.integers(1, 10**9)
spendings = st.integers(0, 1000) | st.integers(0, 10**9)
ages = st.sampled_from([-5, 0, 1, 29.999999, 30, 30.000001, 3600]).map(lambda s: timedelta(seconds=s))


@st.composite
def guards(draw: st.DrawFn) -> MarginGuard:
    lower, middle, upper = sorted(draw(st.lists(percents, min_size=3, max_size=3, unique=True)))
    return MarginGuard(
        trigger_percent=middle,
        target_percent=upper,
        budget_per_action_sats=draw(budgets),
        budget_per_position_sats=draw(budgets),
        budget_per_day_sats=draw(budgets),
        budget_lifetime_sats=draw(budgets),
        reserve_sats=draw(spendings),
        min_interval_s=draw(st.sampled_from([0, 0, 60])),
        funding_lead_minutes=draw(st.sampled_from([0, 10])),
        close_at_percent=draw(st.sampled_from([None, lower])),
    )


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """Anything that may be known or not, mostly near the position's liquidation."""
    running = draw(positions())
    near = st.integers(-200, 1500).map(lambda n: running.liquidation * (1000 + running.side.sign * n) / 1000)
    price = draw((near | st.decimals("0.001", 10**8, places=3)).filter(lambda p: p > 0))
    funding = Funding(
        draw(st.decimals("-0.01", "0.01", places=5)),
        NOON + timedelta(minutes=draw(st.sampled_from([-1, 0, 1, 10, 11, 300]))),
    )
    read_at = draw(st.sampled_from([None, NOON, NOON - SECOND]))
    known = draw(st.sampled_from([True, True, True, False]))
    seldom = st.sampled_from([False, False, False, False, True])
    return Facts(
        now=NOON,
        price=Reading(None if draw(seldom) else price, None if draw(seldom) else NOON - draw(ages), "test"),
        agreement=draw(st.sampled_from([Agreement.SINGLE, Agreement.AGREE, *Agreement])),
        position=Reading(running if known else None, read_at, "venue"),
        balance=Reading(None if draw(seldom) else Sats(draw(spendings)), NOON, "venue"),
        funding=Reading(draw(st.none() | st.just(funding)), NOON, "test"),
        unresolved=draw(st.sampled_from([(), (), (), ("unknown",), ("sent", "ambiguous")])),
        spent=Spent(*(Sats(draw(st.just(0) | spendings)) for _ in range(3))),
    )


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    acted_at = draw(st.sampled_from([None, None, NOON - 59 * SECOND, NOON - 60 * SECOND, NOON]))
    told = draw(st.sampled_from([{}, {"told": "guard.out_of_means"}, {"told": "guard.blocked.price_fresh"}]))
    return Memory(draw(st.integers(0, 5)), acted_at, {"other": "kept", **told})


@st.composite
def dangers(draw: st.DrawFn) -> tuple[MarginGuard, Facts]:
    """A guard, and facts all known and good, at the guard's trigger or a little off it."""
    config, running = draw(guards()), draw(positions())
    level = margin_guard.trigger_level(config, running)
    off = Decimal(draw(st.integers(-50, 1000))) / 1000
    price = level - running.side.sign * off * (level - running.liquidation).copy_abs()
    known = facts(running, price, balance=draw(st.just(LOT) | spendings))
    funding = Funding(draw(st.decimals("-0.01", "0.01", places=5)), NOON + timedelta(minutes=10))
    spent = Spent(*(Sats(draw(st.just(0) | spendings)) for _ in range(3)))
    known = replace(known, funding=Reading(draw(st.none() | st.just(funding)), NOON, "test"), spent=spent)
    return config, known


def known_good(known: Facts, memory: Memory) -> bool:
    """Everything that must be true before money moves, said a second time."""
    price, running = known.price, known.position
    return (
        not known.unresolved
        and price.value is not None
        and price.at is not None
        and known.now - price.at <= timedelta(seconds=30)
        and running.value is not None
        and running.at is not None
        and (memory.acted_at is None or running.at >= memory.acted_at)
        and known.agreement in (Agreement.SINGLE, Agreement.AGREE)
        and known.balance.value is not None
    )


@given(guards(), some_facts(), memories())
def test_guard_decides_on_any_facts_and_always_the_same(
    config: MarginGuard, known: Facts, memory: Memory
) -> None:
    before = to_jsonable_python((known, memory))
    decision = decide(config, known, memory)
    assert decide(config, known, memory) == decision
    assert to_jsonable_python((known, memory)) == before
    assert decision.reasons
    assert decision.wakes


@given(guards(), some_facts(), memories())
def test_guard_moves_no_money_while_anything_is_unknown_or_unsafe(
    config: MarginGuard, known: Facts, memory: Memory
) -> None:
    decision = decide(config, known, memory)
    if not known_good(known, memory):
        assert money(decision) is None
        assert decision.outcome is Outcome.BLOCKED
        assert any(reason.verdict is not Verdict.PASSED for reason in decision.reasons)
        assert (decision.memory.sequence, decision.memory.acted_at) == (memory.sequence, memory.acted_at)


@given(dangers())
def test_guard_stays_within_every_budget_the_reserve_and_leverage_one(
    danger: tuple[MarginGuard, Facts],
) -> None:
    config, known = danger
    amount, spent = added(decide(config, known, Memory())), known.spent
    running, balance = known.position.value, known.balance.value
    assert running is not None
    assert balance is not None
    if amount == 0:
        return
    assert balance - amount >= config.reserve_sats
    assert running.margin + amount <= futures.full_margin(running)
    for limit, used in (
        (config.budget_per_action_sats, 0),
        (config.budget_per_position_sats, spent.position),
        (config.budget_per_day_sats, spent.day),
        (config.budget_lifetime_sats, spent.lifetime),
    ):
        assert limit is None or used + amount <= limit


@given(dangers())
def test_guard_acts_within_the_trigger_alone_and_adds_what_the_target_needs_unless_capped(
    danger: tuple[MarginGuard, Facts],
) -> None:
    config, known = danger
    decision = decide(config, known, Memory(3))
    running, price, funding = known.position.value, known.price.value, known.funding.value
    assert running is not None
    assert price is not None
    fee = 0
    if funding is not None and config.funding_lead_minutes:
        fee = max(futures.funding_fee(running.side, running.quantity, price, funding.rate), 0)
    counts = futures.after_funding(running, Sats(fee)) if fee else running
    triggered = futures.within(running.side, price, counts.liquidation, config.trigger)
    assert (decision.outcome is Outcome.WATCHING) == (not triggered)
    if not triggered:
        return
    room = max(futures.full_margin(running) - running.margin, 0)
    needed = futures.margin_to_reach(counts, price, config.target)
    means = margin_guard.left(config, known.spent, known.balance.value or Sats(0), running)
    assert added(decision) == min(room if needed is None else needed, means)
    if money(decision) is not None:
        assert decision.memory == Memory(4, NOON)
        assert isinstance(money(decision), AddMargin) == (means > 0)


@given(guards(), some_facts(), memories())
def test_guard_tells_each_cause_once_and_tells_it_again_when_it_comes_back(
    config: MarginGuard, known: Facts, memory: Memory
) -> None:
    first = decide(config, known, Memory(memory.sequence, memory.acted_at))
    second = decide(config, known, first.memory)
    if first.outcome is Outcome.BLOCKED:
        assert len(alerts(first)) == 1
        assert second.outcome is Outcome.BLOCKED
        assert alerts(second) == []
    else:
        assert "told" not in first.memory.notes


@given(guards(), some_facts(), memories())
def test_a_wake_is_a_reason_to_look_later_and_not_at_once(
    config: MarginGuard, known: Facts, memory: Memory
) -> None:
    """A decision without an action that asked to be woken at the same price would never end."""
    decision = decide(config, known, memory)
    if money(decision) is None and known.price.value is not None:
        assert not any(met(wake, known.price.value) for wake in decision.wakes)
        assert all(wake.at > known.now for wake in decision.wakes if isinstance(wake, At))


@given(guards(), some_facts(), st.integers(-3000, 3000), st.booleans())
def test_no_price_at_which_the_guard_would_act_is_slept_through(
    config: MarginGuard, known: Facts, step: int, close: bool
) -> None:
    known = replace(known, agreement=Agreement.SINGLE, unresolved=())
    known = replace(known, position=Reading(known.position.value, NOON, "venue"))
    assume(known.position.value is not None and known.price.value is not None)
    assert known.position.value is not None
    assert known.price.value is not None
    known = replace(known, price=Reading(known.price.value, NOON, "test"))
    watching = decide(config, known, Memory())
    assume(watching.outcome is not Outcome.ACTING)
    level = margin_guard.trigger_level(config, known.position.value)
    later = (level if close else known.price.value) + Decimal(step).scaleb(-2 if close else 1)
    assume(later > 0)
    then = replace(known, price=Reading(later, NOON, "test"))
    if money(decide(config, then, watching.memory)) is not None:
        assert any(met(wake, later) for wake in watching.wakes)


@given(guards(), some_facts(), memories())
def test_every_reason_can_be_said_in_words(config: MarginGuard, known: Facts, memory: Memory) -> None:
    for reason in decide(config, known, memory).reasons:
        sentence = wording.reason_sentence("en", to_jsonable_python(reason))
        assert sentence.endswith(".")
        assert sentence != reason.clause
        assert "{" not in sentence


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
@pytest.mark.parametrize("side", Side)
def test_a_price_that_is_none_is_unknown(price: str, side: Side) -> None:
    decision = decide(guard(), facts(position(side), price), Memory())
    assert decision.outcome is Outcome.BLOCKED
    assert verdicts(decision)["price_fresh"] is Verdict.UNKNOWN
