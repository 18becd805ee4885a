"""Where a stop loss, a take profit and a trailing stop may stand, and where a trailing stop stands.

A stop loss lies between the liquidation and the reference price, a take profit on the other side
of the reference. The reference is the price at which the position would be closed now (bid for a
long, ask for a short), or the entry of an order that still rests. Source: LN Markets documentation
("Rules", stop loss bounds) and its API (trailing distance as a fraction of price from 0.001 to 10).
How the venue moves a trailing stop is not documented: ours follows the best price since it was
set, rounded to the tick, and never moves back.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from services.domain.errors import Rejected
from services.domain.futures import Side
from services.domain.money import MAX_PRICE, MIN_PRICE, TICK, tick_above, tick_below, to_tick

MIN_TRAIL = Decimal("0.001")
MAX_TRAIL = Decimal(10)


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices from `lowest` to `highest`, both allowed, in steps of 0.5 USD; empty when reversed."""

    lowest: Decimal
    highest: Decimal

    def __contains__(self, level: Decimal) -> bool:
        return level.is_finite() and self.lowest <= level <= self.highest and level % TICK == 0


def stop_loss_levels(side: Side, *, liquidation: Decimal, reference: Decimal) -> Levels:
    """Stop losses that the venue accepts: from the liquidation up to, not at, the reference."""
    if side is Side.BUY:
        return Levels(max(tick_above(liquidation), MIN_PRICE), _tick_under(reference))
    return Levels(_tick_over(reference), min(tick_below(liquidation), MAX_PRICE))


def take_profit_levels(side: Side, *, reference: Decimal) -> Levels:
    """Take profits that the venue accepts: beyond the reference, away from the liquidation."""
    if side is Side.BUY:
        return Levels(_tick_over(reference), MAX_PRICE)
    return Levels(MIN_PRICE, _tick_under(reference))


def check_stop_loss(
    side: Side,
    level: Decimal,
    *,
    liquidation: Decimal,
    reference: Decimal,
    take_profit: Decimal | None = None,
) -> None:
    """Raises `Rejected` with the allowed range when a stop loss cannot stand at `level`."""
    allowed = stop_loss_levels(side, liquidation=liquidation, reference=reference)
    if level not in allowed:
        raise Rejected(f"The stop loss must be {_words(allowed)}.", code="stop_loss_out_of_range")
    _check_order(side, level, take_profit)


def check_take_profit(
    side: Side, level: Decimal, *, reference: Decimal, stop_loss: Decimal | None = None
) -> None:
    """Raises `Rejected` with the allowed range when a take profit cannot stand at `level`."""
    allowed = take_profit_levels(side, reference=reference)
    if level not in allowed:
        raise Rejected(f"The take profit must be {_words(allowed)}.", code="take_profit_out_of_range")
    if stop_loss is not None:
        _check_order(side, stop_loss, level)


@dataclass(frozen=True, slots=True)
class TrailingStop:
    """A stop loss that follows the price.

    `distance` is a fraction of price; `best` is the highest price since it was set for a long, the
    lowest for a short.
    """

    side: Side
    distance: Decimal
    best: Decimal

    @property
    def level(self) -> Decimal:
        """Where the stop stands now, USD per BTC, a multiple of 0.5."""
        return to_tick(Fraction(self.best) * (1 - self.side.sign * Fraction(self.distance)))

    def seen(self, *, lowest: Decimal, highest: Decimal) -> "TrailingStop":
        """The stop after the price went no lower than `lowest` and no higher than `highest`."""
        if self.side is Side.BUY:
            return replace(self, best=max(self.best, highest))
        return replace(self, best=min(self.best, lowest))

    def hit(self, price: Decimal) -> bool:
        """Whether `price` has reached the stop."""
        return price <= self.level if self.side is Side.BUY else price >= self.level


def trailing_stop(side: Side, distance: Decimal, *, price: Decimal, liquidation: Decimal) -> TrailingStop:
    """A trailing stop set at `price`.

    Raises:
        Rejected: the distance is outside 0.001 to 10, or so wide or narrow that the stop would
            stand beyond the liquidation or at the price.
    """
    if not distance.is_finite() or not MIN_TRAIL <= distance <= MAX_TRAIL:
        raise Rejected(
            f"The trailing distance must be a fraction of the price from {MIN_TRAIL} to {MAX_TRAIL}.",
            code="trail_out_of_range",
        )
    stop = TrailingStop(side, distance, price)
    allowed = stop_loss_levels(side, liquidation=liquidation, reference=price)
    if stop.level not in allowed:
        raise Rejected(
            f"The stop would stand at {stop.level:,}; it must be {_words(allowed)}.",
            code="stop_loss_out_of_range",
        )
    return stop


def _check_order(side: Side, stop_loss: Decimal, take_profit: Decimal | None) -> None:
    if take_profit is not None and (take_profit - stop_loss) * side.sign <= 0:
        where = "below" if side is Side.BUY else "above"
        raise Rejected(f"The stop loss must be {where} the take profit.", code="stops_crossed")


def _words(levels: Levels) -> str:
    if levels.lowest > levels.highest:
        return "between the liquidation and the price, and there is no room between them"
    return f"a multiple of {TICK} USD from {levels.lowest:,} to {levels.highest:,}"


def _tick_under(price: Decimal) -> Decimal:
    """Highest tick strictly below `price`."""
    return tick_above(price) - TICK


def _tick_over(price: Decimal) -> Decimal:
    """Lowest tick strictly above `price`."""
    return tick_below(price) + TICK
