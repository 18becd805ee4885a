"""Which Chromium the browser tests get, and how one is installed where there is none."""

import os
from pathlib import Path

import pytest

from axisor_app import chromium
from services.domain.errors import Unavailable


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any Chromium."""
    monkeypatch.delenv("AXISOR_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(chromium, "_playwrights_own", lambda: None)


def test_the_named_one_counts_before_the_one_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = program(tmp_path / "bin/chromium")
    assert chromium.find() == on_path
    named = program(tmp_path / "mine")
    monkeypatch.setenv("AXISOR_CHROMIUM", str(named))
    assert chromium.find() == named
    monkeypatch.setenv("AXISOR_CHROMIUM", "/nonexistent")
    assert chromium.find() is None


def test_root_tries_debians_package_before_playwrights_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin/apt-get")
    commands: list[list[str]] = []

    def run(command: list[str]) -> bool:
        commands.append(command)
        if "install" in command:
            program(tmp_path / "bin/chromium")
        return True

    monkeypatch.setattr(chromium, "_runs", run)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert chromium.ensure() == tmp_path / "bin/chromium"
    assert [words[1] for words in commands] == ["update", "install"]


def test_others_get_playwrights_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "bin/apt-get")
    commands: list[list[str]] = []

    def run(command: list[str]) -> bool:
        commands.append(command)
        monkeypatch.setattr(chromium, "_playwrights_own", lambda: tmp_path / "own")
        return True

    monkeypatch.setattr(chromium, "_runs", run)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert chromium.ensure() == tmp_path / "own"
    assert [words[1:] for words in commands] == [["-m", "playwright", "install", "chromium"]]


def test_where_nothing_helps_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium, "_runs", lambda command: False)
    with pytest.raises(Unavailable, match="name one with AXISOR_CHROMIUM"):
        chromium.ensure()
