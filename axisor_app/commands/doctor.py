"""`axisor doctor`: what is there, what answers, what is missing, and what to do about it.

It looks and changes nothing, not even a directory is made.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click

from axisor_app.health import Finding, examine
from services.settings import load_settings, unknown_variables

_MARKS = {"ok": "ok     ", "note": "note   ", "missing": "MISSING"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.option(
    "--data-dir", type=click.Path(), help="Examine this data directory instead of the configured one."
)
def command(as_json: bool, data_dir: str | None) -> int:
    """Examine this installation; the exit code is 1 if something essential is missing."""
    findings = examine(load_settings(data_dir=data_dir))
    findings += [Finding("setting", "note", sentence) for sentence in unknown_variables(os.environ)]
    healthy = all(finding.state != "missing" for finding in findings)
    if as_json:
        click.echo(
            json.dumps({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}, indent=2)
        )
    else:
        _print(findings)
        click.echo(
            "Nothing essential is missing." if healthy else "Something essential is missing.", file=sys.stdout
        )
    return 0 if healthy else 1


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        click.echo(f"{_MARKS[finding.state]} {finding.subject:<{width}}  {finding.detail}")
        if finding.remedy:
            click.echo(f"{'':<{width + 9}} -> {finding.remedy}")
