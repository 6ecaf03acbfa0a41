"""The ``.want`` of an example mail: what must be decided about it, in words that a lawyer can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIELDS = {
    "org_no": "organisation numbers",
    "customer_no": "customer numbers",
    "company": "company",
    "products": "products",
    "effective_date": "effective date",
    "invoice_no": "invoice numbers",
    "domains": "domains",
    "emails": "addresses",
}


def want(told: Mapping[str, Any]) -> str:
    """Write an explained mail as the lines of its ``.want`` file.

    Only our own words: outcome, requests with their fields, the deadline where a contract is known, rule, reply and
    actions.  Confidence and
    evidence are left out, since they move with the model while the decision must not.
    """
    decision, reply = told["decision"], told["decision"]["reply"]
    lines = [f"outcome: {decision['outcome']}"]
    if told["automatic"]:
        lines.append(f"automatic mail: {told['automatic']}")
    lines.append(f"language: {told['language']}")
    lines += [f"request: {request['type']}" for request in told["requests"]]
    for key, title in FIELDS.items():
        value = told["fields"].get(key)
        if value:
            lines.append(f"{title}: {', '.join(value) if isinstance(value, list) else value}")
    lines.append(f"sender: {told['authenticity']['result']}")
    if (deadline := told["deadline"])["status"] != "unknown":
        lines.append(f"deadline: {deadline['status']}, ends {deadline['last_service_day']}")
    if decision["rule"]:
        lines.append(f"rule: {decision['rule']}")
    lines += [f"action: {action['kind']}, needs {action['needs'].replace('_', ' ')}" for action in decision["actions"]]
    lines.append(
        f"reply: {reply['template']} ({reply['kind']}) in {reply['language']} to {reply['to']}"
        if reply
        else "reply: none"
    )
    return "\n".join(lines) + "\n"
