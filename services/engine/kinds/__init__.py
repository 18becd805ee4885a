"""All automation kinds. A new one is one file and one line here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.domain.errors import Rejected
from services.engine.kind import Kind, KindConfig
from services.engine.kinds import margin_guard

KINDS: dict[str, Kind] = {kind.slug: kind for kind in (margin_guard.KIND,)}


def parse(slug: str, values: Mapping[str, Any]) -> KindConfig:
    """A configuration from what a user typed.

    Raises:
        Rejected: unknown kind, or one sentence about the first value that does not fit: which it
            is, and what is allowed.
    """
    kind = KINDS.get(slug)
    if kind is None:
        raise Rejected(f"There is no such automation; choose one of: {', '.join(KINDS)}.")
    try:
        return kind.config.model_validate(dict(values))
    except ValidationError as error:
        raise Rejected(_sentence(kind.config, error.errors()[0]), code="config_invalid") from error


def _sentence(model: type[KindConfig], error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    name = str(error["loc"][0]) if error["loc"] else ""
    field = model.model_fields.get(name)
    if field is None:
        return f"There is no setting called {name[:40]}."
    label = field.title or name
    if error["type"] == "missing":
        return f"The {label} is missing."
    places = error.get("ctx", {}).get("decimal_places")
    most = "" if places is None else f", with at most {places} decimals"
    return f"The {label} must be {allowed(model, name)}{most}."


def allowed(model: type[KindConfig], name: str) -> str:
    """The range of a field in words, from the model's own schema."""
    schema = model.model_json_schema()["properties"][name]
    options = [o for o in schema.get("anyOf", [schema]) if o.get("type") in ("number", "integer")]
    if not options:
        return "of the documented form"
    rule = options[0]
    words = "a whole number" if rule["type"] == "integer" else "a number"
    bounds = (
        ("exclusiveMinimum", "above"),
        ("minimum", "of at least"),
        ("exclusiveMaximum", "below"),
        ("maximum", "at most"),
    )
    limits = [f"{word} {Decimal(rule[key]).normalize():,f}" for key, word in bounds if key in rule]
    return f"{words} {' and '.join(limits)}".strip()
