"""What LN Markets allows at all, and what a trade costs at which volume.

Separate from `futures`, which computes and never refuses. Source: LN Markets trading math,
"Rules" (fee tiers, limits); the numbers per trade and per account are the venue's documentation of
2025, the number of positions its documentation of v2.
"""

from dataclasses import dataclass
from decimal import Decimal

from services.domain.errors import Rejected
from services.domain.futures import MAX_LEVERAGE, MAX_POSITIONS, MAX_QUANTITY, MIN_LEVERAGE, MIN_QUANTITY
from services.domain.money import Exact

MAX_ACCOUNT_QUANTITY = 10_000_000
"""USD of all running trades of one account together."""


@dataclass(frozen=True, slots=True)
class FeeTier:
    """`number` as the API counts (0 is the first); holds above `above_usd` in 30 days."""

    number: int
    above_usd: int
    rate: Decimal


FEE_TIERS = (
    FeeTier(0, 0, Decimal("0.001")),
    FeeTier(1, 250_000, Decimal("0.0008")),
    FeeTier(2, 1_000_000, Decimal("0.0007")),
    FeeTier(3, 5_000_000, Decimal("0.0006")),
)


def fee_tier(volume_usd: Exact) -> FeeTier:
    """The tier of an account that traded `volume_usd` in the last 30 days; bounds are exclusive."""
    return next(tier for tier in reversed(FEE_TIERS) if volume_usd > tier.above_usd or tier.number == 0)


def check_trade(quantity: int, leverage: Decimal) -> None:
    """Raises `Rejected` with the allowed range when one trade is outside the venue's limits."""
    if not MIN_QUANTITY <= quantity <= MAX_QUANTITY:
        raise Rejected(
            f"The quantity must be a whole number of USD from {MIN_QUANTITY:,} to {MAX_QUANTITY:,}.",
            code="quantity_out_of_range",
        )
    check_leverage(leverage)


def check_leverage(leverage: Decimal) -> None:
    """Raises `Rejected` when the leverage is not from 1 to 100."""
    if not leverage.is_finite() or not MIN_LEVERAGE <= leverage <= MAX_LEVERAGE:
        raise Rejected(
            f"The leverage must be from {MIN_LEVERAGE} to {MAX_LEVERAGE}.", code="leverage_out_of_range"
        )


def check_account(quantity: int, *, open_positions: int, open_quantity: int) -> None:
    """Raises `Rejected` when the account cannot hold another trade of `quantity` USD."""
    if open_positions >= MAX_POSITIONS:
        raise Rejected(f"At most {MAX_POSITIONS} positions can be open.", code="too_many_positions")
    if open_quantity + quantity > MAX_ACCOUNT_QUANTITY:
        raise Rejected(
            f"All positions together can be at most {MAX_ACCOUNT_QUANTITY:,} USD; "
            f"{max(MAX_ACCOUNT_QUANTITY - open_quantity, 0):,} USD are left.",
            code="account_full",
        )
