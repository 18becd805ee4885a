"""Binance's liquidation math: its published examples, and tiers that have to fit together."""

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain import linear
from services.domain.errors import Rejected
from services.domain.futures import Side
from services.domain.linear import Tier
from tests.support.contracts import BTCUSDT_TIERS
from tests.support.trading import sides

Vector = Mapping[str, Any]

VECTORS = json.loads((Path(__file__).parent / "vectors_cross.json").read_text())["vectors"]

values = st.integers(0, 6 * 10**10).map(lambda cents: Fraction(cents, 100))
sizes = st.integers(1, 2_000_000).map(lambda steps: Decimal(steps) / 1000)
prices = st.integers(10_000, 5_000_000).map(lambda dimes: Decimal(dimes) / 10)


def two_tiers(rate: Decimal, amount: Decimal) -> tuple[Tier, ...]:
    """A table whose second tier has the published rate and amount."""
    first = rate / 2
    return Tier(Decimal(0), first, Decimal(0), 20), Tier(amount / (rate - first), rate, amount, 10)


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "linear_liquidation"])
def test_liquidation_is_the_published_one(vector: Vector) -> None:
    asked = {name: Decimal(value) for name, value in vector["input"].items() if name != "side"}
    price = linear.liquidation(
        two_tiers(asked["rate"], asked["amount"]),
        Side(vector["input"]["side"]),
        asked["quantity"],
        asked["entryPrice"],
        Fraction(asked["wallet"]),
    )
    assert abs(price - Fraction(vector["expected"])) < Fraction(1, 100)


def test_the_maintenance_amount_is_the_published_one() -> None:
    vector = next(v for v in VECTORS if v["kind"] == "linear_maintenance_amount")
    assert linear.tier_at(BTCUSDT_TIERS, Decimal(vector["input"]["value"])).amount == Decimal(
        vector["expected"]
    )


@given(values, values)
def test_the_maintenance_margin_grows_without_a_jump(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    grown = linear.maintenance_margin(BTCUSDT_TIERS, high) - linear.maintenance_margin(BTCUSDT_TIERS, low)
    assert 0 <= grown <= (high - low) * Fraction(BTCUSDT_TIERS[-1].rate)


@given(sides, sizes, prices, st.integers(0, 10**9))
def test_at_liquidation_wallet_and_profit_are_the_maintenance_margin_of_its_own_tier(
    side: Side, size: Decimal, entry: Decimal, wallet: int
) -> None:
    price = linear.liquidation(BTCUSDT_TIERS, side, size, entry, Fraction(wallet))
    profit = side.sign * Fraction(size) * (price - Fraction(entry))
    if price > 0:
        kept = linear.maintenance_margin(BTCUSDT_TIERS, Fraction(size) * price)
        assert wallet + profit == kept
    else:
        assert wallet >= Fraction(size) * Fraction(entry), "not even a price of nothing uses it up"


@given(sides, sizes, prices, prices)
def test_the_wallet_for_a_level_is_liquidated_there(
    side: Side, size: Decimal, entry: Decimal, level: Decimal
) -> None:
    wallet = linear.wallet_for(BTCUSDT_TIERS, side, size, entry, level)
    assert linear.liquidation(BTCUSDT_TIERS, side, size, entry, wallet) == Fraction(level)


def test_the_tier_at_the_liquidation_price_counts_not_the_one_at_entry() -> None:
    """A long of 260,000 USDT at entry is in the third tier, and at its liquidation in the second."""
    price = linear.liquidation(BTCUSDT_TIERS, Side.BUY, Decimal("2.6"), Decimal(100_000), Fraction(26_000))
    assert linear.tier_at(BTCUSDT_TIERS, Fraction(26, 10) * 100_000).rate == Decimal("0.01")
    assert price == Fraction(26_000 + 50 - 260_000) / (Fraction(26, 10) * (Fraction(5, 1000) - 1))


ROW = Tier(Decimal(0), Decimal("0.004"), Decimal(0), 125)


@pytest.mark.parametrize(
    "tiers",
    [
        (),
        (Tier(Decimal(1), Decimal("0.004"), Decimal(0), 125),),
        (Tier(Decimal(0), Decimal("0.004"), Decimal(1), 125),),
        (Tier(Decimal(0), Decimal("-0.004"), Decimal(0), 125),),
        (ROW, Tier(Decimal(0), Decimal("0.005"), Decimal(0), 100)),
        (ROW, Tier(Decimal(50_000), Decimal("0.005"), Decimal(51), 100)),
        (ROW, Tier(Decimal(50_000), Decimal("0.003"), Decimal(-50), 100)),
        (ROW, Tier(Decimal(50_000), Decimal("1.004"), Decimal(50_000), 1)),
    ],
)
def test_tiers_that_do_not_fit_together_are_refused(tiers: tuple[Tier, ...]) -> None:
    with pytest.raises(Rejected, match="do not fit together"):
        linear.check_tiers(tiers)
