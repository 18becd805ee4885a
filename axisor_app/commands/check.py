"""`axisor check`: what can be said about the code without running the product."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click

from axisor_app.frontend import ROOT

_BIN = Path(sys.executable).parent

CHECKS: dict[str, Sequence[str | Path]] = {
    "types": [_BIN / "mypy"],  # the slowest first, so that the others run beside it
    "format": [_BIN / "ruff", "format", "--check", "--quiet", "."],
    "lint": [_BIN / "ruff", "check", "--quiet", "."],
    "imports": [_BIN / "lint-imports"],
    "architecture": [sys.executable, "-m", "pytest", "tests/architecture"],
}

FIXES: Sequence[Sequence[str | Path]] = (
    [_BIN / "ruff", "check", "--fix", "--quiet", "."],
    [_BIN / "ruff", "format", "--quiet", "."],
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one check ended, with all that it said."""

    name: str
    passed: bool
    elapsed_s: float
    output: str


@click.command("check")
@click.option("--fix", is_flag=True, help="First repair what can be repaired automatically.")
def command(fix: bool) -> int:
    """Check format, style, types, import rules and architecture."""
    os.chdir(ROOT)
    if fix:
        for words in FIXES:
            subprocess.run(words, check=False)
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        running = [pool.submit(_verdict, name, words) for name, words in CHECKS.items()]
        verdicts = [_shown(done.result()) for done in as_completed(running)]
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        click.echo(f"\n{verdict.name}:\n{verdict.output.rstrip()}")
    return 1 if failed else 0


def _verdict(name: str, words: Sequence[str | Path]) -> Verdict:
    started = time.monotonic()
    done = subprocess.run(words, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return Verdict(name, done.returncode == 0, time.monotonic() - started, done.stdout)


def _shown(verdict: Verdict) -> Verdict:
    mark = "ok    " if verdict.passed else "FAILED"
    click.echo(f"{mark} {verdict.name:<13} {verdict.elapsed_s:5.1f} s")
    return verdict
