"""The embedded server: what an owner, a guest, a crash and an older version get."""

import asyncio
import json
import os
import shutil
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.adapters.database import embedded
from services.adapters.database.embedded import EmbeddedPostgres, cluster, connection, runtime
from services.domain.errors import Defect, Rejected
from tests.support.databases import FAST, libpq_url, traversable_directory
from tests.support.processes import is_running, kill, line_of, program, wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")

OWNER = """
import sys
from pathlib import Path
from services.adapters.database.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def system_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A system directory of the test's own, so that nothing is left in the real one."""
    path = traversable_directory("axisor-system-")
    monkeypatch.setattr(runtime, "SYSTEM_DIR", path)
    monkeypatch.setattr(cluster, "SYSTEM_DIR", path)
    yield path
    shutil.rmtree(path)


def remember(url: str, number: int) -> None:
    with psycopg.connect(libpq_url(url)) as session:
        session.execute("CREATE TABLE IF NOT EXISTS remembered (number int)")
        session.execute("INSERT INTO remembered VALUES (%s)", [number])


def remembered(url: str) -> list[int]:
    with psycopg.connect(libpq_url(url)) as session:
        return [row[0] for row in session.execute("SELECT number FROM remembered ORDER BY number")]


def test_data_outlives_a_stop_and_the_address_stays(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, options=FAST)
    url = server.start()
    remember(url, 1)
    server.stop()
    assert not server.alive()
    with EmbeddedPostgres(data_dir, options=FAST) as again:
        assert again.url == url
        assert remembered(again.url) == [1]


def test_committed_data_outlives_a_kill_of_the_postmaster(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        remember(server.url, 1)
        assert server.pid is not None
        kill(server.pid)
        wait_until(lambda: not server.alive(), "the end of the postmaster")
    with EmbeddedPostgres(data_dir) as again:
        assert remembered(again.url) == [1]


async def test_watch_restarts_a_killed_postmaster_on_its_port(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        remember(server.url, 1)
        watching = asyncio.create_task(server.watch())
        killed = server.pid
        assert killed is not None
        kill(killed)
        while server.pid == killed or embedded.running(data_dir) is None:  # noqa: ASYNC110 - the server is no task
            await asyncio.sleep(0.02)
        watching.cancel()
        assert remembered(server.url) == [1]


def test_a_killed_owner_takes_its_server_along_and_the_next_start_works(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        url, pid = line_of(owner, "postgresql").split()
        remember(url, 1)
        owner.kill()
        wait_until(lambda: not is_running(int(pid)), "the end of the server")
    with EmbeddedPostgres(data_dir) as server:
        assert remembered(server.url) == [1]


def test_a_start_right_after_the_owner_was_killed_waits_for_its_server_to_end(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        url, pid = line_of(owner, "postgresql").split()
        remember(url, 1)
        owner.kill()
        owner.wait()
        with EmbeddedPostgres(data_dir) as server:
            assert not is_running(int(pid))
            assert remembered(server.url) == [1]


def test_a_second_process_is_a_guest_and_its_stop_changes_nothing(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        url, pid = line_of(owner, "postgresql").split()
        with EmbeddedPostgres(data_dir) as guest:
            assert guest.url == url
            assert guest.pid is None
            assert guest.alive()
        assert is_running(int(pid))
        owner.kill()
        wait_until(lambda: not is_running(int(pid)), "the end of the server")


async def test_a_guest_takes_over_when_the_owner_dies(data_dir: Path) -> None:
    with program(OWNER, data_dir) as owner:
        url, _ = line_of(owner, "postgresql").split()
        remember(url, 1)
        with EmbeddedPostgres(data_dir) as guest:
            watching = asyncio.create_task(guest.watch())
            owner.kill()
            while guest.pid is None or not guest.alive() or embedded.running(data_dir) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            watching.cancel()
            assert guest.url == url
            assert remembered(url) == [1]


def test_the_connection_file_is_private_and_finds_the_running_server(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        found = embedded.running(data_dir)
        assert found is not None
        assert found.url() == server.url
        assert found.password not in repr(found)
        assert stat.S_IMODE((data_dir / connection.NAME).stat().st_mode) == 0o600
    assert embedded.running(data_dir) is None


def test_a_lost_connection_file_costs_no_data(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        remember(server.url, 1)
    (data_dir / connection.NAME).unlink()
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        assert remembered(server.url) == [1]


def test_a_damaged_connection_file_is_named(data_dir: Path) -> None:
    (data_dir / connection.NAME).write_text("{")
    with pytest.raises(Rejected, match=r"postgres\.json is damaged; remove it"):
        EmbeddedPostgres(data_dir).start()


def test_another_port_is_found_when_the_last_one_is_taken(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        url = server.url
    port = json.loads((data_dir / connection.NAME).read_text())["port"]
    with socket.create_server(("127.0.0.1", port)), EmbeddedPostgres(data_dir, options=FAST) as server:
        assert server.url != url
        assert server.alive()


def test_the_files_of_another_major_version_are_refused(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, options=FAST):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Rejected, match=r"made by PostgreSQL 17, and this Axisor runs 18; dump it"):
        EmbeddedPostgres(data_dir).start()


def test_what_an_interrupted_first_start_left_is_no_obstacle(data_dir: Path) -> None:
    (data_dir / "postgres.partial").mkdir()
    (data_dir / "postgres.partial" / "junk").touch()
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        assert server.alive()
    assert not (data_dir / "postgres.partial").exists()


def test_a_failing_server_says_why_in_its_own_words(data_dir: Path) -> None:
    with pytest.raises(Exception, match=r"did not start: .*nonsense"):
        EmbeddedPostgres(data_dir, options={"nonsense": "1"}).start()


def test_only_the_main_thread_may_start_it(data_dir: Path) -> None:
    caught: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedPostgres(data_dir).start()
        except Defect as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [Defect]


def test_a_platform_without_the_wheel_is_told_to_set_database_url(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_PACKAGE", "absent")
    with pytest.raises(Rejected, match="set DATABASE_URL to a PostgreSQL 15 or later"):
        EmbeddedPostgres(data_dir).start()


@as_root
def test_below_a_private_directory_the_files_are_elsewhere_and_nothing_is_opened(
    system_dir: Path, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    data_dir = private / "data"
    data_dir.mkdir(mode=0o700)
    for _ in range(2):
        with EmbeddedPostgres(data_dir, options=FAST) as server:
            remember(server.url, 1)
    found = embedded.existing(data_dir)
    assert found is not None
    assert found.path.is_relative_to(system_dir / "clusters")
    assert (found.path.parent / "owner").read_text().strip() == str(data_dir)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private, data_dir)] == [0o700, 0o700]
    assert embedded.orphans() == []
    shutil.rmtree(data_dir)
    assert embedded.orphans() == [found.path.parent]


@as_root
def test_a_moved_data_directory_keeps_its_files_and_a_copy_does_not_share_them(
    system_dir: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    first, moved, copied = (tmp_path / name for name in ("first", "moved", "copied"))
    first.mkdir()
    with EmbeddedPostgres(first, options=FAST) as server:
        remember(server.url, 1)
    first.rename(moved)
    with EmbeddedPostgres(moved, options=FAST) as server:
        assert remembered(server.url) == [1]
    shutil.copytree(moved, copied)
    with pytest.raises(Rejected, match=r"copied is a copy of .*moved"):
        EmbeddedPostgres(copied).start()


@as_root
def test_missing_files_are_never_replaced_by_empty_ones(system_dir: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with EmbeddedPostgres(tmp_path, options=FAST):
        pass
    shutil.rmtree(system_dir / "clusters")
    with pytest.raises(Rejected, match=r"should be in .* but is not there; bring it back"):
        EmbeddedPostgres(tmp_path).start()


@as_root
def test_where_users_cannot_be_made_the_server_runs_as_nobody(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_make_account", lambda name: None)
    with EmbeddedPostgres(data_dir, pg_user="axisor-absent", options=FAST) as server:
        assert server.alive()
    assert (data_dir / "postgres").owner() == "nobody"
