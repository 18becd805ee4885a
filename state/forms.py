"""What arrives from a form: anybody can send anything, so nothing is taken for granted."""

from collections.abc import Mapping

_SPACES = dict.fromkeys(map(ord, " \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"))


def text_of(form: object, name: str) -> str:
    """A field as text; empty when it is missing or no text at all."""
    value = form.get(name) if isinstance(form, Mapping) else None
    return value.strip() if isinstance(value, str) else ""


def number_of(form: object, name: str, language: str) -> str:
    """A number as the services take it: no spaces, a point before the decimals.

    Where the language writes a decimal comma, a point could mean thousands; it is kept as a blank,
    which no number may have, so that the field is refused instead of misread.
    """
    text = text_of(form, name).translate(_SPACES)
    return text.replace(".", " ").replace(",", ".") if language == "pt-BR" else text


def shown(number: object, language: str) -> str:
    """A number as the language's form fields take it."""
    return str(number).replace(".", ",") if language == "pt-BR" else str(number)
