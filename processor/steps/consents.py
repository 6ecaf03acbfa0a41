"""How the configured logins by OAuth stand, for the metrics and alarms; no server is asked."""

from __future__ import annotations

from processor.config import Config
from processor.consent import Consent
from processor.mail_servers import OAuthSettings


def logins(config: Config) -> list[OAuthSettings]:
    """Every login by OAuth once, mailboxes first."""
    smtp = [config.smtp.oauth] if config.smtp else []
    found = [each for each in (*(box.oauth for box in config.mailboxes), *smtp) if each]
    return [each for number, each in enumerate(found) if each not in found[:number]]


def consents(config: Config) -> list[Consent]:
    """How each login stands; what is to be done about it is for ``processor.consent`` to say, with a time."""
    ours = logins(config)
    if not ours:
        return []
    # Loaded where there is one, since it brings a library along.
    from processor.world.tokens import consent

    return [consent(each) for each in ours]
