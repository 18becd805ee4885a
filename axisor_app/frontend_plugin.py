"""Last touch on the built frontend: it finds its server by itself and publishes no sources.

Reflex bakes the address of the backend, port included, into one chunk. Here that chunk
learns to ask the browser instead, so that one build works on every host, port and scheme.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reflex_base.plugins.base import Plugin

from services.domain.errors import Defect

BAKED = "localhost:8000"
"""Host and port that Reflex bakes in when none is configured."""

ENDPOINTS = 6
"""How many addresses the chunk holds in this version of Reflex; another number means a new layout."""

_PATCH_VERSION = 1
_ADDRESS = re.compile(
    r"(?P<quote>[`\"'])(?P<scheme>http|ws)://" + re.escape(BAKED) + r"(?P<path>/[\w\-/]*)(?P=quote)"
)
_ORIGIN = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}
_TEXT = {".html", ".js", ".css", ".json", ".webmanifest"}


class PortableFrontend(Plugin):
    """Reflex's hook after each production build."""

    def update_env_json(self) -> dict[str, Any]:
        """Put the version of the patch into the chunk, so that its name changes with the patch."""
        return {"PATCH": _PATCH_VERSION}

    def post_build(self, **context: Any) -> None:
        """Patch and clean the built files, before Reflex compresses them."""
        finish(context["static_dir"])


def finish(static_dir: Path) -> None:
    """Make a build portable and leave out what browsers never ask for.

    Raises:
        Defect: the build does not look as this version of Reflex makes it.
    """
    chunks = list((static_dir / "assets").glob("reflex-env-*.js"))
    if len(chunks) != 1:
        raise Defect(f"expected one reflex-env chunk, found {len(chunks)}")
    chunks[0].write_text(portable(chunks[0].read_text()))
    texts = {
        path: path.read_text() for path in static_dir.rglob("*") if path.suffix in _TEXT and path.is_file()
    }
    for path, text in texts.items():
        if BAKED in text and not path.is_relative_to(static_dir / "external"):
            raise Defect(f"{path.name} holds the address {BAKED}")
    _remove_unused_sources(static_dir, texts)


def portable(chunk: str) -> str:
    """The chunk with every baked address computed from the page's own.

    Raises:
        Defect: it does not hold exactly the addresses that are known.
    """
    patched, count = _ADDRESS.subn(lambda found: f'{_ORIGIN[found["scheme"]]}+"{found["path"]}"', chunk)
    if count != ENDPOINTS:
        raise Defect(f"expected {ENDPOINTS} addresses in the reflex-env chunk, found {count}")
    return patched


def _remove_unused_sources(static_dir: Path, texts: Mapping[Path, str]) -> None:
    """Reflex publishes our components' sources, which the bundles already contain."""
    external = static_dir / "external"
    published = "\n".join(text for path, text in texts.items() if not path.is_relative_to(external))
    for path in sorted(external.rglob("*"), reverse=True):
        if path.is_file() and f"/{path.relative_to(static_dir).as_posix()}" not in published:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    if external.is_dir() and not any(external.iterdir()):
        shutil.rmtree(external)
