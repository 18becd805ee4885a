"""The one catalogue of messages: English is the source, `locales/<language>.po` the translations.

Separate because the server (sentences of decisions, errors, alerts) and the browser (everything on
a page) say the same things in the same words. Messages are gettext msgids: plain English sentences
with named parameters, as in `translate(language, "Add {amount} sats", amount="12 400")`.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

SOURCE_LANGUAGE = "en"
LANGUAGES: Mapping[str, str] = {"en": "English", "pt-BR": "Português (Brasil)"}
"""BCP 47 tag to the language's own name. A tag is what the cookie and `<html lang>` hold."""

LANGUAGE_COOKIE = "axisor_language"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"

_LOCALES = Path(__file__).resolve().parent.parent / "locales"


def normalise(tag: str | None) -> str:
    """The supported language nearest to `tag`: `pt_PT` and `pt` give `pt-BR`, the unknown English."""
    wanted = (tag or "").replace("_", "-").lower()
    for supported in LANGUAGES:
        if supported.lower() == wanted:
            return supported
    stem = wanted.split("-")[0]
    return next((one for one in LANGUAGES if stem and one.split("-")[0] == stem), SOURCE_LANGUAGE)


@cache
def messages(language: str) -> Mapping[str, str]:
    """English message to its translation; fuzzy and empty ones are left out."""
    path = _LOCALES / f"{language.replace('-', '_')}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalog = read_po(file)
    return {
        str(one.id): str(one.string)
        for one in catalog
        if one.id and isinstance(one.id, str) and one.string and not one.fuzzy
    }


def N_(message: str) -> str:
    """Mark a message for extraction that is translated later, where the language is known."""
    return message


def translate(language: str, message: str, **params: object) -> str:
    """`message` in `language` with its named parameters filled in; English where none exists."""
    text = messages(normalise(language)).get(message, message)
    return text.format(**params) if params else text


def sats(language: str, amount: int) -> str:
    """`1234567` as `1 234 567`, with thin spaces, in every language; a real minus sign."""
    del language
    return f"{amount:,}".replace(",", THIN_SPACE).replace("-", "\N{MINUS SIGN}")


def usd(language: str, price: Decimal | int) -> str:
    """USD with the language's separators; a half dollar shows as one decimal."""
    exact = Decimal(price)
    pattern = "#,##0" if exact == exact.to_integral_value() else "#,##0.0"
    return format_decimal(exact, format=pattern, locale=_babel(language))


def percent(language: str, fraction: Decimal) -> str:
    """A fraction as percent with one decimal at most: `0.084` is `8.4%`."""
    return format_percent(fraction, format="#,##0.#%", locale=_babel(language))


def number(language: str, value: Decimal) -> str:
    """A plain number with two decimals at most: `10`, `9.25`."""
    return format_decimal(value, format="#,##0.##", locale=_babel(language))


def _babel(language: str) -> str:
    return normalise(language).replace("-", "_")
