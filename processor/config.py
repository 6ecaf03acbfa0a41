"""The configuration as plain frozen values; loading fills them from config.toml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from processor.alarm import Pace, Thresholds
from processor.mail_servers import MailboxSettings, SmtpSettings
from processor.provenance import Powers
from processor.ticket import Level, Limits


@dataclass(frozen=True, slots=True)
class RegisterSettings:
    """Enhetsregisteret (domain.md 5.2).  ``timeout`` is seconds for a whole batch of mail.

    ``roles``: who holds them is asked for too.  ``url`` is HTTPS, in clear on loopback only.
    """

    on: bool = False
    url: str = "https://data.brreg.no/enhetsregisteret/api"
    roles: bool = False
    timeout: float = 5.0
    cache_hours: float = 24.0
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class PeppolSettings:
    """Lookup of recipients by the SML ``zone`` and their SMP (domain.md 5.1).

    ``dns_servers`` are addresses with an optional port, empty for this machine's own.  ``autoinvoice``
    names the seat ids of our own access point, which no source tells.  ``internal``: an SMP may lie within
    our own network.  A registration changes within minutes, so it is kept for an hour only.
    """

    on: bool = False
    zone: str = "participant.sml.prod.tech.peppol.org"
    dns_servers: tuple[str, ...] = ()
    autoinvoice: tuple[str, ...] = ()
    timeout: float = 5.0
    cache_hours: float = 1.0
    internal: bool = False
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class LookupSettings:
    """Registers outside that are asked about a mail's organisation numbers, each off until it is turned on."""

    register: RegisterSettings = RegisterSettings()
    peppol: PeppolSettings = PeppolSettings()


@dataclass(frozen=True, slots=True)
class ProvenanceSettings:
    """Who wrote a mail: ``check_signatures`` where our server adds no Authentication-Results, and what follows.

    ``arc_sealers`` are the domains whose ARC seal is believed.  ``dns_servers`` as for Peppol; ``timeout`` is seconds
    for a whole batch of mail.
    """

    check_signatures: bool = False
    arc_sealers: tuple[str, ...] = ()
    dns_servers: tuple[str, ...] = ()
    timeout: float = 3.0
    powers: Powers = Powers()


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who of staff is told of an open action, ``after`` its due time (before it where negative), in nb or en."""

    to: str
    after: timedelta
    language: str = "nb"


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """ClamAV's daemon, a socket's path or ``host:port``, "" for none; ``timeout`` in seconds for a mail."""

    clamd: str = ""
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that takes alarms as JSON, in our own ``form`` or as a chat wants it; ``url`` is asked at each, as it may be
    a secret.  HTTPS, in clear on loopback only.  With ``digest`` it is also told each working morning how the queue
    stands."""

    url: Callable[[], str]
    form: Literal["json", "slack", "teams"] = "json"
    digest: bool = False
    ca_file: str | None = None
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Command:
    """A program that is run with an alarm's text on standard input, without a shell; killed after ``timeout`` seconds."""

    argv: tuple[str, ...]
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """Who hears of alarms, and from when on something is one.

    ``mails`` are addresses, written to by ``smtp``, which is that of the answers where the alarms have none of their
    own.  ``ping`` is a URL that is asked each minute while all is well, None for none.
    """

    thresholds: Thresholds = Thresholds()
    pace: Pace = Pace()
    language: Literal["nb", "en"] = "nb"
    webhooks: tuple[Webhook, ...] = ()
    commands: tuple[Command, ...] = ()
    mails: tuple[str, ...] = ()
    smtp: SmtpSettings | None = None
    ping: Webhook | None = None


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Who else is told of ticket events, by a POST that ``secret`` signs; ``timeout`` is seconds for the whole of it.

    ``internal``: the receiver may lie within our own network.
    """

    name: str
    url: str
    secret: Callable[[], str]
    events: tuple[str, ...]
    internal: bool = False
    ca_file: str | None = None
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """Who lets staff in by OpenID Connect; ``name`` stands on the sign-in page.

    People are known by the ``claim`` of the ID token.  ``internal``: the provider may lie within our own network.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: Callable[[], str] | None = None
    claim: str = "email"
    scope: str = "openid email profile"
    internal: bool = False
    ca_file: str | None = None
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Where the staff's pages are served; ``listen`` None for nowhere.

    ``public_url`` is the HTTPS address of a reverse proxy in front, ``""`` for none: then loopback only.
    Without a request for ``idle_minutes`` its process ends, and the next request starts it.  ``demo`` shows
    users with their passwords on the sign-in page.  What is approved here may be taken back for ``undo_seconds``,
    and leaves after them.  Mail is sent on to the addresses ``forward_to`` alone.
    """

    listen: tuple[str, int] | None = ("127.0.0.1", 8080)
    public_url: str = ""
    idle_minutes: float = 10.0
    demo: bool = False
    undo_seconds: int = 10
    forward_to: tuple[str, ...] = ()
    provider: ProviderSettings | None = None

    @property
    def address(self) -> str:
        """The start of every address of the desk, as staff write it; "" where it is turned off."""
        if self.listen is None:
            return ""
        host = f"[{self.listen[0]}]" if ":" in self.listen[0] else self.listen[0]
        return self.public_url or f"http://{host}:{self.listen[1]}"


@dataclass(frozen=True, slots=True)
class EncryptionSettings:
    """Under which keys the bytes of mails lie in the store: ``seals`` None keeps what comes in in clear.

    ``opens`` are older keys, for what was sealed under them.  Keys are read when needed and raise what loading/secrets.py
    raises.  ``file`` and ``line`` say where the setting stands.
    """

    seals: Callable[[], str] | None = None
    opens: tuple[Callable[[], str], ...] = ()
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that config.toml says; paths are absolute.

    ``key`` is the secret that ticket numbers and Message-IDs are derived from: a copy of the store
    without it tells nobody which numbers come next.  ``levels`` are first values only, the database
    holds the ones in force.  ``answer_within_hours`` is the age above which no receipt leaves.
    ``workers`` is how many child processes understand mail; 0 does it in the daemon's own process.
    ``lease_seconds``: on PostgreSQL, how long a daemon that says nothing is taken to live.
    ``contracts_path`` is a CSV file that the register is taken from whenever its bytes have changed.
    ``watch_listen`` is the loopback address and port where monitoring may ask, None for nowhere.
    """

    path: Path
    store_url: str
    key: bytes = field(repr=False)
    rules_dir: Path
    templates_dir: Path
    mailboxes: tuple[MailboxSettings, ...]
    smtp: SmtpSettings | None
    team: str = "Kundesenteret"
    ticket_prefix: str = "VS"
    own_addresses: tuple[str, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    level: Level = Level.OBSERVE
    levels: Mapping[str, Level] = field(default_factory=dict)
    limits: Limits = Limits()
    answer_within_hours: float = 24.0
    workers: int = 1
    lease_seconds: float = 20.0
    contracts_path: Path | None = None
    lookups: LookupSettings = LookupSettings()
    watch_listen: tuple[str, int] | None = None
    escalations: tuple[Escalation, ...] = ()
    webhooks: tuple[WebhookSettings, ...] = ()
    provenance: ProvenanceSettings = ProvenanceSettings()
    desk: DeskSettings = DeskSettings()
    scan: ScanSettings = ScanSettings()
    alarms: AlarmSettings = AlarmSettings()
    encryption: EncryptionSettings = EncryptionSettings()
