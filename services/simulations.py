"""Would the guard have saved me, and at what cost: one position over history, alone and guarded."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic_core import to_jsonable_python

from services import wording
from services.domain import futures
from services.domain.errors import Rejected
from services.domain.futures import Side
from services.domain.inputs import decimal, whole
from services.domain.money import Sats
from services.domain.series import CandleSeries, from_ms
from services.engine.kind import KindConfig
from services.engine.kinds import parse
from services.engine.kinds.margin_guard import MAX_BUDGET_SATS
from services.engine.replay import Action, Replay, Replayed, Terms
from services.ports import MarketOrder

MAX_FUNDING_RATE = Decimal("0.1")

Progress = Callable[[str, int], None]
"""Told the name of the replay and the index of the candle that it has reached."""


@dataclass(frozen=True, slots=True)
class Question:
    """What to replay; the guard's budget in sats is its lifetime budget."""

    order: MarketOrder
    guard: KindConfig
    budget: Sats
    start: datetime | None
    end: datetime | None
    fees: bool
    funding_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Both lives of the position. `candles` are those of the range."""

    question: Question
    candles: CandleSeries
    unguarded: Replayed
    guarded: Replayed
    elapsed_ms: float


def question(
    *,
    side: object,
    quantity: object,
    leverage: object,
    start: object = None,
    end: object = None,
    trigger: object,
    target: object,
    budget: object,
    fees: bool = False,
    funding_rate: object = None,
) -> Question:
    """A question from what was typed.

    Raises:
        Rejected: one sentence about the first value that does not fit, and what is allowed.
    """
    if side not in (Side.BUY.value, Side.SELL.value):
        raise Rejected("The side must be buy (long) or sell (short).", code="side_unknown")
    order = MarketOrder(
        Side(str(side)),
        whole("quantity", quantity, futures.MIN_QUANTITY, futures.MAX_QUANTITY),
        decimal("leverage", leverage, futures.MIN_LEVERAGE, futures.MAX_LEVERAGE),
    )
    sats = whole("budget", budget, 1, MAX_BUDGET_SATS)
    levels = {"trigger_percent": trigger, "target_percent": target, "budget_lifetime_sats": sats}
    first, last = _moment("from", start), _moment("to", end)
    if first is not None and last is not None and first >= last:
        raise Rejected("The range is empty: from must lie before to.", code="range_empty")
    rate = None
    if funding_rate is not None:
        rate = decimal("funding rate", funding_rate, -MAX_FUNDING_RATE, MAX_FUNDING_RATE)
    return Question(order, parse("margin_guard", levels), Sats(sats), first, last, fees, rate)


async def answer(
    history: CandleSeries, asked: Question, progress: Progress = lambda name, index: None
) -> Answer:
    """Replay the position twice over the asked range of `history`.

    Raises:
        Rejected: there is no candle in the range.
    """
    candles = history.between(asked.start, asked.end)
    if len(candles) == 0:
        covered = f"{_iso(history.opened_at(0))} to {_iso(history.opened_at(len(history) - 1))}"
        raise Rejected(f"There is no candle in this range; the file covers {covered}.", code="range_empty")
    began = time.perf_counter()
    bare = Terms(asked.order, fees=asked.fees, funding_rate=asked.funding_rate)
    guarded = Terms(
        asked.order, guard=asked.guard, funds=asked.budget, fees=asked.fees, funding_rate=asked.funding_rate
    )
    one = await Replay(candles, bare).run(progress=lambda index: progress("unguarded", index))
    other = await Replay(candles, guarded).run(progress=lambda index: progress("guarded", index))
    return Answer(asked, candles, one, other, (time.perf_counter() - began) * 1000)


def as_json(given: Answer) -> dict[str, Any]:
    """The answer as plain JSON values; times in ISO 8601 UTC, prices in USD per BTC."""
    candles, asked = given.candles, given.question
    return {
        "candles": len(candles),
        "from": _iso(asked.start or candles.opened_at(0)),
        "to": _iso(asked.end or from_ms(int(candles.times[-1]) + candles.step_ms)),
        "entry_price": float(given.unguarded.entry),
        "unguarded": _life(given.unguarded),
        "guarded": {
            **_life(given.guarded),
            "margin_added_sats": int(given.guarded.added),
            "actions": [_action(action) for action in given.guarded.actions],
        },
        "elapsed_ms": round(given.elapsed_ms, 3),
    }


def reason_of(action: Action) -> str:
    """Why the guard acted, as a sentence."""
    reasons = [to_jsonable_python(reason) for reason in action.run.decision.reasons]
    telling = [r for r in reasons if r["clause"] in ("distance", "funding") and r["verdict"] == "passed"]
    short = [r for r in reasons if r["clause"].startswith("budget_") and r["verdict"] == "failed"]
    return " ".join(wording.reason_sentence("en", reason) for reason in [*telling[-1:], *short])


def _life(life: Replayed) -> dict[str, Any]:
    ended = life.ended
    return {
        "liquidated": life.liquidated,
        "liquidated_at": _iso(ended.closed_at) if life.liquidated and ended else None,
        "final_pl_sats": int(life.final_profit),
    }


def _action(action: Action) -> dict[str, Any]:
    after = action.liquidation_after
    return {
        "at": _iso(action.run.facts.now),
        "price": float(action.price),
        "amount_sats": int(action.amount),
        "liquidation_before": float(action.liquidation_before),
        "liquidation_after": None if after is None else float(after),
        "reason": reason_of(action),
    }


def _moment(label: str, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value).strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Rejected(
            f"The {label} date must be ISO 8601 in UTC, as in 2020-03-12 or 2020-03-12T08:00.",
            code="date_unreadable",
        ) from None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
