"""`axisor up` as a whole: from an empty directory to an answer, through kills, and away again."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from services.adapters.database import embedded
from tests.support.processes import PATIENCE_S, free_port, is_running, kill, line_of, program_from, wait_until

OWNER = {"name": "ada", "password": "correct horse battery"}


@contextmanager
def up(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running Axisor and its address."""
    words = ["-m", "axisor_app.cli", "up", "--feed", "simulated", "--port", str(free_port())]
    with program_from(words, "--data-dir", data_dir) as child:
        yield child, line_of(child, "Axisor is ready: ").partition(": ")[2]


def create_owner(url: str) -> None:
    httpx.post(
        f"{url}/api/v1/auth/setup", json=OWNER, headers={"Origin": url}, timeout=PATIENCE_S
    ).raise_for_status()


def needs_owner(url: str) -> bool:
    """What the database says; fails when it cannot be asked."""
    answer = httpx.get(f"{url}/api/v1/setup", timeout=PATIENCE_S).raise_for_status()
    return bool(answer.json()["needs_owner"])


def server_pid(data_dir: Path) -> int:
    found = embedded.existing(data_dir)
    assert found is not None
    return int((found.path / "postmaster.pid").read_text().split("\n", 1)[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_and_leaves_nothing_running_when_it_is_stopped(
    data_dir: Path, number: signal.Signals
) -> None:
    with up(data_dir) as (child, url):
        assert needs_owner(url)
        assert "<html" in httpx.get(url, timeout=PATIENCE_S).text
        database = server_pid(data_dir)
        child.send_signal(number)
        assert child.stdout is not None
        said = child.stdout.read()
        assert child.wait(PATIENCE_S) == 0, said
    assert "Axisor has stopped." in said
    assert "Traceback" not in said
    assert not is_running(database)


def test_what_was_committed_outlives_a_kill_of_the_app(data_dir: Path) -> None:
    with up(data_dir) as (child, url):
        create_owner(url)
        database = server_pid(data_dir)
        kill(child.pid)
        wait_until(lambda: not is_running(database), "the end of the database")
    with up(data_dir) as (_, url):
        assert not needs_owner(url)


def test_a_kill_of_the_database_is_survived_by_the_running_app(data_dir: Path) -> None:
    with up(data_dir) as (_, url):
        create_owner(url)
        killed = server_pid(data_dir)
        kill(killed)

        def knows_its_owner() -> bool:
            with suppress(httpx.HTTPStatusError):
                return not needs_owner(url)
            return False

        wait_until(
            lambda: embedded.running(data_dir) is not None and not is_running(killed), "a new database server"
        )
        wait_until(knows_its_owner, "the app's way back to its database")
        assert server_pid(data_dir) != killed
