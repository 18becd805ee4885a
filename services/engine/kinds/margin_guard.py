"""Margin Guard: adds the margin that keeps a position alive, inside a budget.

`distance = |price - liquidation| / price`. At `distance <= trigger` the position is restored to
`distance >= target` with the least sats that do so. This file is the only definition; forms, API,
previews, replay and documentation are derived from it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from services.domain import futures
from services.domain.automation import (
    Action,
    AddMargin,
    Agreement,
    Alert,
    ClosePosition,
    Decision,
    Facts,
    Memory,
    Outcome,
    Reason,
    Spent,
    Verdict,
)
from services.domain.futures import Position, Side
from services.domain.market import PRICE_MAX_AGE
from services.domain.money import Sats, level_above, level_below
from services.domain.wakes import At, EventKind, On, PriceAtOrAbove, PriceAtOrBelow, Wake
from services.engine.kind import Kind, KindConfig

MAX_BUDGET_SATS = 2_100_000_000_000_000
"""All the bitcoin there will be: any larger number is a slip of the hand."""

Percent = Annotated[Decimal, Field(gt=0, lt=100, max_digits=8, decimal_places=4)]
Budget = Annotated[int, Field(ge=1, le=MAX_BUDGET_SATS)]

_NEXT = Decimal("0.00000001")

_ALWAYS = tuple(
    On(kind)
    for kind in (
        EventKind.POSITION_CHANGED,
        EventKind.FUNDING_ANNOUNCED,
        EventKind.FUNDING_SETTLED,
        EventKind.INTENT_RESOLVED,
        EventKind.CONFIG_CHANGED,
        EventKind.FEEDS_CHANGED,
        EventKind.PRICE_SILENT,
    )
)

_BLOCKED_WAKES = (*_ALWAYS, On(EventKind.PRICE_RESUMED), On(EventKind.BALANCE_CHANGED))


class MarginGuard(KindConfig):
    """What the user sets. Percentages are of the current price; budgets of None do not bind."""

    trigger_percent: Percent = Field(
        title="trigger", description="Acts when the distance to liquidation is at most this."
    )
    target_percent: Percent = Field(title="target", description="Restores at least this distance.")
    budget_per_action_sats: Budget | None = Field(
        None, title="budget per action", description="Most sats in one action."
    )
    budget_per_position_sats: Budget | None = Field(
        None, title="budget per position", description="Most sats for one position."
    )
    budget_per_day_sats: Budget | None = Field(
        None, title="budget per day", description="Most sats in one UTC day."
    )
    budget_lifetime_sats: Budget | None = Field(None, title="budget", description="Most sats ever.")
    reserve_sats: Annotated[int, Field(ge=0, le=MAX_BUDGET_SATS)] = Field(
        0, title="reserve", description="Sats that always stay in the account."
    )
    positions: tuple[str, ...] | None = Field(None, description="Guarded positions; None guards all.")
    min_interval_s: Annotated[int, Field(ge=0, le=86_400)] = Field(
        0, title="interval", description="Least seconds between two actions on a position."
    )
    funding_lead_minutes: Annotated[int, Field(ge=0, le=480)] = Field(
        10,
        title="funding lead",
        description="How long before a funding that would cross the trigger it acts; 0 turns this off.",
    )
    close_at_percent: Percent | None = Field(
        None,
        title="closing distance",
        description="Closes the position at this distance when no margin can be added any more.",
    )

    @model_validator(mode="after")
    def _levels_in_order(self) -> "MarginGuard":
        if self.target_percent <= self.trigger_percent:
            raise ValueError(
                f"The target ({self.target_percent} %) must be above the trigger ({self.trigger_percent} %)."
            )
        if self.close_at_percent is not None and self.close_at_percent >= self.trigger_percent:
            raise ValueError(
                f"Closing ({self.close_at_percent} %) must lie below the trigger ({self.trigger_percent} %)."
            )
        return self

    @property
    def trigger(self) -> Decimal:
        return self.trigger_percent / 100

    @property
    def target(self) -> Decimal:
        return self.target_percent / 100

    @property
    def interval_s(self) -> int:
        """A budget per action would be none if the next action could follow in the same instant."""
        return max(self.min_interval_s, 0 if self.budget_per_action_sats is None else 1)

    def covers(self, position_id: str) -> bool:
        return self.positions is None or position_id in self.positions


def decide(config: MarginGuard, facts: Facts, memory: Memory) -> Decision:
    """Watch, act or say what blocks; see the module's text for the rule."""
    safety = _safety(facts, memory)
    position, price = facts.position.value, facts.price.value
    if position is None or price is None or any(r.verdict is not Verdict.PASSED for r in safety):
        return _blocked(safety, memory, _failed_clause(safety), _BLOCKED_WAKES)
    danger = _measure(config, facts, position, price)
    reasons = (*safety, *danger.reasons)
    if not danger.triggered:
        wakes = (*_ALWAYS, _at_level(position.side, danger.level), *_before_funding(config, facts))
        return Decision(Outcome.WATCHING, (), reasons, _quiet(memory), wakes)
    interval, waits_until = _interval(config, facts, memory)
    if waits_until is not None:
        wakes = (*_ALWAYS, At(waits_until))
        return Decision(Outcome.WATCHING, (), (*reasons, interval), _quiet(memory), wakes)
    return _restore(config, facts, memory, danger, (*reasons, interval))


@dataclass(frozen=True, slots=True)
class Danger:
    """`endangered` is the position as it counts now: after the next funding when that is near.

    `room` is what the position can hold as it is: the funding has not made any yet.
    """

    endangered: Position
    room: Sats
    price: Decimal
    triggered: bool
    level: Decimal
    reasons: tuple[Reason, ...]


def _safety(facts: Facts, memory: Memory) -> tuple[Reason, ...]:
    """What has to be true before any money moves."""
    position = facts.position
    read_at = position.at.isoformat() if position.at else ""
    current = Verdict.PASSED
    if position.value is None or position.at is None:
        current = Verdict.UNKNOWN
    elif memory.acted_at is not None and position.at < memory.acted_at:
        current = Verdict.FAILED
    settled = Verdict.FAILED if facts.unresolved else Verdict.PASSED
    return (
        Reason("intents_settled", settled, {"open": ", ".join(facts.unresolved)}),
        Reason("position_current", current, {"read_at": read_at, "source": position.source}),
        _price_fresh(facts),
        Reason("feeds_agree", _AGREEMENT[facts.agreement], {"feeds": facts.agreement.value}),
        Reason("balance_known", Verdict.UNKNOWN if facts.balance.value is None else Verdict.PASSED),
    )


_AGREEMENT = {
    Agreement.SINGLE: Verdict.PASSED,
    Agreement.AGREE: Verdict.PASSED,
    Agreement.DISAGREE: Verdict.FAILED,
    Agreement.UNKNOWN: Verdict.UNKNOWN,
}


def _price_fresh(facts: Facts) -> Reason:
    price = facts.price
    if price.value is None or price.at is None or not price.value.is_finite() or price.value <= 0:
        return Reason("price_fresh", Verdict.UNKNOWN, {"source": price.source})
    age = facts.now - price.at
    verdict = Verdict.PASSED if age <= PRICE_MAX_AGE else Verdict.FAILED
    inputs = {"price": str(price.value), "age_s": f"{age.total_seconds():.1f}", "source": price.source}
    return Reason("price_fresh", verdict, inputs)


def _measure(config: MarginGuard, facts: Facts, position: Position, price: Decimal) -> Danger:
    """Is the position within the trigger, now or by the next funding alone?"""
    crossed = futures.within(position.side, price, position.liquidation, config.trigger)
    distance = futures.distance(position.side, price, position.liquidation)
    reasons = [
        Reason(
            "distance",
            Verdict.PASSED if crossed else Verdict.FAILED,
            {
                "distance": str(distance),
                "trigger": str(config.trigger),
                "price": str(price),
                "liquidation": str(position.liquidation),
            },
        )
    ]
    endangered = position
    fee = _near_funding_fee(config, facts, position, price)
    if fee > 0:
        endangered = futures.after_funding(position, fee)
        crossed = futures.within(position.side, price, endangered.liquidation, config.trigger)
        reasons.append(
            Reason(
                "funding",
                Verdict.PASSED if crossed else Verdict.FAILED,
                {"fee": fee, "liquidation": str(endangered.liquidation), "trigger": str(config.trigger)},
            )
        )
    level = trigger_level(config, endangered)
    return Danger(endangered, _room(position), price, crossed, level, tuple(reasons))


def _near_funding_fee(config: MarginGuard, facts: Facts, position: Position, price: Decimal) -> Sats:
    """Sats that the next settlement takes from the margin, 0 when it is not near or gives."""
    funding = facts.funding.value
    if funding is None or not _in_funding_lead(config, facts):
        return Sats(0)
    return Sats(max(futures.funding_fee(position.side, position.quantity, price, funding.rate), 0))


def _in_funding_lead(config: MarginGuard, facts: Facts) -> bool:
    funding = facts.funding.value
    if funding is None or config.funding_lead_minutes == 0:
        return False
    lead = timedelta(minutes=config.funding_lead_minutes)
    return funding.settles_at - lead <= facts.now < funding.settles_at


def _interval(config: MarginGuard, facts: Facts, memory: Memory) -> tuple[Reason, datetime | None]:
    """Whether enough time passed since the last action, and if not, until when it waits."""
    until = None
    if memory.acted_at is not None:
        until = memory.acted_at + timedelta(seconds=config.interval_s)
    waiting = until is not None and facts.now < until
    verdict = Verdict.FAILED if waiting else Verdict.PASSED
    reason = Reason("interval", verdict, {"min_interval_s": config.interval_s})
    return reason, until if waiting else None


def _restore(
    config: MarginGuard, facts: Facts, memory: Memory, danger: Danger, reasons: tuple[Reason, ...]
) -> Decision:
    """Add what is needed and allowed; else climb down the ladder."""
    needed = futures.margin_to_reach(danger.endangered, danger.price, config.target)
    wanted = danger.room if needed is None else needed
    caps = _caps(config, facts.spent, facts.balance.value or Sats(0), danger.room)
    allowed = Sats(max(min([wanted, *caps.values()]), 0))
    reasons = (
        *reasons,
        Reason(
            "amount", Verdict.PASSED, {"needed": wanted, "allowed": allowed, "target": str(config.target)}
        ),
        *_cap_reasons(caps, wanted),
    )
    if allowed == 0:
        return _out_of_means(config, facts, memory, danger, reasons)
    alerts: tuple[Action, ...] = ()
    if allowed < wanted or needed is None:
        alerts = (Alert("guard.partial", {"added": allowed, "needed": wanted}),)
    return Decision(
        Outcome.ACTING,
        (AddMargin(allowed), *alerts),
        reasons,
        Memory(memory.sequence + 1, facts.now),
        _ALWAYS,
    )


def _caps(config: MarginGuard, spent: Spent, balance: Sats, room: Sats) -> dict[str, int]:
    """What each budget leaves, in sats; may be negative when a budget was lowered."""
    limits = {
        "action": (config.budget_per_action_sats, 0),
        "position": (config.budget_per_position_sats, spent.position),
        "day": (config.budget_per_day_sats, spent.day),
        "lifetime": (config.budget_lifetime_sats, spent.lifetime),
    }
    caps = {name: limit - used for name, (limit, used) in limits.items() if limit is not None}
    caps["reserve"] = balance - config.reserve_sats
    caps["leverage"] = room
    return caps


def left(config: MarginGuard, spent: Spent, balance: Sats, position: Position) -> Sats:
    """Sats that the guard may still add to the position, all budgets and the balance considered."""
    return Sats(max(min(_caps(config, spent, balance, _room(position)).values()), 0))


def _room(position: Position) -> Sats:
    return Sats(max(futures.full_margin(position) - position.margin, 0))


def _cap_reasons(caps: dict[str, int], wanted: Sats) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            f"budget_{name}",
            Verdict.PASSED if left >= wanted else Verdict.FAILED,
            {"left": max(left, 0), "needed": wanted},
        )
        for name, left in caps.items()
    )


def _out_of_means(
    config: MarginGuard, facts: Facts, memory: Memory, danger: Danger, reasons: tuple[Reason, ...]
) -> Decision:
    """No margin can be added: close if the user allowed it and it is time, else say so."""
    position, price = danger.endangered, danger.price
    close_at = config.close_at_percent
    if close_at is not None and futures.within(position.side, price, position.liquidation, close_at / 100):
        verdict = Reason("close_allowed", Verdict.PASSED, {"close_at": str(close_at / 100)})
        actions: tuple[Action, ...] = (ClosePosition(), Alert("guard.closed", {"price": str(price)}))
        after = Memory(memory.sequence + 1, facts.now)
        return Decision(Outcome.ACTING, actions, (*reasons, verdict), after, _ALWAYS)
    reasons = (*reasons, Reason("close_allowed", Verdict.FAILED))
    midnight = facts.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    wakes: list[Wake] = [*_ALWAYS, On(EventKind.BALANCE_CHANGED), At(midnight)]
    wakes.append(_back_from(position.side, danger.level))
    if close_at is not None:
        exact = futures.price_at_distance(position.side, position.liquidation, close_at / 100)
        wakes.append(_at_level(position.side, _level(position.side, exact)))
    return _blocked(reasons, memory, "guard.out_of_means", tuple(wakes))


def _blocked(reasons: tuple[Reason, ...], memory: Memory, code: str, wakes: tuple[Wake, ...]) -> Decision:
    """Nothing may be done; the user is told once per cause."""
    told = memory.notes.get("told") == code
    alerts: tuple[Action, ...] = () if told else (Alert(code),)
    after = replace(memory, notes={**memory.notes, "told": code})
    return Decision(Outcome.BLOCKED, alerts, reasons, after, wakes)


def _quiet(memory: Memory) -> Memory:
    """Nothing blocks: the next block is news again."""
    return replace(memory, notes={k: v for k, v in memory.notes.items() if k != "told"})


def _failed_clause(reasons: tuple[Reason, ...]) -> str:
    return f"guard.blocked.{next(r.clause for r in reasons if r.verdict is not Verdict.PASSED)}"


def _before_funding(config: MarginGuard, facts: Facts) -> tuple[Wake, ...]:
    """Look again when the next funding comes near."""
    funding = facts.funding.value
    if funding is None or config.funding_lead_minutes == 0:
        return ()
    at = funding.settles_at - timedelta(minutes=config.funding_lead_minutes)
    return (At(at),) if at > facts.now else ()


def trigger_level(config: MarginGuard, position: Position) -> Decimal:
    """Price, USD per BTC, at which the guard acts on the position as it is now."""
    return _level(
        position.side, futures.price_at_distance(position.side, position.liquidation, config.trigger)
    )


def _level(side: Side, exact: Fraction) -> Decimal:
    """`exact` as a decimal on the side where the distance is surely within the limit."""
    return level_below(exact) if side is Side.BUY else level_above(exact)


def _at_level(side: Side, level: Decimal) -> Wake:
    """Wakes when the price comes as near to the liquidation as `level`."""
    return PriceAtOrBelow(level) if side is Side.BUY else PriceAtOrAbove(level)


def _back_from(side: Side, level: Decimal) -> Wake:
    """Wakes when the price has moved away from `level` again."""
    if side is Side.BUY:
        return PriceAtOrAbove(level + _NEXT)
    return PriceAtOrBelow(level - _NEXT)


KIND = Kind(
    slug="margin_guard",
    config=MarginGuard,
    decide=decide,
    presets={
        "calm": lambda: MarginGuard(trigger_percent=Decimal(8), target_percent=Decimal(16)),
        "balanced": lambda: MarginGuard(trigger_percent=Decimal(5), target_percent=Decimal(12)),
        "tight": lambda: MarginGuard(trigger_percent=Decimal(3), target_percent=Decimal(7)),
    },
)
