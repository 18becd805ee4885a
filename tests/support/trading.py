"""Positions, books and guards for tests: built by the venue's math, or drawn by Hypothesis."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from services.domain import futures
from services.domain.futures import Position, Side
from services.domain.money import Sats

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

sides = st.sampled_from(Side)
quantities = st.integers(1, 50) | st.integers(1, futures.MAX_QUANTITY)
leverages = st.sampled_from([Decimal(1), Decimal(100)]) | st.decimals(1, 100, places=2)
ticks = st.integers(200, 2_000_000).map(lambda halves: Decimal(halves) / 2)
"""Prices from 100 to 1,000,000 USD, on the tick."""


def position(
    side: Side | str = "buy",
    quantity: int = 1000,
    entry: Decimal | int | str = 100_000,
    leverage: Decimal | int | str = 10,
    *,
    added: int = 0,
    name: str = "1",
    opened_at: datetime = NOON,
) -> Position:
    """A fresh trade as the venue reports it, with `added` sats of margin on top."""
    side, entry, leverage = Side(side), Decimal(entry), Decimal(leverage)
    reserve = futures.fee_reserve(side, quantity, entry, leverage)
    fee = futures.trading_fee(quantity, entry, futures.RESERVE_FEE_RATE)
    fresh = Position(
        id=name,
        side=side,
        quantity=quantity,
        entry=entry,
        margin=futures.margin_for(quantity, entry, leverage),
        leverage=leverage,
        liquidation=futures.liquidation_from_leverage(side, quantity, entry, leverage),
        maintenance=Sats(reserve - fee),
        opened_at=opened_at,
        opening_fee=fee,
    )
    return futures.with_margin(fresh, Sats(fresh.margin + added)) if added else fresh


@st.composite
def positions(draw: st.DrawFn, name: str = "1") -> Position:
    """Any position that the venue allows: fresh, with margin added, or after fundings."""
    fresh = position(draw(sides), draw(quantities), draw(ticks), draw(leverages), name=name)
    room = max(futures.full_margin(fresh) - fresh.margin, 0)
    change = draw(st.integers(-fresh.margin + 1, room) | st.just(0))
    return fresh if change == 0 else futures.with_margin(fresh, Sats(fresh.margin + change))


def to_tick(value: Fraction) -> Fraction:
    """The venue's rounding to the tick, written down a second time."""
    clamped = min(max(value, Fraction(1)), Fraction(10**8))
    halves, rest = divmod(clamped, Fraction(1, 2))
    return (halves + (1 if rest >= Fraction(1, 4) else 0)) * Fraction(1, 2)


def liquidation(side: Side, quantity: int, entry: Fraction, margin: int) -> Fraction:
    """The venue's liquidation price, 1 / (1 / p ± m / (S q)), written down a second time."""
    share = Fraction(margin, 10**8 * quantity)
    inverse = 1 / entry + share if side is Side.BUY else 1 / entry - share
    return to_tick(1 / inverse) if inverse > 0 else Fraction(10**8)
