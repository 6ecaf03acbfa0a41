"""What ``doctor`` says of a login by OAuth: its tokens, the token server's clock, and when the consent ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from processor.consent import WARN_DAYS, days_left, token_age
from processor.mail_servers import OAuthSettings
from processor.world.failures import Failure, LoginRefused, Misconfigured
from processor.world.probing import Finding
from processor.world.tokens import access_token, consent
from processor.world.web import NoAnswer, Terms, post

CLOCK_SECONDS = 60.0


def token_findings(settings: OAuthSettings, now: datetime) -> Iterator[Finding]:
    """One finding each for the clock, the tokens and the consent; a bad one of the tokens is the last."""
    ahead = clock_ahead(settings)
    if ahead is not None and abs(ahead) > CLOCK_SECONDS:
        word = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            False,
            f"this machine's clock is {abs(ahead):.0f} s {word} the token server's",
            "set the time, and keep it set (timedatectl set-ntp true)",
        )
    try:
        access_token(settings)
    except Failure as failure:
        yield Finding(False, failure.reason, mend(failure, settings))
        return
    found = consent(settings)
    age, left = token_age(found, now) or 0.0, days_left(found, now)
    yield Finding(True, f"token of {settings.provider}, {age / 60:.0f} min old, is renewed by itself")
    if left is None or found.ends_at is None:
        yield Finding(True, "the consent has no end that is known here")
        return
    said = f"the consent ends {found.ends_at:%Y-%m-%d} ({left:.0f} days): {found.ends_by}"
    soon = left <= WARN_DAYS
    yield Finding(not soon, said, renewal(settings) if soon else "")


def clock_ahead(settings: OAuthSettings) -> float | None:
    """By how many seconds our clock is ahead of the token server's; None where it tells no time.  Asks it nothing else."""
    terms = Terms(settings.timeout, settings.ca_file, internal=True)
    try:
        theirs = parsedate_to_datetime(post(settings.token_url, "", terms).date)
    except (NoAnswer, ValueError, TypeError):
        return None
    return (datetime.now(UTC) - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))).total_seconds()


def mend(failure: Failure, settings: OAuthSettings) -> str:
    if isinstance(failure, LoginRefused):
        return renewal(settings)
    if isinstance(failure, Misconfigured):
        return f"mend what it names: the application's own page at {settings.provider}, or [mailbox.oauth]"
    return "try again; nothing is lost meanwhile, and tokens that still hold are used"


def renewal(settings: OAuthSettings) -> str:
    if settings.flow in ("device", "browser"):
        return f"sign in anew: processor login {settings.login}"
    return "renew the application's secret, certificate or key, then its file here; no restart is needed"
