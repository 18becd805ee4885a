"""Serving: ready when it answers, stopped when asked, gone in any case."""

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.processes import PATIENCE_S, free_port, line_of, program_from


@contextmanager
def serving(kind: str, stop_timeout_s: int = 30) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = free_port()
    with program_from(["-m", "tests.support.serving"], str(port), str(stop_timeout_s), kind) as child:
        yield child, port


def outcome(child: subprocess.Popen[str]) -> tuple[int, str]:
    assert child.stdout is not None
    said = child.stdout.read()
    return child.wait(PATIENCE_S), said


def request(port: int, path: str) -> socket.socket:
    """Send a request and wait until the server has taken it, without reading an answer."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_ready_when_it_answers_and_stops_cleanly_when_asked(number: signal.Signals) -> None:
    with serving("answer") as (child, port):
        line_of(child, "ready")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        line_of(child, "asked for /healthz")
        child.send_signal(number)
        assert outcome(child) == (0, "lifespan over\nserved\n")


@pytest.mark.parametrize("path", ["/slow", "/stuck"])
def test_what_does_not_finish_is_cut_off_and_the_database_stopped(path: str) -> None:
    with serving("answer", stop_timeout_s=1) as (child, port):
        line_of(child, "ready")
        with request(port, path):
            line_of(child, f"asked for {path}")
            asked = time.monotonic()
            child.send_signal(signal.SIGTERM)
            code, said = outcome(child)
    assert time.monotonic() - asked < PATIENCE_S / 2
    assert code == 0
    assert "something did not finish within 1 s and was cut off" in said
    assert "database stopped" in said
    assert "served" not in said


def test_a_startup_that_is_rejected_is_one_sentence() -> None:
    with serving("refuse") as (child, _):
        assert outcome(child) == (1, "axisor: The engine cannot run like this.\n")


def test_a_startup_that_fails_otherwise_shows_its_defect() -> None:
    with serving("break") as (child, _):
        code, said = outcome(child)
    assert code == 1
    assert "ValueError: a defect" in said
