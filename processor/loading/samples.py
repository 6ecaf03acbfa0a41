"""What a lookup may have found, to try templates with: an entry each of the values ``peppol`` and ``register``.

The values hold one for each organisation that was looked up; ``provider`` and ``access_point`` are empty where
they could not be found out, and ``known`` is false for a number that the register has not.
"""

from __future__ import annotations

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
