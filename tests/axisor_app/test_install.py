"""The installer: complete, repaired, remade, and never twice at once."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from axisor_app import install
from axisor_app.install import Installer, InstallError
from tests.support.processes import program

MANY = ["requirements.txt", "requirements-dev.txt"]


class Recorder(Installer):
    """Performs the effects of each command that matter here, and keeps the commands."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.commands: list[str] = []
        self.fail_at = ""

    def _step(self, what: str, command: Sequence[str | Path]) -> None:
        words = " ".join(str(word) for word in command)
        self.commands.append(words)
        if self.fail_at and self.fail_at in words:
            raise InstallError("failed")
        if "-m venv" in words:
            bin_dir = self._venv / "bin"
            bin_dir.mkdir(parents=True)
            (bin_dir / "python").symlink_to(sys.executable)
            (self._venv / "pyvenv.cfg").write_text(f"command = python -m venv {self._venv}\n")
        if "requirements-uv.txt" in words:
            (self._venv / "bin/uv").touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in MANY:
        (tmp_path / name).write_text(f"{name}==1\n")
    return tmp_path


def installs(recorder: Recorder) -> list[str]:
    return [words for words in recorder.commands if "-r " in words and "requirements-uv" not in words]


def test_the_first_run_makes_the_environment_and_installs_with_hashes(root: Path) -> None:
    recorder = Recorder(root)
    recorder.run(["requirements.txt"])
    assert "-m venv" in recorder.commands[0]
    assert "requirements-uv.txt" in recorder.commands[1]
    assert recorder.commands[2].endswith(f"--require-hashes -r {root}/requirements.txt")
    assert (root / ".venv/.axisor/place").read_text().startswith(f"{root}\n")


def test_the_second_run_does_nothing(root: Path) -> None:
    Recorder(root).run(MANY)
    recorder = Recorder(root)
    recorder.run(MANY)
    assert recorder.commands == []


def test_changed_pins_are_installed_into_the_same_environment(root: Path) -> None:
    Recorder(root).run(["requirements.txt"])
    (root / "requirements.txt").write_text("other==2\n")
    recorder = Recorder(root)
    recorder.run(["requirements.txt"])
    assert len(recorder.commands) == 1
    assert "--reinstall" not in recorder.commands[0]


def test_an_interrupted_installation_is_repaired_by_installing_everything_anew(root: Path) -> None:
    broken = Recorder(root)
    broken.fail_at = "--require-hashes -r"
    with pytest.raises(InstallError):
        broken.run(["requirements.txt"])
    assert not (root / ".venv/.axisor/requirements.txt").exists()
    recorder = Recorder(root)
    recorder.run(["requirements.txt"])
    (command,) = installs(recorder)
    assert "--reinstall" in command
    assert not (root / ".venv/.axisor/unfinished").exists()


def test_an_environment_that_was_moved_here_is_remade(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Recorder(root).run(["requirements.txt"])
    elsewhere = tmp_path_factory.mktemp("moved") / "clone"
    root.rename(elsewhere)
    recorder = Recorder(elsewhere)
    recorder.run(["requirements.txt"])
    assert "-m venv" in recorder.commands[0]


def test_an_environment_of_another_kind_of_machine_is_remade(root: Path) -> None:
    Recorder(root).run(["requirements.txt"])
    (root / ".venv/.axisor/place").write_text(f"{root}\nPlan9 vax\n")
    recorder = Recorder(root)
    recorder.run(["requirements.txt"])
    assert "-m venv" in recorder.commands[0]


def test_without_uv_for_the_platform_pip_installs(root: Path) -> None:
    recorder = Recorder(root)
    recorder.fail_at = "requirements-uv.txt"
    recorder.run(["requirements.txt"])
    assert f"-m pip install --require-hashes -r {root}/requirements.txt" in recorder.commands[-1]


def test_a_failing_command_shows_its_last_lines(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [sys.executable, "-c", "print('first'); print('No matching distribution'); raise SystemExit(1)"]
    with pytest.raises(InstallError, match=r"No matching distribution\ninstalling failed; mend the cause"):
        Installer(root)._step("installing", words)


def test_a_second_installation_waits_for_the_first(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (
        "import sys, fcntl, os\n"
        "directory = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(directory, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with program(source, root) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline() == "locked\n"
        closing = first.stdin

        waiting = install._say

        def say(text: str, end: str = "\n") -> None:
            waiting(text, end)
            if "waiting" in text:
                closing.close()  # lets the first one end

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(install, "_say", say)
            Recorder(root).run(["requirements.txt"])
    assert "another process is installing; waiting for it" in capsys.readouterr().err
