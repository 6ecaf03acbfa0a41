"""What one wants to be told: a digest each morning, what is urgent, and signs of the browser's own."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from processor.config import Config
from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.notices import notice
from processor.letter import ADDRESS
from processor.loading.escalation_settings import read_by_us
from processor.store.staff_notices import Wish, set_wish, wish_of


def notices(desk: Desk, asked: Asked) -> Response:
    """What one has chosen."""
    return _page(desk, asked, _wish(desk, asked))


def choose(desk: Desk, asked: Asked) -> Response:
    """Choose."""
    said = asked.form
    quiet = hours_of(said.get("quiet_from", ""), said.get("quiet_to", ""))
    wish = replace(
        _wish(desk, asked),
        address=said.get("address", "").strip()[:254],
        digest="digest" in said,
        urgent="urgent" in said,
    )
    wrong = objection(desk.config, wish)
    if quiet is None:
        wrong = N_("An hour is a number from 0 to 23.")
    else:
        wish = replace(wish, quiet_from=quiet[0], quiet_to=quiet[1])
    if wrong:
        return _page(desk, asked, wish, wrong, 422)
    set_wish(desk.engine, wish, desk.clock())
    return go("/account/notices", did="notices")


def hours_of(first: str, last: str) -> tuple[int, int] | None:
    """Two hours of Oslo's clock, None where one is none."""
    said = [int(each) if each.isascii() and each.isdecimal() and len(each) < 3 else -1 for each in (first, last)]
    return (said[0], said[1]) if all(0 <= each <= 23 for each in said) else None


def objection(config: Config, wish: Wish) -> str:
    """Why it cannot be so (English), "" if it can."""
    if not wish.address:
        return N_("Where to? Write an address.") if wish.digest or wish.urgent else ""
    if not ADDRESS.fullmatch(wish.address):
        return N_("That is not one mail address.")
    if wish.address.lower() in read_by_us(config):
        return N_("That address is read by the program itself: what it writes would come back to it.")
    return ""


def _wish(desk: Desk, asked: Asked) -> Wish:
    account = asked.account
    return wish_of(desk.engine, account.person.id) or Wish(account.person, account.language, account.scope)


def _page(desk: Desk, asked: Asked, wish: Wish, wrong: str = "", status: int = 200) -> Response:
    told = notice(desk.engine, asked.query.get("did", ""))
    values = {"wish": wish, "wrong": wrong, "notice": told, "can_send": desk.config.smtp is not None}
    return page(desk, asked, "notices.html", status, **values)
