"""The values that a template may use, and some of each to try it with.

``peppol`` and ``register``, what lookups found, hold an entry for each organisation that was looked up;
``provider`` and ``access_point`` are empty where they could not be found out, and ``known`` is false for a
number that the register has not.
"""

from __future__ import annotations

PART_VALUES = [
    "ticket_no",
    "received",
    "company",
    "org_no",
    "org_nos",
    "products",
    "invoice_nos",
    "customer_no",
    "domains",
    "users",
    "calculations",
    "asks",
    "plural",
    "name",
    "team",
    "flags",
    "topics",
    "peppol",
    "register",
    "last_day",
    "access_until",
    "answered",
    "corrects",
]
LAYOUT_VALUES = ["name", "parts", "asks", "ticket_no", "team", "plural", "received"]
PEPPOL = {
    "org_no": "974 760 673",
    "registered": True,
    "provider": "AutoInvoice",
    "access_point": "PNO000123",
    "when": "tirsdag 18. august 2026 kl. 10.03",
}
REGISTER = {
    "org_no": "974 760 673",
    "name": "Fjord Bygg AS",
    **dict.fromkeys(("deleted", "bankrupt", "winding_up"), False),
    "known": True,
    "when": "tirsdag 18. august 2026 kl. 10.03",
}
CALCULATIONS = (
    {"quantity": "108", "users": "9", "months": "12", "price": "", "amount": ""},
    {"quantity": "", "users": "32", "months": "3", "price": "50,00", "amount": "4 800,00"},
)
"""The two entries that ``calculations`` may have: a quantity divided, and a price multiplied."""


def sample_values() -> tuple[dict[str, object], ...]:
    """Values to try a part with: those of a mail that says nothing, of a usual and of a full one."""
    blank: dict[str, object] = {
        "ticket_no": "VS-7K3M-9QX4",
        "received": "tirsdag 18. august 2026 kl. 10.02",
        **dict.fromkeys(
            ("company", "org_no", "customer_no", "name", "last_day", "access_until", "answered", "corrects"), ""
        ),
        **dict.fromkeys(
            (
                "org_nos",
                "products",
                "invoice_nos",
                "domains",
                "asks",
                "flags",
                "topics",
                "peppol",
                "register",
                "calculations",
            ),
            (),
        ),
        "users": 0,
        "plural": False,
        "team": "Kundesenteret",
    }
    usual = blank | {
        "company": "Fjord Bygg AS",
        "org_no": "974 760 673",
        "org_nos": ("974 760 673",),
        "products": ("Visma Global",),
        "plural": True,
        "name": "Kari",
        "peppol": (PEPPOL,),
        "register": (REGISTER,),
        "last_day": "torsdag 31. desember 2026",
        "answered": "onsdag 19. august 2026 kl. 9.30",
    }
    full = usual | {
        "org_nos": ("974 760 673", "991 825 827"),
        "products": ("Visma Global", "Visma.net Expense", "Visma.net Payroll"),
        "invoice_nos": ("INV12345", "INV12346"),
        "customer_no": "1048823",
        "domains": ("fjordbygg-demo.no", "fjord-demo.no"),
        "users": 3,
        "calculations": CALCULATIONS,
        "asks": ("org_no", "customer_no"),
        "peppol": (PEPPOL, {**PEPPOL, "org_no": "991 825 827", "provider": ""}, {**PEPPOL, "registered": False}),
        "register": (REGISTER, {**REGISTER, "known": False, "name": ""}),
        "access_until": "søndag 20. juni 2027",
        "corrects": "torsdag 20. august 2026 kl. 12.15",
        "name": "",
    }
    return blank, usual, full
