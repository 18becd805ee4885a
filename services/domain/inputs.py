"""Numbers as people type them. What does not fit is refused with what is allowed."""

from decimal import Decimal, InvalidOperation

from services.domain.errors import Rejected

_LONGEST = 40


def whole(label: str, value: object, low: int, high: int) -> int:
    """A whole number in [`low`, `high`] from an int or text; group separators are not guessed."""
    refusal = Rejected(f"The {label} must be a whole number from {low:,} to {high:,}.", code="out_of_range")
    number = _decimal(value)
    if number is None or number != number.to_integral_value() or not low <= number <= high:
        raise refusal
    return int(number)


def decimal(label: str, value: object, low: Decimal, high: Decimal, *, above: bool = False) -> Decimal:
    """A number from `low` (or strictly above it) to `high`."""
    number = _decimal(value)
    if number is None or number > high or number < low or (above and number == low):
        start = f"above {low}" if above else f"from {low}"
        until = f"and at most {high:,}" if above else f"to {high:,}"
        raise Rejected(f"The {label} must be a number {start} {until}.", code="out_of_range")
    return number


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    text = str(value).strip()
    if not text or len(text) > _LONGEST or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _LONGEST else None
