"""`axisor bench`: measures what has a target, as JSON; ratios against a baseline of the same run."""

import json
import platform
from dataclasses import asdict
from typing import Any

import click

from services.domain.errors import Rejected

MEASURES = ("ticks", "replay", "startup")


@click.command("bench")
@click.argument("which", nargs=-1, metavar="[ticks|replay|startup]...")
def command(which: tuple[str, ...]) -> None:
    """Measure all, or the named ones. Exit code 1 when a target is missed."""
    unknown = sorted(set(which) - set(MEASURES))
    if unknown:
        raise Rejected(f"There is no measure called {unknown[0]!r}; choose from {', '.join(MEASURES)}.")
    results = {name: _MEASURE[name]() for name in which or MEASURES}
    targets = {name: reached for result in results.values() for name, reached in result["targets"].items()}
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    print(
        json.dumps({"machine": machine, "results": results, "all_reached": all(targets.values())}, indent=2)
    )
    if not all(targets.values()):
        raise click.exceptions.Exit(1)


def _ticks() -> dict[str, Any]:
    from tests.benchmarks import ticks

    few, many = ticks.measure(1_000), ticks.measure(100_000)
    ratio = many.us_per_tick / few.us_per_tick
    return {
        "baseline": asdict(few),
        "measured": asdict(many),
        "ratio": ratio,
        "targets": {"tick cost at 100,000 guards is at most 1.5 times that at 1,000": ratio <= 1.5},
    }


def _replay() -> dict[str, Any]:
    from tests.benchmarks import replays

    cost = replays.measure()
    return {
        "measured": asdict(cost),
        "ratio_to_naive_loop": cost.replay_ms / cost.naive_loop_ms,
        "targets": {
            "two years of minutes replay in under 50 ms": cost.replay_ms < 50,
            "jumping gives the trace of stepping": cost.same_as_stepping,
        },
    }


def _startup() -> dict[str, Any]:
    from tests.benchmarks import startup

    cost = startup.measure()
    return {
        "measured": asdict(cost),
        "ratio_to_bare_reflex": cost.warm_s / cost.import_baseline_s,
        "targets": {
            "a warm start answers within 6 s": cost.warm_s < 6,
            "idle memory of everything is under 400 MB": cost.pss_mb < 400,
        },
    }


_MEASURE = {"ticks": _ticks, "replay": _replay, "startup": _startup}
