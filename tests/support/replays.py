"""Candle series for tests, and a second replay: the rules of the issue, once more, in fractions.

It shares no code with the product. It walks through every candle, and knows neither wakes nor
journals nor floats.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st

from services.domain.market import Candle
from services.domain.series import CandleSeries
from tests.support.trading import to_tick

MIDNIGHT = datetime(2020, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BTC = 100_000_000

Row = tuple[datetime, Fraction, Fraction, Fraction, Fraction]
"""Opening time, open, high, low, close."""


@dataclass
class Life:
    """How a position fared. `actions` are (time, sats, liquidation before, liquidation after)."""

    liquidated_at: datetime | None = None
    final_pl: int = 0
    actions: list[tuple[datetime, int, Fraction, Fraction]] = field(default_factory=list)


@dataclass
class Reference:
    """One isolated position over candles, with a guard when there is a budget."""

    sign: int
    quantity: int
    leverage: Fraction
    trigger: Fraction = Fraction(0)
    target: Fraction = Fraction(0)
    budget: int = 0

    def live(self, rows: list[Row]) -> Life:
        self.entry = to_tick(rows[0][1])
        self.margin = ceil(self.worth / self.leverage)
        self.liquidation = self._liquidation(floor(self.worth / self.leverage))
        self.life, self.spent = Life(), 0
        for number, (at, *prices) in enumerate(rows):
            start = self.entry if number == 0 else prices[0]
            if not self._candle(at, start, *prices[1:]):
                self.life.liquidated_at = at
                self.life.final_pl = -self.margin
                return self.life
        last = rows[-1][4]
        self.life.final_pl = max(_round(self.sign * (self.worth - self._worth_at(last))), -self.margin)
        return self.life

    @property
    def worth(self) -> Fraction:
        return self._worth_at(self.entry)

    def _worth_at(self, price: Fraction) -> Fraction:
        return Fraction(self.quantity * BTC) / price

    def _liquidation(self, margin: int) -> Fraction:
        inverse = 1 / self.entry + self.sign * Fraction(margin, self.quantity * BTC)
        return to_tick(1 / inverse) if inverse > 0 else Fraction(BTC)

    def _candle(self, at: datetime, start: Fraction, high: Fraction, low: Fraction, close: Fraction) -> bool:
        """Whether the position lives through it: a jump to the start, then three legs."""
        if not self._look(at, start):
            return False
        here = start
        adverse, other = (low, high) if self.sign > 0 else (high, low)
        for there in (adverse, other, close):
            while (level := self._trigger_between(here, there)) is not None:
                here = level
                if not self._act(at, here):
                    break
            if not self._look(at, there):
                return False
            here = there
        return True

    def _trigger_between(self, here: Fraction, there: Fraction) -> Fraction | None:
        """The price at which the trigger is met on the way, when it is."""
        if self.budget == 0 or (there - here) * self.sign >= 0:
            return None
        level = self.liquidation / (1 - self.sign * self.trigger)
        return level if (here - level) * self.sign > 0 and (level - there) * self.sign >= 0 else None

    def _look(self, at: datetime, price: Fraction) -> bool:
        if (price - self.liquidation) * self.sign <= 0:
            return False
        if self.budget and (price - self.liquidation) * self.sign <= self.trigger * price:
            self._act(at, price)
        return True

    def _act(self, at: datetime, price: Fraction) -> bool:
        """Add the least that restores the target, as far as budget and leverage 1 allow."""
        room = min(self.budget - self.spent, floor(self.worth) - self.margin)
        amount = self._least(price, room)
        if amount <= 0:
            return False
        before = self.liquidation
        self.margin, self.spent = self.margin + amount, self.spent + amount
        self.liquidation = self._liquidation(self.margin)
        self.life.actions.append((at, amount, before, self.liquidation))
        return True

    def _least(self, price: Fraction, room: int) -> int:
        """By bisection between nothing and all there is."""
        low, high = 0, room
        while high - low > 1:
            middle = (low + high) // 2
            liquidation = self._liquidation(self.margin + middle)
            meets = (price - liquidation) * self.sign >= self.target * price
            low, high = (low, middle) if meets else (middle, high)
        return high


def _round(value: Fraction) -> int:
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def rows_of(series: CandleSeries) -> list[Row]:
    """The exact candles as fractions."""
    return list(_rows(series))


def _rows(series: CandleSeries) -> Iterator[Row]:
    for index in range(len(series)):
        one = series.candle(index)
        yield (one.opened_at, *(Fraction(price) for price in (one.open, one.high, one.low, one.close)))


def candles(*ohlc: tuple[object, object, object, object], start: datetime = MIDNIGHT) -> CandleSeries:
    """Hourly candles."""
    return CandleSeries.of(
        [
            Candle(start + number * HOUR, *(Decimal(str(price)) for price in prices))
            for number, prices in enumerate(ohlc)
        ]
    )


@st.composite
def series(draw: st.DrawFn, *, most: int = 25, adverse: int = 1) -> CandleSeries:
    """Hours with gaps, a drift to one side, wide and narrow candles, jumps between them."""
    at = MIDNIGHT + draw(st.integers(0, 9)) * HOUR
    price = draw(st.sampled_from([Decimal(10_000), Decimal("7387.63"), Decimal("99.5")]))
    found = []
    for _ in range(draw(st.integers(1, most))):
        moves = draw(st.tuples(*(st.integers(-30, 30) for _ in range(3))))
        drift = draw(st.integers(-5, 35)) * -adverse
        jump, body = (Decimal(1000 + move) / 1000 for move in (moves[0] // 3, moves[1] + drift))
        start = (price * jump).quantize(Decimal("0.01"))
        close = max((start * body).quantize(Decimal("0.01")), Decimal("0.5"))
        reach = Decimal(abs(moves[2])) / 1000
        high = (max(start, close) * (1 + reach)).quantize(Decimal("0.01"))
        low = max((min(start, close) * (1 - reach / 2)).quantize(Decimal("0.01")), Decimal("0.5"))
        found.append(Candle(at, start, high, min(low, start, close), close))
        at += draw(st.sampled_from([1, 1, 1, 1, 2, 9])) * HOUR
        price = close
    return CandleSeries.of(found)
