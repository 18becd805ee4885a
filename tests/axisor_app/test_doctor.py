"""`axisor doctor`: every look has a finding, what is missing has a remedy, and nothing is changed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from axisor_app import instance
from services.adapters.database.embedded import EmbeddedPostgres
from services.settings import load_settings
from tests.support.databases import FAST
from tests.support.processes import axisor, free_port


def examined(
    data_dir: Path, **variables: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, list[dict[str, Any]]]]:
    """What the doctor says, by subject; LN Markets is an address where nobody listens."""
    nobody = f"http://127.0.0.1:{free_port()}/v3"
    ours = {"AXISOR_LNMARKETS_URL": nobody, "AXISOR_PORT": str(free_port()), **variables}
    done = axisor("doctor", "--json", "--data-dir", data_dir, **ours)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        found.setdefault(finding["subject"], []).append(finding)
    return done, found


def test_a_healthy_installation_lacks_nothing_and_is_left_as_it_was(tmp_path: Path) -> None:
    done, found = examined(tmp_path / "data")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["healthy"] is True
    assert [found[subject][0]["state"] for subject in ("Python", "node", "data directory", "port")] == [
        "ok"
    ] * 4
    assert found["data directory"][0]["detail"] == f"{tmp_path}/data, made by the first start"
    assert not (tmp_path / "data").exists()


def test_what_does_not_answer_but_is_not_essential_is_a_note_with_a_remedy(tmp_path: Path) -> None:
    done, found = examined(tmp_path)
    assert done.returncode == 0
    (finding,) = found["LN Markets"]
    assert finding["state"] == "note"
    assert "Connection refused" in finding["detail"]
    assert "simulates the market" in finding["remedy"]


def test_an_unreachable_database_is_missing_and_its_password_not_shown(tmp_path: Path) -> None:
    url = f"postgresql://someone:s3cret@127.0.0.1:{free_port()}/axisor"
    done, found = examined(tmp_path, DATABASE_URL=url)
    assert done.returncode == 1
    assert found["database"][0]["state"] == "missing"
    assert "s3cret" not in done.stdout


def test_a_running_axisor_is_named_instead_of_its_port(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, port=free_port())
    with instance.claimed(settings):
        _, found = examined(tmp_path)
    assert found["Axisor"][0]["detail"] == f"runs as process {os.getpid()} at {settings.url}"
    assert "port" not in found


def test_the_place_of_the_database_files_and_its_port_are_told(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, options=FAST) as server:
        _, running = examined(data_dir)
        port = server.url.rpartition(":")[2].split("/")[0]
    _, stopped = examined(data_dir)
    assert running["database"][1]["detail"] == f"running on port {port}, files in {data_dir}/postgres"
    assert stopped["database"][1]["detail"] == f"not running, files in {data_dir}/postgres"


def test_an_unknown_variable_is_reported(tmp_path: Path) -> None:
    _, found = examined(tmp_path, AXISOR_PROT="80")
    assert "did you mean AXISOR_PORT?" in found["setting"][0]["detail"]


def test_the_lines_for_people_say_the_same(tmp_path: Path) -> None:
    done = axisor("doctor", "--data-dir", tmp_path, AXISOR_LNMARKETS_URL=f"http://127.0.0.1:{free_port()}")
    assert "ok      Python" in done.stdout
    assert "note    LN Markets" in done.stdout
    assert "-> check the network" in done.stdout
