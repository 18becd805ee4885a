import gzip
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services import candles
from services.candles import load_candles
from services.domain.errors import Rejected
from services.domain.market import Candle
from services.domain.series import CandleSeries

HEADER = "open_time_ms,open,high,low,close,volume"
FIRST = "1583971200000,7938.15,7966.4,7900,7934.52,1.5"
SECOND = "1583974800000,7934.5,7940,7850.25,7900,2"
GOOD = f"{HEADER}\n{FIRST}\n{SECOND}\n"
TWO = (
    Candle(
        datetime(2020, 3, 12, tzinfo=UTC),
        *map(Decimal, ("7938.15", "7966.4", "7900", "7934.52")),
    ),
    Candle(
        datetime(2020, 3, 12, 1, tzinfo=UTC),
        *map(Decimal, ("7934.5", "7940", "7850.25", "7900")),
    ),
)
PACKED = gzip.compress(GOOD.encode(), mtime=0)
REAL = Path(os.environ.get("AXISOR_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))

Load = Callable[[str | bytes], CandleSeries]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads the candles of a file with the given content, `history.csv`."""

    def write_and_load(content: str | bytes) -> CandleSeries:
        path = tmp_path / "history.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_candles(path)

    return write_and_load


def all_of(series: CandleSeries) -> tuple[Candle, ...]:
    return tuple(series.candle(index) for index in range(len(series)))


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Rejected) as refused:
        action()
    assert refused.value.code == "candle_file"
    message = refused.value.message
    assert message.endswith(".")
    assert "\n" not in message
    assert "expected" in message
    return message


def swapped(text: str) -> str:
    """The columns in another order: the last first."""
    return "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(GOOD.rstrip("\n"), id="no line feed at the end"),
        pytest.param(GOOD + "\n\n  \n", id="blank lines at the end"),
        pytest.param("\ufeff" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(GOOD.replace("\n", "\r"), id="CR"),
        pytest.param(swapped(GOOD), id="another order"),
        pytest.param(GOOD.replace(HEADER, " Open_Time_MS , OPEN,High,low,Close,volume"), id="spelling"),
        pytest.param(GOOD.replace(",", ", "), id="spaces"),
        pytest.param('"' + GOOD.replace(",", '","').replace("\n", '"\n"')[:-1], id="quoted"),
        pytest.param(GOOD.replace("1.5", '"1,5"'), id="quoted comma in an ignored column"),
        pytest.param(GOOD.replace("1.5", "₿ n/a").replace(",2\n", ",\n"), id="ignored column of text"),
        pytest.param(GOOD.replace("open_time_ms", "time"), id="time in milliseconds"),
        pytest.param(GOOD.replace("open_time_ms", "timestamp"), id="timestamp"),
        pytest.param(GOOD.replace("1583971200000", "1583971200000.0"), id="milliseconds as a float"),
        pytest.param(
            GOOD.replace("open_time_ms", "time")
            .replace("1583971200000", "2020-03-12T00:00:00.000Z")
            .replace("1583974800000", "2020-03-12 01:00"),
            id="ISO 8601",
        ),
        pytest.param(
            GOOD.replace("open_time_ms", "time")
            .replace("1583971200000", "20200312T000000Z")
            .replace("1583974800000", "2020-03-12T02:00:00+01:00"),
            id="ISO 8601 with an offset",
        ),
        pytest.param(PACKED, id="gzip without the name"),
    ],
)
def test_loads_what_is_allowed(load: Load, content: str | bytes) -> None:
    assert all_of(load(content)) == TWO


def test_loads_gzip_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{FIRST}\n".encode()) + gzip.compress(f"{SECOND}\n".encode()))
    assert all_of(load_candles(path)) == TWO


def test_open_time_ms_is_preferred_to_other_times(load: Load) -> None:
    content = "\n".join(
        f"{end},{line}" for end, line in zip(("time", "x", "y"), GOOD.split("\n"), strict=False)
    )
    assert all_of(load(content)) == TWO


def test_gaps_are_kept(load: Load) -> None:
    series = load(GOOD + SECOND.replace("1583974800000", "1593974800000"))
    assert np.diff(series.times).tolist() == [3_600_000, 10_000_000_000]


FAULTS: list[tuple[str | bytes, int, str]] = [
    ("", 1, "empty"),
    ("\n\n", 1, "there is no header"),
    (HEADER + "\n", 2, "no candle"),
    (HEADER + "\n\n\n", 2, "no candle"),
    (
        GOOD.replace("high,", ""),
        1,
        "column high is missing, found open_time_ms, open, low, close, volume",
    ),
    (GOOD.replace("open_time_ms", "date"), 1, "column open_time_ms is missing, found date"),
    (GOOD.replace(",", ";"), 1, "is missing, found open_time_ms;open;high;low;cl"),
    (GOOD.replace("volume", "open"), 1, "column open is there twice"),
    (f"{FIRST}\n{SECOND}\n", 1, "column open_time_ms is missing, found 1583971200000"),
    (GOOD.replace("7850.25", "abc"), 3, "low abc is not a number"),
    (GOOD.replace("7850.25", ""), 3, "low '' is not a number"),
    (GOOD.replace("7850.25", "7_850"), 3, "low 7_850 is not a number"),
    (GOOD.replace("7850.25", "\uff17\uff18"), 3, "is not a number"),
    (GOOD.replace("7850.25", '"7,850.25"'), 3, "low 7,850.25 is not a number"),
    (GOOD.replace("7850.25", "\0"), 3, r"low '\x00' is not a number"),
    (GOOD.replace("7850.25", "nan"), 3, "low nan is not a possible price"),
    (GOOD.replace("7940", "inf"), 3, "high inf is not a possible price"),
    (GOOD.replace("7850.25", "-7850"), 3, "low -7850 is not a possible price"),
    (GOOD.replace("7850.25", "0"), 3, "low 0 is not a possible price"),
    (GOOD.replace("7940", "100000000.5"), 3, "at most 100,000,000"),
    (GOOD.replace("7940", "1e999"), 3, "high 1e999 is not a possible price"),
    (GOOD.replace("7940", "9" * 5000), 3, "not a possible price"),
    (GOOD.replace("1583974800000", "1583971200000"), 3, "repeats the time of the row above"),
    (GOOD.replace("1583974800000", "1583971199999"), 3, "is earlier than the row above"),
    (GOOD.replace("1583974800000", "soon"), 3, "time soon is not a whole number of milliseconds"),
    (GOOD.replace("1583974800000", "1583974800000.5"), 3, "is not a whole number"),
    (GOOD.replace("1583974800000", "9" * 30), 3, "is out of range"),
    (GOOD.replace("1583971200000", "-1"), 2, "is out of range"),
    (GOOD.replace("1583974800000", "inf"), 3, "is out of range"),
    (GOOD.replace("00000,", "00,"), 2, "not in milliseconds"),
    (GOOD.replace("1583971200000", "2020-03-12"), 2, "is not a whole number of milliseconds"),
    (
        f"{GOOD.replace('open_time_ms', 'time').replace('1583971200000', '2020-03-12')}",
        3,
        "time 1583974800000 is not an ISO 8601 time",
    ),
    (GOOD.replace("7940", "7850"), 3, "high 7850.0 is below low 7850.25"),
    (GOOD.replace("7934.5,", "7940.01,"), 3, "open 7940.01 is outside low 7850.25 to high 7940.0"),
    (GOOD.replace("7900,2", "7850,2"), 3, "close 7850.0 is outside"),
    (GOOD.replace("7900,2", "7900"), 3, "5 fields; 6 are expected"),
    (GOOD.replace("7900,2", "7900,2,3"), 3, "7 fields; 6 are expected"),
    (GOOD.replace(f"{FIRST}\n", f"{FIRST}\n\n"), 3, "blank"),
    (GOOD.replace("7850.25", '"7850.25'), 3, "broken quoting"),
    (GOOD.replace("7850.25", '"78"50.25'), 3, "broken quoting"),
    (GOOD.replace(",2\n", "," + "x" * 20_000 + "\n"), 3, "too long"),
    (GOOD.replace(",2\n", "," + "x" * 9_950 + f",{SECOND}\n"), 3, "too long"),
    (GOOD.encode().replace(b"7850.25", b"78\xff0"), 3, "not text"),
    (GOOD.encode("utf-16"), 1, "not text"),
    (gzip.compress(b""), 1, "there is no header"),
    (PACKED[:-12], 3, "damaged or ends too early"),
    (PACKED[:5], 1, "damaged or ends too early"),
    (PACKED + b"more", 4, "damaged"),
    (PACKED[:-8] + bytes(8), 4, "damaged"),
    (PACKED[:12] + b"\xff\xff\xff\xff", 1, "damaged"),
]


@pytest.mark.parametrize(
    ("content", "line", "reason"), FAULTS, ids=[f"{line} {why}" for _, line, why in FAULTS]
)
def test_refuses_the_line_and_says_why(load: Load, content: str | bytes, line: int, reason: str) -> None:
    message = refusal(lambda: load(content))
    assert message.startswith(f"history.csv, line {line}: ")
    assert reason in message


def test_refusal_names_the_first_fault_far_into_a_file(load: Load) -> None:
    rows = [f"{1583971200000 + i * 60_000},10,12,9,11,1" for i in range(70_000)]
    rows[66_000] = rows[66_000].replace(",12,", ",8,")
    rows[69_000] = "nonsense"
    assert "line 66002: high 8.0 is below low 9.0" in refusal(lambda: load("\n".join([HEADER, *rows])))


def test_blank_line_between_two_pieces_is_refused(load: Load) -> None:
    rows = [f"{1583971200000 + i * 60_000},10,12,9,11,1" for i in range(70_000)]
    rows[65_535] = ""
    assert "line 65537: the line is blank" in refusal(lambda: load("\n".join([HEADER, *rows])))


def test_line_that_could_be_cut_into_two_good_rows_is_refused(load: Load) -> None:
    padded = FIRST + "x" * (candles.MAX_LINE + 1 - len(FIRST))
    assert "line 2: the line is too long" in refusal(lambda: load(f"{HEADER}\n{padded}{SECOND}\n"))


def test_text_named_gz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_text(GOOD)
    assert "history.csv.gz, line 1: not gzip data" in refusal(lambda: load_candles(path))


def test_too_many_candles_are_refused(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candles, "MAX_CANDLES", 1)
    assert "line 3: the file goes on" in refusal(lambda: load(GOOD))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent.csv", "absent.csv does not exist"),
        (".", "is a directory"),
        ("x" * 300, "cannot be opened"),
        ("nul\0.csv", "cannot be opened"),
        ("pipe", "pipe cannot be opened: not a regular file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reason in refusal(lambda: load_candles(tmp_path / name))


def test_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's answer is played, as root may read everything."""
    path = tmp_path / "history.csv"
    path.write_text(GOOD)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "history.csv may not be read: permission denied" in refusal(lambda: load_candles(path))


FIELDS = [
    "",
    " 1",
    "7900",
    "1e4",
    "nan",
    "inf",
    "-1",
    "0",
    "1_0",
    "x",
    '"',
    '"7900"',
    ",",
    "\n",
    "\r\n",
    "٣",
    "\0",
]


def outcome(reader: Callable[[TextIO], CandleSeries | None], text: str) -> tuple[Candle, ...] | str | None:
    try:
        series = reader(io.StringIO(text, newline=None))
    except candles._FaultyLine as fault:
        return f"{fault.line} {fault.reason}"
    return None if series is None else all_of(series)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 6), st.sampled_from(FIELDS)), max_size=3))
@example([(len(HEADER) + 2, 13, "1583971200000.5")])
def test_fast_reader_only_answers_what_the_exact_reader_answers(edits: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for at, cut, insert in edits:
        text = text[:at] + insert + text[at + cut :]
    fast = outcome(candles._read_fast, text)
    exact = outcome(candles._read_exactly, text)
    assert fast in (None, exact)
    assert exact is not None


prices = st.integers(1, 10**10).map(lambda value: Decimal(value).scaleb(-2))


@given(st.lists(st.tuples(prices, prices, prices, prices), min_size=1, max_size=20))
def test_every_good_file_is_read_fast_and_exactly_as_written(rows: list[tuple[Decimal, ...]]) -> None:
    text = "time,low,open,close,high\n"
    for index, row in enumerate(rows):
        low, opened, close, high = sorted(row)
        text += f"{1583971200000 + index},{low},{opened},{close},{high}\n"
    series = candles._read_fast(io.StringIO(text))
    assert series is not None
    for index, row in enumerate(rows):
        at = series.candle(index)
        assert [at.low, at.open, at.close, at.high] == sorted(row)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "length", "step_ms"),
    [
        ("btcusd-1h-2018-05_2020-12.csv.gz", 23_082, 3_600_000),
        ("btcusd-1m-coinbase-days.csv.gz", 10_983, 60_000),
    ],
)
def test_real_files_load(name: str, length: int, step_ms: int) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"{name} is not there; AXISOR_TEST_DATA names the folder of real candles")
    series = load_candles(REAL / name)
    assert (len(series), series.step_ms) == (length, step_ms)


@pytest.mark.realdata
def test_crash_of_march_2020_is_found() -> None:
    path = REAL / "btcusd-1h-2018-05_2020-12.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not there; AXISOR_TEST_DATA names the folder of real candles")
    crash = load_candles(path).between(
        datetime(2020, 3, 12, 8, tzinfo=UTC), datetime(2020, 3, 20, tzinfo=UTC)
    )
    assert crash.candle(0).open == Decimal("7387.43")
    assert min(crash.lows) == 3850
    found = crash.first_at_or_below(0, Decimal(6000))
    assert found is not None
    assert crash.opened_at(found) == datetime(2020, 3, 12, 10, tzinfo=UTC)
