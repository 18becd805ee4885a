"""The values that an automation run is made of: facts in, a decision out, intents written down.

They live in the domain because the engine makes them, the journal stores them and the pages show
them; none of the three may import another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID, uuid5

from services.domain.futures import Position
from services.domain.market import Funding
from services.domain.money import Sats
from services.domain.wakes import Wake

T = TypeVar("T")

_INTENTS = UUID("6f9d5a52-7c1e-5a0b-9a54-3f6f0e5d2c11")


class Verdict(StrEnum):
    """Three values: what is not known never passes."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a decision concluded."""

    WATCHING = "watching"
    ACTING = "acting"
    BLOCKED = "blocked"
    FINISHED = "finished"


class Agreement(StrEnum):
    """Whether a second price feed confirms the first."""

    SINGLE = "single"
    AGREE = "agree"
    DISAGREE = "disagree"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A fact with its age and source; `value` is None when it could not be read."""

    value: T | None
    at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Spent:
    """Sats that earlier intents took from the budgets, unresolved ones included."""

    position: Sats = Sats(0)
    day: Sats = Sats(0)
    lifetime: Sats = Sats(0)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision may look at. `unresolved` names the states of open intents here."""

    now: datetime
    price: Reading[Decimal]
    agreement: Agreement
    position: Reading[Position]
    balance: Reading[Sats]
    funding: Reading[Funding]
    unresolved: tuple[str, ...] = ()
    spent: Spent = Spent()


Inputs = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Reason:
    """One clause of a decision: its name, what it looked at, and its verdict."""

    clause: str
    verdict: Verdict
    inputs: Inputs = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddMargin:
    amount: Sats


@dataclass(frozen=True, slots=True)
class ClosePosition:
    pass


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell the user; `code` names the message in the catalogue."""

    code: str
    inputs: Inputs = field(default_factory=dict)


MoneyAction = AddMargin | ClosePosition
Action = MoneyAction | Alert


@dataclass(frozen=True, slots=True)
class Memory:
    """What an automation keeps per position between runs.

    `sequence` counts its intents and so names the next one; `acted_at` is when the last one was
    decided; `notes` belong to the kind.
    """

    sequence: int = 0
    acted_at: datetime | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, why, and when to look again."""

    outcome: Outcome
    actions: tuple[Action, ...]
    reasons: tuple[Reason, ...]
    memory: Memory
    wakes: tuple[Wake, ...]


class IntentState(StrEnum):
    """Life of a money action. Only `confirmed`, `rejected` and `dropped` are final."""

    PLANNED = "planned"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    DROPPED = "dropped"


BLOCKING = frozenset({IntentState.PLANNED, IntentState.SENT, IntentState.UNKNOWN, IntentState.AMBIGUOUS})
"""While one of these stands on a position, nothing else is decided on it."""

SPENDING = BLOCKING | {IntentState.CONFIRMED}
"""These count against the budgets."""

FINAL = frozenset({IntentState.CONFIRMED, IntentState.REJECTED, IntentState.DROPPED})
"""Nothing comes after these."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A money action, written down before it is sent.

    `automation_id` is None for what a person ordered. `margin_before` is the position's margin
    and `funding_before` what it had paid in funding when it was decided: the venue has no
    idempotency key for adding margin, so only the margin tells afterwards whether it was applied.
    """

    id: UUID
    account_id: UUID
    automation_id: UUID | None
    position_id: str
    sequence: int
    action: MoneyAction
    state: IntentState
    margin_before: Sats
    funding_before: Sats
    created_at: datetime
    sent_at: datetime | None = None
    resolved_at: datetime | None = None
    detail: str = ""

    @property
    def amount(self) -> Sats:
        return self.action.amount if isinstance(self.action, AddMargin) else Sats(0)


def intent_id(automation_id: UUID, position_id: str, sequence: int) -> UUID:
    """The same run always names the same intent, so that a second one cannot be written."""
    return uuid5(_INTENTS, f"{automation_id}/{position_id}/{sequence}")


@dataclass(frozen=True, slots=True)
class Run:
    """The trace of one run, complete enough to explain it without anything else."""

    id: UUID
    automation_id: UUID
    account_id: UUID
    position_id: str
    config_version: int
    cause: str
    facts: Facts
    decision: Decision
    intents: tuple[Intent, ...] = ()
