"""Indicators: published tables, and that following candles gives what computing all at once gives."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import Defect, Rejected
from services.domain.market import Candle
from services.domain.series import CandleSeries, exact
from services.engine.indicators import (
    Atr,
    Band,
    Bollinger,
    Crossing,
    Ema,
    Incremental,
    Macd,
    MacdLine,
    Rsi,
    Sma,
    Spec,
    Values,
    Vwap,
    batch,
    crossings,
    finished,
    warmed,
)

MINUTE = timedelta(minutes=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
LATER = MIDNIGHT + timedelta(days=400)

SPECS: tuple[Spec, ...] = (
    Sma(5),
    Sma(20),
    Ema(2),
    Ema(12),
    Rsi(2),
    Rsi(14),
    *(Macd(line=line) for line in MacdLine),
    *(Macd(3, 7, 4, line) for line in MacdLine),
    *(Bollinger(5, Decimal("1.5"), band) for band in Band),
    Bollinger(20, Decimal(2), Band.UPPER),
    Atr(3),
    Atr(14),
)


def candles(
    closes: Sequence[float | str | Decimal], start: datetime = MIDNIGHT, step: timedelta = MINUTE
) -> list[Candle]:
    """Candles that are nothing but their close."""
    exact_closes = [Decimal(str(close)) for close in closes]
    return [Candle(start + n * step, c, c, c, c) for n, c in enumerate(exact_closes)]


def numbers_in(table: str) -> list[str]:
    return table.split()


def of_closes(closes: Sequence[float | str], spec: Spec) -> Values:
    return batch(CandleSeries.of(candles(closes)), spec)


def volumes(given: Sequence[Candle]) -> Values:
    return np.array([float(candle.volume) for candle in given])


def followed(given: Sequence[Candle], spec: Spec, step: timedelta = MINUTE) -> list[float | None]:
    indicator = Incremental(spec, step)
    return [indicator.update(candle, candle.opened_at + step) for candle in given]


def as_none(values: Values) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


@st.composite
def histories(draw: st.DrawFn, most: int = 120) -> list[Candle]:
    """Candles with gaps, flat stretches and small steps; some begin in the middle of a day."""
    tick = draw(st.sampled_from([Decimal("0.5"), Decimal("0.1"), Decimal("0.00001")]))
    size = draw(st.integers(0, most))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    calm = draw(st.sampled_from([0.0, 0.5, 0.95]))
    steps = np.where(chance.random(size) < calm, 0, chance.integers(-40, 41, size))
    at = MIDNIGHT + draw(st.integers(0, 3000)) * MINUTE
    level, found = 100_000, []
    for step in steps.tolist():
        level = max(level + step, 100)
        low, high = level - int(chance.integers(0, 30)), level + int(chance.integers(0, 30))
        volume = Decimal(int(chance.integers(0, 5))) / 7
        found.append(Candle(at, level * tick, high * tick, low * tick, level * tick, volume))
        at += MINUTE * int(chance.choice([1, 1, 1, 2, 700]))
    return found


# -- published tables ---------------------------------------------------------------------------

AVERAGED = numbers_in(
    "22.27 22.19 22.08 22.17 22.18 22.13 22.23 22.43 22.24 22.29 22.15 22.39 22.38 22.61 23.36 24.05 23.75 "
    "23.83 23.95 23.63 23.82 23.87 23.65 23.19 23.10 23.33 22.68 23.10 22.40 22.17"
)


def test_the_averages_are_those_of_the_published_worksheet() -> None:
    """Source: StockCharts ChartSchool, "Moving Averages - Simple and Exponential", 10-day table."""
    simple = [
        *(22.22, 22.21, 22.23, 22.26, 22.30, 22.42, 22.61, 22.77, 22.91, 23.08, 23.21),
        *(23.38, 23.53, 23.65, 23.71, 23.68, 23.61, 23.51, 23.43, 23.28, 23.13),
    ]
    exponential = [
        *(22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34),
        *(23.43, 23.51, 23.53, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08, 22.92),
    ]
    assert of_closes(AVERAGED, Sma(10))[9:] == pytest.approx(simple, abs=0.00501)
    assert of_closes(AVERAGED, Ema(10))[9:] == pytest.approx(exponential, abs=0.00501)


def test_the_rsi_is_that_of_the_published_worksheet() -> None:
    """Source: StockCharts ChartSchool, "Relative Strength Index", 14-day QQQQ worksheet."""
    closes = numbers_in(
        "44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826 45.8931 46.0328 "
        "45.6140 46.2820 46.2820 46.0028 46.0328 46.4116 46.2222 45.6439 46.2122 46.2521 45.7137 46.4515 "
        "45.7835 45.3548 44.0288 44.1783 44.2181 44.5672 43.4205 42.6628 43.1314"
    )
    assert np.round(of_closes(closes, Rsi(14))[14:], 2).tolist() == [
        *(70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38),
        *(54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77),
    ]


WILDER = numbers_in(
    "54.80 56.80 57.85 59.85 60.57 61.10 62.17 60.60 62.35 62.15 62.35 61.45 62.80 61.37 62.50 62.57 60.80 "
    "59.37 60.35 62.35 62.17 62.55 64.55 64.37 65.30 64.42 62.90 61.60 62.05 60.05 59.70 60.90 60.25 58.27 "
    "58.70 57.72 58.10 58.20"
)


def test_the_rsi_is_wilders_own_but_for_his_rounding_by_hand() -> None:
    """Source: J. W. Wilder, New Concepts in Technical Trading Systems (1978), daily work sheet.

    He carried both averages with two decimals, which moves his numbers by up to 0.6.
    """
    book = [74.36, 74.55, 65.75, 59.68, 61.98, 66.44, 65.75, 67.00, 71.43, 70.50, 72.14, 67.95]
    assert of_closes(WILDER, Rsi(14))[14:26] == pytest.approx(book, abs=0.6)
    assert np.round(wilder_by_hand(3), 2).tolist() == book[:3]


def wilder_by_hand(days: int) -> list[float]:
    """The book's procedure with the book's rounding, to see that the difference is just that."""
    closes = [float(close) for close in WILDER]
    moves = [after - before for before, after in pairwise(closes)]
    up = round(sum(max(move, 0) for move in moves[:14]) / 14, 2)
    down = round(sum(max(-move, 0) for move in moves[:14]) / 14, 2)
    found = [100 - 100 / (1 + round(up / down, 2))]
    for move in moves[14 : 13 + days]:
        up = round((up * 13 + max(move, 0)) / 14 + 1e-9, 2)
        down = round((down * 13 + max(-move, 0)) / 14 + 1e-9, 2)
        found.append(100 - 100 / (1 + round(up / down, 2)))
    return found


def test_the_macd_is_that_of_the_published_worksheet() -> None:
    """Source: investexcel.net, "How to Calculate MACD in Excel", AAPL to 2013-05."""
    closes = numbers_in(
        "459.99 448.85 446.06 450.81 442.8 448.97 444.57 441.4 430.47 420.05 431.14 425.66 430.58 431.72 "
        "437.87 428.43 428.35 432.5 443.66 455.72 454.49 452.08 452.73 461.91 463.58 461.14 452.08 442.66 "
        "428.91 429.79 431.99 427.72 423.2 426.21 426.98 435.69 434.33 429.8 419.85 426.24"
    )
    macd = of_closes(closes, Macd())
    assert macd[25:36] == pytest.approx(
        [
            *(8.275269504, 7.703378381, 6.416074757, 4.237519783, 2.552583325, 1.378885719),
            *(0.102981491, -1.258401953, -2.070558190, -2.621842328, -2.329066740),
        ],
        abs=1e-8,
    )
    signal = of_closes(closes, Macd(line=MacdLine.SIGNAL))
    assert signal[33:37] == pytest.approx([3.037525869, 1.905652229, 1.058708433, 0.410640325], abs=1e-8)
    histogram = of_closes(closes, Macd(line=MacdLine.HISTOGRAM))
    assert histogram[33:] == pytest.approx(macd[33:] - signal[33:], abs=2e-8)


def test_the_bands_are_those_of_the_published_worksheet() -> None:
    """Source: StockCharts ChartSchool, "Bollinger Bands", 20-day worksheet."""
    closes = numbers_in(
        "86.16 89.09 88.78 90.32 89.07 91.15 89.44 89.18 86.93 87.68 86.96 89.43 89.32 88.72 87.45 87.26 "
        "89.50 87.90 89.13 90.70 92.90 92.98 91.80 92.66 92.68 92.30"
    )
    table = {
        Band.MIDDLE: [88.71, 89.05, 89.24, 89.39, 89.51, 89.69, 89.75],
        Band.UPPER: [91.29, 91.95, 92.61, 92.93, 93.31, 93.73, 93.90],
        Band.LOWER: [86.12, 86.14, 85.87, 85.85, 85.70, 85.65, 85.59],
    }
    for band, expected in table.items():
        found = of_closes(closes, Bollinger(band=band))[19:]
        assert found == pytest.approx(expected, abs=0.011), "its prices are rounded to cents"


def test_the_average_true_range_is_that_of_the_published_worksheet() -> None:
    """Source: StockCharts ChartSchool, "Average True Range", 14-day QQQ worksheet.

    The worksheet takes the first day's own range; a close inside that day before it does the same.
    """
    rows = (
        "48.70 47.79 48.16|48.72 48.14 48.61|48.90 48.39 48.75|48.87 48.37 48.63|48.82 48.24 48.74|"
        "49.05 48.64 49.03|49.20 48.94 49.07|49.35 48.86 49.32|49.92 49.50 49.91|50.19 49.87 50.13|"
        "50.12 49.20 49.53|49.66 48.90 49.50|49.88 49.43 49.75|50.19 49.73 50.03|50.36 49.26 50.31|"
        "50.57 50.09 50.52|50.65 50.30 50.41|50.43 49.21 49.34|49.63 48.98 49.37|50.33 49.61 50.23|"
        "50.29 49.20 49.24|50.17 49.43 49.93|49.32 48.08 48.43|48.50 47.64 48.18|48.32 41.55 46.57|"
        "46.80 44.28 45.41|47.80 47.31 47.77|48.39 47.20 47.72|48.66 47.90 48.62|48.79 47.73 47.85"
    )
    days = [[Decimal(number) for number in row.split()] for row in rows.split("|")]
    history = candles(["48.2"]) + [
        Candle(MIDNIGHT + n * MINUTE, close, high, low, close)
        for n, (high, low, close) in enumerate(days, start=1)
    ]
    assert np.round(batch(CandleSeries.of(history), Atr(14))[14:], 2).tolist() == [
        *(0.55, 0.59, 0.59, 0.57, 0.61, 0.62, 0.64, 0.67, 0.69, 0.77, 0.78, 1.21),
        *(1.30, 1.38, 1.37, 1.34, 1.32),
    ]


# -- following is computing ---------------------------------------------------------------------


@pytest.mark.parametrize("spec", SPECS, ids=str)
@given(histories())
def test_following_candles_gives_exactly_what_the_whole_history_gives(
    spec: Spec, history: list[Candle]
) -> None:
    whole = batch(CandleSeries.of(history), spec)
    assert followed(history, spec) == as_none(whole)


@given(histories())
def test_following_volume_gives_exactly_what_the_whole_history_gives(history: list[Candle]) -> None:
    whole = batch(CandleSeries.of(history), Vwap(), volumes(history))
    assert followed(history, Vwap()) == as_none(whole)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_no_value_comes_before_the_warm_up_and_all_after_it(spec: Spec) -> None:
    moving = [100_000 + (n * 7919) % 101 for n in range(200)]
    values = of_closes([str(close) for close in moving], spec)
    assert np.isnan(values[: spec.warm_up - 1]).all()
    assert not np.isnan(values[spec.warm_up - 1 :]).any()


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("start", [1, 37, 500])
def test_where_the_history_began_is_forgotten(spec: Spec, start: int) -> None:
    chance = np.random.default_rng(5)
    closes = (np.cumsum(chance.integers(-50, 51, 3_000)) + 200_000).tolist()
    history = candles([Decimal(close) / 10 for close in closes])
    whole, later = CandleSeries.of(history), CandleSeries.of(history[start:])
    after = spec.memory(MINUTE) - 1
    assert after < 2_000
    difference = batch(later, spec)[after:] - batch(whole, spec)[start + after :]
    deviates = isinstance(spec, Bollinger) and spec.band is not Band.MIDDLE
    assert np.abs(difference).max() <= (2e-8 if deviates else 0)


@given(histories(400), st.integers(0, 400))
def test_a_days_average_price_is_the_same_wherever_the_history_began(
    history: list[Candle], start: int
) -> None:
    whole = as_none(batch(CandleSeries.of(history), Vwap(), volumes(history)))
    part = history[start:]
    later = as_none(batch(CandleSeries.of(part), Vwap(), volumes(part)))
    for one, other in zip(later, whole[start:], strict=True):
        assert one is None or one == other


# -- what a careful eye would ask ---------------------------------------------------------------


def test_the_averages_of_a_flat_market_are_equal_so_that_nothing_crosses() -> None:
    closes = ["100000.3", "99000.7"] * 40 + ["60000.1"] * 200
    fast, slow = of_closes(closes, Sma(20)), of_closes(closes, Sma(50))
    assert fast[-100:].tolist() == slow[-100:].tolist() == [60000.1] * 100
    assert crossings(fast, slow)[-100:].tolist() == [0] * 100


def test_a_price_too_large_to_be_summed_is_a_defect() -> None:
    with pytest.raises(Defect, match="too large"):
        of_closes(["90000000"] * 1_000, Sma(1_000))


def test_a_price_that_never_changed_has_no_strength() -> None:
    assert np.isnan(of_closes(["60000"] * 50, Rsi(14))).all()
    assert followed(candles(["60000"] * 50), Rsi(14)) == [None] * 50
    risen = of_closes(["60000"] * 50 + ["60001"], Rsi(14))
    assert np.isnan(risen[:-1]).all()
    assert risen[-1] == 100


def test_strength_is_zero_when_it_only_fell_and_stays_when_nothing_moves() -> None:
    falling = [str(60_000 - n) for n in range(40)]
    assert of_closes(falling, Rsi(14))[-1] == 0
    quiet = of_closes([*falling, "60500", *["60500"] * 500], Rsi(14))
    assert quiet[-1] == quiet[41] > 90


def test_the_days_average_price_begins_at_midnight_and_needs_volume() -> None:
    rows = [(6, 110, 90, 1), (12, 110, 90, 1), (18, 110, 90, 1), (24, 100, 100, 0), (30, 120, 110, 1)]
    history = [
        Candle(
            MIDNIGHT + hour * timedelta(hours=1),
            Decimal(100),
            Decimal(high),
            Decimal(low),
            Decimal(100),
            Decimal(volume),
        )
        for hour, high, low, volume in [*rows, (36, 100, 100, 3)]
    ]
    values = as_none(batch(CandleSeries.of(history), Vwap(), volumes(history)))
    assert values == [None, None, None, None, 110, 102.5]


def test_a_history_without_volume_has_no_average_price_of_the_day() -> None:
    with pytest.raises(Rejected, match="no volume"):
        of_closes(["1", "2"], Vwap())


def test_nothing_is_computed_from_an_unfinished_candle() -> None:
    indicator = Incremental(Sma(2), MINUTE)
    one, two = candles(["100", "102"])
    indicator.update(one, MIDNIGHT + MINUTE)
    with pytest.raises(Defect, match="not closed"):
        indicator.update(two, MIDNIGHT + 2 * MINUTE - timedelta(microseconds=1))
    assert indicator.value is None
    assert indicator.update(two, MIDNIGHT + 2 * MINUTE) == 101


def test_a_candle_is_counted_once_and_in_order() -> None:
    indicator = Incremental(Sma(2), MINUTE)
    one, two = candles(["100", "102"])
    indicator.update(two, LATER)
    for repeated in (two, one):
        with pytest.raises(Defect, match="out of order"):
            indicator.update(repeated, LATER)


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_none_is_not_taken_and_changes_nothing(bad: str) -> None:
    indicator = Incremental(Sma(2), MINUTE)
    one, two = candles(["100", "102"])
    indicator.update(one, LATER)
    broken = Candle(two.opened_at, two.open, two.high, two.low, Decimal(bad))
    with pytest.raises(Defect, match="not finite"):
        indicator.update(broken, LATER)
    assert indicator.update(two, LATER) == 101
    series = CandleSeries.of([one, broken])
    with pytest.raises(Defect, match="not finite"):
        batch(series, Sma(2))


def test_an_indicator_that_saw_enough_history_agrees_with_the_whole_of_it() -> None:
    chance = np.random.default_rng(6)
    closes = (np.cumsum(chance.integers(-50, 51, 3_000)) + 200_000).tolist()
    history = candles([Decimal(close) / 10 for close in closes])
    now = history[-1].opened_at
    for spec in (Sma(50), Ema(20), Rsi(14), Macd(line=MacdLine.HISTOGRAM)):
        recent = history[-spec.memory(MINUTE) - 1 :]
        indicator = warmed(spec, MINUTE, recent, now)
        assert indicator.value == batch(CandleSeries.of(history), spec)[-2], "the last is still forming"
        assert indicator.update(history[-1], now + MINUTE) == batch(CandleSeries.of(history), spec)[-1]


def test_the_forming_candle_of_a_feed_is_left_out() -> None:
    history = candles(["1", "2", "3"])
    assert finished(history, MINUTE, MIDNIGHT + 2 * MINUTE) == history[:2]
    assert finished(history, MINUTE, MIDNIGHT + 3 * MINUTE) == history


def test_a_value_becomes_a_short_decimal_at_the_border() -> None:
    value = of_closes(["60000.1", "60000.2", "60000.4"], Sma(3))[-1]
    assert exact(value) == Decimal("60000.23333333")


def test_volumes_of_another_length_are_a_defect() -> None:
    with pytest.raises(Defect, match="differ in length"):
        batch(CandleSeries.of(candles(["1", "2"])), Vwap(), np.array([1.0]))


@pytest.mark.parametrize("period", [1, 0, -3, 1_001])
def test_a_period_outside_the_range_is_refused_with_what_is_allowed(period: int) -> None:
    for kind in (Sma, Ema, Rsi, Atr, Bollinger):
        with pytest.raises(Rejected, match="from 2 to 1,000"):
            kind(period)
    with pytest.raises(Rejected, match=r"MACD \(signal\)"):
        Macd(signal=period)


def test_contradictory_specifications_are_refused() -> None:
    with pytest.raises(Rejected, match=r"\(26\) must be below the slow one \(26\)"):
        Macd(26, 26)
    for width in ("0", "-1", "10.01", "NaN", "Infinity"):
        with pytest.raises(Rejected, match="at most 10 deviations"):
            Bollinger(20, Decimal(width))


def test_equal_specifications_are_one() -> None:
    assert len({Rsi(14), Rsi(), Sma(14), Macd(), Macd(12, 26, 9)}) == 3


# -- crossings ----------------------------------------------------------------------------------

levels = st.sampled_from([1.0, 2.0, 3.0, float("nan")])


@given(st.lists(st.tuples(levels, levels), max_size=40))
def test_following_two_lines_finds_the_crossings_of_the_whole(pairs: list[tuple[float, float]]) -> None:
    lines = np.array(pairs).reshape(len(pairs), 2)
    crossing = Crossing()
    found = [
        crossing.update(*(None if np.isnan(value) else float(value) for value in pair)) for pair in lines
    ]
    assert crossings(lines[:, 0], lines[:, 1]).tolist() == found


def test_touching_is_not_crossing_and_a_gap_is_remembered() -> None:
    nan = float("nan")
    fast = np.array([nan, 1, 2, 1, 2, 3, 2, nan, 1, 2.0])
    slow = np.array([2, 2, 2, 2, 2, 2, 2, 2, 2, nan])
    assert crossings(fast, slow).tolist() == [0, 0, 0, 0, 0, 1, 0, 0, -1, 0]
