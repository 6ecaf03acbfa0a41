"""The desk's words and their translations: `python -m tests.desk.catalog` takes new ones in and compiles.

Run by `make locale`.  The test beside it says which words lack a translation, and that the compiled file is of today.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from processor.desk.words import all_words

DESK = Path(__file__).parent.parent.parent / "processor" / "desk"
PO = DESK / "locale" / "nb" / "LC_MESSAGES" / "desk.po"
MO = PO.with_suffix(".mo")
SINCE = datetime(2026, 11, 26, tzinfo=UTC)
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "false", "silent": "false"}}


def words() -> Catalog:
    """Every word of the pages."""
    found = Catalog(locale="nb", project="processor", version="desk", charset="utf-8")
    extracted = extract_from_dir(
        DESK,
        METHODS,
        OPTIONS,
        keywords={"_": None, "N_": None, "say": None, "gettext": None, "ngettext": (1, 2), "Refusal": (2,)},
    )
    for _, _, message, *_ in extracted:
        found.add(message)
    for word in all_words():
        found.add(word)
    return found


def stored() -> Catalog:
    """The words with their translations."""
    with PO.open("rb") as file:
        found = read_po(file, locale="nb", charset="utf-8")
    # Not the time of day, so that the same words are the same bytes.
    found.creation_date = found.revision_date = SINCE
    return found


def untranslated(catalog: Catalog) -> list[object]:
    """The words that have no translation, or not one for each number."""
    found: list[object] = []
    for message in catalog:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or [""])
        if message.id and not all(forms):
            found.append(message.id)
    return found


def compiled(catalog: Catalog) -> bytes:
    """What gettext reads."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    catalog = stored()
    catalog.update(words(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.creation_date, catalog.project, catalog.version = SINCE, "processor", "desk"
    catalog.header_comment = "# The desk's words in Norwegian bokmål; edit here, then: make locale"
    out = io.BytesIO()
    write_po(out, catalog, sort_output=True, no_location=True, omit_header=False, width=0)
    PO.write_bytes(out.getvalue())
    MO.write_bytes(compiled(stored()))
    missing = untranslated(stored())
    print(f"{len(catalog)} words, {len(missing)} without a translation", *missing, sep="\n")


if __name__ == "__main__":
    main()
