"""What a token server's answer means: tokens, an outage, or a refusal, and of which kind."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from processor.consent import Grant
from processor.world.failures import Failure, LoginRefused, Misconfigured, Transient
from processor.world.web import Answer

# What only a person who signs in can mend.
CONSENT_GONE = {"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied"}
PASSING = {"temporarily_unavailable", "server_error"}
UNSAID_SECONDS = 600
TOKEN = re.compile(r"[!-~]{1,16000}")
LONGEST_WORDS = 300
LONG_WORD = re.compile(r"\S{60,}")


class Waiting(Transient):
    """The person has not agreed yet; ``slower``: ask less often from now on (RFC 8628 section 3.5)."""

    def __init__(self, slower: bool) -> None:
        super().__init__("nobody has agreed yet")
        self.slower = slower


def members(answer: Answer) -> dict[str, Any]:
    """The JSON object that came; Transient for a page, an empty body, or a server that is out of order."""
    if answer.status >= 500 or answer.status == 429:
        raise Transient(f"the token server is out of order ({answer.status})")
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Transient(f"the token server answered with {answer.kind} instead of JSON ({answer.status})")
    return told


def refusal(told: Mapping[str, Any]) -> Failure:
    """What an error means, by RFC 6749 section 5.2, RFC 8628 section 3.5 and Entra's own words."""
    error = words(told["error"])
    # Some say back the token or code that they refuse.
    about = LONG_WORD.sub("…", str(told.get("error_description", "")))
    said = f"{error}: {words(about)}".rstrip(": ")
    if error in ("authorization_pending", "slow_down"):
        return Waiting(error == "slow_down")
    if error in PASSING:
        return Transient(f"the token server cannot answer now: {said}")
    if error == "invalid_grant" and any(word in said.lower() for word in ("iat", "reasonable timeframe")):
        return Misconfigured(f"the token server finds our clock wrong; set this machine's time: {said}")
    if error == "expired_token":
        return LoginRefused("nobody agreed in time; begin again")
    if error in CONSENT_GONE:
        return LoginRefused(f"the consent is gone: {said}")
    return Misconfigured(f"the token server does not take our application: {said}")


def granted(told: Mapping[str, Any], before: Grant | None, now: datetime) -> Grant:
    """What came, as a grant; Transient where it cannot be read."""
    token = told.get("access_token")
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise Transient("the token server's answer cannot be read: it holds no access token")
    refresh = told.get("refresh_token")
    ends = number(told.get("refresh_token_expires_in"), 0.0)
    return Grant(
        access_token=token,
        refresh_token=refresh if isinstance(refresh, str) and refresh else (before.refresh_token if before else ""),
        expires_at=now + timedelta(seconds=number(told.get("expires_in"), UNSAID_SECONDS)),
        given_at=(before and before.given_at) or now,
        renewed_at=now,
        ends_at=now + timedelta(seconds=ends) if ends else (before.ends_at if before else None),
    )


def number(told: object, otherwise: float) -> float:
    """A positive number of seconds, a year at most, also where it comes as a text; ``otherwise`` for anything else."""
    try:
        seconds = float(told) if isinstance(told, int | float | str) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    return min(seconds, 366 * 86400.0) if seconds > 0 else otherwise


def words(told: object) -> str:
    """A stranger's text on one bounded line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(told)).split())[:LONGEST_WORDS]
