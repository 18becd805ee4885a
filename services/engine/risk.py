"""The user's own limits, looked at before every order. Pure: limits, order and facts in, refusals out.

Limits are of two sorts. Entry limits hold for orders that open or enlarge a position: leverage,
size, number, loss of the day, orders per minute, hours. The reserve is a budget and holds for every
order that takes sats, also for those that only add safety: a guard may act at night and on a bad
day, but never with sats that were meant to stay. Orders that take no sats and add no risk
(closing, reducing, a stop loss) are never refused.

A limit whose fact is not known refuses: unknown never passes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from services import catalogue
from services.catalogue import N_, translate
from services.domain.automation import Reason, Verdict
from services.domain.errors import Defect, Rejected
from services.domain.money import Sats

MAX_SATS = 2_100_000_000_000_000
MAX_USD = 1_000_000_000

_Sats = Annotated[int, Field(ge=1, le=MAX_SATS)]
_Usd = Annotated[int, Field(ge=1, le=MAX_USD)]


class Hours(BaseModel):
    """From `start` until just before `end`, UTC, every day; over midnight when `end` is earlier."""

    model_config = {"frozen": True, "extra": "forbid"}

    start: time
    end: time

    @model_validator(mode="after")
    def _some_of_the_day(self) -> "Hours":
        for moment in (self.start, self.end):
            if moment.tzinfo is not None:
                raise ValueError("Allowed hours are UTC: write them without a time zone, as in 08:00.")
            if moment.second or moment.microsecond:
                raise ValueError("Allowed hours begin and end at a whole minute, as in 08:00.")
        if self.start == self.end:
            raise ValueError(
                f"Allowed hours from {self.start:%H:%M} to {self.end:%H:%M} are none; "
                "leave them out to allow every hour."
            )
        return self

    def __contains__(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


class RiskLimits(BaseModel):
    """What the user sets for one account; None does not bind."""

    model_config = {"frozen": True, "extra": "forbid"}

    max_leverage: Annotated[Decimal, Field(ge=1, le=125, max_digits=6, decimal_places=2)] | None = Field(
        None, title="maximum leverage", description="Highest leverage of a position."
    )
    max_position_usd: _Usd | None = Field(
        None, title="maximum per position", description="Most USD in one position."
    )
    max_total_usd: _Usd | None = Field(
        None, title="maximum in total", description="Most USD in all positions together."
    )
    max_open_positions: Annotated[int, Field(ge=1, le=1_000)] | None = Field(
        None, title="maximum of open positions", description="Most positions at one time."
    )
    max_daily_loss_sats: _Sats | None = Field(
        None, title="maximum daily loss", description="Realised loss of a UTC day that ends entries."
    )
    reserve_sats: Annotated[int, Field(ge=0, le=MAX_SATS)] = Field(
        0, title="reserve", description="Sats that always stay in the account."
    )
    max_orders_per_minute: Annotated[int, Field(ge=1, le=600)] | None = Field(
        None, title="maximum of orders per minute", description="Most entries in any 60 seconds."
    )
    allowed_hours: tuple[Hours, ...] | None = Field(
        None, title="allowed hours", description="UTC hours in which positions may be opened."
    )

    @model_validator(mode="after")
    def _limits_agree(self) -> "RiskLimits":
        one, total = self.max_position_usd, self.max_total_usd
        if one is not None and total is not None and one > total:
            raise ValueError(
                f"The maximum per position ({one:,} USD) must not be above the maximum in total "
                f"({total:,} USD)."
            )
        if self.allowed_hours is not None and not self.allowed_hours:
            raise ValueError("Name at least one range of allowed hours, or leave them out.")
        return self


def parse(values: Mapping[str, Any]) -> RiskLimits:
    """Limits from what a user typed.

    Raises:
        Rejected: one sentence about the first value that does not fit.
    """
    try:
        return RiskLimits.model_validate(dict(values))
    except ValidationError as error:
        raise Rejected(_sentence(error), code="config_invalid") from error


# -- what is checked ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """An order that opens or enlarges a position.

    Args:
        cost: sats that leave the balance: margin and what is set aside for fees.
        leverage: of the position afterwards.
        added_usd: value that the order adds.
        position_usd: value of the position afterwards.
        new_positions: 1 when it opens one, 0 when it enlarges one.
    """

    cost: Sats
    leverage: Decimal
    added_usd: Decimal
    position_usd: Decimal
    new_positions: int = 1

    def __post_init__(self) -> None:
        numbers = (self.leverage, self.added_usd, self.position_usd)
        if self.cost < 0 or not all(number.is_finite() and number >= 0 for number in numbers):
            raise Defect("An order's cost, leverage and size are finite and not negative.")


@dataclass(frozen=True, slots=True)
class AddsSafety:
    """An order that only makes a position safer; `cost` is 0 unless it adds margin."""

    cost: Sats = Sats(0)


Order = Entry | AddsSafety


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account as it stands; None is what could not be read.

    `balance` in sats, after all that unsettled actions may still take. `realised_today` in sats
    since midnight UTC, negative for a loss. `orders_last_minute` counts entries of the last 60
    seconds, unsettled ones included.
    """

    now: datetime
    balance: Sats | None
    open_positions: int | None
    open_usd: Decimal | None
    realised_today: Sats | None
    orders_last_minute: int | None


class Limit(StrEnum):
    LEVERAGE = "leverage"
    POSITION = "position_usd"
    TOTAL = "total_usd"
    POSITIONS = "open_positions"
    DAILY_LOSS = "daily_loss"
    RESERVE = "reserve"
    ORDERS = "orders_per_minute"
    HOURS = "hours"


Number = Decimal | int | str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which limit, what the order would make of it, and what is allowed; `value` None is unknown."""

    limit: Limit
    value: Number | None
    bound: Number

    @property
    def reason(self) -> Reason:
        """The refusal as a clause of a decision's trace."""
        verdict = Verdict.UNKNOWN if self.value is None else Verdict.FAILED
        known = {} if self.value is None else {"value": str(self.value)}
        return Reason(f"risk_{self.limit}", verdict, {**known, "bound": str(self.bound)})

    def sentence(self, language: str) -> str:
        """The refusal for a person."""
        message = _UNKNOWN[self.limit] if self.value is None else _EXCEEDED[self.limit]
        value = "" if self.value is None else _shown(language, self.limit, self.value)
        return translate(language, message, value=value, bound=_shown(language, self.limit, self.bound))


def check(limits: RiskLimits, order: Order, facts: AccountFacts) -> tuple[Refusal, ...]:
    """Every limit that stands against `order`, in a fixed order; empty when it may be sent."""
    reserve = _reserve(limits, order.cost, facts)
    if isinstance(order, AddsSafety):
        return reserve
    return (*_sizes(limits, order, facts), *_conduct(limits, facts), *reserve)


def _sizes(limits: RiskLimits, order: Entry, facts: AccountFacts) -> tuple[Refusal, ...]:
    """Leverage, value and number of positions."""
    open_usd = facts.open_usd
    total = None if open_usd is None or not open_usd.is_finite() else open_usd + order.added_usd
    number = None if facts.open_positions is None else facts.open_positions + order.new_positions
    return (
        *_above(Limit.LEVERAGE, order.leverage, limits.max_leverage),
        *_above(Limit.POSITION, order.position_usd, limits.max_position_usd),
        *_above(Limit.TOTAL, total, limits.max_total_usd),
        *(_above(Limit.POSITIONS, number, limits.max_open_positions) if order.new_positions else ()),
    )


def _conduct(limits: RiskLimits, facts: AccountFacts) -> tuple[Refusal, ...]:
    """Loss of the day, pace and hours."""
    count = None if facts.orders_last_minute is None else facts.orders_last_minute + 1
    return (
        *_daily_loss(limits, facts.realised_today),
        *_above(Limit.ORDERS, count, limits.max_orders_per_minute),
        *_hours(limits, facts.now),
    )


def _daily_loss(limits: RiskLimits, realised: Sats | None) -> tuple[Refusal, ...]:
    """A loss that has reached its limit ends the day's entries."""
    bound = limits.max_daily_loss_sats
    loss = None if realised is None else max(-realised, 0)
    if bound is None or (loss is not None and loss < bound):
        return ()
    return (Refusal(Limit.DAILY_LOSS, loss, bound),)


def _hours(limits: RiskLimits, now: datetime) -> tuple[Refusal, ...]:
    allowed, moment = limits.allowed_hours, now.astimezone(UTC).time()
    if allowed is None or any(moment in hours for hours in allowed):
        return ()
    return (Refusal(Limit.HOURS, f"{moment:%H:%M}", ", ".join(map(str, allowed))),)


def _reserve(limits: RiskLimits, cost: Sats, facts: AccountFacts) -> tuple[Refusal, ...]:
    if cost <= 0:
        return ()
    left = None if facts.balance is None else facts.balance - cost
    if left is not None and left >= limits.reserve_sats:
        return ()
    return (Refusal(Limit.RESERVE, left, limits.reserve_sats),)


def _above(limit: Limit, value: Decimal | int | None, bound: Decimal | int | None) -> tuple[Refusal, ...]:
    """A refusal when a bound is set and the value is above it or not known."""
    if bound is None or (value is not None and value <= bound):
        return ()
    return (Refusal(limit, value, bound),)


# -- in words -----------------------------------------------------------------------------------

_EXCEEDED = {
    Limit.LEVERAGE: N_("The leverage would be {value}; your limit is {bound}."),
    Limit.POSITION: N_("The position would be {value} USD; your limit is {bound} USD."),
    Limit.TOTAL: N_("All positions together would be {value} USD; your limit is {bound} USD."),
    Limit.POSITIONS: N_("There would be {value} open positions; your limit is {bound}."),
    Limit.DAILY_LOSS: N_("Today's loss of {value} sats has reached your limit of {bound} sats."),
    Limit.RESERVE: N_("{value} sats would stay in the account; your reserve is {bound} sats."),
    Limit.ORDERS: N_("This would be order {value} within a minute; your limit is {bound}."),
    Limit.HOURS: N_("It is {value} UTC; positions may be opened {bound} UTC."),
}

_UNKNOWN = {
    Limit.TOTAL: N_("Your limit of {bound} USD in total cannot be checked: the positions are not known."),
    Limit.POSITIONS: N_("Your limit of {bound} positions cannot be checked: the positions are not known."),
    Limit.DAILY_LOSS: N_("Your daily limit of {bound} sats cannot be checked: today's result is not known."),
    Limit.RESERVE: N_("Your reserve of {bound} sats cannot be checked: the balance is not known."),
    Limit.ORDERS: N_("Your limit of {bound} orders per minute cannot be checked: the last are not known."),
}

_IN_SATS = {Limit.DAILY_LOSS, Limit.RESERVE}
_IN_USD = {Limit.POSITION, Limit.TOTAL}


def _shown(language: str, limit: Limit, number: Number) -> str:
    if limit in _IN_SATS:
        return catalogue.sats(language, int(number))
    return catalogue.usd(language, Decimal(number)) if limit in _IN_USD else str(number)


def _sentence(error: ValidationError) -> str:
    """The first thing that is wrong, and what is allowed instead."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return str(first["ctx"]["error"])
    name = str(first["loc"][0]) if first["loc"] else ""
    field = RiskLimits.model_fields.get(name)
    if field is None:
        return f"There is no limit called {name[:40]}."
    return f"The {field.title} must be {_ALLOWED[name]}."


_SATS_WORDS = f"a whole number of sats from 1 to {MAX_SATS:,}"
_USD_WORDS = f"a whole number of USD from 1 to {MAX_USD:,}"

_ALLOWED = {
    "max_leverage": "a number from 1 to 125, with at most two decimals",
    "max_position_usd": _USD_WORDS,
    "max_total_usd": _USD_WORDS,
    "max_open_positions": "a whole number from 1 to 1,000",
    "max_daily_loss_sats": _SATS_WORDS,
    "reserve_sats": f"a whole number of sats from 0 to {MAX_SATS:,}",
    "max_orders_per_minute": "a whole number from 1 to 600",
    "allowed_hours": "ranges of UTC hours with a start and an end, as in 08:00 and 22:00",
}
