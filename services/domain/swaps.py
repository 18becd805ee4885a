"""Bitcoin into synthetic dollars and back, at the venue's best price.

A swap has no fee of its own: the venue buys at bid and sells at ask, and what is smaller than a
cent or a sat stays with the venue. Source: LN Markets documentation of swaps (199.95 USD for
1,000,000 sats at 19,995; 499,875 sats for 100 USD at 20,005); the least amount is a third party's.
"""

from decimal import Decimal
from fractions import Fraction
from math import floor

from services.domain.errors import Rejected
from services.domain.money import SATS_PER_BTC, Exact, Sats, floor_sats

CENT = Decimal("0.01")
MIN_SWAP_SATS = 1_000
MAX_SWAP_USD = 1_000_000_000
"""Ours, not the venue's: any larger number is a slip of the hand."""


def usd_for(amount: Sats, bid: Exact) -> Decimal:
    """Dollars, in whole cents, that `amount` sats buy at `bid` (USD per BTC).

    Raises:
        Rejected: less than 1,000 sats.
    """
    if amount < MIN_SWAP_SATS:
        raise Rejected(f"Swap at least {MIN_SWAP_SATS:,} sats.", code="amount_too_small")
    return floor(Fraction(amount) * Fraction(bid) / SATS_PER_BTC / Fraction(CENT)) * CENT


def sats_for(usd: Decimal, ask: Exact) -> Sats:
    """Whole sats that `usd` dollars buy at `ask` (USD per BTC).

    Raises:
        Rejected: not whole cents, not above 0, or above a billion.
    """
    if not usd.is_finite() or not 0 < usd <= MAX_SWAP_USD or usd % CENT != 0:
        raise Rejected(
            f"Swap dollars in whole cents, above 0 and at most {MAX_SWAP_USD:,}.", code="amount_invalid"
        )
    return floor_sats(Fraction(usd) * SATS_PER_BTC / Fraction(ask))
