"""`axisor replay`: one leveraged position through real price history, alone and guarded."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services import simulations
from services.candles import load_candles
from services.domain.errors import Rejected
from services.simulations import Answer


@click.command("replay")
@click.argument("candles", type=click.Path(path_type=Path))
@click.option("--side", default="buy", show_default=True, help="buy (long) or sell (short).")
@click.option("--quantity", default="1000", show_default=True, help="USD, 1 to 500,000.")
@click.option("--leverage", default="10", show_default=True, help="1 to 100.")
@click.option("--from", "start", help="First candle, inclusive, UTC: 2020-03-12T08:00.")
@click.option("--to", "end", help="Where to stop, exclusive, UTC.")
@click.option("--trigger", default="5", show_default=True, help="Acts at this distance, in percent.")
@click.option("--target", default="12", show_default=True, help="Restores this distance, in percent.")
@click.option("--budget", default="1000000", show_default=True, help="Most sats that the guard may add.")
@click.option("--fees", is_flag=True, help="Charge trading fees (0.1 %).")
@click.option("--funding", metavar="RATE", help="Charge this funding rate every 8 hours, as in 0.0001.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Write an HTML plot.")
def command(candles: Path, as_json: bool, plot: Path | None, funding: str | None, **asked: Any) -> None:
    """Replay a position over CANDLES (CSV, gzipped or not), alone and guarded.

    Inside a candle the price runs from the open to the adverse extreme, to the other extreme, to the
    close; between candles it jumps. There is no order book, so no slippage.
    """
    if plot is not None and not plot.absolute().parent.is_dir():
        raise Rejected(f"The plot cannot be written: {plot.absolute().parent} is no directory.")
    wanted = simulations.question(funding_rate=funding, **asked)
    given = _replay(candles, wanted)
    if as_json:
        print(json.dumps(simulations.as_json(given), indent=2))
    else:
        show(given, Console())
    if plot is not None:
        _write_plot(given, plot)


def _replay(path: Path, wanted: simulations.Question) -> Answer:
    """Load and replay, with a progress bar on a terminal's error stream."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(file=sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        loading = bar.add_task(f"Reading {path.name}", total=None)
        history = load_candles(path)
        bar.update(loading, total=1, completed=1)
        total = len(history.between(wanted.start, wanted.end))
        tasks = {name: bar.add_task(f"Replaying {name}", total=total) for name in ("unguarded", "guarded")}

        def reached(name: str, index: int) -> None:
            bar.update(tasks[name], completed=index + 1)

        given = asyncio.run(simulations.answer(history, wanted, reached))
        for task in tasks.values():
            bar.update(task, completed=total)
    return given


def show(given: Answer, console: Console) -> None:
    """The answer for people."""
    facts = simulations.as_json(given)
    order = given.question.order
    side = "Long" if order.side.value == "buy" else "Short"
    console.print(
        f"{side} {order.quantity:,} USD at {order.leverage}x, opened at {facts['entry_price']:,.1f} with "
        f"{given.unguarded.cost.margin:,} sats of margin; {facts['candles']:,} candles, "
        f"{facts['from']} to {facts['to']}."
    )
    console.print(f"  Alone:   {_fate(facts['unguarded'])}")
    console.print(f"  Guarded: {_fate(facts['guarded'])}")
    if facts["guarded"]["actions"]:
        console.print(_actions(facts))
        console.print(f"  Added in all: {facts['guarded']['margin_added_sats']:,} sats.")
    console.print(
        f"  Replayed in {facts['elapsed_ms']:.1f} ms. Path inside a candle: open, adverse extreme, other "
        "extreme, close. No order book: slippage is not part of it."
    )


def _fate(life: dict[str, Any]) -> str:
    profit = f"{life['final_pl_sats']:+,} sats"
    if life["liquidated"]:
        return f"liquidated in the candle of {life['liquidated_at']}, {profit}"
    return f"alive at the end, {profit}"


def _actions(facts: dict[str, Any]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="bold")
    for name in ("When (UTC)", "Price", "Added (sats)", "Liquidation"):
        table.add_column(name, justify="left" if name.startswith("When") else "right")
    for action in facts["guarded"]["actions"]:
        after = action["liquidation_after"]
        moved = f"{action['liquidation_before']:,.1f} → " + ("?" if after is None else f"{after:,.1f}")
        table.add_row(action["at"], f"{action['price']:,.2f}", f"{action['amount_sats']:,}", moved)
    return table


def _write_plot(given: Answer, plot: Path) -> None:
    from axisor_app.replay_plot import figure

    try:
        figure(given).write_html(plot, include_plotlyjs=True)
    except OSError as error:
        raise Rejected(f"The plot cannot be written to {plot}: {error.strerror}.") from error
    print(f"Plot written to {plot}.", file=sys.stderr)
