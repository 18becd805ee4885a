"""Questions to a replay: what may be asked, what is refused, and what the answer looks like."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from services import simulations
from services.domain.errors import Rejected
from services.domain.futures import Side
from services.domain.series import CandleSeries
from services.engine.kinds.margin_guard import MarginGuard
from tests.support.replays import candles

ASKED: dict[str, Any] = {
    "side": "buy",
    "quantity": "1000",
    "leverage": "10",
    "trigger": "5",
    "target": "12",
    "budget": "20000000",
}

FALL = candles((10_000, 10_050, 9_900, 9_950), (9_900, 9_950, 9_300, 9_400), (9_400, 9_500, 8_200, 8_300))


def question(**more: Any) -> simulations.Question:
    return simulations.question(**{**ASKED, **more})


async def answer(series: CandleSeries = FALL, **more: Any) -> dict[str, Any]:
    return simulations.as_json(await simulations.answer(series, question(**more)))


def test_a_question_is_read_exactly() -> None:
    asked = question(start="2020-03-12", end="2020-03-12T08:00", fees=True, funding_rate="-0.0001")
    assert (asked.order.side, asked.order.quantity, asked.order.leverage) == (Side.BUY, 1000, 10)
    assert isinstance(asked.guard, MarginGuard)
    assert asked.guard.budget_lifetime_sats == asked.budget == 20_000_000
    assert asked.start == datetime(2020, 3, 12, tzinfo=UTC)
    assert asked.end == datetime(2020, 3, 12, 8, tzinfo=UTC)
    assert (asked.fees, asked.funding_rate) == (True, Decimal("-0.0001"))
    assert question().start is question().end is question().funding_rate is None


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2020-03-12T08:00Z", datetime(2020, 3, 12, 8, tzinfo=UTC)),
        ("2020-03-12T08:00+02:00", datetime(2020, 3, 12, 6, tzinfo=UTC)),
        (" 2020-03-12 08:00:30 ", datetime(2020, 3, 12, 8, 0, 30, tzinfo=UTC)),
    ],
)
def test_times_without_an_offset_are_utc_and_others_are_converted(typed: str, moment: datetime) -> None:
    assert question(start=typed).start == moment


QUANTITY = "The quantity must be a whole number from 1 to 500,000."
LEVERAGE = "The leverage must be a number from 1 to 100."
BUDGET = "The budget must be a whole number from 1 to 2,100,000,000,000,000."
TRIGGER = "The trigger must be a number above 0 and below 100."
TARGET = "The target must be a number above 0 and below 100."
FUNDING = "The funding rate must be a number from -0.1 to 0.1."
DATE = "date must be ISO 8601 in UTC, as in 2020-03-12 or 2020-03-12T08:00."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("side", "long", "The side must be buy (long) or sell (short)."),
        ("side", "BUY", "The side must be buy (long) or sell (short)."),
        *(("quantity", bad, QUANTITY) for bad in ("0", "-1", "500001", "1.5", "many", "", "1e99", "nan")),
        *(("leverage", bad, LEVERAGE) for bad in ("0", "-1", "0.99", "101", "x", "inf", "")),
        *(("budget", bad, BUDGET) for bad in ("0", "-1", "1.5", "2100000000000001", "all")),
        *(("trigger", bad, TRIGGER) for bad in ("0", "-5", "100", "x", "NaN")),
        *(("target", bad, TARGET) for bad in ("0", "100", "1e9", "x")),
        ("target", "5", "The target (5 %) must be above the trigger (5 %)."),
        ("target", "4.5", "The target (4.5 %) must be above the trigger (5 %)."),
        *(("funding_rate", bad, FUNDING) for bad in ("1", "-0.2", "x", "")),
        *(("start", bad, f"The from {DATE}") for bad in ("", "yesterday", "2020-13-01", "12.03.2020", "0")),
        ("end", "2020-02-30", f"The to {DATE}"),
        ("start", "0001-01-01T00:00+14:00", f"The from {DATE}"),
        ("end", "9999-12-31T23:00-14:00", f"The to {DATE}"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(name: str, value: str, sentence: str) -> None:
    with pytest.raises(Rejected) as refusal:
        question(**{name: value})
    assert refusal.value.message == sentence


@pytest.mark.parametrize(("start", "end"), [("2020-03-13", "2020-03-12"), ("2020-03-12", "2020-03-12")])
def test_a_range_that_ends_before_it_begins_is_empty(start: str, end: str) -> None:
    with pytest.raises(Rejected, match="from must lie before to"):
        question(start=start, end=end)


async def test_a_range_without_candles_is_refused_with_what_the_file_covers() -> None:
    with pytest.raises(Rejected) as refusal:
        await answer(start="2021-01-01")
    assert refusal.value.message == (
        "There is no candle in this range; the file covers 2020-03-12T00:00:00Z to 2020-03-12T02:00:00Z."
    )


async def test_from_is_inclusive_and_to_is_exclusive() -> None:
    found = await answer(start="2020-03-12T01:00", end="2020-03-12T02:00")
    assert (found["candles"], found["entry_price"]) == (1, 9_900)
    assert (found["from"], found["to"]) == ("2020-03-12T01:00:00Z", "2020-03-12T02:00:00Z")
    whole = await answer()
    assert (whole["candles"], whole["from"], whole["to"]) == (
        3,
        "2020-03-12T00:00:00Z",
        "2020-03-12T03:00:00Z",
    )


async def test_the_answer_has_exactly_the_documented_keys() -> None:
    found = await answer()
    assert list(found) == ["candles", "from", "to", "entry_price", "unguarded", "guarded", "elapsed_ms"]
    life = ["liquidated", "liquidated_at", "final_pl_sats"]
    assert list(found["unguarded"]) == life
    assert list(found["guarded"]) == [*life, "margin_added_sats", "actions"]
    for action in found["guarded"]["actions"]:
        assert list(action) == [
            "at",
            "price",
            "amount_sats",
            "liquidation_before",
            "liquidation_after",
            "reason",
        ]
    assert json.loads(json.dumps(found)) == found, "plain JSON"


async def test_the_answer_tells_both_lives() -> None:
    found = await answer()
    assert found["unguarded"] == {
        "liquidated": True,
        "liquidated_at": "2020-03-12T02:00:00Z",
        "final_pl_sats": -1_000_000,
    }
    guarded = found["guarded"]
    assert (guarded["liquidated"], guarded["liquidated_at"]) == (False, None)
    assert guarded["final_pl_sats"] == -2_048_193, "what the position has lost, not what was added"
    assert guarded["margin_added_sats"] == sum(action["amount_sats"] for action in guarded["actions"])
    first, *rest = guarded["actions"]
    assert (first["at"], first["liquidation_before"]) == ("2020-03-12T01:00:00Z", 9_091)
    assert rest
    assert rest[0]["liquidation_before"] == first["liquidation_after"]


async def test_each_action_says_why() -> None:
    found = await answer(budget="1500")
    (action,) = found["guarded"]["actions"]
    assert action["reason"].startswith("The price 9,569.5 is 5% from liquidation at 9,091: within 5%.")
    assert "The guard's budget has 1\N{NARROW NO-BREAK SPACE}500 sats left" in action["reason"]


async def test_an_action_before_a_funding_says_so() -> None:
    still = candles(*[(9_700, 9_700, 9_700, 9_700)] * 12)
    found = await answer(still, leverage="15", funding_rate="0.02")
    assert found["guarded"]["actions"][0]["reason"].startswith("The next funding takes ")


async def test_progress_is_told_for_both_lives() -> None:
    told: list[tuple[str, int]] = []
    await simulations.answer(FALL, question(), lambda name, index: told.append((name, index)))
    assert {name for name, _ in told} == {"unguarded", "guarded"}
    assert max(index for _, index in told) == 2


async def test_shorts_are_guarded_upwards() -> None:
    rise = candles((10_000, 10_050, 9_950, 10_000), (10_000, 10_800, 10_000, 10_700), (10_700, 12_000, 1, 1))
    found = await answer(rise, side="sell")
    assert found["unguarded"]["liquidated"]
    assert not found["guarded"]["liquidated"]
    assert all(a["liquidation_after"] > a["liquidation_before"] for a in found["guarded"]["actions"])
