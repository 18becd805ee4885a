"""Margin Guards, the facts they decide on, and what a decision says."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from services.domain.automation import (
    AddMargin,
    Agreement,
    Alert,
    Decision,
    Facts,
    MoneyAction,
    Reading,
    Verdict,
)
from services.domain.futures import Position
from services.domain.market import Funding
from services.domain.money import Sats
from services.engine.kinds.margin_guard import MarginGuard
from tests.support.trading import NOON, position

LOT = Sats(10**12)


def guard(trigger: object = 5, target: object = 12, **more: Any) -> MarginGuard:
    return MarginGuard(trigger_percent=Decimal(str(trigger)), target_percent=Decimal(str(target)), **more)


def facts(
    running: Position | None = None,
    price: Decimal | int | str = 95_600,
    *,
    age: timedelta = timedelta(0),
    balance: int | None = LOT,
    funding: Funding | None = None,
    **more: Any,
) -> Facts:
    """Facts at noon: a long at 100,000 x10 dies at 90,909; it is within 5 % from 95,693.68 on."""
    running = running or position()
    return Facts(
        now=NOON,
        price=Reading(Decimal(price), NOON - age, "test"),
        agreement=more.pop("agreement", Agreement.SINGLE),
        position=more.pop("position", Reading(running, NOON, "venue")),
        balance=Reading(None if balance is None else Sats(balance), NOON, "venue"),
        funding=Reading(funding, NOON, "test"),
        **more,
    )


def money(decision: Decision) -> MoneyAction | None:
    """What a decision moves; never more than one thing."""
    actions = [action for action in decision.actions if isinstance(action, MoneyAction)]
    assert len(actions) <= 1
    return actions[0] if actions else None


def added(decision: Decision) -> int:
    action = money(decision)
    return action.amount if isinstance(action, AddMargin) else 0


def alerts(decision: Decision) -> list[str]:
    return [action.code for action in decision.actions if isinstance(action, Alert)]


def verdicts(decision: Decision) -> dict[str, Verdict]:
    return {reason.clause: reason.verdict for reason in decision.reasons}
