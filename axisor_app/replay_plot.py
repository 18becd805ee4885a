"""A replay as a picture: the price, where the position would have died, and what the guard did.

Separate because plotly is heavy and only this needs it.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from services import simulations
from services.domain.series import CandleSeries
from services.simulations import Answer

_MOST_POINTS = 4_000

_INK = {"price": "#8b95a7", "alone": "#e5484d", "guarded": "#f5a524", "action": "#30a46c"}


def figure(given: Answer) -> Any:
    """A plotly figure of the replay, on its own in a page."""
    facts = simulations.as_json(given)
    times, lows, highs = _thinned(given.candles)
    plot = go.Figure()
    plot.add_trace(
        go.Scatter(x=times, y=highs, mode="lines", line_width=0, showlegend=False, hoverinfo="skip")
    )
    plot.add_trace(
        go.Scatter(x=times, y=lows, mode="lines", fill="tonexty", name="Price", line_color=_INK["price"])
    )
    first = facts["guarded"]["actions"][0]["liquidation_before"] if facts["guarded"]["actions"] else None
    alone = float(given.unguarded.cost.liquidation)
    plot.add_hline(y=alone, line_color=_INK["alone"], line_dash="dot", annotation_text="Liquidation, alone")
    plot.add_hline(
        y=facts["entry_price"], line_color=_INK["price"], line_dash="dash", annotation_text="Entry"
    )
    if first is not None:
        _add_guard(plot, facts, str(times[-1]))
    fate = "liquidated" if facts["unguarded"]["liquidated"] else "alive"
    kept = "liquidated" if facts["guarded"]["liquidated"] else "alive"
    plot.update_layout(
        title=f"Alone: {fate}. Guarded: {kept}, {facts['guarded']['margin_added_sats']:,} sats added.",
        template="plotly_dark",
        yaxis_title="USD per BTC",
        hovermode="x unified",
    )
    return plot


def _add_line(plot: Any, level: float, text: str, colour: str) -> None:
    plot.add_hline(y=level, line_color=colour, line_dash="dot", annotation_text=text)


def _add_guard(plot: Any, facts: dict[str, Any], end: str) -> None:
    """The guarded liquidation as a falling (or rising) staircase, and a mark for each action."""
    actions = facts["guarded"]["actions"]
    steps_at = [facts["from"], *(a["at"] for a in actions), end]
    levels = [actions[0]["liquidation_before"], *(a["liquidation_after"] for a in actions)]
    plot.add_trace(
        go.Scatter(
            x=steps_at,
            y=[*levels, levels[-1]],
            mode="lines",
            line_shape="hv",
            line_color=_INK["guarded"],
            name="Liquidation, guarded",
        )
    )
    plot.add_trace(
        go.Scatter(
            x=[a["at"] for a in actions],
            y=[a["price"] for a in actions],
            mode="markers",
            marker={"color": _INK["action"], "size": 10, "symbol": "triangle-up"},
            text=[f"+{a['amount_sats']:,} sats. {a['reason']}" for a in actions],
            name="Margin added",
        )
    )


def _thinned(candles: CandleSeries) -> tuple[Any, Any, Any]:
    """Times, lows and highs, grouped so that a browser can draw them and no extreme is lost."""
    group = max(1, -(-len(candles) // _MOST_POINTS))
    starts = np.arange(0, len(candles), group)
    times = candles.times[starts].astype("datetime64[ms]")
    return times, np.minimum.reduceat(candles.lows, starts), np.maximum.reduceat(candles.highs, starts)
