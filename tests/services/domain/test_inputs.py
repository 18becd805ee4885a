"""What people type: read exactly, or refused with what is allowed."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import Rejected
from services.domain.inputs import decimal, whole

ONE, HUNDRED = Decimal(1), Decimal(100)

NONSENSE = [
    "",
    " ",
    "abc",
    "12a",
    "0x10",
    "1,000",
    "1 000",
    "1_000",
    "1.000,5",
    "--1",
    "NaN",
    "sNaN",
    "Infinity",
    "-inf",
    "1e999999999",
    "1e-999999999",
    "0e100",
    "9" * 41,
    "\N{FULLWIDTH DIGIT ONE}",
    "\N{ARABIC-INDIC DIGIT FIVE}",
    "5\x00",
    None,
    True,
    [5],
    {"value": 5},
    b"5",
    float("nan"),
    float("inf"),
]


@pytest.mark.parametrize(
    ("typed", "read"),
    [("5", 5), (" 5 ", 5), ("5.0", 5), ("+5", 5), ("1e1", 10), (5, 5), (5.0, 5), (Decimal(5), 5)],
)
def test_whole_numbers_are_read_however_they_are_written(typed: object, read: int) -> None:
    assert whole("quantity", typed, 1, 500_000) == read


@pytest.mark.parametrize("typed", [*NONSENSE, "0", "-1", "500001", "1.5", "1e6", "0.9999999999"])
def test_what_is_no_whole_number_in_range_is_refused_with_the_range(typed: object) -> None:
    with pytest.raises(Rejected) as refusal:
        whole("quantity", typed, 1, 500_000)
    assert refusal.value.message == "The quantity must be a whole number from 1 to 500,000."
    assert refusal.value.code == "out_of_range"


@pytest.mark.parametrize("typed", [*NONSENSE, "0.999999", "100.0000001", "-5"])
def test_what_is_no_number_in_range_is_refused_with_the_range(typed: object) -> None:
    with pytest.raises(Rejected, match=r"^The leverage must be a number from 1 to 100\.$"):
        decimal("leverage", typed, ONE, HUNDRED)


def test_a_lower_limit_may_be_left_out() -> None:
    assert decimal("speed", "0.01", Decimal(0), HUNDRED, above=True) == Decimal("0.01")
    with pytest.raises(Rejected, match=r"^The speed must be a number above 0 and at most 100\.$"):
        decimal("speed", "0", Decimal(0), HUNDRED, above=True)


@given(st.integers(min_value=1, max_value=500_000))
def test_both_ends_of_a_range_and_all_between_are_accepted(number: int) -> None:
    assert whole("quantity", str(number), 1, 500_000) == number
    assert whole("quantity", str(number), number, number) == number


@given(st.decimals(min_value=ONE, max_value=HUNDRED, places=6))
def test_fractions_are_read_exactly(number: Decimal) -> None:
    assert decimal("leverage", str(number), ONE, HUNDRED) == number


@given(st.text(max_size=60) | st.integers() | st.floats() | st.none() | st.decimals())
def test_anything_is_either_a_number_in_range_or_refused(typed: object) -> None:
    with suppress(Rejected):
        found = whole("amount", typed, 1, 1000)
        assert type(found) is int
        assert 1 <= found <= 1000
