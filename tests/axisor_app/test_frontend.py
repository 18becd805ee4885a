"""The built frontend: when it counts as current, and how it is made to fit every server."""

from pathlib import Path

import pytest

from axisor_app import frontend
from axisor_app.frontend_plugin import finish, portable
from services.domain.errors import Defect

CHUNK = (
    "var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`,"
    "UPLOAD:`http://localhost:8000/_upload`,AUTH_CODESPACE:`http://localhost:8000/auth-codespace`,"
    "HEALTH:`http://localhost:8000/_health`,ALL_ROUTES:`http://localhost:8000/_all_routes`,"
    "TRANSPORT:`websocket`,TEST_MODE:!1};export{e as t};"
)


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A build as Reflex leaves it."""
    files = {
        "assets/reflex-env-AbCd1234.js": CHUNK,
        "assets/root.js": 'fetch("/external/components/local/kept.js")',
        "index.html": "<script src=/assets/root.js></script>",
        "external/components/local/kept.js": "1",
        "external/components/local/chart.jsx": "export const source = 1",
        "external/other/only.jsx": "export const source = 2",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_the_bundle_asks_the_page_for_its_server(built: Path) -> None:
    finish(built)
    chunk = (built / "assets/reflex-env-AbCd1234.js").read_text()
    assert 'PING:location.origin+"/ping"' in chunk
    assert 'EVENT:location.origin.replace(/^http/,"ws")+"/_event"' in chunk
    assert "localhost" not in chunk


def test_sources_are_published_only_where_the_pages_load_them(built: Path) -> None:
    finish(built)
    published = sorted(path.relative_to(built).as_posix() for path in (built / "external").rglob("*.*"))
    assert published == ["external/components/local/kept.js"]
    assert not (built / "external/other").exists()


@pytest.mark.parametrize("chunk", [CHUNK.replace("`http://localhost:8000/ping`", "`/ping`"), "", CHUNK * 2])
def test_another_layout_of_the_addresses_fails_the_build(chunk: str) -> None:
    with pytest.raises(Defect, match="expected 6 addresses"):
        portable(chunk)


def test_an_address_outside_of_its_chunk_fails_the_build(built: Path) -> None:
    (built / "assets/root.js").write_text('connect("ws://localhost:8000/_event")')
    with pytest.raises(Defect, match=r"root\.js holds the address localhost:8000"):
        finish(built)


def test_a_missing_chunk_fails_the_build(built: Path) -> None:
    (built / "assets/reflex-env-AbCd1234.js").unlink()
    with pytest.raises(Defect, match="expected one reflex-env chunk, found 0"):
        finish(built)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose build only leaves the files that a build leaves."""
    for name in (
        "rxconfig.py",
        "components/card.jsx",
        "services/domain/money.py",
        "services/adapters/mail.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")

    def build(root: Path) -> None:
        (root / ".web/build/client").mkdir(parents=True, exist_ok=True)
        (root / "assets/external").mkdir(parents=True, exist_ok=True)
        (root / "assets/external/made.css").write_text("2")
        (root / "reflex.lock").mkdir(exist_ok=True)
        (root / "reflex.lock/package.json").write_text("{}")

    monkeypatch.setattr(frontend, "_build", build)
    monkeypatch.setattr(frontend, "_PRIVATE", tmp_path / ".private")
    return tmp_path


def test_the_frontend_is_built_once(project: Path) -> None:
    assert not frontend.is_current(project)
    assert frontend.ensure_built(project)
    assert frontend.is_current(project)
    assert not frontend.ensure_built(project)


@pytest.mark.parametrize(
    "name", ["rxconfig.py", "components/card.jsx", "services/domain/money.py", "state/new.py"]
)
def test_a_change_of_a_source_makes_a_new_build(project: Path, name: str) -> None:
    frontend.ensure_built(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("changed")
    assert frontend.ensure_built(project)


@pytest.mark.parametrize(
    "name", ["services/adapters/mail.py", "components/__pycache__/x.pyc", "assets/external/y"]
)
def test_what_no_page_shows_makes_no_new_build(project: Path, name: str) -> None:
    frontend.ensure_built(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("changed")
    assert frontend.is_current(project)


def test_a_build_that_failed_leaves_nothing_current(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(frontend, "_build", fail)
    with pytest.raises(KeyboardInterrupt):
        frontend.ensure_built(project)
    assert not frontend.is_current(project)
