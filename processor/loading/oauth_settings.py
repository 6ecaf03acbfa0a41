"""The tables [mailbox.oauth], [smtp.oauth] and [tokens] of config.toml: each mistake with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from urllib.parse import quote

from processor.loading.lookup_settings import is_url
from processor.mail_servers import Flow, MailboxSettings, OAuthSettings, Provider

if TYPE_CHECKING:
    from processor.loading.configuration import Table

MICROSOFT = "https://login.microsoftonline.com"
OUTLOOK = "https://outlook.office.com"
LONGEST_TIMEOUT = 120.0
USUAL_FLOW: dict[str, Flow] = {"microsoft": "device", "google": "browser", "other": "device"}
# Days that a consent may lie unused: what the providers' own pages say (docs/operate).
IDLE_DAYS = {"microsoft": 90.0, "google": 180.0, "other": 0.0}
LOGINS = ("device", "browser")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where tokens lie and what encrypts them."""

    folder: Path
    key: Callable[[], str]

    def file(self, kind: str, name: str = "") -> Path:
        return self.folder / f"{kind}{'-' if name else ''}{quote(name, safe='')}.tokens"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A provider's own addresses and scopes for a flow."""

    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""
    scopes: tuple[str, ...] = ()


def token_place(entry: Table, folder: Path, company_key: Callable[[], str] | None) -> TokenPlace:
    """Read what stands under [tokens]; without a key of its own, company's key encrypts."""
    key = entry.secret("key", folder, needed=False) or company_key or (lambda: "")
    place = TokenPlace(folder / entry.take("folder", str, "var/tokens"), key)
    entry.finish()
    return place


def mailbox_oauth(entry: Table, folder: Path, place: TokenPlace) -> OAuthSettings | None:
    """Read [mailbox.oauth] of one mailbox; None where its table has none."""
    values = entry.take("oauth", dict, {})
    if not values:
        return None
    if "password" in entry.values:
        entry.problem("password", "a mailbox has either a password or [mailbox.oauth], and this one has both")
    name = str(entry.values.get("name", ""))
    return _oauth(
        within(entry, values), folder, name, str(entry.values.get("user", "")), place.file("mailbox", name), place
    )


def smtp_oauth(
    entry: Table, folder: Path, place: TokenPlace, mailboxes: Iterable[MailboxSettings]
) -> OAuthSettings | None:
    """Read [smtp.oauth]: a login of its own, or ``mailbox``, whose login it shares."""
    values = entry.take("oauth", dict, {})
    if not values:
        return None
    if "password" in entry.values:
        entry.problem("password", "[smtp] has either a password or [smtp.oauth], and here are both")
    inner = within(entry, values)
    if "mailbox" not in values:
        return _oauth(inner, folder, "smtp", str(entry.values.get("user", "")), place.file("smtp"), place)
    shared = inner.take("mailbox", str, "")
    inner.finish()
    found = next((each.oauth for each in mailboxes if each.name == shared and each.oauth), None)
    if found is None:
        inner.problem("mailbox", f"no mailbox {shared!r} has a table [mailbox.oauth]")
    return found


def within(entry: Table, values: dict[str, object]) -> Table:
    """The table ``oauth`` of a table, with the same problems and lines."""
    return type(entry)(
        entry.path, f"{entry.name}.oauth", values, entry.lines, entry.problems, secrets_now=entry.secrets_now
    )


def _oauth(entry: Table, folder: Path, login: str, user: str, file: Path, place: TokenPlace) -> OAuthSettings:
    provider: Provider = entry.choice("provider", get_args(Provider), "other")  # type: ignore[assignment]
    if "provider" not in entry.values:
        entry.problem("provider", f"[{entry.name}] needs 'provider': one of {', '.join(get_args(Provider))}")
    flow: Flow = entry.choice("flow", get_args(Flow), USUAL_FLOW[provider])  # type: ignore[assignment]
    usual = endpoints(provider, flow, entry.take("authority", str, MICROSOFT), entry.take("tenant", str, ""))
    timeout = entry.positive("timeout", float, 20.0)
    if timeout > LONGEST_TIMEOUT:
        entry.problem("timeout", f"timeout must be {LONGEST_TIMEOUT:g} seconds at most")
    settings = OAuthSettings(
        login=login,
        provider=provider,
        flow=flow,
        user=user,
        client_id=entry.take("client_id", str, ""),
        file=file,
        key=place.key,
        scopes=entry.strings("scopes") or usual.scopes,
        token_url=entry.take("token_url", str, usual.token_url),
        device_url=entry.take("device_url", str, usual.device_url),
        authorize_url=entry.take("authorize_url", str, usual.authorize_url),
        redirect_host="localhost" if provider == "microsoft" else "127.0.0.1",
        client_secret=entry.secret("client_secret", folder, needed=False),
        certificate=entry.secret("certificate", folder, needed=False),
        service_account=entry.secret("service_account", folder, needed=False),
        ca_file=entry.take("ca_file", str, "") or None,
        timeout=timeout,
        idle_days=entry.positive("idle_days", float, IDLE_DAYS[provider])
        if "idle_days" in entry.values
        else IDLE_DAYS[provider],
        consent_days=entry.positive("consent_days", float, 1.0) if "consent_days" in entry.values else 0.0,
        secret_ends=_day(entry, "secret_ends"),
    )
    _check(entry, settings)
    entry.finish()
    return settings


def endpoints(provider: str, flow: str, authority: str, tenant: str) -> Endpoints:
    """What a provider's own pages say; nothing for another provider."""
    if provider == "microsoft":
        base = f"{authority.rstrip('/')}/{quote(tenant or 'organizations', safe='.-')}/oauth2/v2.0"
        scopes: tuple[str, ...] = (f"{OUTLOOK}/IMAP.AccessAsUser.All", f"{OUTLOOK}/SMTP.Send", "offline_access")
        if flow == "client_credentials":
            scopes = ("https://outlook.office365.com/.default",)
        return Endpoints(f"{base}/token", f"{base}/devicecode", f"{base}/authorize", scopes)
    if provider == "google":
        return Endpoints(
            "https://oauth2.googleapis.com/token",
            authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
            scopes=("https://mail.google.com/",),
        )
    return Endpoints()


def _check(entry: Table, settings: OAuthSettings) -> None:
    """What a flow needs, and what does not go together."""
    flow = settings.flow
    urls = {"token_url": settings.token_url, "device_url": settings.device_url, "authorize_url": settings.authorize_url}
    needed = {"token_url", {"device": "device_url", "browser": "authorize_url"}.get(flow, "token_url")}
    for key, url in urls.items():
        if url and not is_url(url):
            entry.problem(key, f"{key} must be an https:// address without user or query, and is {url!r}")
        elif not url and key in needed and not (settings.provider == "google" and flow == "device"):
            entry.problem(key, f'flow = "{flow}" needs {key!r}')
    if settings.provider == "google" and flow == "device":
        entry.problem("flow", 'Google gives no access to mail by a device code; use flow = "browser"')
    if flow == "service_account":
        if settings.service_account is None:
            entry.problem("flow", 'flow = "service_account" needs service_account = { file = … }, the JSON key')
        return
    if not settings.client_id:
        entry.problem("client_id", f"[{entry.name}] needs 'client_id'")
    if settings.client_secret and settings.certificate:
        entry.problem("certificate", "the application has either a client_secret or a certificate, and here are both")
    if flow == "client_credentials":
        if not settings.client_secret and not settings.certificate:
            entry.problem("flow", 'flow = "client_credentials" needs client_secret = { file = … } or certificate')
        if settings.provider == "microsoft" and not entry.values.get("tenant"):
            entry.problem("tenant", "flow = \"client_credentials\" needs 'tenant': the directory (tenant) ID")


def _day(entry: Table, key: str) -> date | None:
    value = entry.values.get(key)
    entry.asked.add(key)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    entry.problem(key, f"{key} must be a day such as 2027-10-01 without quotes, and is {value!r}")
    return None
