"""Log lines: one format for ours and for libraries', and nothing below the chosen level."""

import json
import subprocess
import sys

from tests.support.processes import clean_environment

SOURCE = """
import logging, sys
import structlog
from axisor_app import logs
from services.settings import load_settings
logs.configure(load_settings(log_format=sys.argv[1], log_level=sys.argv[2]))
structlog.get_logger("ours").info("guard_acted", sats=5)
logging.getLogger("library").warning("it is %s", "late")
logging.getLogger("alembic").info("everyday business")
"""


def lines(log_format: str, log_level: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SOURCE, log_format, log_level],
        check=True,
        capture_output=True,
        text=True,
        env=clean_environment(),
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_programs_get_one_object_per_line() -> None:
    ours, library = (json.loads(line) for line in lines("json", "info"))
    assert (ours["event"], ours["sats"], ours["level"], ours["logger"]) == ("guard_acted", 5, "info", "ours")
    assert (library["event"], library["level"], library["logger"]) == ("it is late", "warning", "library")
    assert ours["timestamp"].endswith("Z")


def test_people_get_plain_lines_without_colours_when_it_is_not_a_terminal() -> None:
    ours, library = lines("console", "info")
    assert "guard_acted" in ours
    assert "sats=5" in ours
    assert "it is late" in library
    assert "\x1b" not in ours


def test_what_is_less_severe_than_the_level_is_not_written() -> None:
    assert [json.loads(line)["event"] for line in lines("json", "warning")] == ["it is late"]
