"""Whom we talk to in clear (ourselves alone) and whose certificates we believe."""

from __future__ import annotations

import ipaddress
import ssl

from processor.world.failures import Misconfigured


def verified(ca_file: str | None) -> ssl.SSLContext:
    """A context that checks certificate and name, against ``ca_file`` or the system's authorities.

    Raises Misconfigured when the file cannot be read.  smtplib and imaplib without a context check
    nothing at all (CERT_NONE), so one is always passed.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"cannot read certificates from {ca_file}: {error}") from error


def loopback(host: str) -> bool:
    """Whether the host is this machine, judged by the name alone: DNS may lie."""
    if host.lower() in ("localhost", "ip6-localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_clear(tls: str, host: str) -> None:
    """Raises Misconfigured for an unencrypted connection that would leave this machine."""
    if tls == "plain" and not loopback(host):
        raise Misconfigured(f'tls = "plain" is for loopback only, and {host} is not; use "implicit" or "starttls"')


def certificate_refused(error: BaseException) -> str | None:
    """Why a certificate was not believed, or None when the error is of another kind."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}"
    return None
