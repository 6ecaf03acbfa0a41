"""Two years of a desk's work, by chance but always the same, for pages that look back: rows alone, without bytes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, func, insert, select

from processor.store import tables as t
from processor.store.columns import canonical

TYPES = ("termination", "invoice_question", "elma_question", "otp_rights", "termination_question", "")
WEIGHTS = (6, 4, 3, 2, 2, 3)
TABLES = ("ticket", "mail", "item", "action", "outbox", "event")
BATCH = 4000


def fill_year(engine: Engine, tickets: int, now: datetime, days: int = 500, seed: int = 3) -> None:
    """So many tickets over the last days, more of them in office hours and in September."""
    chance = random.Random(seed)
    with engine.connect() as conn:
        first = max(int(conn.execute(select(func.max(getattr(t, name).c.id))).scalar() or 0) for name in TABLES) + 1
    moments = sorted(islice_of(moments_of(chance, now, days), tickets))
    for start in range(0, tickets, BATCH):
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
        for n, at in enumerate(moments[start : start + BATCH], first + start):
            one(rows, n, at, now, chance)
        with engine.begin() as conn:
            for name, values in rows.items():
                if values:
                    conn.execute(insert(getattr(t, name)), values)


def islice_of(moments: Iterator[datetime], many: int) -> list[datetime]:
    return [next(moments) for _ in range(many)]


def moments_of(chance: random.Random, now: datetime, days: int) -> Iterator[datetime]:
    while True:
        at = now - timedelta(seconds=chance.random() * days * 86400)
        rush = math.exp(-(((at.timetuple().tm_yday - 265) / 14) ** 2))
        office = 1.0 if 6 <= at.hour <= 14 and at.weekday() < 5 else 0.08
        if chance.random() < office * (0.3 + 0.7 * rush):
            yield at


def one(rows: dict[str, list[dict[str, Any]]], n: int, at: datetime, now: datetime, chance: random.Random) -> None:
    kind = chance.choices(TYPES, WEIGHTS)[0]
    sure = 1 - chance.random() ** 2 * 0.6
    right = chance.random() < 0.35 + 0.64 * sure
    alone = chance.random() < 0.4 and kind != "termination"
    number, closed = f"VS-Y{n:05d}", min(at + timedelta(hours=chance.expovariate(1 / 14)), now)
    state = "open" if closed == now else "closed"
    rows["ticket"].append(
        {"id": n, "number": number, "state": state, "sender": "", "opened_at": at, "changed_at": closed}
    )
    rows["mail"].append(
        {"id": n, "digest": f"y{n}", "size": 1, "state": "decided", "account": "a", "folder": "INBOX", "arrived_at": at,
         "kept_at": at, "decided_at": at, "ticket_id": n, "outcome": "answer" if kind else "ignore"}
    )  # fmt: skip
    if not kind:
        return
    rule = f"{kind}/{chance.choice(('plain', 'borderline', 'several'))}"
    rows["item"].append(
        {
            "id": n,
            "ticket_id": n,
            "mail_id": n,
            "type": kind,
            "rule": rule,
            "confidence": sure,
            "evidence": "{}",
            "known": "{}",
        }
    )
    sent = {"id": n, "ticket_id": n, "ticket_no": number, "mail_id": n, "item_id": n, "answers_mail_id": n,
            "state": "sent", "automatic": True, "recipient": "", "to_addr": "", "subject": "", "text": "",
            "message_id": f"<y{n}@x.no>", "created_at": at, "changed_at": at, "attempted_at": at + timedelta(seconds=90)}  # fmt: skip
    rows["outbox"].append({**sent, "kind": "answer" if alone else "receipt"})
    if not alone:
        act = {"id": n, "ticket_id": n, "item_id": n, "kind": "register_termination", "needs": "staff", "facts": "{}"}
        over = "waiting" if state == "open" else "done" if right or chance.random() < 0.5 else "rejected"
        rows["action"].append({**act, "state": over, "due": at + timedelta(hours=30), "changed_at": closed})
    if not right and chance.random() < 0.5:
        data = canonical({"types": [chance.choice(TYPES[:-1])], "automatic": None, "was": [kind], "person": 1})
        about = {"mail_id": n, "ticket_id": n, "action_id": None, "text_digest": ""}
        rows["event"].append({"at": closed, "kind": "mail.retyped", "actor": "Anne", "data": data, **about})
