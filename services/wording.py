"""Decisions in words: what an automation concluded, and each reason, in the reader's language.

Reasons are stored as clauses with their inputs; the sentence is made when it is read, so that a
trace from last year can be read in either language. It takes stored JSON, not live objects.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services import catalogue
from services.catalogue import N_, translate

_CLAUSES: Mapping[str, Mapping[str, str]] = {
    "intents_settled": {
        "passed": N_("No earlier action on this position is open."),
        "failed": N_("An earlier action on this position is not settled yet ({open})."),
    },
    "position_current": {
        "passed": N_("The position was read at the venue after the last action."),
        "failed": N_("The position has not been read since the last action."),
        "unknown": N_("The position could not be read at the venue."),
    },
    "price_fresh": {
        "passed": N_("The price {price} is {age} s old."),
        "failed": N_("The price {price} is {age} s old; nothing is decided on a price older than 30 s."),
        "unknown": N_("There is no price."),
    },
    "feeds_agree": {
        "passed": N_("No second price feed disagrees."),
        "failed": N_("Two price feeds disagree."),
        "unknown": N_("The second price feed cannot be read."),
    },
    "balance_known": {
        "passed": N_("The account's balance is known."),
        "unknown": N_("The account's balance could not be read."),
    },
    "distance": {
        "passed": N_("The price {price} is {distance} from liquidation at {liquidation}: within {trigger}."),
        "failed": N_("The price {price} is {distance} from liquidation at {liquidation}: beyond {trigger}."),
    },
    "funding": {
        "passed": N_("The next funding takes {fee} sats of margin and alone brings it within {trigger}."),
        "failed": N_("The next funding takes {fee} sats of margin and leaves it beyond {trigger}."),
    },
    "interval": {
        "passed": N_("Enough time has passed since the last action."),
        "failed": N_("It waits {min_interval_s} s between two actions."),
    },
    "amount": {
        "passed": N_("{needed} sats restore the target; {allowed} sats may be added."),
    },
    "budget_action": {
        "passed": N_("The budget per action allows it ({left} sats)."),
        "failed": N_("The budget per action allows {left} of {needed} sats."),
    },
    "budget_position": {
        "passed": N_("The position's budget has {left} sats left."),
        "failed": N_("The position's budget has {left} sats left; {needed} are needed."),
    },
    "budget_day": {
        "passed": N_("Today's budget has {left} sats left."),
        "failed": N_("Today's budget has {left} sats left; {needed} are needed."),
    },
    "budget_lifetime": {
        "passed": N_("The guard's budget has {left} sats left."),
        "failed": N_("The guard's budget has {left} sats left; {needed} are needed."),
    },
    "budget_reserve": {
        "passed": N_("The account has {left} sats above the reserve."),
        "failed": N_("The account has {left} sats above the reserve; {needed} are needed."),
    },
    "budget_leverage": {
        "passed": N_("The position can hold {left} more sats of margin."),
        "failed": N_("Leverage cannot fall below 1: {left} more sats fit, {needed} are needed."),
    },
    "close_allowed": {
        "passed": N_("Closing was allowed at {close_at}, and the price is there."),
        "failed": N_("Closing the position was not allowed, or it is not time."),
    },
}

_INTENTS = {
    "planned": N_("Adding {amount} sats is planned."),
    "sent": N_("Adding {amount} sats: sent, no answer yet."),
    "confirmed": N_("Added {amount} sats at {price}, {distance} from liquidation."),
    "rejected": N_("The venue refused {amount} sats: {detail}"),
    "unknown": N_("Adding {amount} sats: the answer was lost. The position is being read to find out."),
    "ambiguous": N_("Adding {amount} sats: the venue's numbers do not tell whether it was applied."),
    "dropped": N_("Adding {amount} sats was dropped before it was sent."),
}

_CLOSES = {
    "confirmed": N_("Closed the position at {price}, {distance} from liquidation."),
    "rejected": N_("The venue refused to close the position: {detail}"),
}

_ORDERS = {
    ("add_margin", "confirmed"): N_("You added {amount} sats."),
    ("add_margin", "rejected"): N_("Your order to add {amount} sats was refused: {detail}"),
    ("close", "confirmed"): N_("You closed the position."),
    ("close", "rejected"): N_("Your order to close the position was refused: {detail}"),
}

_ORDER_OPEN = N_("Your order is not settled yet ({state}).")

_CLOSING = N_("Closing the position: {state}.")

_WATCHING = N_("Watching: {distance} from liquidation, acts at {trigger}.")

_OUT_OF_MEANS = N_("Cannot add margin: {reason}")

_BLOCKED = N_("Blocked: {reason}")


def reason_sentence(language: str, reason: Mapping[str, Any]) -> str:
    """One stored reason as a sentence."""
    clause = _CLAUSES.get(str(reason["clause"]), {})
    message = clause.get(str(reason["verdict"]), "")
    if not message:
        return str(reason["clause"])
    return translate(language, message, **_shown(language, reason["inputs"]))


def headline(
    language: str,
    outcome: str,
    reasons: list[dict[str, Any]],
    intents: list[tuple[str, str, int, str]],
) -> str:
    """What a run concluded, in one line.

    Args:
        intents: action, state, amount in sats and detail of each.
    """
    if intents:
        return _intent_line(language, reasons, *intents[-1])
    if outcome == "blocked":
        return _blocked_line(language, reasons)
    return translate(language, _WATCHING, **_distance_inputs(language, reasons))


def order_line(language: str, intent: tuple[str, str, int, str]) -> str:
    """A person's own action, which has no reasons."""
    action, state, amount, detail = intent
    shown = {"amount": catalogue.sats(language, amount), "detail": detail, "state": state}
    return translate(language, _ORDERS.get((action, state), _ORDER_OPEN), **shown)


def _intent_line(
    language: str, reasons: list[dict[str, Any]], action: str, state: str, amount: int, detail: str
) -> str:
    shown = {"amount": catalogue.sats(language, amount), "detail": detail, "state": state}
    shown |= _distance_inputs(language, reasons)
    if action == "add_margin":
        return translate(language, _INTENTS[state], **shown)
    return translate(language, _CLOSES.get(state, _CLOSING), **shown)


def _blocked_line(language: str, reasons: list[dict[str, Any]]) -> str:
    first = next((r for r in reasons if r["verdict"] != "passed"), None)
    if first is None:
        return translate(language, _BLOCKED, reason="")
    short = next((r for r in reasons if r["clause"].startswith("budget_") and r["verdict"] == "failed"), None)
    if short is not None:
        return translate(language, _OUT_OF_MEANS, reason=reason_sentence(language, short))
    return translate(language, _BLOCKED, reason=reason_sentence(language, first))


def _distance_inputs(language: str, reasons: list[dict[str, Any]]) -> dict[str, str]:
    found = next((r for r in reasons if r["clause"] == "distance"), None)
    unknown = dict.fromkeys(("price", "distance", "trigger", "liquidation"), "?")
    return unknown if found is None else unknown | _shown(language, found["inputs"])


_PERCENTS = {"distance", "trigger", "target", "close_at"}
_PRICES = {"price", "liquidation"}
_SATS = {"fee", "needed", "allowed", "left"}


def _shown(language: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs formatted for the reader; `age_s` becomes `age` with one decimal."""
    shown: dict[str, str] = {}
    for name, value in inputs.items():
        if name in _PERCENTS:
            shown[name] = catalogue.percent(language, Decimal(str(value)))
        elif name in _PRICES:
            shown[name] = catalogue.usd(language, Decimal(str(value)))
        elif name in _SATS:
            shown[name] = catalogue.sats(language, int(value))
        else:
            shown["age" if name == "age_s" else name] = str(value)
    return shown
