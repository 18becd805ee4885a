"""Margin Guard's decisions: when it acts, how much, what blocks it, and when it looks again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.domain import futures
from services.domain.automation import (
    Agreement,
    ClosePosition,
    Memory,
    Outcome,
    Reading,
    Spent,
    Verdict,
)
from services.domain.futures import Side
from services.domain.market import Funding
from services.domain.money import Sats
from services.domain.wakes import At, EventKind, On, PriceAtOrAbove, PriceAtOrBelow
from services.engine.kinds import KINDS, margin_guard
from services.engine.kinds.margin_guard import MarginGuard, decide, left
from tests.support.guards import LOT, added, alerts, facts, guard, money, verdicts
from tests.support.trading import NOON, position

SECOND = timedelta(seconds=1)
MICRO = timedelta(microseconds=1)


# -- when it acts, and how much -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "at", "beyond"),
    [("buy", "95693.684210526315", "95694"), ("sell", "105820", "105819.5")],
    ids=["long", "short"],
)
def test_guard_acts_at_the_trigger_and_not_before(side: str, at: str, beyond: str) -> None:
    running = position(side)
    assert decide(guard(), facts(running, beyond), Memory()).outcome is Outcome.WATCHING
    assert decide(guard(), facts(running, at), Memory()).outcome is Outcome.ACTING


def test_guard_acts_when_the_distance_equals_the_trigger() -> None:
    """A long that dies at 90,250 is exactly 5 % away at 95,000."""
    running = replace(position(), liquidation=Decimal(90_250))
    assert decide(guard(), facts(running, 95_000), Memory()).outcome is Outcome.ACTING
    assert decide(guard(), facts(running, "95000.01"), Memory()).outcome is Outcome.WATCHING


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_guard_adds_the_least_that_restores_the_target(side: str) -> None:
    running, price = position(side), Decimal(95_000 if side == "buy" else 106_000)
    amount = added(decide(guard(), facts(running, price), Memory()))
    restored = futures.add_margin(running, Sats(amount))
    short_of_it = futures.add_margin(running, Sats(amount - 1))
    target = Decimal("0.12")
    assert futures.distance(running.side, price, restored.liquidation) >= target
    assert futures.distance(running.side, price, short_of_it.liquidation) < target


@pytest.mark.parametrize("past", [0, 1, 20_000])
@pytest.mark.parametrize("side", Side)
def test_guard_acts_at_the_liquidation_price_and_past_it(side: Side, past: int) -> None:
    running = position(side)
    decision = decide(guard(), facts(running, running.liquidation - side.sign * past), Memory())
    assert added(decision) > 0


def test_a_guard_that_is_satisfied_watches_its_trigger() -> None:
    decision = decide(guard(), facts(price=100_000), Memory())
    assert decision.outcome is Outcome.WATCHING
    assert verdicts(decision)["distance"] is Verdict.FAILED
    (level,) = [wake for wake in decision.wakes if isinstance(wake, PriceAtOrBelow)]
    assert Fraction(90_909) / Fraction("0.95") - Fraction(level.price) < Fraction(1, 10**8)
    assert (
        PriceAtOrAbove(Decimal("105820")) in decide(guard(), facts(position("sell"), 90_000), Memory()).wakes
    )


@pytest.mark.parametrize(
    "budget",
    ["budget_per_action_sats", "budget_per_position_sats", "budget_per_day_sats", "budget_lifetime_sats"],
)
def test_a_budget_that_bites_is_used_up_and_said(budget: str) -> None:
    free = added(decide(guard(), facts(), Memory()))
    assert alerts(decide(guard(**{budget: free}), facts(), Memory())) == []
    capped = decide(guard(**{budget: free - 1}), facts(), Memory())
    assert added(capped) == free - 1
    assert alerts(capped) == ["guard.partial"]
    assert verdicts(capped)[budget.removesuffix("_sats").replace("_per", "")] is Verdict.FAILED


@pytest.mark.parametrize(
    ("budget", "spent"),
    [
        ("budget_per_position_sats", Spent(position=Sats(500))),
        ("budget_per_day_sats", Spent(day=Sats(500))),
        ("budget_lifetime_sats", Spent(lifetime=Sats(500))),
    ],
)
def test_what_was_spent_counts_and_an_exhausted_budget_adds_nothing(budget: str, spent: Spent) -> None:
    assert added(decide(guard(**{budget: 501}), facts(spent=spent), Memory())) == 1
    for limit in (500, 499, 1):
        decision = decide(guard(**{budget: limit}), facts(spent=spent), Memory())
        assert decision.outcome is Outcome.BLOCKED
        assert alerts(decision) == ["guard.out_of_means"]


def test_spending_elsewhere_leaves_other_budgets_alone() -> None:
    spent = Spent(position=Sats(0), day=Sats(10), lifetime=Sats(1000))
    config = guard(budget_per_position_sats=5, budget_per_day_sats=20, budget_lifetime_sats=1003)
    assert added(decide(config, facts(spent=spent), Memory())) == 3


@pytest.mark.parametrize(
    ("balance", "reserve", "amount"),
    [(1000, 0, 1000), (1000, 999, 1), (1000, 1000, 0), (1000, 1001, 0), (0, 0, 0), (1, 0, 1)],
)
def test_the_reserve_always_stays_in_the_account(balance: int, reserve: int, amount: int) -> None:
    decision = decide(guard(reserve_sats=reserve), facts(balance=balance), Memory())
    assert added(decision) == amount
    assert decision.outcome is (Outcome.ACTING if amount else Outcome.BLOCKED)


def test_margin_is_added_until_leverage_one_and_no_further() -> None:
    running = position("buy", leverage="1.02")
    room = max(futures.full_margin(running) - running.margin, 0)
    decision = decide(guard(5, 60), facts(running, 51_000), Memory())
    assert added(decision) == room
    assert verdicts(decision)["budget_leverage"] is Verdict.FAILED
    full = futures.add_margin(running, Sats(room))
    after = decide(guard(5, 60), facts(full, 51_000), Memory())
    assert after.outcome is Outcome.BLOCKED
    assert alerts(after) == ["guard.out_of_means"]


def test_a_target_beyond_every_price_takes_what_leverage_one_leaves() -> None:
    running = position("sell", entry=60_000_000, leverage=2)
    decision = decide(guard(45, 90), facts(running, 70_000_000), Memory())
    assert added(decision) == futures.full_margin(running) - running.margin
    assert alerts(decision) == ["guard.partial"]


# -- what blocks it -----------------------------------------------------------------------------

BLOCKS: dict[str, Mapping[str, Any]] = {
    "price_fresh": {"age": 30 * SECOND + MICRO},
    "feeds_agree": {"agreement": Agreement.DISAGREE},
    "balance_known": {"balance": None},
    "intents_settled": {"unresolved": ("unknown",)},
    "position_current": {"position": Reading(None, None, "venue")},
}


@pytest.mark.parametrize("clause", BLOCKS)
def test_guard_says_what_blocks_it_and_alerts_once(clause: str) -> None:
    known = facts(**BLOCKS[clause])
    decision = decide(guard(), known, Memory())
    assert decision.outcome is Outcome.BLOCKED
    assert money(decision) is None
    assert alerts(decision) == [f"guard.blocked.{clause}"]
    assert verdicts(decision)[clause] is not Verdict.PASSED
    assert alerts(decide(guard(), known, decision.memory)) == []
    other = "price_fresh" if clause != "price_fresh" else "balance_known"
    assert alerts(decide(guard(), facts(**BLOCKS[other]), decision.memory)) == [f"guard.blocked.{other}"]


def test_the_second_feed_that_cannot_be_read_blocks_as_unknown() -> None:
    decision = decide(guard(), facts(agreement=Agreement.UNKNOWN), Memory())
    assert verdicts(decision)["feeds_agree"] is Verdict.UNKNOWN
    assert decision.outcome is Outcome.BLOCKED


def test_a_price_of_exactly_thirty_seconds_still_counts() -> None:
    assert decide(guard(), facts(age=30 * SECOND), Memory()).outcome is Outcome.ACTING


def test_a_block_that_is_over_makes_the_next_one_news() -> None:
    blocked = decide(guard(), facts(balance=None), Memory())
    quiet = decide(guard(), facts(price=100_000), blocked.memory)
    assert quiet.outcome is Outcome.WATCHING
    assert alerts(decide(guard(), facts(balance=None), quiet.memory)) == ["guard.blocked.balance_known"]


def test_guard_waits_until_the_position_was_read_after_its_last_action() -> None:
    acted = Memory(1, NOON - SECOND)
    before = Reading(position(), NOON - 2 * SECOND, "venue")
    assert decide(guard(), facts(position=before), acted).outcome is Outcome.BLOCKED
    after = Reading(position(), NOON - SECOND, "venue")
    assert decide(guard(), facts(position=after), acted).outcome is Outcome.ACTING


def test_a_position_read_nobody_knows_when_is_unknown() -> None:
    undated = Reading(position(), None, "venue")
    for memory in (Memory(), Memory(1, NOON - SECOND)):
        decision = decide(guard(), facts(position=undated), memory)
        assert verdicts(decision)["position_current"] is Verdict.UNKNOWN
        assert decision.outcome is Outcome.BLOCKED


def test_a_blocked_guard_waits_for_what_can_unblock_it() -> None:
    wakes = decide(guard(), facts(balance=None), Memory()).wakes
    for event in (
        EventKind.PRICE_RESUMED,
        EventKind.INTENT_RESOLVED,
        EventKind.POSITION_CHANGED,
        EventKind.BALANCE_CHANGED,
        EventKind.FEEDS_CHANGED,
        EventKind.CONFIG_CHANGED,
    ):
        assert On(event) in wakes


# -- intervals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("waited", "acts"), [(0, False), (59, False), (60, True), (61, True)])
def test_guard_keeps_the_interval_between_two_actions(waited: int, acts: bool) -> None:
    memory = Memory(1, NOON - waited * SECOND)
    decision = decide(guard(min_interval_s=60), facts(), memory)
    assert (decision.outcome is Outcome.ACTING) == acts
    if not acts:
        assert At(NOON + (60 - waited) * SECOND) in decision.wakes
        assert verdicts(decision)["interval"] is Verdict.FAILED


def test_a_budget_per_action_lets_a_second_pass_between_two_actions() -> None:
    config = guard(budget_per_action_sats=10)
    assert decide(config, facts(), Memory(1, NOON)).outcome is Outcome.WATCHING
    assert decide(config, facts(), Memory(1, NOON - SECOND)).outcome is Outcome.ACTING


# -- funding ------------------------------------------------------------------------------------

AT_ONE = NOON + timedelta(hours=1)


def due(rate: str, minutes: int = 5) -> Funding:
    return Funding(Decimal(rate), NOON + timedelta(minutes=minutes))


def test_guard_acts_before_a_funding_that_alone_would_cross_the_trigger() -> None:
    far = Decimal(96_000)
    assert decide(guard(), facts(price=far), Memory()).outcome is Outcome.WATCHING
    decision = decide(guard(), facts(price=far, funding=due("0.01")), Memory())
    assert decision.outcome is Outcome.ACTING
    assert verdicts(decision)["distance"] is Verdict.FAILED
    assert verdicts(decision)["funding"] is Verdict.PASSED
    fee = futures.funding_fee(Side.BUY, 1000, far, Decimal("0.01"))
    settled = futures.after_funding(futures.add_margin(position(), Sats(added(decision))), fee)
    assert futures.distance(Side.BUY, far, settled.liquidation) >= Decimal("0.12")


@pytest.mark.parametrize(("side", "rate"), [("buy", "-0.01"), ("sell", "0.01"), ("buy", "0")])
def test_funding_that_is_received_changes_nothing(side: str, rate: str) -> None:
    price = 96_000 if side == "buy" else 105_500
    with_it = decide(guard(), facts(position(side), price, funding=due(rate)), Memory())
    assert with_it.outcome is Outcome.WATCHING
    assert "funding" not in verdicts(with_it)


def test_shorts_pay_negative_funding() -> None:
    decision = decide(guard(), facts(position("sell"), 105_500, funding=due("-0.01")), Memory())
    assert decision.outcome is Outcome.ACTING


@pytest.mark.parametrize(("minutes", "looks"), [(11, False), (10, True), (1, True), (0, False), (-1, False)])
def test_only_the_lead_before_the_funding_counts(minutes: int, looks: bool) -> None:
    decision = decide(guard(), facts(price=96_000, funding=due("0.01", minutes)), Memory())
    assert ("funding" in verdicts(decision)) == looks
    assert decision.outcome is (Outcome.ACTING if looks else Outcome.WATCHING)


def test_guard_looks_again_when_the_funding_comes_near() -> None:
    near = decide(guard(), facts(price=100_000, funding=Funding(Decimal(0), AT_ONE)), Memory())
    assert At(AT_ONE - timedelta(minutes=10)) in near.wakes
    off = decide(guard(funding_lead_minutes=0), facts(price=96_000, funding=due("0.01")), Memory())
    assert off.outcome is Outcome.WATCHING
    assert not [wake for wake in off.wakes if isinstance(wake, At)]


def test_the_margin_for_a_funding_to_come_still_ends_at_leverage_one() -> None:
    running = position("buy", leverage="1.0001")
    room = max(futures.full_margin(running) - running.margin, 0)
    near = Decimal(52_700)
    assert decide(guard(5, 50), facts(running, near), Memory()).outcome is Outcome.WATCHING
    decision = decide(guard(5, 50), facts(running, near, funding=due("0.01")), Memory())
    assert added(decision) == room < futures.funding_fee(Side.BUY, 1000, near, Decimal("0.01"))


# -- the end of the ladder ----------------------------------------------------------------------


def test_guard_closes_only_when_allowed_when_nothing_can_be_added_and_when_it_is_time() -> None:
    config = guard(close_at_percent=Decimal(1))
    at, before = Decimal("91827"), Decimal("91828")
    assert money(decide(config, facts(price=at, balance=0), Memory())) == ClosePosition()
    assert decide(config, facts(price=before, balance=0), Memory()).outcome is Outcome.BLOCKED
    assert added(decide(config, facts(price=at, balance=1), Memory())) == 1
    assert decide(guard(), facts(price=at, balance=0), Memory()).outcome is Outcome.BLOCKED


def test_closing_is_said_and_counts_as_an_action() -> None:
    config = guard(close_at_percent=Decimal(1))
    decision = decide(config, facts(price=91_000, balance=0), Memory(3))
    assert alerts(decision) == ["guard.closed"]
    assert verdicts(decision)["close_allowed"] is Verdict.PASSED
    assert decision.memory == Memory(4, NOON)


def test_a_guard_out_of_means_waits_for_money_midnight_the_price_and_its_closing_level() -> None:
    config = guard(close_at_percent=Decimal(1))
    wakes = decide(config, facts(balance=0), Memory()).wakes
    level = margin_guard.trigger_level(config, position())
    closing = Fraction(90_909) / Fraction("0.99")
    assert On(EventKind.BALANCE_CHANGED) in wakes
    assert At(NOON + timedelta(hours=12)) in wakes
    assert PriceAtOrAbove(level + Decimal("0.00000001")) in wakes
    (falling,) = [wake for wake in wakes if isinstance(wake, PriceAtOrBelow)]
    assert 0 <= closing - Fraction(falling.price) < Fraction(1, 10**8)


# -- memory, presets, previews ------------------------------------------------------------------


def test_acting_counts_on_and_watching_does_not() -> None:
    assert decide(guard(), facts(), Memory(7)).memory == Memory(8, NOON)
    watching = decide(guard(), facts(price=100_000), Memory(7, NOON - SECOND, {"other": "kept"}))
    assert watching.memory == Memory(7, NOON - SECOND, {"other": "kept"})


def test_what_is_left_is_the_tightest_of_all_limits() -> None:
    config = guard(budget_per_day_sats=500, budget_lifetime_sats=600, reserve_sats=100)
    assert left(config, Spent(day=Sats(100)), Sats(10**9), position()) == 400
    assert left(config, Spent(lifetime=Sats(550)), Sats(10**9), position()) == 50
    assert left(config, Spent(), Sats(150), position()) == 50
    assert left(config, Spent(), Sats(50), position()) == 0
    assert left(guard(), Spent(), LOT, position()) == 900_000


def test_presets_are_complete_and_ordered() -> None:
    presets = [make() for make in KINDS["margin_guard"].presets.values()]
    assert all(isinstance(one, MarginGuard) and one.trigger < one.target for one in presets)


def test_a_guard_covers_all_positions_or_those_it_names() -> None:
    assert guard().covers("any")
    assert guard(positions=("a", "b")).covers("b")
    assert not guard(positions=("a", "b")).covers("c")
    assert not guard(positions=()).covers("c")
