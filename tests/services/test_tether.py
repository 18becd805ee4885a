"""Tethered children: they end with whoever started them, and leave nothing behind."""

import os
import signal
import subprocess
import sys

import pytest

from services.tether import tethered
from tests.support.processes import is_running, line_of, program, wait_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has the tether")

PARENT = """
import signal, subprocess, sys
from services.tether import tethered
child = subprocess.Popen(tethered(["/bin/sleep", "600"], signal.SIGINT), start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
"""

BUILDER = """
import os, signal, subprocess, sys, time
from axisor_app.frontend_export import _end_group
signal.signal(signal.SIGTERM, _end_group)
grandchild = subprocess.Popen(["/bin/sleep", "600"])
print(grandchild.pid, flush=True)
time.sleep(600)
"""

BUILDING = f"""
import os, sys
from pathlib import Path
from axisor_app import frontend
from services.tether import tethered
import signal
frontend._environment = lambda root: dict(os.environ)
with frontend._child(tethered([sys.executable, "-c", {BUILDER!r}], signal.SIGTERM), Path.cwd()) as child:
    print(child.stdout.readline().decode(), end="", flush=True)
    sys.stdin.readline()
print("over", flush=True)
sys.stdin.read()
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    with program(PARENT) as parent:
        child = int(line_of(parent))
        wait_until(lambda: is_running(child), "the child")
        parent.kill()
        wait_until(lambda: not is_running(child), "the end of the child")


def test_the_command_gets_its_arguments_and_gives_its_exit_code() -> None:
    words = tethered(["/bin/sh", "-c", 'echo "$1"; exit 7', "sh", "two words"], signal.SIGTERM)
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (7, "two words\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_becomes_the_user_and_leaves_its_groups_behind() -> None:
    done = subprocess.run(
        tethered(["/usr/bin/id"], signal.SIGTERM, uid=65_534, gid=65_534),
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("uid=65534")
    assert "root" not in done.stdout


def test_a_build_leaves_no_process_behind_when_it_is_broken_off() -> None:
    with program(BUILDING) as builder:
        grandchild = int(line_of(builder))
        assert builder.stdin is not None
        builder.stdin.write("\n")
        builder.stdin.flush()
        line_of(builder, "over")
        assert not is_running(grandchild)


def test_a_build_leaves_no_process_behind_when_its_parent_is_killed() -> None:
    with program(BUILDING) as builder:
        grandchild = int(line_of(builder))
        builder.kill()
        wait_until(lambda: not is_running(grandchild), "the end of the builder's children")
