"""The launcher: what it starts, which Python it trusts, and when it installs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import ROOT

MACHINE = f"{os.uname().sysname} {os.uname().machine}"


def script(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with an environment whose Python only tells how it was called."""
    root = tmp_path / "clone"
    root.mkdir()
    shutil.copy(ROOT / "axisor", root)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (root / name).write_text(f"{name}==1\n")
    script(root / ".venv/bin/python", 'echo "started PYTHONPATH=$PYTHONPATH $*"')
    (root / ".venv/.axisor").mkdir()
    (root / ".venv/.axisor/place").write_text(f"{root}\n{MACHINE}\n")
    shutil.copy(root / "requirements.txt", root / ".venv/.axisor")
    script(tmp_path / "bin/python3.14", "echo 'pyenv: python3.14: command not found' >&2; exit 127")
    script(tmp_path / "bin/python3.13", 'case "$*" in *ensurepip*) exit 0;; esac; echo "installing $*"')
    return root


def launch(command: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", command, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": str(command.resolve().parent.parent / "bin")},
    )
    assert done.stderr == ""
    return done.stdout.replace(str(command.resolve().parent), "ROOT")


def test_an_installed_environment_is_used_at_once(project: Path) -> None:
    started = launch(project / "axisor", "up", "--port", "1 2", cwd=project)
    assert started == "started PYTHONPATH=ROOT -P -m axisor_app.cli up --port 1 2\n"


def test_it_finds_its_directory_through_links_and_from_anywhere(project: Path, tmp_path: Path) -> None:
    links = tmp_path / "links"
    links.mkdir()
    (links / "second").symlink_to("../clone/axisor")
    (links / "first").symlink_to(links / "second")
    assert launch(links / "first", "up", cwd=Path("/")) == "started PYTHONPATH=ROOT -P -m axisor_app.cli up\n"


@pytest.mark.parametrize("verb", ["test", "check", "bench"])
def test_the_tools_of_tests_are_installed_only_for_them(project: Path, verb: str) -> None:
    first, second = launch(project / "axisor", verb, cwd=project).splitlines()
    assert first == "installing -I ROOT/axisor_app/install.py requirements.txt requirements-dev.txt"
    assert second.endswith(f"axisor_app.cli {verb}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("requirements.txt", "changed==2\n"),
        (".venv/.axisor/place", "/elsewhere\nLinux x86_64\n"),
        (".venv/.axisor/place", ""),
    ],
)
def test_another_pin_place_or_an_interrupted_installation_installs_again(
    project: Path, name: str, content: str
) -> None:
    (project / name).write_text(content)
    assert launch(project / "axisor", "up", cwd=project).startswith(
        "installing -I ROOT/axisor_app/install.py"
    )


def test_an_environment_whose_python_is_gone_is_installed_again(project: Path) -> None:
    (project / ".venv/bin/python").unlink()
    (project / ".venv/bin/python").symlink_to("/nonexistent/python3.11")
    done = subprocess.run(
        ["/bin/sh", project / "axisor"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(project.parent / "bin")},
    )
    assert done.stdout.startswith("installing")


def test_a_python_that_only_prints_an_error_is_passed_over(project: Path) -> None:
    (project / "requirements.txt").write_text("changed==2\n")
    assert "command not found" not in launch(project / "axisor", "up", cwd=project)
