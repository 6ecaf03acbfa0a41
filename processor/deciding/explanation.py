"""A decided mail as the one JSON object that ``explain --json`` prints (design.md)."""

from __future__ import annotations

from datetime import date
from typing import Any

from processor.findings import Evidence, Form, Understanding
from processor.message import Message
from processor.ticket import Decision


def explain(message: Message, understanding: Understanding, decision: Decision) -> dict[str, Any]:
    """Everything that was understood and decided, but for the file's name; dates are ISO text."""
    return {
        "message_id": message.message_id,
        "automatic": understanding.automatic,
        "language": understanding.language,
        "requests": [
            {
                "type": request.type,
                "confidence": round(request.confidence, 4),
                "evidence": [_evidence(each) for each in request.evidence],
            }
            for request in understanding.requests
        ],
        "fields": _fields(understanding),
        "form": _form(understanding.form),
        "authenticity": {"result": decision.provenance.result, "why": decision.provenance.why},
        "deadline": _deadline(decision),
        "decision": _decision(decision),
    }


def unread() -> dict[str, Any]:
    """The object of a mail that could not be read: a person must look."""
    fields: dict[str, Any] = {name: [] for name in ("org_no", "customer_no", "products", "invoice_no")}
    decision = {"outcome": "review", "rule": "", "because": ["The mail could not be read."]}
    return {
        "message_id": "",
        "automatic": None,
        "language": "nb",
        "requests": [],
        "fields": fields | {"company": None, "effective_date": None, "domains": [], "emails": []},
        "form": None,
        "authenticity": {"result": "unproven", "why": "the mail could not be read"},
        "deadline": {
            **{"status": "unknown", "last_service_day": None, "last_safe_notice_day": None, "basis": None},
            **{"candidates": [], "flags": []},
        },
        "decision": {**decision, "parts": [], "actions": [], "reply": None},
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "text": evidence.text,
        "where": evidence.where,
        "start": evidence.start,
        "end": evidence.end,
        "rule": evidence.rule,
    }


def _day(day: date | str | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day


def _fields(understanding: Understanding) -> dict[str, Any]:
    fields = understanding.fields
    return {
        "org_no": list(fields.org_no),
        "customer_no": list(fields.customer_no),
        "company": fields.company,
        "products": list(fields.products),
        "effective_date": _day(fields.effective_date),
        "invoice_no": list(fields.invoice_no),
        "domains": list(fields.domains),
        "emails": list(fields.emails),
    }


def _form(form: Form | None) -> dict[str, Any] | None:
    if form is None:
        return None
    return {
        "administrator": form.administrator,
        "email": form.email,
        "company": form.company,
        "org_no": form.org_no,
        "domains": list(form.domains),
        "phone": form.phone,
        "date": form.date,
        "customer_no": form.customer_no,
        "signed_by": form.signed_by,
        "source": form.source,
    }


def _deadline(decision: Decision) -> dict[str, Any]:
    deadline = decision.deadline
    return {
        "status": deadline.status,
        "last_service_day": _day(deadline.last_service_day),
        "last_safe_notice_day": _day(deadline.last_safe_notice_day),
        "basis": deadline.basis,
        "candidates": [
            {"contract": each.contract, "last_service_day": _day(each.last_service_day)} for each in deadline.candidates
        ],
        "flags": list(deadline.flags),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    reply = decision.reply
    parts = dict.fromkeys((item.rule, item.template) for item in decision.items if item.rule)
    return {
        "outcome": decision.outcome,
        "rule": decision.rule,
        "because": list(decision.because),
        "parts": [{"rule": rule, "template": template} for rule, template in parts],
        "actions": [{"kind": action.kind, "needs": action.needs} for action in decision.actions],
        "reply": None
        if reply is None
        else {
            "template": reply.template,
            "kind": reply.kind,
            "language": reply.language,
            "to": reply.to,
            "subject": reply.subject,
            "text": reply.text,
        },
    }
