"""The scripts of the pages: they parse, they are short, and their plain modules do what they say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from axisor_app.frontend import node_path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "components").glob("*.js")) + sorted((ROOT / "components").glob("*.jsx"))
HERE = Path(__file__).parent / "scripts"


def node(
    *arguments: str | Path, source: str | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    program = node_path()
    assert program is not None
    return subprocess.run(
        [program, *map(str, arguments)],
        input=source,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


@pytest.mark.parametrize("path", [one for one in SCRIPTS if one.suffix == ".js"], ids=lambda path: path.name)
def test_a_plain_script_parses(path: Path) -> None:
    checked = node("--input-type=module", "--check", source=path.read_text())
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_evaluates_no_text(path: Path) -> None:
    text = path.read_text()
    assert "eval(" not in text
    assert "new Function" not in text
    assert "dangerouslySetInnerHTML" not in text


def test_the_plain_modules_do_what_they_say(tmp_path: Path) -> None:
    """Node's own test runner, on copies beside each other, with a stand-in for the browser's parts."""
    for path in [*SCRIPTS, *HERE.iterdir()]:
        if path.suffix in {".js", ".mjs"}:
            shutil.copy(path, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "messages.js").write_text(
        "export const loaders = {'pt-BR': () => import('./portuguese.mjs')};"
    )
    react = tmp_path / "node_modules" / "react"
    react.mkdir(parents=True)
    (react / "index.js").write_text("export const useSyncExternalStore = (_, read) => read();")
    (react / "package.json").write_text('{"name": "react", "type": "module", "main": "index.js"}')
    ran = node("--test", *sorted(one.name for one in tmp_path.glob("*.test.mjs")), cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
