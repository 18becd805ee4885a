"""Candle files: CSV, plain or gzipped, read and checked into a `CandleSeries`.

The header decides, not the order of the columns. Needed are a time of opening and the prices
open, high, low and close; everything else is ignored.

- Time: `open_time_ms` (milliseconds since 1970 UTC), or `time` or `timestamp`, in milliseconds or
  in ISO 8601, where a time without an offset is UTC. With several of them, the first of this list.
- Prices: USD per BTC, more than 0 and at most 100,000,000, low <= open, close <= high. Up to 15
  digits are kept exactly, further ones are rounded to the nearest float.
- Rows ascend in time. Gaps are allowed, equal times are not.

There are two readers of the same language. `_read_fast` takes thousands of rows at once and only
notices that something is unusual. `_read_exactly` then goes line by line, and either names the
fault or, where the oddity is allowed after all, gives the series.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import numpy.typing as npt

from services.domain.errors import Rejected
from services.domain.money import MAX_PRICE
from services.domain.series import CandleSeries, to_ms

TIME_COLUMNS = ("open_time_ms", "time", "timestamp")
PRICE_COLUMNS = ("open", "high", "low", "close")

MAX_LINE = 10_000
"""Characters; a candle needs about a hundred."""

MAX_CANDLES = 20_000_000
"""38 years of minutes."""

_GZIP = b"\x1f\x8b"
_PIECE = 65_536
_LAST_MS = 253_402_300_799_999  # the end of the year 9999
_NOT_MS = range(10_000_000, 10_000_000_000)  # a date like 20200312, or seconds until 2286
_TOP = float(MAX_PRICE)
_WANTED = "a header with open_time_ms (or time, timestamp), open, high, low and close is expected"

_ISO_LENGTH = 40

_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)

Row = list[str]
Candle = tuple[int, float, float, float, float]
Lines = list[str]
Column = npt.NDArray[np.float64]


class _FaultyLine(Exception):
    """What is wrong with one line, and what would be right."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the columns are, and how the time is written; `width` is the number of fields."""

    time: int
    prices: tuple[int, ...]
    width: int
    may_be_iso: bool
    iso: bool = False

    def suited_to(self, first: Row) -> "_Layout":
        """The same for a file whose first row is `first`: it settles how times are written."""
        written = first[self.time].strip() if self.time < len(first) else ""
        return replace(self, iso=self.may_be_iso and any(mark in written[1:] for mark in "-:T"))

    @property
    def dtype(self) -> np.dtype[np.void]:
        """A row for `numpy.loadtxt`: what is ignored costs one character."""
        kinds = ["U1"] * self.width
        for place in self.prices:
            kinds[place] = "f8"
        kinds[self.time] = f"U{_ISO_LENGTH}" if self.iso else "f8"
        return np.dtype([(f"f{place}", kind) for place, kind in enumerate(kinds)])


def load_candles(path: Path) -> CandleSeries:
    """The candles of a CSV file, gzipped or not; see the module for what it may contain.

    Takes seconds for millions of rows: call it off the event loop.

    Raises:
        Rejected: the file cannot be read or is malformed. One sentence names the file, the line,
            the reason and what is expected instead.
    """
    _check_file(path)
    try:
        return _load(path)
    except _FaultyLine as fault:
        raise _rejected(f"{_shown(path.name)}, line {fault.line}: {fault.reason}.") from fault
    except OSError as error:
        raise _rejected(f"{_shown(path.name)} cannot be read: {error.strerror or error}.") from error


def _load(path: Path) -> CandleSeries:
    with _opened(path) as text:
        series = _read_fast(text)
    if series is not None:
        return series
    with _opened(path, errors="surrogateescape") as text:
        return _read_exactly(text)


def _rejected(sentence: str) -> Rejected:
    return Rejected(sentence, code="candle_file")


def _check_file(path: Path) -> None:
    """Refuses what cannot hold candles before any line is read."""
    expected = "a CSV or gzipped CSV file is expected"
    shown = _shown(path.name or str(path))
    try:
        start = _first_bytes(path)
    except FileNotFoundError as error:
        raise _rejected(f"{shown} does not exist; {expected}.") from error
    except PermissionError as error:
        raise _rejected(f"{shown} may not be read: permission denied; {expected}.") from error
    except IsADirectoryError as error:
        raise _rejected(f"{shown} is a directory; {expected}.") from error
    except (OSError, ValueError) as error:
        raise _rejected(f"{shown} cannot be opened: {error}; {expected}.") from error
    if not start:
        raise _rejected(f"{shown}, line 1: the file is empty; {_WANTED}.")
    if path.suffix.lower() == ".gz" and start != _GZIP:
        raise _rejected(f"{shown}, line 1: not gzip data although the name ends in .gz; {expected}.")


def _first_bytes(path: Path) -> bytes:
    if path.exists() and not path.is_dir() and not path.is_file():
        raise ValueError("not a regular file")
    with path.open("rb") as raw:
        return raw.read(len(_GZIP))


@contextmanager
def _opened(path: Path, errors: str = "strict") -> Iterator[TextIO]:
    """The text in `path`, unpacked, without a byte order mark, lines ended by a line feed."""
    if _first_bytes(path) == _GZIP:
        with gzip.open(path, "rt", encoding="utf-8-sig", errors=errors) as text:
            yield cast(TextIO, text)
    else:
        with path.open(encoding="utf-8-sig", errors=errors) as text:
            yield text


def _lines(text: TextIO) -> Iterator[str]:
    """Line by line, but never more than `MAX_LINE` + 1 characters at once."""
    for number, line in enumerate(iter(lambda: text.readline(MAX_LINE + 1), ""), 1):
        if number > MAX_CANDLES + 1:
            raise _FaultyLine(number, f"the file goes on; at most {MAX_CANDLES:,} candles are expected")
        yield line


def _read_fast(text: TextIO) -> CandleSeries | None:
    """The series of a file without any oddity; None for every other."""
    lines = _lines(text)
    try:
        layout = _layout(_split(next(lines, "")))
        first = next(lines, "")
        layout = layout.suited_to(_split(first))
        pieces = [_piece(piece, layout) for piece in _pieces(chain([first], lines))]
        times, *prices = (np.concatenate(column) for column in zip(*pieces, strict=True))
    except (ValueError, csv.Error, *_DAMAGE):
        return None
    return _series(times, *prices) if _sound(times, *prices) else None


def _pieces(lines: Iterator[str]) -> Iterator[Lines]:
    """Thousands of lines at a time, without blank ones at the end of the file."""
    ended = False
    while piece := list(islice(lines, _PIECE)):
        size = len(piece)
        while piece and not piece[-1].strip():
            piece.pop()
        if ended and piece:
            raise ValueError("a blank line in the middle")
        ended = len(piece) < size
        if piece:
            yield piece


def _piece(lines: Lines, layout: _Layout) -> list[Column]:
    """Time and prices of `lines`. Raises `ValueError` or `csv.Error` for anything unusual."""
    if max(map(len, lines)) > MAX_LINE:
        raise ValueError("a line that was cut")
    if '"' in "".join(lines):
        lines = [",".join(row) for row in csv.reader(lines, strict=True, skipinitialspace=True)]
    table = np.loadtxt(lines, dtype=layout.dtype, delimiter=",", comments=None, ndmin=1)
    if len(table) != len(lines):
        raise ValueError("a blank line in the middle")
    times = table[f"f{layout.time}"]
    parsed = np.array([_iso_ms(text) for text in times.tolist()]) if layout.iso else times
    return [parsed, *(table[f"f{place}"] for place in layout.prices)]


def _series(times: Column, opens: Column, highs: Column, lows: Column, closes: Column) -> CandleSeries:
    return CandleSeries(times.astype(np.int64), opens, highs, lows, closes)


def _sound(times: Column, opens: Column, highs: Column, lows: Column, closes: Column) -> bool:
    """Whether the whole columns satisfy what `_checked` asks of one row; no NaN does."""
    return bool(
        np.all(times == np.floor(times))
        and np.all(times[1:] > times[:-1])
        and times[0] >= 0
        and times[-1] <= _LAST_MS
        and int(times[0]) not in _NOT_MS
        and np.all(lows > 0)
        and np.all(highs <= _TOP)
        and all(np.all((lows <= inner) & (inner <= highs)) for inner in (opens, closes))
    )


def _read_exactly(text: TextIO) -> CandleSeries:
    """The same, line by line. Raises `_FaultyLine` for the first line that is wrong."""
    rows = _rows(text)
    _, header = next(rows, (1, []))
    layout = _layout(header)
    line, first = next(rows, (2, []))
    layout = layout.suited_to(first)
    if not first:
        raise _FaultyLine(line, "no candle follows the header; at least one row is expected")
    candles = [_checked(line, first, layout, before=None)]
    for line, row in rows:
        candles.append(_checked(line, row, layout, before=candles[-1][0]))
    return _series(*(np.array(column) for column in zip(*candles, strict=True)))


def _rows(text: TextIO) -> Iterator[tuple[int, Row]]:
    """Number and fields of the first line and of every other that is not blank."""
    blank = 0
    line = 0
    try:
        for line, content in enumerate(_lines(text), 1):
            if content.strip() and blank:
                raise _FaultyLine(blank, "the line is blank, but not the last; a candle is expected")
            if content.strip() or line == 1:
                yield line, _fields(line, content)
            else:
                blank = blank or line
    except _DAMAGE as damage:
        reason = "the gzip data is damaged or ends too early; a complete gzip file is expected"
        raise _FaultyLine(line + 1, reason) from damage


def _fields(line: int, content: str) -> Row:
    if len(content) > MAX_LINE:
        raise _FaultyLine(line, f"the line is too long; at most {MAX_LINE:,} characters are expected")
    if not content.isascii() and any("\udc80" <= character <= "\udcff" for character in content):
        raise _FaultyLine(line, "some bytes are not text; UTF-8 is expected")
    try:
        return _split(content)
    except csv.Error as error:
        raise _FaultyLine(line, f"broken quoting ({error}); comma-separated fields are expected") from error


def _split(content: str) -> Row:
    return next(csv.reader([content], strict=True, skipinitialspace=True), [])


def _layout(header: Row) -> _Layout:
    """Raises `_FaultyLine` when the header lacks a column or has it twice."""
    if not header:
        raise _FaultyLine(1, f"there is no header; {_WANTED}")
    names = [name.strip().lower() for name in header]
    found = ", ".join(_shown(name) for name in header[:20])
    time = next((name for name in TIME_COLUMNS if name in names), TIME_COLUMNS[0])
    for name in (time, *PRICE_COLUMNS):
        if name not in names:
            raise _FaultyLine(1, f"column {name} is missing, found {found}; {_WANTED}")
        if names.count(name) > 1:
            raise _FaultyLine(1, f"column {name} is there twice, found {found}; each is expected once")
    return _Layout(
        time=names.index(time),
        prices=tuple(names.index(name) for name in PRICE_COLUMNS),
        width=len(names),
        may_be_iso=time != TIME_COLUMNS[0],
    )


def _checked(line: int, row: Row, layout: _Layout, before: int | None) -> Candle:
    """The numbers of one row; `before` is the time of the row above."""
    if len(row) != layout.width:
        raise _FaultyLine(line, f"{len(row)} fields; {layout.width} are expected, as in the header")
    time = _time(line, row[layout.time], layout)
    opened, high, low, close = (
        _price(line, name, row[place]) for name, place in zip(PRICE_COLUMNS, layout.prices, strict=True)
    )
    if before is None and time in _NOT_MS:
        reason = f"time {time} is not in milliseconds; 13 digits such as 1583971200000 are expected"
        raise _FaultyLine(line, reason)
    if before is not None and time <= before:
        fault = "repeats the time of the row above" if time == before else "is earlier than the row above"
        raise _FaultyLine(
            line, f"time {_shown(row[layout.time])} {fault}; strictly ascending times are expected"
        )
    if high < low:
        raise _FaultyLine(line, f"high {high!r} is below low {low!r}; low <= high is expected")
    for name, inner in (("open", opened), ("close", close)):
        if not low <= inner <= high:
            reason = (
                f"{name} {inner!r} is outside low {low!r} to high {high!r}; low <= {name} <= high is expected"
            )
            raise _FaultyLine(line, reason)
    return time, opened, high, low, close


def _time(line: int, text: str, layout: _Layout) -> int:
    form = "an ISO 8601 time" if layout.iso else "a whole number of milliseconds"
    try:
        time = _iso_ms(text) if layout.iso else _number(text)
    except ValueError as error:
        raise _FaultyLine(line, f"time {_shown(text)} is not {form}; {form} in UTC is expected") from error
    if not 0 <= time <= _LAST_MS:
        raise _FaultyLine(line, f"time {_shown(text)} is out of range; a time from 1970 to 9999 is expected")
    if time != int(time):
        raise _FaultyLine(line, f"time {_shown(text)} is not {form}; {form} in UTC is expected")
    return int(time)


def _price(line: int, name: str, text: str) -> float:
    try:
        price = _number(text)
    except ValueError as error:
        raise _FaultyLine(
            line, f"{name} {_shown(text)} is not a number; a price in USD is expected"
        ) from error
    if not 0 < price <= _TOP:
        limits = f"more than 0 and at most {MAX_PRICE:,}"
        raise _FaultyLine(line, f"{name} {_shown(text)} is not a possible price; {limits} is expected")
    return price


def _number(text: str) -> float:
    """A number as the fast reader takes it: no underscores, no digits of other scripts."""
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _iso_ms(text: str) -> int:
    """Milliseconds of an ISO 8601 time; UTC unless it has an offset."""
    at = datetime.fromisoformat(text.strip())
    return to_ms(at if at.tzinfo else at.replace(tzinfo=UTC))


def _shown(text: str) -> str:
    """Foreign text for a sentence: short, printable, in quotes where it is not plain."""
    cut = text if len(text) <= 40 else f"{text[:40]}..."
    return cut if cut and cut.isascii() and cut.isprintable() and not cut.isspace() else repr(cut)
