"""What the venue allows, and the fee of each volume."""

from decimal import Decimal

import pytest

from services.domain import limits
from services.domain.errors import Rejected


@pytest.mark.parametrize(
    ("volume", "tier", "rate"),
    [
        (0, 0, "0.001"),
        (250_000, 0, "0.001"),
        (Decimal("250000.01"), 1, "0.0008"),
        (1_000_000, 1, "0.0008"),
        (1_000_001, 2, "0.0007"),
        (5_000_000, 2, "0.0007"),
        (5_000_001, 3, "0.0006"),
        (10**12, 3, "0.0006"),
    ],
)
def test_a_tier_begins_above_its_volume(volume: Decimal | int, tier: int, rate: str) -> None:
    found = limits.fee_tier(volume)
    assert (found.number, found.rate) == (tier, Decimal(rate))


def test_more_volume_never_costs_more() -> None:
    rates = [limits.fee_tier(volume).rate for volume in range(0, 6_000_000, 10_000)]
    assert rates == sorted(rates, reverse=True)
    assert [tier.number for tier in limits.FEE_TIERS] == [0, 1, 2, 3]


@pytest.mark.parametrize("quantity", [1, 500_000])
@pytest.mark.parametrize("leverage", ["1", "1.5", "100"])
def test_a_trade_inside_the_limits_passes(quantity: int, leverage: str) -> None:
    limits.check_trade(quantity, Decimal(leverage))


@pytest.mark.parametrize("quantity", [0, -1, 500_001])
def test_a_quantity_outside_the_limits_is_refused_with_what_is_allowed(quantity: int) -> None:
    with pytest.raises(Rejected, match="from 1 to 500,000"):
        limits.check_trade(quantity, Decimal(10))


@pytest.mark.parametrize("leverage", ["0", "0.999", "100.001", "NaN", "-Infinity", "Infinity"])
def test_a_leverage_outside_the_limits_is_refused_with_what_is_allowed(leverage: str) -> None:
    with pytest.raises(Rejected, match="from 1 to 100"):
        limits.check_trade(1000, Decimal(leverage))


def test_a_hundred_and_first_position_is_refused() -> None:
    limits.check_account(1, open_positions=99, open_quantity=0)
    with pytest.raises(Rejected, match="At most 100 positions"):
        limits.check_account(1, open_positions=100, open_quantity=0)


def test_an_account_that_would_hold_too_much_is_told_what_is_left() -> None:
    limits.check_account(400_000, open_positions=20, open_quantity=9_600_000)
    with pytest.raises(Rejected, match="400,000 USD are left"):
        limits.check_account(400_001, open_positions=20, open_quantity=9_600_000)
