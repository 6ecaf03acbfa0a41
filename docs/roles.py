"""Who may what at the desk: ``python docs/roles.py`` prints the table that the program goes by; ``--write`` keeps it.

A test walks every line of it with every role, in a browser and by the API.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from processor.desk.api_table import BASE, OPERATIONS
from processor.desk.mailbox_rights import BY_NUMBER, OWN, SCOPED
from processor.desk.routes import ROUTES
from processor.store.accounts import Role

PAGE = Path(__file__).parent / "roles.md"
HEAD = """# Who may what at the desk

Written by `python docs/roles.py` from the tables that the program goes by (`processor/desk/routes.py`, `api_table.py`);
a test walks every line with every role and with nobody. Where two people must approve, an agent's approval is refused
and an approver's is one of the two. *Mailboxes* says what somebody meets who is limited to some of them: `theirs` is
what came to these alone, `closed` is not there at all, `–` shows nothing of any ticket.
"""
COLUMNS = ("nobody", *(role.value for role in Role))


def row(method: str, path: str, needs: Role | None, what: str | None, mailboxes: str) -> str:
    """One line: yes or no for each role, and for who is not signed in."""
    may = ["yes" if needs is None else "–", *("yes" if needs is None or each.may(needs) else "–" for each in Role)]
    told = (what or "").split("\n")[0].partition(";")[0].partition(". ")[0].rstrip(".")
    return f"| {method} | `{path}` | {told} | {' | '.join(may)} | {mailboxes} |"


def mailboxes(path: str) -> str:
    """What a page is to who is limited to some mailboxes, as ``mailbox_rights.require_seen`` decides it."""
    if path.startswith(OWN):
        return "–"
    named = any(f"{{{each}}}" in path for each in ("number", *BY_NUMBER))
    return "theirs" if named or path in SCOPED else "closed"


def lines() -> Iterator[str]:
    """The whole page."""
    head = f"| | | what | {' | '.join(COLUMNS)} | mailboxes |\n| --- | --- | --- |{' --- |' * (len(COLUMNS) + 1)}"
    yield HEAD
    yield f"## Pages\n\n{head}"
    for each in sorted(ROUTES, key=lambda route: (route.path, route.method)):
        yield row(each.method, each.path, each.needs, each.page.__doc__, mailboxes(each.path))
    yield f"\n## The API\n\nBy a key, which may what its role and its owner both may ([api.md](api.md)).\n\n{head}"
    for call in sorted(OPERATIONS, key=lambda call: (call.path, call.method)):
        seen = "–" if call.path in ("/me",) else "theirs"
        yield row(call.method, BASE + call.path, call.needs, call.call.__doc__, seen)


def main() -> None:
    """Print the page, or write it."""
    text = "\n".join(lines()) + "\n"
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
