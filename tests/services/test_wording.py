"""Decisions in words: every clause and every state has its sentence, in every language."""

import re
from typing import Any

import pytest

from services import wording
from services.catalogue import LANGUAGES
from services.domain.automation import IntentState

THIN = "\N{NARROW NO-BREAK SPACE}"

INPUTS: dict[str, dict[str, Any]] = {
    "intents_settled": {"open": "unknown, sent"},
    "position_current": {"read_at": "2026-11-20T12:00:00+00:00", "source": "venue"},
    "price_fresh": {"price": "95000.5", "age_s": "31.2", "source": "test"},
    "feeds_agree": {"feeds": "disagree"},
    "balance_known": {},
    "distance": {"distance": "0.0431", "trigger": "0.05", "price": "95000", "liquidation": "90909.0"},
    "funding": {"fee": 1234, "liquidation": "90909", "trigger": "0.05"},
    "interval": {"min_interval_s": 60},
    "amount": {"needed": 12345, "allowed": 1000, "target": "0.12"},
    "close_allowed": {"close_at": "0.01"},
    **{
        f"budget_{name}": {"left": 0, "needed": 5000}
        for name in ("action", "position", "day", "lifetime", "reserve", "leverage")
    },
}

SAID = [(clause, verdict) for clause, verdicts in wording._CLAUSES.items() for verdict in verdicts]


def test_every_clause_is_sampled_here() -> None:
    assert wording._CLAUSES.keys() == INPUTS.keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("clause", "verdict"), SAID)
def test_every_reason_is_a_sentence(clause: str, verdict: str, language: str) -> None:
    sentence = wording.reason_sentence(
        language, {"clause": clause, "verdict": verdict, "inputs": INPUTS[clause]}
    )
    assert re.fullmatch(r"[A-ZÀ-Ú\d].{10,}\.", sentence), sentence
    assert "{" not in sentence


def test_numbers_are_written_for_people() -> None:
    distance = {"clause": "distance", "verdict": "passed", "inputs": INPUTS["distance"]}
    assert wording.reason_sentence("en", distance) == (
        "The price 95,000 is 4.3% from liquidation at 90,909: within 5%."
    )
    assert "95.000" in wording.reason_sentence("pt-BR", distance)
    amount = {"clause": "amount", "verdict": "passed", "inputs": INPUTS["amount"]}
    assert wording.reason_sentence("en", amount) == (
        f"12{THIN}345 sats restore the target; 1{THIN}000 sats may be added."
    )
    fresh = {"clause": "price_fresh", "verdict": "failed", "inputs": INPUTS["price_fresh"]}
    assert wording.reason_sentence("en", fresh).startswith("The price 95,000.5 is 31.2 s old;")


def test_a_clause_that_nobody_knows_any_more_shows_its_name() -> None:
    old = {"clause": "moon_phase", "verdict": "failed", "inputs": {}}
    assert wording.reason_sentence("en", old) == "moon_phase"
    assert wording.reason_sentence("en", {**old, "clause": "amount", "verdict": "failed"}) == "amount"


def reasons(*found: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"clause": c, "verdict": v, "inputs": INPUTS[c]} for c, v in found]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [state.value for state in IntentState])
@pytest.mark.parametrize("action", ["add_margin", "close"])
def test_every_state_of_every_action_has_a_headline(action: str, state: str, language: str) -> None:
    told = (action, state, 12_345, "The venue says {no}.")
    for line in (
        wording.headline(language, "acting", reasons(("distance", "passed")), [told]),
        wording.headline(language, "acting", [], [told]),
        wording.order_line(language, told),
    ):
        assert line
        assert not re.search(r"\{(?!no\})", line), line


def test_a_refusal_repeats_what_the_venue_said() -> None:
    told = ("add_margin", "rejected", 500, "Not enough balance.")
    assert wording.headline("en", "acting", [], [told]) == "The venue refused 500 sats: Not enough balance."
    assert wording.order_line("en", told) == "Your order to add 500 sats was refused: Not enough balance."


def test_a_headline_says_what_a_run_concluded() -> None:
    watching = reasons(("price_fresh", "passed"), ("distance", "failed"))
    assert wording.headline("en", "watching", watching, []) == (
        "Watching: 4.3% from liquidation, acts at 5%."
    )
    blocked = reasons(("intents_settled", "passed"), ("price_fresh", "failed"), ("balance_known", "unknown"))
    assert wording.headline("en", "blocked", blocked, []).startswith("Blocked: The price 95,000.5 is")
    broke = reasons(("distance", "passed"), ("budget_day", "passed"), ("budget_lifetime", "failed"))
    assert wording.headline("en", "blocked", broke, []) == (
        f"Cannot add margin: The guard's budget has 0 sats left; 5{THIN}000 are needed."
    )
    added = [("add_margin", "confirmed", 1000, "")]
    assert wording.headline("en", "acting", reasons(("distance", "passed")), added) == (
        f"Added 1{THIN}000 sats at 95,000, 4.3% from liquidation."
    )
