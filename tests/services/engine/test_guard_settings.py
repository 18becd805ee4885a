"""What a user may set on a Margin Guard, and what is said about the rest."""

from decimal import Decimal

import pytest

from services.domain.errors import Rejected
from services.engine.kinds import parse
from services.engine.kinds.margin_guard import MAX_BUDGET_SATS, MarginGuard

FINE = {"trigger_percent": "5", "target_percent": "12"}
PERCENT = "a number above 0 and below 100"
WHOLE = "a whole number of at least 0 and at most"
RESERVE = "a whole number of at least 0 and at most 2,100,000,000,000,000"
BUDGET = "a whole number of at least 1 and at most 2,100,000,000,000,000"


def test_a_configuration_is_read_exactly() -> None:
    config = parse("margin_guard", {**FINE, "trigger_percent": "0.0001", "budget_lifetime_sats": "2000"})
    assert isinstance(config, MarginGuard)
    assert config.trigger == Decimal("0.000001")
    assert config.budget_lifetime_sats == 2000
    assert parse("margin_guard", config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("trigger_percent", "0", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "-1", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "100", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "1e9", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "NaN", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "inf", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "five", f"The trigger must be {PERCENT}."),
        ("trigger_percent", "", f"The trigger must be {PERCENT}."),
        ("trigger_percent", None, f"The trigger must be {PERCENT}."),
        ("trigger_percent", True, f"The trigger must be {PERCENT}."),
        ("target_percent", "12.00001", f"The target must be {PERCENT}, with at most 4 decimals."),
        ("target_percent", "5", "The target (5 %) must be above the trigger (5 %)."),
        ("target_percent", "4.9", "The target (4.9 %) must be above the trigger (5 %)."),
        ("close_at_percent", "5", "Closing (5 %) must lie below the trigger (5 %)."),
        ("budget_lifetime_sats", "0", f"The budget must be {BUDGET}."),
        ("budget_lifetime_sats", "-5", f"The budget must be {BUDGET}."),
        ("budget_lifetime_sats", "1.5", f"The budget must be {BUDGET}."),
        ("budget_lifetime_sats", str(MAX_BUDGET_SATS + 1), f"The budget must be {BUDGET}."),
        ("budget_lifetime_sats", "9" * 5000, f"The budget must be {BUDGET}."),
        ("reserve_sats", "-1", f"The reserve must be {RESERVE}."),
        ("min_interval_s", "86401", f"The interval must be {WHOLE} 86,400."),
        ("funding_lead_minutes", "481", f"The funding lead must be {WHOLE} 480."),
        ("triger_percent", "5", "There is no setting called triger_percent."),
        ("x" * 100, "5", f"There is no setting called {'x' * 40}."),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_is_allowed(
    name: str, value: object, sentence: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        parse("margin_guard", {**FINE, name: value})
    assert refusal.value.message == sentence
    assert refusal.value.code == "config_invalid"


def test_a_missing_value_and_an_unknown_kind_are_refused() -> None:
    with pytest.raises(Rejected, match=r"^The target is missing\.$"):
        parse("margin_guard", {"trigger_percent": "5"})
    with pytest.raises(Rejected, match=r"choose one of: margin_guard\.$"):
        parse("crystal_ball", FINE)
