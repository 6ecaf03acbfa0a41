"""The desk's words and their translations: `python -m tests.desk.catalog` takes new ones in and compiles.

Run by `make locale`.  The test beside it says which words lack a translation, and that the compiled file is of today.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from processor.desk.words import all_words

DESK = Path(__file__).parent.parent.parent / "processor" / "desk"
PO = DESK / "locale" / "nb" / "LC_MESSAGES" / "desk.po"
MO = PO.with_suffix(".mo")
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
    if not PO.exists():
        return Catalog(locale="nb", charset="utf-8")
    with PO.open("rb") as file:
        return read_po(file, locale="nb", charset="utf-8")


def compiled(catalog: Catalog) -> bytes:
    """What gettext reads."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    catalog = stored()
    catalog.update(words(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    out = io.BytesIO()
    write_po(out, catalog, sort_output=True, no_location=True, omit_header=False, width=0)
    # Without the time of day, so that the same words are the same bytes.
    lines = [line for line in out.getvalue().splitlines(keepends=True) if b"-Date:" not in line]
    PO.write_bytes(b"".join(lines))
    MO.write_bytes(compiled(stored()))
    missing = [
        message.id
        for message in stored()
        if message.id and not (all(message.string) if message.pluralizable else message.string)
    ]
    print(f"{len(catalog)} words, {len(missing)} without a translation", *missing, sep="\n")


if __name__ == "__main__":
    main()
