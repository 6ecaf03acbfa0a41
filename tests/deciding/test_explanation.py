"""The JSON of ``explain`` has exactly the shape that design.md shows."""

from __future__ import annotations

import json
from datetime import date

from processor.deciding.decide import decide
from processor.deciding.explanation import explain, unread
from processor.findings import Fields, Form
from processor.rulebook import Rulebook
from tests.deciding.made_cases import FIELDS, context, message, understanding

TOP = "message_id automatic language requests fields form authenticity deadline decision"
FIELD = "org_no customer_no company products effective_date invoice_no domains emails"
DEADLINE = "status last_service_day last_safe_notice_day basis candidates flags"
DECISION = "outcome rule because parts actions reply"
REPLY = "template kind language to subject text"


def test_an_explained_mail_has_the_keys_of_the_design_in_its_order(rulebook: Rulebook) -> None:
    says = understanding()
    told = explain(message(), says, decide(message(), says, context(), rulebook))
    assert list(told) == TOP.split()
    assert list(told["fields"]) == FIELD.split()
    assert list(told["deadline"]) == DEADLINE.split()
    assert list(told["decision"]) == DECISION.split()
    assert list(told["decision"]["reply"]) == REPLY.split()
    assert told["requests"][0]["evidence"] == [
        {"text": "sier opp", "where": "body", "start": 3, "end": 11, "rule": "notice-plain"}
    ]
    assert told["decision"]["parts"] == [{"rule": "termination/notice", "template": "termination/received"}]
    assert told["decision"]["actions"] == [{"kind": "register_termination", "needs": "staff"}]
    assert told["deadline"]["candidates"] == [{"contract": "A", "last_service_day": "2026-12-31"}]
    assert told["authenticity"]["result"] == "proven"


def test_it_is_json_whatever_the_date_asked_for(rulebook: Rulebook) -> None:
    for asked, written in ((date(2026, 12, 31), "2026-12-31"), ("asap", "asap"), (None, None)):
        says = understanding(fields=Fields(org_no=FIELDS.org_no, effective_date=asked))  # type: ignore[arg-type]
        told = explain(message(), says, decide(message(), says, context(), rulebook))
        assert json.loads(json.dumps(told))["fields"]["effective_date"] == written


def test_a_form_is_told_whole_and_a_missing_reply_is_null(rulebook: Rulebook) -> None:
    says = understanding("otp_rights", form=Form("skjema.pdf", "Per Vik", "per@fjordbygg-demo.no"))
    told = explain(message(), says, decide(message(), says, context(junk=True), rulebook))
    assert told["form"]["administrator"] == "Per Vik"
    assert told["decision"]["reply"] is None


def test_an_unread_mail_has_the_same_keys() -> None:
    told = unread()
    assert list(told) == TOP.split()
    assert set(told["fields"]) == set(FIELD.split())
    assert list(told["deadline"]) == DEADLINE.split()
    assert list(told["decision"]) == DECISION.split()
    assert told["decision"]["outcome"] == "review"
