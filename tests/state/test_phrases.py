"""The sentences before an action: they promise what the guard does, and no more."""

from decimal import Decimal

from services.automations import GuardPreview
from services.domain.futures import Side
from services.domain.money import Sats
from services.engine.kinds.margin_guard import MarginGuard
from state import phrases

PREVIEW = GuardPreview(Decimal("60287"), Sats(12_400), Sats(87_600))
GUARD = MarginGuard(trigger_percent=Decimal(5), target_percent=Decimal(12))


def test_a_guard_that_only_adds_is_said_never_to_sell() -> None:
    assert "never sells" in phrases.guarding("en", GUARD, Side.BUY, PREVIEW)


def test_a_guard_that_may_close_is_said_to_close() -> None:
    closing = GUARD.model_copy(update={"close_at_percent": Decimal(2)})
    said = phrases.guarding("en", closing, Side.BUY, PREVIEW)
    assert "never sells" not in said
    assert "closes it at 2%" in said


def test_a_guard_without_means_is_not_called_protection() -> None:
    empty = GuardPreview(Decimal("60287"), Sats(0), Sats(0))
    assert "would not be protected" in phrases.guarding("en", GUARD, Side.SELL, empty)


def test_a_short_is_endangered_by_a_rise() -> None:
    assert phrases.guarding("en", GUARD, Side.SELL, PREVIEW).startswith("When bitcoin rises")
