"""Mail providers whose servers are known, by the address's domain or by who takes its mail (MX).

From Thunderbird's database of providers (ISPDB), read in November 2026; Domeneshop's from its customers' set-ups.  A
provider that is not here is found by its own records, or asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from processor.mail_servers import Tls

Login = Literal["password", "app_password", "microsoft", "google"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect; ``port`` 0 for the usual one of ``tls``."""

    host: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True)
class Proposal:
    """Servers for an address, and who says so.

    ``login``: by a password, by one made for programs, or by OAuth2 at Microsoft or Google.  ``user`` is a server's
    own word for the login's name, "" for the address.  ``remark`` is what the operator must know.
    """

    name: str
    imap: Server
    smtp: Server
    login: Login = "password"
    user: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A provider; ``domains`` are those of its addresses, ``exchangers`` the ends of its MX records."""

    key: str
    domains: tuple[str, ...]
    exchangers: tuple[str, ...]
    proposal: Proposal


def _at(imap: str, smtp: str, smtp_port: int) -> tuple[Server, Server]:
    return Server(imap, 993, "implicit"), Server(smtp, smtp_port, "implicit" if smtp_port == 465 else "starttls")


FOR_PROGRAMS = "It wants a password made for programs, from the account's security page, and not the usual one."
PRESETS = (
    Preset(
        "microsoft",
        ("onmicrosoft.com",),
        ("mail.protection.outlook.com", "mx.microsoft"),
        Proposal(
            "Microsoft 365",
            *_at("outlook.office365.com", "smtp.office365.com", 587),
            "microsoft",
            remark="It takes no passwords: docs/operate/microsoft365.md says step by step what to register.",
        ),
    ),
    Preset(
        "google",
        ("gmail.com", "googlemail.com"),
        ("google.com", "googlemail.com"),
        Proposal(
            "Google",
            *_at("imap.gmail.com", "smtp.gmail.com", 587),
            "google",
            remark="docs/operate/google.md says step by step what to register, or how to go on with an app password.",
        ),
    ),
    Preset(
        "fastmail",
        ("fastmail.com", "fastmail.fm"),
        ("messagingengine.com",),
        Proposal("Fastmail", *_at("imap.fastmail.com", "smtp.fastmail.com", 465), "app_password", remark=FOR_PROGRAMS),
    ),
    Preset("one", (), ("one.com",), Proposal("one.com", *_at("imap.one.com", "send.one.com", 465))),
    Preset(
        "domeneshop",
        (),
        ("domeneshop.no",),
        Proposal(
            "Domeneshop",
            *_at("imap.domeneshop.no", "smtp.domeneshop.no", 587),
            remark="Its login may be a user name of its own and not the address: see its control panel, and correct user.",
        ),
    ),
    Preset(
        "mailbox.org",
        ("mailbox.org",),
        ("mailbox.org",),
        Proposal("mailbox.org", *_at("imap.mailbox.org", "smtp.mailbox.org", 465)),
    ),
)
KEYS = tuple(each.key for each in PRESETS)


def preset(key: str) -> Proposal:
    """The proposal of a provider; raises KeyError for one that is not known."""
    return {each.key: each.proposal for each in PRESETS}[key]


def presets_for(domain: str, exchangers: Iterable[str]) -> list[Proposal]:
    """The providers that an address's domain and its MX records speak of, each once: more than one means a doubt."""
    hosts = [each.lower().rstrip(".") for each in exchangers]
    return [each.proposal for each in PRESETS if _below(domain.lower(), each.domains) or any(_ends(hosts, each))]


def _ends(hosts: Iterable[str], provider: Preset) -> Iterator[bool]:
    return (_below(host, provider.exchangers) for host in hosts)


def _below(name: str, domains: Iterable[str]) -> bool:
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)
