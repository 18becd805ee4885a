"""What the browser build needs and nobody writes by hand: the stylesheet and the translations.

Both are derived (from `theme.py` and from `locales/`) and so are made when the application is
compiled, never committed.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.extract import extract_from_file

from components import theme
from components.local import GENERATED
from services.catalogue import LANGUAGES, SOURCE_LANGUAGE, messages

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {"t": None, "_": None, "N_": None, "translate": (2,)}
"""How a message is marked: `t("...")`, `_("...")`, `N_("...")`, `translate(language, "...")`."""

_EXTRACTORS = {".py": "python", ".js": "javascript", ".jsx": "javascript"}
_CLIENT = ("components", "axisor_app/pages")


def generate() -> None:
    """Write stylesheet and translations below `assets/`, where the compiler looks for them."""
    _write(Path("assets") / theme.STYLESHEET, theme.stylesheet())
    used = {message for _, message in extract(_CLIENT)}
    others = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
    for language in others:
        chosen = {one: text for one, text in sorted(messages(language).items()) if one in used}
        _write(GENERATED / f"messages.{language}.js", f"export default {_json(chosen)};\n")
    imports = ",".join(f"{_json(one)}: () => import('./messages.{one}.js')" for one in others)
    _write(GENERATED / "messages.js", f"export const loaders = {{{imports}}};\n")


def extract(folders: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Every message marked in the sources below `folders`, with the file that has it."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*")):
            extractor = _EXTRACTORS.get(file.suffix)
            if extractor is None:
                continue
            for _, message, *_ in extract_from_file(extractor, str(file), KEYWORDS):
                yield file, message if isinstance(message, str) else message[0]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, content: str) -> None:
    if path.exists() and path.read_text() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
