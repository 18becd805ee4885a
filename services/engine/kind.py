"""An automation kind is a config model and one pure function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from services.domain.automation import Decision, Facts, Memory


class KindConfig(BaseModel):
    """What a user sets. Frozen and strict about names, so that a typing error is not ignored."""

    model_config = {"frozen": True, "extra": "forbid"}

    def covers(self, position_id: str) -> bool:
        """Whether the automation looks after this position."""
        raise NotImplementedError


class Decide(Protocol):
    """Total and pure: never raises on bad facts, never reads a clock."""

    def __call__(self, config: Any, facts: Facts, memory: Memory) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """`slug` names it in the database and the API; `presets` are complete configurations by name."""

    slug: str
    config: type[KindConfig]
    decide: Decide
    presets: Mapping[str, Callable[[], KindConfig]]
