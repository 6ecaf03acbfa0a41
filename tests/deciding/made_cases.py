"""Mails, understandings and contexts as a test wants them, everything else being ordinary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from processor.findings import Evidence, Fields, Request, Understanding
from processor.message import Address, AuthenticationResults, Message, MethodResult, Section
from processor.ticket import Context

ARRIVAL = datetime(2026, 8, 18, 8, 2, tzinfo=UTC)
OURS = "mx.kundesenter.example"
KARI = Address("kari", "fjordbygg-demo.no", "Kari Holm")
US = Address("oppsigelse", "visma.no")


def results(*methods: tuple[str, str, dict[str, str]], server: str = OURS, above: int = 1) -> AuthenticationResults:
    made = tuple(MethodResult(method, result, tuple(found.items())) for method, result, found in methods)
    return AuthenticationResults(server, above, made)


PROVEN = results(
    ("spf", "pass", {"smtp.mailfrom": "fjordbygg-demo.no"}),
    ("dkim", "pass", {"header.d": "fjordbygg-demo.no"}),
    ("dmarc", "pass", {"header.from": "fjordbygg-demo.no"}),
)


def message(sender: Address | None = KARI, **changes: Any) -> Message:
    text = "Vi sier opp Visma Global. Org.nr 974760673."
    usual = Message(
        digest="d" * 64,
        size=1000,
        letter="l" * 64,
        message_id="<1@fjordbygg-demo.no>",
        message_id_made=False,
        from_=(sender,) if sender else (),
        sender=sender,
        reply_to=(),
        to=(US,),
        cc=(),
        return_path=sender.spec if sender else None,
        subject="Oppsigelse",
        date=ARRIVAL,
        arrival=ARRIVAL,
        arrival_from="received",
        in_reply_to=(),
        references=(),
        text=text,
        sections=(Section("new", 0, len(text)),),
        has_html=False,
        attachments=(),
        attached=(),
        marks=(),
        authentication=(PROVEN,),
        received_count=2,
        defects=(),
    )
    return replace(usual, **changes)


def request(kind: str = "termination", confidence: float = 0.9999) -> Request:
    return Request(kind, confidence, (Evidence("sier opp", "body", 3, 11, "notice-plain"),))


FIELDS = Fields(org_no=("974760673",), company="Fjord Bygg AS", products=("Visma Global",))


def understanding(*kinds: str, **changes: Any) -> Understanding:
    requests = tuple(request(kind) for kind in kinds or ("termination",))
    usual = Understanding(
        automatic=None,
        language="nb",
        language_confidence=0.99,
        requests=requests,
        chances=tuple((each.type, each.confidence) for each in requests),
        silent=0.01,
        fields=FIELDS,
    )
    return replace(usual, **changes)


def context(**changes: Any) -> Context:
    usual = Context(
        now=ARRIVAL,
        arrival=ARRIVAL,
        ticket_no="VS-7K3M-9QX4",
        authserv_ids=(OURS,),
        own_addresses=("oppsigelse@visma.no", "skysupport@visma.com"),
    )
    return replace(usual, **changes)
