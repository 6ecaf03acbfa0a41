"""Templates become pages; Jinja2's one importer of the desk, with autoescape and no undefined names."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from processor.desk import words
from processor.desk.language import Language, translations
from processor.desk.wording import Wording, org_no, phone

HERE = Path(__file__).parent
STATIC = HERE / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["org_no"] = org_no
    made.filters["phone"] = phone
    made.globals.update(static=static_address, words=words, language=language, Markup=Markup)
    return made


def render(name: str, language: Language, now: datetime, /, **values: object) -> str:
    """A page from its template; ``w`` there is the wording, ``words`` the vocabulary."""
    wording = Wording(language, translations(language), now)
    return _environment(language).get_template(name).render(w=wording, **values)


@cache
def static_files() -> dict[str, tuple[str, bytes]]:
    """Content type and bytes of every file that browsers may keep for ever under its digest."""
    return {
        path.name: (f"{TYPES[path.suffix]}; charset=utf-8", path.read_bytes())
        for path in STATIC.iterdir()
        if path.suffix in TYPES
    }


@cache
def static_address(name: str) -> str:
    """Where a file is, which changes when the file does."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name][1]).hexdigest()[:12]}"
