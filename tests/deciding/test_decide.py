"""What is done about a mail: guards, rows, thresholds and the letter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from processor.deciding.decide import decide
from processor.findings import Fields, Form, Understanding
from processor.message import Address, Defect
from processor.rulebook import RenderError, Rulebook
from processor.ticket import Decision
from tests.deciding.made_cases import ARRIVAL, FIELDS, KARI, context, message, request, results, understanding

NOTHING = Fields()
UNPROVEN = results(("dkim", "pass", {"header.d": "evil.example"}))
FORGED = results(("dmarc", "fail", {"header.from": "fjordbygg-demo.no"}))


def decided(rulebook: Rulebook, says: Understanding | None = None, mail: object = None, **world: object) -> Decision:
    return decide(mail or message(), says or understanding(), context(**world), rulebook)  # type: ignore[arg-type]


def test_a_plain_notice_gets_its_receipt_and_an_action_for_staff(rulebook: Rulebook) -> None:
    found = decided(rulebook)
    assert (found.outcome, found.rule, found.withheld) == ("answer", "termination/notice", "")
    assert found.reply
    assert (found.reply.template, found.reply.kind, found.reply.language) == ("termination/received", "receipt", "nb")
    assert found.reply.to == "kari@fjordbygg-demo.no"
    assert found.reply.subject.startswith("[VS-7K3M-9QX4] ")
    assert "tirsdag 18. august 2026 kl. 10.02" in found.reply.text
    assert "974 760 673" in found.reply.text
    assert "Hei Kari" in found.reply.text
    [action] = found.actions
    assert (action.kind, action.needs, action.item) == ("register_termination", "staff", "termination/974760673")
    assert action.due == datetime(2026, 8, 19, 14, 0, tzinfo=UTC)
    assert action.facts["org_no"] == "974760673"
    assert "warning" not in action.facts


def test_equal_inputs_give_equal_decisions(rulebook: Rulebook) -> None:
    assert decided(rulebook) == decided(rulebook)


def test_the_deadline_is_for_staff_and_never_in_the_letter(rulebook: Rulebook) -> None:
    found = decided(rulebook)
    assert found.deadline.status == "unknown"
    assert [str(each.last_service_day) for each in found.deadline.candidates] == ["2026-12-31"]
    assert found.reply
    assert "2026-12-31" not in found.reply.text
    assert "31. desember" not in found.reply.text


def test_the_reasons_name_the_evidence_the_row_and_the_sender(rulebook: Rulebook) -> None:
    because = " ".join(decided(rulebook).because)
    for word in ("sier opp", "termination/notice", "proven", "99.9%"):
        assert word in because


@pytest.mark.parametrize(
    ("changes", "rule", "template", "asks"),
    [
        ({"role": "estate"}, "termination/estate", "termination/received_estate", False),
        ({"role": "accountant"}, "termination/accountant", "termination/received_ask_authority", True),
        ({"topics": ("partial",)}, "termination/part", "termination/received_part", False),
        ({"fields": replace(FIELDS, users=3)}, "termination/part", "termination/received_part", False),
        ({"fields": NOTHING}, "termination/unidentified", "termination/received", True),
        (
            {"fields": replace(FIELDS, products=("Visma Severa",))},
            "termination/other_company",
            "termination/received_other_company",
            False,
        ),
    ],
)
def test_the_first_row_that_holds_wins(
    rulebook: Rulebook, changes: dict[str, object], rule: str, template: str, asks: bool
) -> None:
    found = decided(rulebook, understanding(**changes))
    assert found.rule == rule
    assert found.reply
    assert found.reply.template == template
    assert ("\n  - " in found.reply.text) == asks


def test_an_accountants_mail_about_three_clients_is_three_items_and_one_letter(rulebook: Rulebook) -> None:
    numbers = ("974760673", "991825827", "923609016")
    found = decided(rulebook, understanding(role="accountant", fields=replace(FIELDS, org_no=numbers)))
    assert [item.org_no for item in found.items] == list(numbers)
    assert len(found.actions) == 3
    assert found.reply
    assert found.reply.kind == "question"
    assert "for org.nr 974 760 673, 991 825 827 og 923 609 016 tirsdag" in " ".join(found.reply.text.split())


def test_both_parties_of_a_transfer_are_one_item(rulebook: Rulebook) -> None:
    fields = replace(FIELDS, org_no=("974760673", "991825827"))
    found = decided(rulebook, understanding("licence_transfer", fields=fields))
    assert [item.rule for item in found.items] == ["licence_transfer/both_parties"]


def test_a_notice_for_our_product_and_another_companys_is_registered_and_passed_on(rulebook: Rulebook) -> None:
    fields = replace(FIELDS, products=("Visma Business", "Visma Severa"))
    found = decided(rulebook, understanding(fields=fields))
    assert [action.kind for action in found.actions] == ["register_termination", "forward_termination"]


def test_several_questions_on_an_invoice_are_each_named_and_left_to_a_person(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("invoice_question", topics=("kon_abo", "distribution_cost")))
    assert found.rule == "invoice_question/several"
    assert found.reply
    assert "- KON-ABO00\n  - Distribusjonskost\n" in found.reply.text
    assert [action.kind for action in found.actions] == ["answer_invoice_question"]


def test_a_privacy_request_is_due_within_a_month(rulebook: Rulebook) -> None:
    (action,) = decided(rulebook, understanding("agreement_question", topics=("privacy",))).actions
    assert (action.due.date() - ARRIVAL.date()).days in range(28, 32)


def test_one_letter_answers_all_requests_under_the_main_ones_subject(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("termination", "elma_deregister", "invoice_question"))
    assert [item.type for item in found.items] == ["termination", "elma_deregister", "invoice_question"]
    assert found.reply
    assert (found.reply.template, found.reply.kind) == ("termination/received", "answer")
    alone = decided(rulebook).reply
    assert alone
    assert found.reply.subject == alone.subject
    assert found.reply.html.count("<h2") == 3


def test_it_asks_only_for_what_is_missing_and_each_once(rulebook: Rulebook) -> None:
    fields = replace(FIELDS, emails=("ny@fjordbygg-demo.no",), org_no=())
    found = decided(rulebook, understanding("admin_access", "elma_register", fields=fields))
    assert found.reply
    assert found.reply.text.count("organisasjonsnummeret til firmaet") == 1
    assert "navn og e-postadresse" not in found.reply.text


def test_an_uncertain_request_is_reviewed_with_the_neutral_receipt(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding(requests=(request(confidence=0.9),)))
    assert found.outcome == "review"
    assert found.reply
    assert found.reply.template == "general/received"
    assert found.rule == "termination/notice"
    assert [action.kind for action in found.actions] == ["register_termination"]


def test_a_mail_in_review_that_may_need_no_answer_gets_none(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding(requests=(request(confidence=0.9),), silent=0.05))
    assert (found.outcome, found.reply, found.withheld) == ("review", None, "silent")


def test_it_holds_a_mail_matching_two_types(rulebook: Rulebook) -> None:
    says = understanding(chances=(("termination", 0.98), ("termination_question", 0.4)))
    assert decided(rulebook, says).outcome == "review"


def test_it_holds_a_mail_that_may_ask_for_more_than_it_was_taken_for(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding(perhaps=(("invoice_question", 0.34),)))
    assert found.outcome == "review"
    assert "It may ask for invoice_question too: 34%." in found.because
    assert found.reply is not None
    assert found.reply.template == "general/received"


@pytest.mark.parametrize(("chance", "outcome"), [(0.04, "answer"), (0.05, "review")])
def test_a_small_chance_of_a_notice_is_enough_to_hold(rulebook: Rulebook, chance: float, outcome: str) -> None:
    says = understanding("invoice_question", chances=(("invoice_question", 0.94), ("termination", chance)))
    assert decided(rulebook, says).outcome == outcome


def test_a_mail_in_which_nothing_was_found_is_reviewed(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding(requests=(), chances=()))
    assert (found.outcome, found.items, found.rule) == ("review", (), "")


def test_an_unknown_type_goes_by_the_general_row(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("something_new"))
    assert (found.outcome, found.rule) == ("review", "general/received")


@pytest.mark.parametrize("kind", ["auto_reply", "bounce", "bulk", "spam"])
def test_automatic_mail_is_ignored(rulebook: Rulebook, kind: str) -> None:
    found = decided(rulebook, understanding(automatic=kind, requests=(), chances=((kind, 0.99),), silent=0.99))
    assert (found.outcome, found.items, found.reply, found.withheld) == ("ignore", (), None, "automatic")
    assert found.rule == f"automatic/{kind}"


def test_automatic_mail_that_may_be_a_notice_is_shown_to_a_person(rulebook: Rulebook) -> None:
    chances = (("spam", 0.9), ("termination", 0.05))
    found = decided(rulebook, understanding(automatic="spam", requests=(), chances=chances), junk=True)
    assert (found.outcome, found.reply) == ("review", None)


def test_plain_thanks_are_ignored_when_sure_and_reviewed_when_not(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("no_action", silent=0.99))
    assert (found.outcome, found.reply, found.withheld) == ("ignore", None, "thanks")
    unsure = understanding(requests=(request("no_action", 0.6),), silent=0.6)
    assert decided(rulebook, unsure).outcome == "review"


def test_headers_forbid_the_reply_and_nothing_else(rulebook: Rulebook) -> None:
    found = decided(rulebook, mail=message(marks=(("auto-submitted", "auto-generated"),)))
    assert (found.outcome, found.reply, found.withheld) == ("answer", None, "headers")
    assert [action.kind for action in found.actions] == ["register_termination"]


def test_T01_a_forged_mail_is_reviewed_without_a_reply(rulebook: Rulebook) -> None:
    found = decided(rulebook, mail=message(authentication=(FORGED,)))
    assert (found.outcome, found.reply, found.withheld) == ("review", None, "forged")
    assert "forged_sender" in found.warnings


def test_an_unproven_sender_gets_the_neutral_receipt_and_the_outcome_stands(rulebook: Rulebook) -> None:
    found = decided(rulebook, mail=message(authentication=(UNPROVEN,)))
    assert found.outcome == "answer"
    assert found.reply
    assert found.reply.template == "general/received"
    for secret in ("974", "Fjord", "Global", "Kari"):
        assert secret not in found.reply.text
    assert "unproven" in found.actions[0].facts["warning"]


def test_junk_goes_to_review_and_is_never_answered(rulebook: Rulebook) -> None:
    found = decided(rulebook, junk=True)
    assert (found.outcome, found.reply, found.withheld) == ("review", None, "junk")


@pytest.mark.parametrize("code", ["from_repeated", "from_several", "address_in_name"])
def test_T07_a_mail_whose_author_is_doubtful_is_reviewed(rulebook: Rulebook, code: str) -> None:
    assert decided(rulebook, mail=message(defects=(Defect(code),))).outcome == "review"


@pytest.mark.parametrize("kind", ["otp_rights", "admin_access"])
def test_dangerous_actions_need_two_staff_whatever_a_rules_file_says(rulebook: Rulebook, kind: str) -> None:
    careless = replace(
        rulebook.types[kind],
        needs=None,
        rows=tuple(
            replace(row, actions=tuple(replace(each, needs="staff") for each in row.actions))
            for row in rulebook.types[kind].rows
        ),
    )
    book = replace(rulebook, types={**rulebook.types, kind: careless})
    found = decided(book, understanding(kind))
    assert found.actions
    assert {action.needs for action in found.actions} == {"two_staff"}


RIGHTS = replace(FIELDS, domains=("fjordbygg-demo.no",), emails=("it@fjordbygg-demo.no",))


def test_T21_rights_for_a_public_domain_are_refused_by_a_question(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("otp_rights", fields=replace(RIGHTS, domains=("online.no",))))
    assert found.rule == "otp_rights/public_domain"
    assert found.reply
    assert "online.no" not in found.reply.text
    assert "public_domain" in found.actions[0].facts["doubts"]


def test_T20_a_strangers_domain_is_shown_to_staff_and_not_written_in_our_letter(rulebook: Rulebook) -> None:
    fields = replace(RIGHTS, domains=("fjordbygg-demo.no", "evil-demo.no"))
    found = decided(rulebook, understanding("otp_rights", fields=fields))
    assert "foreign_domain" in found.actions[0].facts["doubts"]
    assert found.reply
    assert "evil-demo" not in found.reply.text + found.reply.html


def test_T22_an_absurd_number_of_domains_is_held(rulebook: Rulebook) -> None:
    fields = replace(RIGHTS, domains=tuple(f"d{n}-demo.no" for n in range(200)))
    assert decided(rulebook, understanding("otp_rights", fields=fields)).outcome == "review"


def test_T23_an_administrator_elsewhere_is_flagged(rulebook: Rulebook) -> None:
    fields = replace(RIGHTS, emails=("it@annen-demo.no",))
    found = decided(rulebook, understanding("otp_rights", fields=fields))
    assert "admin_elsewhere" in found.actions[0].facts["doubts"]


@pytest.mark.parametrize(("signed", "outcome"), [("17.08.2026", "answer"), ("2026-07-01", "review"), ("", "answer")])
def test_T28_an_old_form_is_held(rulebook: Rulebook, signed: str, outcome: str) -> None:
    form = Form("skjema.docx", email="it@fjordbygg-demo.no", org_no="974 760 673", date=signed)
    assert decided(rulebook, understanding("otp_rights", fields=RIGHTS, form=form)).outcome == outcome


def test_T27_a_locked_out_user_gets_steps_and_no_code(rulebook: Rulebook) -> None:
    found = decided(rulebook, understanding("otp_code", fields=replace(NOTHING, emails=("per@fjordbygg-demo.no",))))
    assert found.reply
    assert found.reply.template == "otp_code/steps"


@pytest.mark.parametrize(
    ("language", "kinds", "written"),
    [
        ("nn", ("termination",), "nn"),
        ("sv", ("termination",), "sv"),
        ("da", ("termination",), "da"),
        ("en", ("otp_code",), "en"),
        ("sv", ("otp_code",), "nb"),
        ("sv", ("termination", "otp_code"), "nb"),
    ],
)
def test_a_letter_is_in_the_writers_language_or_in_bokmal(
    rulebook: Rulebook, language: str, kinds: tuple[str, ...], written: str
) -> None:
    found = decided(rulebook, understanding(*kinds, language=language))
    assert found.reply
    assert found.reply.language == written
    assert any("text, so it is answered in" in each for each in found.because) == (written != language)


def test_the_decision_says_why_a_swede_or_a_dane_is_answered_in_bokmal(rulebook: Rulebook) -> None:
    swede, dane = (decided(rulebook, understanding("otp_code", language=each)) for each in ("sv", "da"))
    assert swede.because[-1] == "The letter has no Swedish text, so it is answered in bokmål."
    assert dane.because[-1] == "The letter has no Danish text, so it is answered in bokmål."


def test_a_letter_that_cannot_be_made_becomes_the_neutral_receipt(rulebook: Rulebook) -> None:
    def broken(template: str, language: str, values: object) -> tuple[str, str, str]:
        if template.startswith("termination/"):
            raise RenderError("no value 'company'")
        return rulebook.render(template, language, values)  # type: ignore[arg-type]

    found = decided(replace(rulebook, render=broken))
    assert found.reply
    assert found.reply.template == "general/received"
    assert "render_failed" in found.warnings


def test_when_nothing_can_be_rendered_the_mail_is_still_decided(rulebook: Rulebook) -> None:
    def broken(template: str, language: str, values: object) -> tuple[str, str, str]:
        raise RenderError("no templates")

    found = decided(replace(rulebook, render=broken))
    assert (found.outcome, found.reply, found.withheld) == ("answer", None, "render")
    assert "render_failed" in found.warnings


def test_T09_replies_go_to_from_alone_and_staff_are_told_of_reply_to(rulebook: Rulebook) -> None:
    found = decided(rulebook, mail=message(reply_to=(Address("x", "evil.example"),)))
    assert found.reply
    assert found.reply.to == KARI.spec
    assert "reply_to_elsewhere" in found.warnings


def test_T35_a_letter_carries_no_link_number_or_word_of_the_senders_own(rulebook: Rulebook) -> None:
    fields = Fields(
        org_no=("974760673",),
        customer_no=("http://evil.example",),
        company="Ring 22222222 evil.example AS",
        products=("Visma http://evil.example",),
        invoice_no=("evil.example",),
        domains=("evil.example",),
    )
    sender = Address("kari", "fjordbygg-demo.no", "Gratis http://evil.example")
    for kind in rulebook.types:
        found = decided(rulebook, understanding(kind, fields=fields), message(sender))
        if found.reply:
            everything = found.reply.subject + found.reply.text + found.reply.html
            assert "evil" not in everything
            assert "22222222" not in everything


def test_every_row_of_every_type_can_be_rendered_in_every_language(rulebook: Rulebook) -> None:
    for kind in rulebook.types.values():
        for row in kind.rows:
            only = replace(kind, rows=(replace(row, holds=lambda values: True),))
            book = replace(rulebook, types={**rulebook.types, kind.name: only})
            for language in ("nb", "nn", "en", "sv", "da"):
                found = decided(book, understanding(kind.name, language=language))
                assert "render_failed" not in found.warnings
                if kind.name != "no_action":
                    assert found.reply
                    assert found.reply.template == row.reply


def test_arrival_by_the_date_header_is_flagged(rulebook: Rulebook) -> None:
    assert "arrival_from_date" in decided(rulebook, arrival_flag="arrival_from_date").warnings


def test_the_decision_names_the_version_of_the_rules(rulebook: Rulebook) -> None:
    assert decided(rulebook).version == rulebook.version
    assert ARRIVAL.tzinfo is UTC
