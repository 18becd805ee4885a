"""What the pages show, as flat values the browser can take: no Decimal, no secret, no ORM object.

Times are milliseconds since 1970, fractions and prices floats that are only ever displayed, amounts
whole sats. An empty text means that there is none.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AccountRow:
    id: str = ""
    name: str = ""
    venue: str = ""
    balance: int = 0


@dataclass(frozen=True)
class PositionRow:
    """A running trade and its guard; `state` is empty when nothing guards it."""

    id: str = ""
    account_id: str = ""
    account: str = ""
    venue: str = ""
    side: str = "buy"
    label: str = ""
    quantity: int = 0
    entry: float = 0
    liquidation: float = 0
    margin: int = 0
    leverage: float = 1
    distance: float | None = None
    profit: int = 0
    automation_id: str = ""
    state: str = ""
    headline: str = ""
    reason: str = ""
    trigger: float | None = None
    target: float | None = None
    trigger_price: float | None = None
    target_price: float | None = None
    would_add: int | None = None
    budget_left: int | None = None


@dataclass(frozen=True)
class ReasonRow:
    verdict: str = ""
    text: str = ""


@dataclass(frozen=True)
class DecisionRow:
    """One conclusion of an automation, or an order, and everything it looked at."""

    id: str = ""
    at: int = 0
    outcome: str = ""
    headline: str = ""
    position: str = ""
    source: str = ""
    reasons: list[ReasonRow] = field(default_factory=list)
