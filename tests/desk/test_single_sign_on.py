"""Single sign-on by a provider that tells the truth, and by one that lies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient

from processor.config import ProviderSettings
from processor.loading.problems import Refused
from processor.store import tables as t
from processor.store.accounts import Role, account
from processor.store.people import remove_person
from processor.store.provider_people import set_provider_name
from processor.store.second_step import require_for
from processor.world.openid import NotBelieved, OpenIdProvider
from tests.desk.conftest import Room, config_in, room_in
from tests.servers.oidc_provider import CLIENT, SECRET, Lie, OidcProvider, by_public_key, ec, plain, providing
from tests.store.made import column, count

MAIL = "anne@firma.example"
REDIRECT = "https://desk.example/provider/back"


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with providing(OidcProvider(user={"email": MAIL})) as made:
        yield made


@pytest.fixture
def room(tmp_path: Path, provider: OidcProvider) -> Iterator[Room]:
    """A desk that trusts the provider, which calls Anne by her address."""
    (tmp_path / "oidc").write_text(SECRET, encoding="ascii")
    said = f'[desk.provider]\nname = "Firma"\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT}"\n'
    for made in room_in(tmp_path, more=f'{said}client_secret = {{ file = "oidc" }}\ninternal = true\n'):
        provider.now = partial(stamp, made)
        call(made, "Anne", MAIL)
        yield made


def stamp(room: Room) -> float:
    return room.clock().timestamp()


def call(room: Room, person: str, name: str) -> bool:
    found = account(room.engine, person)
    assert found
    return set_provider_name(room.engine, found.person, name, "Ada", room.clock())


def way(room: Room, provider: OidcProvider, to: str = "/") -> tuple[TestClient, str]:
    """A browser that has been at the provider, and the way back from there."""
    browser = room.browser()
    answer = browser.get("/provider", params={"to": to}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorize?")
    return browser, provider.signed_in(answer.headers["location"])


def back(browser: TestClient, where: str) -> tuple[int, str]:
    answer = browser.get(where, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", "") or answer.text


def test_a_person_is_let_in_by_the_provider_and_led_to_where_they_wanted(room: Room, provider: OidcProvider) -> None:
    assert "Sign in with Firma" in room.browser().get("/sign-in").text
    browser, where = way(room, provider, "/queue?view=mine")
    assert back(browser, where) == (303, "/queue?view=mine")
    assert "Anne" in browser.get("/account").text
    assert "by single sign-on" in browser.get("/account").text
    kinds = column(room.engine, t.event.c.kind)
    assert kinds.count("person.provider_met") == 1
    provider.key = ec()
    assert back(*way(room, provider)) == (303, "/")
    assert count(room.engine, t.event, t.event.c.kind == "person.provider_met") == 1


def test_a_second_step_is_the_providers_for_who_comes_by_it(room: Room, provider: OidcProvider) -> None:
    require_for(room.engine, [Role.AGENT], "Ada", room.clock())
    browser, where = way(room, provider)
    back(browser, where)
    assert browser.get("/queue", follow_redirects=False).status_code == 200
    assert room.sign_in().client.get("/queue", follow_redirects=False).status_code == 303


def test_a_person_is_bound_to_the_providers_mark_and_not_to_the_name(room: Room, provider: OidcProvider) -> None:
    back(*way(room, provider))
    provider.user = {"sub": "u1", "email": "anne.ny@firma.example"}
    assert back(*way(room, provider))[0] == 303
    provider.user = {"sub": "u2", "email": MAIL}
    status, page = back(*way(room, provider))
    assert (status, "nobody here is known by that" in page) == (403, True)
    assert call(room, "Anne", f" {MAIL.upper()} ")
    assert back(*way(room, provider))[0] == 303


def test_who_is_not_known_or_gone_or_of_an_unproven_address_is_not_let_in(room: Room, provider: OidcProvider) -> None:
    provider.user = {"email": MAIL, "email_verified": False}
    assert back(*way(room, provider))[0] == 403
    for user in ({"email": "x@y.example"}, {"email": ""}, {}, {"email": ["x"]}):
        provider.user = user
        assert back(*way(room, provider))[0] == 403
    provider.user = {"email": MAIL}
    assert back(*way(room, provider))[0] == 303
    remove_person(room.engine, "Anne", "Ada", room.clock())
    assert back(*way(room, provider))[0] == 403
    assert column(room.engine, t.desk_session.c.person_id) == []


def changed(**claims: Any) -> Lie:
    def lie(told: dict[str, Any]) -> None:
        told |= claims
        for name in [name for name, value in claims.items() if value is None]:
            del told[name]

    return lie


def later(**seconds: int) -> Lie:
    return lambda told: told.update({name: told["iat"] + by for name, by in seconds.items()})


LIES: dict[str, Lie] = {
    "another sign-in's nonce": changed(nonce="of another"),
    "no nonce": changed(nonce=None),
    "another issuer": changed(iss="https://evil.example"),
    "no issuer": changed(iss=None),
    "another's audience": changed(aud="another"),
    "several audiences without ours": changed(aud=["another", "third"]),
    "several audiences and no party": changed(aud=[CLIENT, "another"]),
    "given to another party": changed(aud=[CLIENT, "another"], azp="another"),
    "no audience": changed(aud=None),
    "expired": later(exp=-61),
    "no end": changed(exp=None),
    "made in the future": later(iat=120, exp=600),
    "not yet": later(nbf=120),
    "nobody": changed(sub=""),
    "no subject": changed(sub=None),
    "a subject that is no text": changed(sub=7),
    "not signed": lambda told: plain({"alg": "none"}, told),
    "not signed, in capitals": lambda told: plain({"alg": "NONE"}, told),
    "a signature that is empty": lambda told: plain({"alg": "RS256", "kid": "rsa"}, told),
    "signed by the public key as a secret": by_public_key,
    "no token": lambda _: "x",
    "no claims": lambda _: plain({"alg": "none"}, {}),
}


def believed(provider: OidcProvider, lie: Lie) -> bool:
    """Whether a token is believed, without a desk around it; verifier and challenge are RFC 7636's, appendix B."""
    settings = ProviderSettings("Firma", provider.issuer, CLIENT, lambda: SECRET, internal=True)
    client, provider.lie = OpenIdProvider(settings), lie
    challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    where = provider.signed_in(client.address(REDIRECT, "state", "a nonce", challenge))
    code = parse_qs(urlsplit(where).query)["code"][0]
    try:
        return bool(client.claims(code, REDIRECT, verifier, "a nonce", datetime.now(UTC))["sub"] == "u1")
    except NotBelieved:
        return False


@pytest.mark.parametrize("what", list(LIES))
def test_a_token_that_lies_lets_nobody_in(what: str, provider: OidcProvider) -> None:
    assert believed(provider, lambda _: None)
    assert not believed(provider, LIES[what]), what


def test_a_key_that_is_a_strangers_lets_nobody_in(room: Room, provider: OidcProvider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
    status, page = back(*way(room, provider))
    assert (status, "Single sign-on did not work" in page) == (502, True)


def test_a_new_key_of_the_provider_is_asked_for_once(
    room: Room, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    back(*way(room, provider))
    new = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
    provider.key, provider.keys = new, [new]
    assert back(*way(room, provider))[0] == 502, "not within a minute of the last time"
    monkeypatch.setattr("processor.world.openid.AGAIN_SECONDS", 0.0)
    assert back(*way(room, provider))[0] == 303
    assert provider.asked.count("/keys") == 2
    assert sum("openid-configuration" in each for each in provider.asked) == 1


def test_an_answer_counts_once_for_the_browser_that_asked(room: Room, provider: OidcProvider) -> None:
    browser, where = way(room, provider)
    assert back(room.browser(), where)[0] == 502, "another browser has no cookie of it"
    other, _ = way(room, provider)
    assert back(other, where)[0] == 502, "another sign-in's cookie does not fit"
    assert back(browser, where.replace("state=", "state=x"))[0] == 502
    assert back(browser, where)[0] == 502, "the cookie was for one way"
    browser, where = way(room, provider)
    assert back(browser, where)[0] == 303
    browser, where = way(room, provider)
    room.clock.forward(minutes=11)
    assert back(browser, where)[0] == 502, "too late"
    browser, where = way(room, provider)
    assert (
        back(browser, where.replace(provider.issuer.replace(":", "%3A").replace("/", "%2F"), "https%3A%2F%2Fevil"))[0]
        == 502
    )
    assert back(browser, "/provider/back?error=access_denied&state=x")[0] == 502


def test_a_code_is_worth_nothing_without_the_verifier(room: Room, provider: OidcProvider) -> None:
    victim, where = way(room, provider)
    attacker, own = way(room, provider)
    code = parse_qs(urlsplit(where).query)["code"][0]
    mine = parse_qs(urlsplit(own).query)["code"][0]
    assert back(attacker, own.replace(mine, code))[0] == 502
    assert victim.get("/queue", follow_redirects=False).status_code == 303


def test_the_way_back_leads_to_no_other_site(room: Room, provider: OidcProvider) -> None:
    assert back(*way(room, provider, "https://evil.example/")) == (303, "/")
    assert back(*way(room, provider, "//evil.example/")) == (303, "/")


@pytest.mark.parametrize("trouble", ["html", "500", "other issuer", "clear places", "no keys", "away"])
def test_a_provider_that_is_down_or_strange_is_told_and_passwords_still_work(
    room: Room, provider: OidcProvider, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    if trouble == "html":
        provider.body = b"<html>"
    if trouble == "500":
        provider.status = 500
    if trouble == "other issuer":
        provider.says_issuer = "https://evil.example"
    if trouble == "clear places":
        provider.more = {"token_endpoint": "ftp://127.0.0.1/token"}
    if trouble == "no keys":
        provider.keys = []
        assert back(*way(room, provider))[0] == 502
    if trouble == "away":
        provider.more = {"jwks_uri": "http://127.0.0.1:1/keys"}
        assert back(*way(room, provider))[0] == 502
    if trouble not in ("no keys", "away"):
        answer = room.browser().get("/provider", follow_redirects=False)
        assert answer.status_code == 502
        assert "sign in with name and password" in answer.text
    assert [each.message for each in caplog.records if "sign-on" in each.message] == ["single sign-on failed"]
    assert room.sign_in().client.get("/queue").status_code == 200


def test_what_was_typed_comes_back_after_single_sign_on_in_another_tab(room: Room, provider: OidcProvider) -> None:
    browser, where = way(room, provider)
    fields = {"to": "/ticket/VS-1/note", "kept.text": "Kunden <ringte>"}
    page = browser.post("/ticket/VS-1/note", data={"text": "Kunden <ringte>", "csrf": "x"}).text
    assert "I have signed in in another tab" in page
    assert browser.post("/sign-in", data=fields).status_code == 401
    back(browser, where)
    page = browser.post("/sign-in", data=fields).text
    assert "Kunden &lt;ringte&gt;" in page
    assert "You are signed in again" in page


def test_an_administrator_says_what_the_provider_calls_a_person(room: Room) -> None:
    admin, per = room.sign_in(Role.ADMIN), account(room.engine, "Per")
    assert per
    where = f"/people/{per.person.id}/provider"
    assert admin.post(where, name="per@firma.example")[0] == 303
    assert admin.post(where, name=MAIL)[0] == 409
    assert "per@firma.example" in admin.get(f"/people/{per.person.id}")
    assert not call(room, "Rita", "Per@Firma.example")
    assert count(room.engine, t.event, t.event.c.kind == "person.provider_name") == 2


def test_a_desk_without_a_provider_has_no_such_page(tmp_path: Path) -> None:
    for made in room_in(tmp_path):
        assert made.browser().get("/provider").status_code == 404
        assert made.browser().get("/provider/back?code=x").status_code == 404
        assert "/provider" not in made.browser().get("/sign-in").text


def test_the_provider_is_read_with_its_problems(tmp_path: Path) -> None:
    said = '[desk.provider]\nname = "Firma"\nclient_id = "x"\n'
    made = config_in(tmp_path, f'{said}issuer = "https://id.firma.example/v2.0"\n').desk.provider
    assert made == ProviderSettings("Firma", "https://id.firma.example/v2.0", "x")
    for wrong in ('issuer = "http://id.firma.example"', 'issuer = "https://x/?y"', 'issuer = "https://[x"',
                  'issuer = "https://x"\nscope = "email"', 'issuer = "https://x"\nissuers = 1', ""):  # fmt: skip
        with pytest.raises(Refused) as refused:
            config_in(tmp_path, f"{said}{wrong}\n")
        assert refused.value.problems[0].line > 0, wrong
