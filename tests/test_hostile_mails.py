"""Hostile mails, each a file in tests/hostile/, decided by the shipped rules: what leaves, and what staff are told.

The names begin with the case of the threats (docs/security.md maps every case to its tests).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from processor import journal
from processor.deciding.gate_notice import letter_to_contact
from processor.deciding.without_world import context_without_world
from processor.extracting.extract import Kind, extract
from processor.extracting.of_message import Extract
from processor.likeness import domain_key
from processor.message import Extracted
from processor.pipeline import conclude, read_and_understand
from processor.rulebook import Rulebook
from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.keep import Arrival, keep
from processor.store.transaction import writing
from processor.ticket import Decision
from tests.shipped import ROOT, rulebook_of
from tests.steps.talk import Talk, talk

HOSTILE = Path(__file__).parent / "hostile"
OURS, US = ("mx.kundesenter.example",), ("oppsigelse@visma.no",)
# A code is four to eight digits, or letters and digits in groups; a template may name years, laws and our numbers.
CODE = re.compile(r"(?<![\d./+-])\d{5,8}(?![\d./-])|\b[A-Z0-9]{4}(?:-[A-Z0-9]{4}){1,3}\b")
SECRET = re.compile(
    r"(?i)\b(?:kode[nr]?|code|kod(?:en)?|passord(?:et)?|password|lösenord|pin|secret|token|otp)\b\W{0,3}(?:er|is|är|:|=)\s"
)
CODE_VALUE = re.compile(r"{[{%][^}]*\b(?:code|otp|secret|password|token|pin)\b", re.IGNORECASE)


def unread(*_: object) -> Extracted:
    return Extracted(fault="unknown")


def by_cells(content: bytes, kind: Kind, _name: str) -> Extracted:
    return extract(content, kind, lambda _picture: None)


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return rulebook_of(ROOT / "rules", ROOT / "templates", US)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Talk]:
    made = talk(tmp_path)
    yield made
    made.engine.dispose()


def decided(name: str, rulebook: Rulebook, extract: Extract = unread, **world: object) -> Decision:
    raw = (HOSTILE / f"{name}.eml").read_bytes()
    mail = read_and_understand(raw, rulebook, extract)
    context = context_without_world(mail.message, "VS-7K3M-9QX4", OURS, US)
    return conclude(mail, replace(context, **world), rulebook)  # type: ignore[arg-type]


def leaves(found: Decision) -> str:
    return found.reply.template if found.reply else ""


def words(found: Decision) -> str:
    return f"{found.reply.to} {found.reply.subject} {found.reply.text} {found.reply.html}" if found.reply else ""


def test_T01_a_forged_sender_gets_no_answer(rulebook: Rulebook) -> None:
    found = decided("T01-forged", rulebook)
    assert (found.outcome, found.provenance.result, leaves(found), found.withheld) == ("review", "forged", "", "forged")


def test_T01_gmails_policy_of_none_is_not_forged(rulebook: Rulebook) -> None:
    found = decided("T01-policy-none-in-a-comment", rulebook)
    assert (found.provenance.result, leaves(found)) == ("unproven", "general/received")


def test_T02_a_pass_that_the_mail_brought_along_is_not_believed(rulebook: Rulebook) -> None:
    assert decided("T02-brings-its-own-pass", rulebook).provenance.result == "forged"


def test_T03_a_pass_within_a_quoted_local_part_is_none(rulebook: Rulebook) -> None:
    found = decided("T03-pass-in-a-quoted-local-part", rulebook)
    assert (found.provenance.result, leaves(found), found.withheld) == ("unproven", "", "sender_elsewhere")


def test_T07_an_address_hidden_in_the_name_and_two_from_are_held(rulebook: Rulebook) -> None:
    hidden = decided("T07-address-in-the-display-name", rulebook)
    assert hidden.outcome == "review"
    assert hidden.reply is None or hidden.reply.to == "x@evil-demo.no"
    two = decided("T07-two-from", rulebook)
    assert (two.outcome, leaves(two), two.withheld) == ("review", "", "no_sender")


@pytest.mark.parametrize("name", ["T09-reply-to-elsewhere", "T15-third-party-in-cc"])
def test_T09_T15_an_answer_goes_to_the_author_alone(rulebook: Rulebook, name: str) -> None:
    found = decided(name, rulebook)
    assert found.reply
    assert found.reply.to == "kari@fjordbygg-demo.no"
    assert "reply_to_elsewhere" in found.warnings
    assert not re.search("evil-demo|annen-demo", words(found))


def test_T08_a_lookalike_in_a_register_is_shown_with_both_domains(here: Talk) -> None:
    with writing(here.engine) as conn:
        row = {"customer_no": "100042", "org_no": "974760673", "product": "Visma Global", "name": "Fjord Bygg AS"}
        conn.execute(insert(t.contract).values(**row, domains="fjordbygg-demo.no"))
        key = domain_key("fjordbygg-demo.no")
        conn.execute(insert(t.contract_domain).values(domain="fjordbygg-demo.no", customer_no="100042", likeness=key))
    notice = "Vi sier opp Visma Global. Firma: Fjord Bygg AS, org.nr 974760673."
    posing = here.say(notice, sender="kari@fj0rdbygg-demo.com").decision
    assert posing.actions[0].facts["lookalike"] == "fj0rdbygg-demo.com is not fjordbygg-demo.no"
    true = here.say(notice, sender="kari@fjordbygg-demo.no").decision
    assert all("lookalike" not in action.facts for action in true.actions)
    assert here.say("Hei, hva koster det?", "Spørsmål", sender="per@vik-demo.no").context.lookalikes == ()


def test_T24_a_form_that_differs_from_the_mail_is_held(rulebook: Rulebook) -> None:
    found = decided("T24-form-and-mail-differ", rulebook)
    assert found.outcome == "review"
    assert any("name different organisations" in each for each in found.because)


def test_T24_a_mail_that_asks_for_a_domain_more_than_its_form_is_held(rulebook: Rulebook) -> None:
    found = decided("T24-form-and-mail-name-other-domains", rulebook, by_cells)
    assert found.outcome == "review"
    assert "The mail names a domain that the form does not." in found.because


def test_T28_a_form_whose_date_and_signature_are_empty_is_held(rulebook: Rulebook) -> None:
    found = decided("T28-form-without-date-or-signature", rulebook, by_cells)
    assert found.outcome == "review"
    assert {"The form's date is not filled in.", "Nobody has signed the form."} <= set(found.because)


def test_T27_no_template_and_no_letter_carries_a_code_or_secret() -> None:
    texts = [*(ROOT / "templates").rglob("*.txt"), *(ROOT / "templates").rglob("*.html")]
    assert len(texts) > 100
    written = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in texts}
    written |= {kind: " ".join(letter_to_contact(kind, "", "Kundesenteret")) for kind in ("otp_rights", "admin_access")}
    for name, text in written.items():
        plain = re.sub(r"#[0-9A-Fa-f]{3,8}\b|&[#\w]+;|https?://\S+", "", text)
        assert not CODE.search(plain), (name, CODE.search(plain))
        assert not SECRET.search(plain), (name, SECRET.search(plain))
        assert not CODE_VALUE.search(text), (name, CODE_VALUE.search(text))


@pytest.mark.parametrize("text", ["Koden er 482913", "code: 4829", "Your code is AB12-CD34", "{{ otp }}", "passord: x"])
def test_T27_what_it_looks_for_would_be_found(text: str) -> None:
    assert CODE.search(text) or SECRET.search(text) or CODE_VALUE.search(text)


def test_T30_a_bomb_from_forged_senders_gets_no_answer(here: Talk) -> None:
    bomb = (HOSTILE / "T01-forged.eml").read_bytes()
    for number in range(150):
        one = bomb.replace(b"fjordbygg-demo", b"offer%d-demo" % (number % 30)).replace(b"Global", b"Global %d" % number)
        keep(here.engine, [Arrival("a", "INBOX", 1, 1000 + number, here.now, len(one), one)], here.now)
    here.work()
    assert here.ask("select count(*) from mail where state = 'decided'") == [(150,)]
    assert here.ask("select count(*) from outbox") == [(0,)]


@pytest.mark.parametrize("language", ["nb", "nn", "sv", "da", "en"])
def test_T33_a_vacation_note_of_words_alone_gets_no_answer(rulebook: Rulebook, language: str) -> None:
    found = decided(f"T33-vacation-by-words-{language}", rulebook)
    assert leaves(found) == ""


def test_T35_nothing_of_a_strangers_text_is_relayed(rulebook: Rulebook) -> None:
    said = words(decided("T35-link-and-number-in-the-subject", rulebook))
    assert said
    assert not re.search("evil-demo|820 99|vinn", said)


def test_T36_an_advertisement_is_no_salutation(rulebook: Rulebook) -> None:
    said = words(decided("T36-advertisement-as-a-name", rulebook))
    assert said
    assert not re.search("vunnet|http://vinn", said)


def test_T37_markup_and_templates_of_strangers_do_nothing(rulebook: Rulebook) -> None:
    said = words(decided("T37-template-and-markup", rulebook))
    assert said
    assert not re.search(r"49|cycler|__|<script|<i>Kari|<b>Bygg|{{", said)


def test_T57_orders_to_a_machine_or_a_person_change_nothing(rulebook: Rulebook) -> None:
    found = decided("T57-orders-for-a-machine", rulebook)
    assert {action.kind for action in found.actions} <= {"register_termination", "generate_otp_code"}
    assert found.reply is None or found.reply.kind == "receipt"
    assert not re.search("evil-demo|[0-9]{6} ", words(found).replace("974 760 673", "").replace("974760673", ""))


def test_T59_a_strangers_words_make_no_line_of_the_log() -> None:
    record = logging.LogRecord("processor", logging.WARNING, "", 0, "lookup failed", (), None)
    record.told = {"said": 'x\n{"event": "answers sent"}\r\n\x1b[31mrød\u2028'}
    for form in (journal.OneLine(), journal.Plain()):
        line = form.format(record)
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_T60_an_encrypted_archive_is_held_and_said_so(rulebook: Rulebook) -> None:
    found = decided("T60-encrypted-archive", rulebook)
    assert found.outcome == "review"
    assert any("archive" in each for each in found.because)


def test_T82_two_mails_of_one_message_id_are_both_kept_and_decided(here: Talk) -> None:
    same = "Message-ID: <one@fjordbygg-demo.no>\n"
    here.say("Vi sier opp Visma Global. Org.nr 974760673.", headers=same)
    here.say("Hvordan registrerer vi oss i ELMA?", "Spørsmål", headers=same)
    assert here.ask("select count(*) from mail where state = 'decided'") == [(2,)]
    assert here.ask("select count(distinct digest) from mail") == [(2,)]


def test_every_hostile_mail_is_decided_soon_and_in_use(rulebook: Rulebook) -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    for path in sorted(HOSTILE.glob("*.eml")):
        began = time.monotonic()
        decided(path.stem, rulebook)
        assert time.monotonic() - began < 5, path
        assert re.sub("-(?:nb|nn|sv|da|en)$", "", path.stem) in here, path


def test_T28_a_copy_of_an_earlier_form_is_held_and_one_sent_again_in_its_ticket_is_not(here: Talk) -> None:
    raw = (HOSTILE / "T28-copied-form.eml").read_bytes()

    def come(uid: int, mail: bytes) -> Decision:
        keep(here.engine, [Arrival("a", "INBOX", 1, uid, here.now, len(mail), mail)], here.now)
        road = (here.engine, here.rulebook, here.config, "w", lambda: here.now, by_cells)
        _, (found,) = work_off(*road)
        return found.decision

    assert "The same filled-in form has come before, in another ticket." not in come(501, raw).because
    again = raw.replace(b"t28.2@", b"t28.3@").replace(
        b"MIME-Version", b"In-Reply-To: " + here.last_answer().encode() + b"\nMIME-Version", 1
    )
    assert "The same filled-in form has come before, in another ticket." not in come(502, again).because
    stranger = raw.replace(b"kari@", b"per@").replace(b"t28.2@", b"t28.4@")
    copied = come(503, stranger)
    assert copied.outcome == "review"
    assert "The same filled-in form has come before, in another ticket." in copied.because
