"""Contracts for tests: Binance's BTCUSDT with a table of tiers, and holdings on any contract."""

from dataclasses import dataclass
from decimal import Decimal

from services.domain.contracts import Contract, Linear, Quantity
from services.domain.futures import Side
from services.domain.linear import Tier

BTCUSDT_TIERS = (
    Tier(Decimal(0), Decimal("0.004"), Decimal(0), 125),
    Tier(Decimal(50_000), Decimal("0.005"), Decimal(50), 100),
    Tier(Decimal(250_000), Decimal("0.01"), Decimal(1_300), 50),
    Tier(Decimal(1_000_000), Decimal("0.025"), Decimal(16_300), 20),
    Tier(Decimal(10_000_000), Decimal("0.05"), Decimal(266_300), 10),
    Tier(Decimal(20_000_000), Decimal("0.1"), Decimal(1_266_300), 5),
    Tier(Decimal(50_000_000), Decimal("0.125"), Decimal(2_516_300), 4),
    Tier(Decimal(100_000_000), Decimal("0.15"), Decimal(5_016_300), 3),
    Tier(Decimal(200_000_000), Decimal("0.25"), Decimal(25_016_300), 2),
    Tier(Decimal(300_000_000), Decimal("0.5"), Decimal(100_016_300), 1),
)
"""BTCUSDT as Binance published it in 2021; its support article cites the third row (1,300 USDT)."""

BTCUSDT = Linear(
    symbol="BTCUSDT",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    tiers=BTCUSDT_TIERS,
    max_price=Decimal(4_529_764),
)

COARSE = Linear(
    symbol="COARSE",
    tick=Decimal("0.25"),
    step=Decimal("0.003"),
    tiers=BTCUSDT_TIERS,
    max_price=Decimal(1_000_000),
    decimals=0,
)
"""A contract whose collateral comes in whole dollars, so that every rounding shows."""


@dataclass(frozen=True, slots=True)
class Held:
    """A position with nothing but what the math needs."""

    side: Side
    quantity: Quantity
    entry: Decimal
    margin: int
    liquidation: Decimal


def held(contract: Contract, side: Side, quantity: Quantity, entry: Decimal, margin: int) -> Held:
    """A holding with the liquidation that its margin gives."""
    return Held(side, quantity, entry, margin, contract.liquidation(side, quantity, entry, margin))
