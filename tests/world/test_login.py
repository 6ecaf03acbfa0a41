"""Which command carries a name and password into an IMAP account."""

from __future__ import annotations

import pytest

from processor.world.failures import Misconfigured
from processor.world.login import way_in


def way(user: str, password: str, tls: str = "implicit", *offered: str) -> str:
    return way_in(user, password, tls, lambda name: name in offered)


def test_plain_words_go_by_login_and_need_no_extension() -> None:
    assert way("oppsigelse@visma.no", 'pw with " and space') == "LOGIN"


@pytest.mark.parametrize(("user", "password"), [("a b", "pw"), ("kåre", "pw"), ("a", "pæssord"), ('a"b', "pw")])
def test_what_login_cannot_carry_goes_by_authenticate_or_not_at_all(user: str, password: str) -> None:
    assert way(user, password, "implicit", "AUTH=PLAIN") == "PLAIN"
    with pytest.raises(Misconfigured, match="carry this name"):
        way(user, password)


def test_T80_where_login_is_closed_it_is_opened_by_tls_alone() -> None:
    assert way("a", "pw", "starttls", "LOGINDISABLED", "AUTH=PLAIN") == "PLAIN"
    with pytest.raises(Misconfigured, match="without TLS"):
        way("a", "pw", "plain", "LOGINDISABLED", "AUTH=PLAIN")


@pytest.mark.parametrize("password", ["pw\n", "p\x00w", "pw\x7f"])
def test_a_control_character_is_never_sent(password: str) -> None:
    with pytest.raises(Misconfigured, match="newline at its end"):
        way("a", password, "implicit", "AUTH=PLAIN")
