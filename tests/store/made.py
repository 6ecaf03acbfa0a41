"""Mails and decisions for the store's tests, each as small as it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, select

from processor.findings import Evidence, Fields, Request, Understanding
from processor.message import Address, Message
from processor.rulebook import ReplyKind
from processor.store import tables as t
from processor.store.keep import Arrival, keep
from processor.store.record import Record, Recorded, record
from processor.ticket import (
    Action,
    Authenticity,
    Context,
    Deadline,
    Decision,
    Item,
    Level,
    Outcome,
    Provenance,
    Reply,
)

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def arrival(uid: int = 1, raw: bytes | None = b"From: kari@x.no\r\n\r\nHei", **changes: Any) -> Arrival:
    made = Arrival("support", "INBOX", 7, uid, NOW, len(raw or b""), raw)
    return replace(made, **changes)


def kept(engine: Engine, *numbers: int) -> list[int]:
    """The ids of mails kept with bytes of their own."""
    made = [arrival(n, b"mail %d" % n) for n in numbers]
    return [one.mail_id for one in keep(engine, made, NOW)]


def message(n: int, **changes: Any) -> Message:
    sender = Address("kari", "fjordbygg-demo.no", "Kari")
    made = Message(
        digest=f"d{n}",
        size=100,
        letter=f"letter {n}",
        message_id=f"<in{n}@fjordbygg-demo.no>",
        message_id_made=False,
        from_=(sender,),
        sender=sender,
        reply_to=(),
        to=(),
        cc=(),
        return_path="kari@fjordbygg-demo.no",
        subject=f"Oppsigelse {n}",
        date=NOW,
        arrival=NOW,
        arrival_from="received",
        in_reply_to=(),
        references=(),
        text="Vi sier opp",
        sections=(),
        has_html=False,
        attachments=(),
        attached=(),
        marks=(),
        authentication=(),
        received_count=1,
        defects=(),
    )
    return replace(made, **changes)


def understanding() -> Understanding:
    evidence = Evidence("sier opp", "body", 3, 11, "notice-plain")
    return Understanding(
        automatic=None,
        language="nb",
        language_confidence=0.99,
        requests=(Request("termination", 0.98, (evidence,)),),
        chances=(("termination", 0.98),),
        silent=0.01,
        fields=Fields(org_no=("328627035",), company="Fjord Bygg AS"),
        field_evidence=(("org_no", evidence),),
        model="m1",
    )


def reply(kind: ReplyKind = "receipt", to: str = "kari@fjordbygg-demo.no") -> Reply:
    return Reply(f"termination/{kind}", kind, "nb", to, "Sv: Oppsigelse", "Vi har mottatt mailen.", "")


def action(needs: str = "staff", kind: str = "register_termination") -> Action:
    return Action(kind, needs, NOW + timedelta(days=1), "termination", {"org_no": "328627035"})  # type: ignore[arg-type]


def decision(
    answer: Reply | None = None,
    actions: Sequence[Action] = (),
    result: Authenticity = "proven",
    outcome: Outcome = "answer",
) -> Decision:
    return Decision(
        outcome=outcome,
        rule="termination/notice",
        because=("a notice",),
        provenance=Provenance(result, "a test"),
        items=(Item("termination", "328627035", "termination/notice", "termination/received", 0.98, tuple(actions)),),
        deadline=Deadline("unknown"),
        reply=answer,
        fields=Fields(company="Fjord Bygg AS"),
        version="r1",
    )


def made(mail_id: int, n: int, what: Decision | None = None, **changes: Any) -> Record:
    """A record of mail ``n``, at level automatic with a receipt and an action unless told otherwise."""
    record = Record(
        mail_id=mail_id,
        ticket_no=f"VS-{n:04d}-TEST",
        joins_ticket_id=None,
        message=message(n),
        understanding=understanding(),
        decision=what or decision(reply(), [action()]),
        context=Context(now=NOW, arrival=NOW, ticket_no=f"VS-{n:04d}-TEST"),
        level=Level.AUTOMATIC,
        stopped=False,
        reply_message_id=f"<out{n}@processor.example>",
        sender_spec="Kari@Fjordbygg-Demo.no",
        now=NOW,
    )
    return replace(record, **changes)


def recorded(engine: Engine, n: int = 1, what: Decision | None = None, **changes: Any) -> Recorded:
    """Mail ``n`` kept and recorded."""
    (mail_id,) = kept(engine, n)
    (done,) = record(engine, [made(mail_id, n, what, **changes)])
    return done


def count(engine: Engine, table: Any, *conditions: Any) -> int:
    with engine.connect() as conn:
        return int(conn.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def column(engine: Engine, what: Any) -> list[Any]:
    """A column's values, in the order of its table's first key."""
    with engine.connect() as conn:
        return list(conn.execute(select(what).order_by(*what.table.primary_key.columns)).scalars())


def outbox_states(engine: Engine) -> list[tuple[str, str]]:
    with engine.connect() as conn:
        rows = conn.execute(select(t.outbox.c.state, t.outbox.c.hold_reason).order_by(t.outbox.c.id))
        return [(row.state, row.hold_reason) for row in rows]
