"""Fixed values for the gallery."""

from dataclasses import replace

from state.rows import DecisionRow, PositionRow, ReasonRow

LONG = {"side": "buy", "entry": 63000.0, "liquidation": 57272.5}
SHORT = {"side": "sell", "entry": 63000.0, "liquidation": 70000.0}
ARMED = {
    "state": "armed",
    "trigger": 0.05,
    "target": 0.12,
    "trigger_price": 60287.0,
    "would_add": 12400,
    "budget_left": 87600,
}

BARS = {
    "armed, safe": {**LONG, **ARMED, "distance": 0.113},
    "armed, watch": {**LONG, **ARMED, "distance": 0.066},
    "acting, danger": {**LONG, **ARMED, "state": "acting", "distance": 0.048},
    "short, armed": {**SHORT, **ARMED, "trigger_price": 66666.5, "distance": 0.084},
    "no guard": {**LONG, "distance": 0.091},
    "no guard, close": {**LONG, "distance": 0.021},
    "stale": {**LONG, **ARMED, "distance": 0.084, "live": False},
    "low leverage": {"side": "buy", "entry": 63000.0, "liquidation": 31500.0, **ARMED, "distance": 0.51},
    "high leverage": {
        "side": "buy",
        "entry": 63000.0,
        "liquidation": 62376.0,
        **ARMED,
        "trigger": 0.004,
        "target": 0.01,
        "distance": 0.0083,
    },
    "at the wall": {**LONG, **ARMED, "state": "paused", "distance": 0.0},
    "no price yet": {**LONG, **ARMED, "distance": None},
}

STATUSES = [
    "safe",
    "watch",
    "bare",
    "paused",
    "stale",
    "acting",
    "danger",
    "blocked",
    "offline",
    "none",
    "reading",
    "unread",
    "signed-out",
]

BASE = PositionRow(
    id="a",
    account_id="p",
    account="Paper",
    venue="paper",
    quantity=1000,
    entry=63000,
    liquidation=57272.5,
    margin=158730,
    leverage=10,
    distance=0.113,
    profit=12430,
    state="armed",
    headline="Watching: 11.3% from liquidation, acts at 5%.",
    trigger=0.05,
    target=0.12,
    trigger_price=60287,
    target_price=65082.4,
    would_add=12400,
    budget_left=87600,
)
BARE = replace(
    BASE,
    id="b",
    side="sell",
    quantity=25000,
    entry=63000,
    liquidation=70000,
    margin=4409171,
    leverage=9,
    distance=0.078,
    profit=-204310,
    state="",
    headline="",
    trigger=None,
    target=None,
    trigger_price=None,
    target_price=None,
    would_add=None,
    budget_left=None,
)
POSITIONS = [BASE, BARE]
CARDS = [
    BASE,
    BARE,
    replace(
        BASE,
        id="c",
        state="acting",
        distance=0.047,
        profit=-41200,
        headline="Adding 12 400 sats: sent, no answer yet.",
    ),
    replace(
        BASE,
        id="d",
        state="blocked",
        distance=0.062,
        profit=-30100,
        reason="x",
        headline="Blocked: the price 60,912 is 41 s old; nothing is decided on a price older than 30 s.",
    ),
    replace(
        BASE,
        id="e",
        state="paused",
        distance=0.1,
        headline="Paused by you. Nothing is added until you resume it.",
    ),
    replace(BASE, id="f", state="finished", distance=0.03, headline="Its budget of 500 000 sats is used up."),
]

_REASONS = [
    ReasonRow("passed", "No earlier action on this position is open."),
    ReasonRow("passed", "The price 60,281.5 is 0.2 s old."),
    ReasonRow("passed", "The price 60,281.5 is 4.99% from liquidation at 57,272.5: within 5%."),
    ReasonRow("failed", "Today's budget has 9 200 sats left; 12 400 are needed."),
    ReasonRow("unknown", "The second price feed cannot be read."),
]
DECISIONS = [
    DecisionRow(
        "1",
        1795241400000,
        "acting",
        "Added 12 400 sats at 60,281.5, 4.99% from liquidation.",
        "Long 1,000 USD",
        "LN Markets",
        _REASONS,
    ),
    DecisionRow(
        "2",
        1795241100000,
        "blocked",
        "Blocked: the price 60,912 is 41 s old; nothing is decided on a price older than 30 s.",
        "Long 1,000 USD",
        "LN Markets",
        _REASONS,
    ),
    DecisionRow(
        "3",
        1795240000000,
        "watching",
        "Watching: 8.4% from liquidation, acts at 5%.",
        "Short 25,000 USD",
        "LN Markets",
        _REASONS[:3],
    ),
    DecisionRow("4", 1795239000000, "order", "Added 20 000 sats by hand.", "Long 1,000 USD"),
    DecisionRow(
        "5", 1795239000000, "liquidated", "Liquidated at 57,272.5: 158 730 sats of margin are lost.", ""
    ),
]
