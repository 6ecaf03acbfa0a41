"""How long we are still let into an account by OAuth: values, and arithmetic with ``now`` passed in.

A consent ends by itself in four ways: the server said when; nobody used it for so long (Microsoft 90 days, Google six
months); the operator wrote down a day (an application secret's, an Entra policy's); or our certificate runs out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY = timedelta(days=1)
WARN_DAYS = 14.0
"""Long enough before the end that one person's holiday does not decide."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token server gave us, as it lies in the token file.

    ``given_at`` is when a person agreed, or the application was first let in; ``renewed_at`` when the tokens in hand
    came; ``ends_at`` when the server said the consent ends.  ``refused`` is why the last renewal was refused for good,
    "" when it was not.
    """

    access_token: str = field(repr=False, default="")
    refresh_token: str = field(repr=False, default="")
    expires_at: datetime | None = None
    given_at: datetime | None = None
    renewed_at: datetime | None = None
    ends_at: datetime | None = None
    refused_at: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of a consent's length beside the grant: days unused, and days written down or in a certificate."""

    idle_days: float = 0.0
    secret_ends: datetime | None = None
    certificate_ends: datetime | None = None
    consent_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Consent:
    """How one login stands.  ``login`` is the mailbox's name or "smtp"; ``ends_at`` None for no known end.

    ``trouble`` is why it cannot be used at all, "" when it can.
    """

    login: str
    given_at: datetime | None = None
    renewed_at: datetime | None = None
    ends_at: datetime | None = None
    ends_by: str = ""
    trouble: str = ""


def consent_of(login: str, grant: Grant | None, terms: Terms, needs_person: bool) -> Consent:
    """How a login stands.  ``needs_person``: it begins with somebody who signs in."""
    ends = sorted(ways_it_ends(grant or Grant(), terms))
    at, by = ends[0] if ends else (None, "")
    if grant is None:
        return Consent(login, ends_at=at, ends_by=by, trouble="nobody has signed in yet" if needs_person else "")
    return Consent(login, grant.given_at, grant.renewed_at, at, by, grant.refused)


def ways_it_ends(grant: Grant, terms: Terms) -> Iterable[tuple[datetime, str]]:
    """Each end that is known, with what brings it."""
    if grant.ends_at:
        yield grant.ends_at, "the server said so when it gave the tokens"
    if terms.secret_ends:
        yield terms.secret_ends, "the application's secret runs out (secret_ends)"
    if terms.certificate_ends:
        yield terms.certificate_ends, "the application's certificate runs out"
    if terms.consent_days and grant.given_at:
        yield grant.given_at + terms.consent_days * DAY, "the consent is for so many days (consent_days)"
    if terms.idle_days and grant.refresh_token and grant.renewed_at:
        yield grant.renewed_at + terms.idle_days * DAY, f"unused for {terms.idle_days:g} days by then"


def days_left(consent: Consent, now: datetime) -> float | None:
    """Days before the consent ends, negative once it has; 0 where it cannot be used now, None for no known end."""
    left = None if consent.ends_at is None else (consent.ends_at - now) / DAY
    if consent.trouble:
        return min(0.0, left if left is not None else 0.0)
    return left


def ends_soon(consents: Iterable[Consent], now: datetime, days: float = WARN_DAYS) -> list[Consent]:
    """Those that have ended, cannot be used, or end within so many days."""
    return [each for each in consents if (left := days_left(each, now)) is not None and left <= days]


def token_age(consent: Consent, now: datetime) -> float | None:
    """Seconds since the tokens in hand came; None when there are none."""
    return max(0.0, (now - consent.renewed_at).total_seconds()) if consent.renewed_at else None


def fresh(grant: Grant | None, unlike: str, now: datetime) -> bool:
    """Whether the access token may be used: not the one a server refused, and not about to expire.

    It is renewed five minutes early, or a fifth of its life where that is short, so that it lasts through a login
    with a clock that is a few minutes wrong.
    """
    if grant is None or not grant.access_token or grant.access_token == unlike or grant.expires_at is None:
        return False
    life = grant.expires_at - (grant.renewed_at or now)
    return now < grant.expires_at - min(timedelta(minutes=5), life / 5)


def still_valid(grant: Grant, unlike: str, now: datetime) -> bool:
    """Whether the access token would still do while the token server does not answer."""
    known = bool(grant.access_token) and grant.access_token != unlike
    return known and grant.expires_at is not None and now < grant.expires_at
