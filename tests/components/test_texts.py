"""The catalogue: every message has its translation, with the same parameters."""

import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from components.build import ROOT, extract
from services import catalogue
from services.catalogue import LANGUAGES, SOURCE_LANGUAGE, messages, normalise, translate

FOLDERS = ("components", "axisor_app", "state", "services")
USED = sorted({message for _, message in extract(FOLDERS)})
OTHERS = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]


def parameters(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def test_messages_are_found_in_python_and_in_scripts() -> None:
    assert "Protect" in USED
    assert "All safe" in USED
    assert "Blocked: {reason}" in USED


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    assert [message for message in USED if message not in messages(language)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_translated_that_nobody_says(language: str) -> None:
    assert sorted(set(messages(language)) - set(USED)) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_parameters_of_its_message(language: str) -> None:
    for message, translation in messages(language).items():
        assert parameters(message) == parameters(translation), message


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_doubtful(language: str) -> None:
    with (ROOT / "locales" / f"{language.replace('-', '_')}.po").open("rb") as file:
        assert [entry.id for entry in read_po(file) if entry.fuzzy] == []


def test_no_message_hides_in_a_template_string() -> None:
    """The extraction does not look into `${...}`."""
    for path in sorted((ROOT / "components").glob("*.js*")):
        assert re.findall(r"\$\{t\(", path.read_text()) == [], path.name


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("pt-BR", "pt-BR"),
        ("pt_PT", "pt-BR"),
        ("PT", "pt-BR"),
        ("en-GB", "en"),
        ("de", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_language_is_chosen(asked: str | None, given: str) -> None:
    assert normalise(asked) == given


def test_a_message_without_translation_stays_english() -> None:
    assert translate("pt-BR", "Never {said} before", said="heard") == "Never heard before"


def test_numbers_follow_the_language() -> None:
    from decimal import Decimal

    assert catalogue.usd("en", Decimal("64512.5")) == "64,512.5"
    assert catalogue.usd("pt-BR", Decimal("64512.5")) == "64.512,5"
    assert (
        catalogue.sats("pt-BR", -1234567)
        == "\N{MINUS SIGN}1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567"
    )
    assert catalogue.percent("pt-BR", Decimal("0.084")) == "8,4%"
    assert catalogue.number("pt-BR", Decimal("9.2500")) == "9,25"
