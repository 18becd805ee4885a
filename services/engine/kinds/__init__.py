"""All automation kinds. A new one is one file and one line here."""

from services.engine.kind import Kind
from services.engine.kinds import margin_guard

KINDS: dict[str, Kind] = {kind.slug: kind for kind in (margin_guard.KIND,)}
