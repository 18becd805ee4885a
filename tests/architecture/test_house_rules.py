"""What `CONTRIBUTING.md` promises about the code, as checks."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import ROOT, Source, product, suites

MOST_LINES = 400
LONGEST_FUNCTION = 50

CLOCK = {
    "services/adapters/clock.py": "the one place that reads the machine's time",
}
"""Who may ask what time it is."""

CHANCE = {
    "services/accounts/sessions.py": "session tokens",
    "services/adapters/prices/": "the simulated market and its scenarios, labelled as such",
    "services/adapters/database/": "the password of the embedded database",
}
"""Who may use randomness, and for what."""

DECISIONS = ("services/domain/", "services/engine/kinds/")
FLOATS = {
    "services/domain/series.py": "numpy columns that find where to look; decisions read exact candles",
    "services/domain/round_trips.py": "rounds numpy columns to ticks; a test holds it to `futures`",
}

PAPER = re.compile(r"\b(is_paper|paper)\b(?![.\w])|[\"']paper[\"']")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|coming soon)\b", re.IGNORECASE)
HOSTS = re.compile(r"registry\.npmjs|pypi\.org|pythonhosted|deb\.debian", re.IGNORECASE)


def _faults(found: Iterator[str]) -> None:
    assert list(found) == []


def _functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _allowed(source: Source, exceptions: dict[str, str]) -> bool:
    return any(source.name.startswith(place) for place in exceptions)


def test_no_file_is_longer_than_one_can_read() -> None:
    _faults(f"{s.name}: {s.lines}" for s in product() if s.lines > MOST_LINES)


def test_no_function_is_longer_than_a_screen() -> None:
    _faults(
        f"{s.name}:{f.lineno} {f.name}"
        for s in product()
        for f in _functions(s)
        if (f.end_lineno or f.lineno) - f.lineno + 1 > LONGEST_FUNCTION
    )


def test_functions_are_short_at_the_ninetieth_percentile() -> None:
    lengths = sorted((f.end_lineno or f.lineno) - f.lineno + 1 for s in product() for f in _functions(s))
    assert lengths[int(len(lengths) * 0.9)] <= 30


def test_no_exception_is_swallowed() -> None:
    _faults(
        f"{s.name}:{node.lineno}"
        for s in product()
        for node in ast.walk(s.tree)
        if isinstance(node, ast.ExceptHandler) and [type(x) for x in node.body] == [ast.Pass]
    )


def test_no_float_takes_part_in_a_decision() -> None:
    _faults(
        f"{s.name}:{node.lineno} {node.value}"
        for s in product()
        if s.name.startswith(DECISIONS) and not _allowed(s, FLOATS)
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    )


def test_only_the_clock_reads_the_time() -> None:
    _faults(
        f"{s.name}:{node.lineno}"
        for s in product()
        if s.name.startswith("services/") and not _allowed(s, CLOCK)
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    )


def test_chance_has_few_places() -> None:
    _faults(
        s.name
        for s in product()
        if not _allowed(s, CHANCE)
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"random", "secrets"} & {a.name for a in node.names}
        | {getattr(node, "module", None)} & {"random", "secrets"}
    )


def test_nothing_is_left_for_later() -> None:
    _faults(f"{s.name}: {m.group()}" for s in product() if (m := UNFINISHED.search(s.text)))


def test_event_handlers_never_block_the_loop() -> None:
    _faults(
        f"{s.name}:{f.lineno} {f.name}"
        for s in product()
        if s.name.startswith("state/")
        for f in _functions(s)
        if isinstance(f, ast.FunctionDef) and any("event" in ast.unparse(d) for d in f.decorator_list)
    )


def test_kinds_do_not_know_each_other() -> None:
    _faults(
        f"{s.name}:{node.lineno}"
        for s in product()
        if s.name.startswith("services/engine/kinds/") and not s.name.endswith("__init__.py")
        for node in ast.walk(s.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services.engine.kinds")
    )


def test_the_engine_does_not_ask_whether_it_is_on_paper() -> None:
    _faults(
        f"{s.name}:{node.lineno}"
        for s in product()
        if s.name.startswith("services/engine/")
        for node in ast.walk(s.tree)
        if isinstance(node, ast.If) and PAPER.search(ast.unparse(node.test))
    )


def test_every_test_file_tests_something() -> None:
    _faults(s.name for s in suites() if not any(f.name.startswith("test_") for f in _functions(s)))


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "reflex.lock/package-lock.json"]
)
def test_lock_files_name_no_host(name: str) -> None:
    assert HOSTS.search((ROOT / name).read_text()) is None
