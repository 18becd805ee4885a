"""What is in the way of a start is said in one sentence, with exit code 1 and no traceback."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from axisor_app import instance
from axisor_app.cli import VERBS
from services.settings import load_settings
from tests.support.databases import libpq_url
from tests.support.processes import axisor, free_port


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refused start."""
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("axisor: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("axisor: ").rstrip("\n")


def test_a_port_in_use(data_dir: Path, taken_port: int) -> None:
    sentence = refusal(axisor("up", "--data-dir", data_dir, "--port", str(taken_port)))
    assert sentence == (
        f"Port {taken_port} on 127.0.0.1 is in use by another program;"
        " choose another with --port or AXISOR_PORT."
    )


def test_a_host_that_is_not_this_machine(data_dir: Path) -> None:
    sentence = refusal(
        axisor("up", "--data-dir", data_dir, "--host", "192.0.2.1", "--port", str(free_port()))
    )
    assert sentence.startswith("192.0.2.1 is not an address of this machine")


def test_an_unwritable_data_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sentence = refusal(axisor("up", "--data-dir", tmp_path / "file" / "data"))
    assert sentence == (
        f"The data directory {tmp_path}/file/data cannot be written: Not a directory;"
        " choose another with --data-dir or AXISOR_DATA_DIR."
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written: Permission denied" in refusal(axisor("up", "--data-dir", tmp_path / "data"))


def test_a_second_axisor_on_the_same_data_directory(data_dir: Path) -> None:
    settings = load_settings(data_dir=data_dir, port=free_port())
    with instance.claimed(settings):
        sentence = refusal(axisor("up", "--data-dir", data_dir, "--port", str(free_port())))
    assert sentence == (
        f"Axisor already runs on {data_dir} (process {os.getpid()}, {settings.url});"
        " stop it first, or choose another directory with --data-dir."
    )


def test_a_data_directory_is_free_again_after_its_axisor(data_dir: Path) -> None:
    settings = load_settings(data_dir=data_dir, port=free_port())
    for _ in range(2):
        with instance.claimed(settings):
            assert instance.holder(data_dir) == {"pid": os.getpid(), "url": settings.url}
    assert instance.holder(data_dir) is None


def test_an_unreachable_database(data_dir: Path) -> None:
    url = f"postgresql://someone:s3cret@127.0.0.1:{free_port()}/axisor"
    sentence = refusal(axisor("up", "--data-dir", data_dir, "--port", str(free_port()), DATABASE_URL=url))
    assert sentence.startswith("The database of DATABASE_URL does not let Axisor in: ")
    assert "Connection refused" in sentence
    assert "s3cret" not in sentence


def test_a_database_from_a_newer_version(data_dir: Path, database_url: str) -> None:
    with psycopg.connect(libpq_url(database_url)) as session:
        session.execute("UPDATE alembic_version SET version_num = 'from_the_future'")
    sentence = refusal(
        axisor("up", "--data-dir", data_dir, "--port", str(free_port()), DATABASE_URL=database_url)
    )
    assert "newer" in sentence


@pytest.mark.parametrize(
    ("variable", "value"),
    [("AXISOR_PORT", "eighty"), ("AXISOR_FEED", "guessed"), ("DATABASE_URL", "sqlite://x")],
)
def test_a_setting_that_cannot_be_used(variable: str, value: str) -> None:
    assert refusal(axisor("up", **{variable: value})).startswith(variable)


def test_an_unknown_verb_and_an_unknown_option_are_not_understood() -> None:
    for words in (["upp"], ["up", "--prot", "1"], ["up", "--port", "99999"]):
        done = axisor(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_without_a_verb_there_is_help() -> None:
    done = axisor()
    assert done.returncode == 0
    assert "./axisor up --help" in done.stdout


def test_every_verb_explains_itself() -> None:
    for verb in VERBS:
        done = axisor(verb, "--help")
        assert done.returncode == 0, done.stderr
        assert "Usage: ./axisor" in done.stdout
