"""The risk manager: what it refuses and what it never refuses, in sentences that name the limit."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.automation import Verdict
from services.domain.errors import Defect, Rejected
from services.domain.money import Sats
from services.engine import risk
from services.engine.risk import AccountFacts, AddsSafety, Entry, Limit, RiskLimits, check

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

FACTS = AccountFacts(
    now=NOON,
    balance=Sats(1_000_000),
    open_positions=2,
    open_usd=Decimal(3_000),
    realised_today=Sats(-4_000),
    orders_last_minute=1,
)

UNREAD = AccountFacts(NOON, None, None, None, None, None)

ORDER = Entry(cost=Sats(102_100), leverage=Decimal(10), added_usd=Decimal(1_000), position_usd=Decimal(1_000))

EVERY: dict[str, Any] = {
    "max_leverage": 10,
    "max_position_usd": 1_000,
    "max_total_usd": 4_000,
    "max_open_positions": 3,
    "max_daily_loss_sats": 4_001,
    "reserve_sats": 897_900,
    "max_orders_per_minute": 2,
    "allowed_hours": [{"start": "08:00", "end": "12:01"}],
}


def refused(limits: RiskLimits, order: risk.Order = ORDER, facts: AccountFacts = FACTS) -> list[Limit]:
    return [refusal.limit for refusal in check(limits, order, facts)]


def with_one(**values: Any) -> RiskLimits:
    return risk.parse(values)


# -- each limit ---------------------------------------------------------------------------------


def test_an_order_at_every_limit_passes() -> None:
    assert check(risk.parse(EVERY), ORDER, FACTS) == ()


@pytest.mark.parametrize(
    ("limit", "tighter", "value", "sentence"),
    [
        (Limit.LEVERAGE, {"max_leverage": "9.99"}, 10, "The leverage would be 10; your limit is 9.99."),
        (
            Limit.POSITION,
            {"max_position_usd": 999},
            1_000,
            "The position would be 1,000 USD; your limit is 999 USD.",
        ),
        (
            Limit.TOTAL,
            {"max_total_usd": 3_999},
            4_000,
            "All positions together would be 4,000 USD; your limit is 3,999 USD.",
        ),
        (
            Limit.POSITIONS,
            {"max_open_positions": 2},
            3,
            "There would be 3 open positions; your limit is 2.",
        ),
        (
            Limit.DAILY_LOSS,
            {"max_daily_loss_sats": 4_000},
            4_000,
            "Today's loss of 4 000 sats has reached your limit of 4 000 sats.",
        ),
        (
            Limit.RESERVE,
            {"reserve_sats": 897_901},
            897_900,
            "897 900 sats would stay in the account; your reserve is 897 901 sats.",
        ),
        (
            Limit.ORDERS,
            {"max_orders_per_minute": 1},
            2,
            "This would be order 2 within a minute; your limit is 1.",
        ),
        (
            Limit.HOURS,
            {"allowed_hours": [{"start": "08:00", "end": "12:00"}, {"start": "22:00", "end": "02:00"}]},
            "12:00",
            "It is 12:00 UTC; positions may be opened 08:00-12:00, 22:00-02:00 UTC.",
        ),
    ],
)
def test_one_step_beyond_a_limit_is_refused_with_limit_value_and_bound(
    limit: Limit, tighter: Mapping[str, Any], value: object, sentence: str
) -> None:
    (refusal,) = check(risk.parse({**EVERY, **tighter}), ORDER, FACTS)
    assert (refusal.limit, refusal.value) == (limit, value)
    assert re.sub(r"\s", " ", refusal.sentence("en")) == sentence
    assert refusal.reason.clause == f"risk_{limit}"
    assert refusal.reason.verdict is Verdict.FAILED
    assert refusal.reason.inputs == {"value": str(value), "bound": str(refusal.bound)}


def test_all_that_stands_against_an_order_is_named() -> None:
    strict = with_one(max_leverage=2, max_position_usd=10, max_total_usd=20, reserve_sats=10**9)
    assert refused(strict) == [Limit.LEVERAGE, Limit.POSITION, Limit.TOTAL, Limit.RESERVE]


def test_without_limits_only_an_empty_account_refuses() -> None:
    assert check(RiskLimits(), ORDER, FACTS) == ()
    assert refused(RiskLimits(), replace(ORDER, cost=Sats(1_000_001))) == [Limit.RESERVE]


def test_enlarging_a_position_counts_no_new_one_and_the_whole_size() -> None:
    limits = with_one(max_open_positions=1, max_position_usd=1_999)
    enlarged = replace(ORDER, new_positions=0, position_usd=Decimal(2_000))
    assert refused(limits, enlarged) == [Limit.POSITION]


def test_a_profit_of_the_day_is_no_loss() -> None:
    limits = with_one(max_daily_loss_sats=1)
    assert refused(limits, facts=replace(FACTS, realised_today=Sats(50_000))) == []
    assert refused(limits, facts=replace(FACTS, realised_today=Sats(0))) == []
    assert refused(limits, facts=replace(FACTS, realised_today=Sats(-1))) == [Limit.DAILY_LOSS]


# -- unknown facts, safety ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "limit", "words"),
    [
        ({"max_total_usd": 4_000}, Limit.TOTAL, "4,000 USD in total cannot be checked"),
        ({"max_open_positions": 3}, Limit.POSITIONS, "3 positions cannot be checked"),
        ({"max_daily_loss_sats": 5}, Limit.DAILY_LOSS, "today's result is not known"),
        ({"max_orders_per_minute": 9}, Limit.ORDERS, "9 orders per minute cannot be checked"),
    ],
)
def test_a_limit_whose_fact_is_not_known_refuses(limits: Mapping[str, Any], limit: Limit, words: str) -> None:
    facts = replace(UNREAD, balance=Sats(10**9))
    (refusal,) = check(risk.parse(limits), ORDER, facts)
    assert (refusal.limit, refusal.value) == (limit, None)
    assert words in refusal.sentence("en")
    assert refusal.reason.verdict is Verdict.UNKNOWN


def test_an_unknown_balance_refuses_whatever_costs_sats_and_nothing_else() -> None:
    assert refused(RiskLimits(), ORDER, UNREAD) == [Limit.RESERVE]
    assert refused(RiskLimits(), AddsSafety(Sats(1)), UNREAD) == [Limit.RESERVE]
    assert refused(RiskLimits(), AddsSafety(), UNREAD) == []
    (refusal,) = check(with_one(reserve_sats=7), ORDER, UNREAD)
    assert refusal.sentence("en") == "Your reserve of 7 sats cannot be checked: the balance is not known."


def test_a_size_that_is_no_number_is_not_known() -> None:
    limits = with_one(max_total_usd=4_000)
    (refusal,) = check(limits, ORDER, replace(FACTS, open_usd=Decimal("NaN")))
    assert refusal.value is None


def test_a_guard_adds_margin_at_night_on_a_bad_day_but_never_from_the_reserve() -> None:
    limits = risk.parse(
        {
            **EVERY,
            "max_leverage": 1,
            "max_position_usd": 1,
            "max_total_usd": 1,
            "max_open_positions": 1,
            "max_daily_loss_sats": 1,
            "max_orders_per_minute": 1,
            "allowed_hours": [{"start": "01:00", "end": "01:01"}],
        }
    )
    facts = replace(FACTS, orders_last_minute=500)
    assert len(check(limits, ORDER, facts)) == 7
    assert check(limits, AddsSafety(Sats(102_100)), facts) == ()
    assert refused(limits, AddsSafety(Sats(102_101)), facts) == [Limit.RESERVE]


orders = st.builds(
    Entry,
    cost=st.integers(0, 2_000_000).map(Sats),
    leverage=st.decimals(1, 100, places=2),
    added_usd=st.integers(1, 5_000).map(Decimal),
    position_usd=st.integers(1, 5_000).map(Decimal),
    new_positions=st.integers(0, 1),
)
accounts = st.builds(
    AccountFacts,
    now=st.integers(0, 2 * 1440).map(lambda minute: NOON + timedelta(minutes=minute)),
    balance=st.none() | st.integers(0, 2_000_000).map(Sats),
    open_positions=st.none() | st.integers(0, 5),
    open_usd=st.none() | st.integers(0, 5_000).map(Decimal),
    realised_today=st.none() | st.integers(-6_000, 6_000).map(Sats),
    orders_last_minute=st.none() | st.integers(0, 4),
)


@given(orders, accounts, st.sets(st.sampled_from(sorted(EVERY))))
def test_every_refusal_is_of_a_set_limit_and_setting_fewer_never_refuses_more(
    order: Entry, facts: AccountFacts, left_out: set[str]
) -> None:
    everything = set(refused(risk.parse(EVERY), order, facts))
    fewer = risk.parse({name: value for name, value in EVERY.items() if name not in left_out})
    assert set(refused(fewer, order, facts)) <= everything
    for refusal in check(risk.parse(EVERY), order, facts):
        assert refusal.sentence("en").endswith(".")
        assert "{" not in refusal.sentence("pt-BR")


@given(orders, accounts)
def test_what_is_not_known_is_never_better_than_what_is(order: Entry, facts: AccountFacts) -> None:
    known = set(refused(risk.parse(EVERY), order, facts))
    unread = replace(UNREAD, now=facts.now)
    assert known <= set(refused(risk.parse(EVERY), order, unread)) | {
        Limit.LEVERAGE,
        Limit.POSITION,
        Limit.HOURS,
    }


@given(accounts, st.integers(0, 2_000_000))
def test_what_adds_safety_is_only_ever_refused_for_the_reserve(facts: AccountFacts, cost: int) -> None:
    found = check(risk.parse(EVERY), AddsSafety(Sats(cost)), facts)
    assert {refusal.limit for refusal in found} <= {Limit.RESERVE}
    if cost == 0:
        assert found == ()


# -- hours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("08:00", "12:00", ["08:00", "11:59"], ["07:59", "12:00", "00:00", "23:59"]),
        ("22:00", "02:00", ["22:00", "23:59", "00:00", "01:59"], ["21:59", "02:00", "12:00"]),
        ("22:00", "00:00", ["22:00", "23:59"], ["00:00", "21:59"]),
        ("00:00", "23:59", ["00:00", "23:58"], ["23:59"]),
    ],
)
def test_hours_hold_from_their_start_until_before_their_end_also_over_midnight(
    start: str, end: str, inside: list[str], outside: list[str]
) -> None:
    limits = with_one(allowed_hours=[{"start": start, "end": end}])
    for text in inside + outside:
        hour, minute = map(int, text.split(":"))
        facts = replace(FACTS, now=NOON.replace(hour=hour, minute=minute, second=0))
        assert (refused(limits, facts=facts) == []) == (text in inside)


def test_hours_are_utc_whatever_the_clock_shows() -> None:
    limits = with_one(allowed_hours=[{"start": "12:00", "end": "12:01"}])
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-3)))
    assert refused(limits, facts=replace(FACTS, now=elsewhere)) == []


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"max_leverage": 0}, "The maximum leverage must be a number from 1 to 125"),
        ({"max_leverage": "NaN"}, "The maximum leverage must be a number from 1 to 125"),
        ({"max_leverage": "1.234"}, "at most two decimals"),
        ({"max_position_usd": 0}, "The maximum per position must be a whole number of USD from 1"),
        ({"max_total_usd": "many"}, "The maximum in total must be a whole number of USD"),
        (
            {"max_open_positions": 1_001},
            "maximum of open positions must be a whole number from 1 to 1,000",
        ),
        ({"max_daily_loss_sats": -5}, "The maximum daily loss must be a whole number of sats from 1"),
        ({"reserve_sats": -1}, "The reserve must be a whole number of sats from 0"),
        ({"reserve_sats": 10**18}, "2,100,000,000,000,000"),
        (
            {"max_orders_per_minute": 0},
            "maximum of orders per minute must be a whole number from 1 to 600",
        ),
        ({"allowed_hours": [{"start": "25:00", "end": "02:00"}]}, "The allowed hours must be ranges of UTC"),
        ({"allowed_hours": [{"start": "08:00"}]}, "The allowed hours must be ranges of UTC hours"),
        ({"allowed_hours": [{"start": "08:00", "end": "08:00"}]}, "from 08:00 to 08:00 are none"),
        ({"allowed_hours": [{"start": "08:00Z", "end": "09:00Z"}]}, "without a time zone"),
        ({"allowed_hours": [{"start": "08:00:30", "end": "09:00"}]}, "at a whole minute"),
        ({"allowed_hours": []}, "at least one range of allowed hours"),
        ({"max_loss": 5}, "There is no limit called max_loss."),
        (
            {"max_position_usd": 5_000, "max_total_usd": 4_000},
            "The maximum per position (5,000 USD) must not be above the maximum in total (4,000 USD).",
        ),
    ],
)
def test_limits_that_make_no_sense_are_refused_with_a_sentence(
    values: Mapping[str, Any], sentence: str
) -> None:
    with pytest.raises(Rejected, match=re.escape(sentence)) as refusal:
        risk.parse(values)
    assert refusal.value.code == "config_invalid"


def test_every_limit_has_a_title_and_a_description() -> None:
    for field in RiskLimits.model_fields.values():
        assert field.title
        assert field.description


@pytest.mark.parametrize(
    "wrong",
    [
        {"cost": Sats(-1)},
        {"leverage": Decimal("NaN")},
        {"added_usd": Decimal(-1)},
        {"position_usd": Decimal("Infinity")},
    ],
)
def test_an_order_without_numbers_is_a_defect(wrong: dict[str, Any]) -> None:
    with pytest.raises(Defect, match="finite and not negative"):
        replace(ORDER, **wrong)
