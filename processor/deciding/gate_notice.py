"""The letter that tells a customer's other contacts of a request for rights, in bokmål and short English."""

from __future__ import annotations

WHAT = {
    "otp_rights": ("rett til å generere engangskoder", "the right to generate one-time codes"),
    "admin_access": ("administratortilgang", "administrator access"),
}
OTHER = ("rettigheter i Visma-løsningen", "rights in your Visma solution")


def letter_to_contact(request_type: str, ticket_no: str, team: str) -> tuple[str, str]:
    """Subject and text; nothing of the mail that asked stands in it, since it may be a stranger's."""
    norwegian, english = WHAT.get(request_type, OTHER)
    subject = f"Forespørsel om {norwegian} [{ticket_no}]"
    text = (
        "Hei,\n\n"
        f"Vi har mottatt en forespørsel om {norwegian} for firmaet deres. Du får denne e-posten fordi du står\n"
        "oppført hos oss som kontaktperson.\n\n"
        "Kjenner du til forespørselen, trenger du ikke å gjøre noe. Kjenner du ikke til den, ber vi deg svare på\n"
        f"denne e-posten eller ringe oss så snart som mulig. Oppgi saksnummer {ticket_no}.\n\n"
        "Vi sender aldri koder på e-post.\n\n"
        f"We have received a request for {english} for your company. If you do not know of it, please\n"
        "answer this e-mail or call us as soon as possible. We never send codes by e-mail.\n\n"
        f"Vennlig hilsen\n{team}\n"
    )
    return subject, text
