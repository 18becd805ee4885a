"""Whatever is killed, and whenever: the exchange has added what the journal has confirmed."""

import asyncio
import contextlib
import multiprocessing
import random
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from services.domain.errors import Unavailable
from services.storage.database import driver_url
from tests.crash import venue, victim
from tests.crash.venue import Faults

USER = UUID("00000000-0000-4000-8000-00000000000c")
STEPS = range(1, 14)
RANDOM_KILLS = 40
FINISH_S = 300

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.crash.victim"])


_SEED = (
    "insert into users values (:user, 'crash', 'x', 'owner', now())",
    "insert into accounts values (:account, :user, 'crash', 'paper', now())",
    "insert into automations values (:guard, :account, 'margin_guard', '{}', 1, false, now())",
)


@pytest.fixture
def journal(database_url: str) -> str:
    """A database with the account and the guard that the victim runs."""
    names = {"user": USER, "account": victim.ACCOUNT, "guard": victim.GUARD}
    with create_engine(driver_url(database_url), poolclass=NullPool).begin() as connection:
        for statement in _SEED:
            used = {name: value for name, value in names.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    return database_url


@contextmanager
def exchange(directory: Path, faults: Faults) -> Iterator[str]:
    """The exchange's process; yields its socket."""
    path = str(directory / "venue.sock")
    process = _processes.Process(target=venue.serve, args=(path, faults))
    process.start()
    try:
        asyncio.run(_answers(path))
        yield path
    finally:
        process.terminate()
        process.join()


async def _answers(path: str) -> None:
    """Wait until the exchange listens; nothing tells it but asking."""
    with contextlib.suppress(Unavailable):
        await venue.added_at(path)
        return
    await asyncio.sleep(0.01)
    await _answers(path)


def start(database_url: str, socket: str, kill_at: int = 0) -> BaseProcess:
    process = _processes.Process(target=victim.live, args=(database_url, socket, kill_at))
    process.start()
    return process


def finish(database_url: str, socket: str) -> None:
    """Let a victim live to its end."""
    process = start(database_url, socket)
    process.join(FINISH_S)
    assert process.exitcode == 0


def confirmed(database_url: str) -> tuple[int, int, int]:
    """Sats confirmed, intents still open, intents in all."""
    query = (
        "select coalesce(sum(amount) filter (where state = 'confirmed'), 0),"
        " count(*) filter (where state not in ('confirmed', 'rejected', 'dropped')), count(*) from intents"
    )
    with create_engine(driver_url(database_url), poolclass=NullPool).connect() as connection:
        return tuple(int(value) for value in connection.execute(text(query)).one())  # type: ignore[return-value]


def assert_once(database_url: str, socket: str) -> None:
    total, still_open, intents = confirmed(database_url)
    assert intents > 5, "the guard had nothing to do"
    assert still_open == 0
    assert asyncio.run(venue.added_at(socket)) == total


def test_a_kill_before_every_write_adds_nothing_twice(journal: str, tmp_path: Path) -> None:
    with exchange(tmp_path, Faults(seed=1, lost=0, doubled=0, server_error=0, refused=0)) as socket:
        for step in STEPS:
            process = start(journal, socket, kill_at=step)
            process.join(FINISH_S)
            assert process.exitcode in (-9, 0)
        finish(journal, socket)
        assert_once(journal, socket)


def test_random_kills_and_a_faulty_exchange_add_nothing_twice(journal: str, tmp_path: Path) -> None:
    dice = random.Random(2)
    with exchange(tmp_path, Faults(seed=2)) as socket:
        for _ in range(RANDOM_KILLS):
            process = start(journal, socket)
            process.join(0.1 + dice.random() * 0.3)
            process.kill()
            process.join()
        finish(journal, socket)
        assert_once(journal, socket)
