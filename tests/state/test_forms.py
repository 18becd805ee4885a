"""Forms: whatever a browser sends, it is text of the expected kind or nothing."""

import pytest

from state.forms import number_of, shown, text_of


@pytest.mark.parametrize(
    "form", [None, [], "quantity", 7, {}, {"quantity": 5}, {"quantity": None}, {"quantity": {}}]
)
def test_what_is_no_text_is_empty(form: object) -> None:
    assert text_of(form, "quantity") == ""


@pytest.mark.parametrize(
    "text", ["12 400", "12\N{NARROW NO-BREAK SPACE}400", " 12400 ", "12\N{THIN SPACE}400"]
)
def test_spaces_in_numbers_are_ignored(text: str) -> None:
    assert number_of({"amount": text}, "amount", "en") == "12400"


def test_a_comma_is_a_decimal_comma_where_the_language_writes_one() -> None:
    assert number_of({"leverage": "9,5"}, "leverage", "pt-BR") == "9.5"


def test_a_point_that_could_mean_thousands_is_not_taken_for_a_decimal_point() -> None:
    assert number_of({"quantity": "1.000"}, "quantity", "pt-BR") == "1 000"


def test_a_group_comma_is_not_removed_in_english() -> None:
    assert number_of({"quantity": "1,000"}, "quantity", "en") == "1,000"


def test_fields_show_what_the_language_reads_back() -> None:
    assert number_of({"trigger": shown("2.5", "pt-BR")}, "trigger", "pt-BR") == "2.5"
