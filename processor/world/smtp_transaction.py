"""A mail transaction (RFC 5321 section 3.3) on a connection that stands open: the envelope, DATA, the text and its dot.

What is asked before the text goes in one packet where the server offers that (PIPELINING, RFC 2920), since each reply
that is waited for costs a way to the server and back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from processor.letter import ADDRESS, Unwritable, with_ascii_domain
from processor.mail_servers import SmtpSettings
from processor.world.outcomes import Delivered, Lost, Outcome, Rejected, closing, refused, set_up, words

if TYPE_CHECKING:
    from smtplib import SMTP

# RFC 5321 4.5.3.2: minutes for a command's reply, for DATA's, for the text, and after the dot.  A
# setting of 60 seconds gives the RFC's own.
COMMAND, DATA, BLOCK, DOT = 5, 2, 3, 10
DOT_LINE = b".\r\n"
# RFC 5321 4.5.3.1: 64 and 255 octets and the @ between; more is nobody's address.
LONGEST_ADDRESS = 320

Command = tuple[str, str]
"""A verb and what follows it."""
DATA_COMMAND: Command = ("DATA", "")
TAKEN = {"MAIL": (250,), "RCPT": (250, 251, 252), "DATA": (354,)}


def ask(
    smtp: SMTP, settings: SmtpSettings, sender: str, recipient: str, size: int, *, data: bool = False
) -> Outcome | None:
    """MAIL and RCPT, and with ``data`` DATA, of addresses that ``envelope_address`` gave; None when all were taken."""
    limit = smtp.esmtp_features.get("size", "")
    if limit.isdigit() and 0 < int(limit) < size:
        return Rejected(0, f"the mail has {size} bytes and the server takes {limit}")
    wide = not (sender + recipient).isascii()
    if wide and not smtp.has_extn("smtputf8"):
        return Rejected(0, "the server cannot take an address with such letters before the @ (SMTPUTF8, RFC 6531)")
    # docmd encodes with this; smtplib's own mail() would parse our address once more.
    smtp.command_encoding = "utf-8" if wide else "ascii"
    options = [f"SIZE={size}"] * smtp.has_extn("size") + ["SMTPUTF8"] * wide
    # An answer to a robot's mail would go to nobody (RFC 3834 3.3); where we read bounces, we want them.
    quiet = ["NOTIFY=NEVER"] * (sender == "" and smtp.has_extn("dsn"))
    envelope = [from_command(sender, options), ("RCPT", " ".join([f"TO:<{recipient}>", *quiet]))]
    if unasked := said_unasked(smtp):
        return Lost(False, f"the server spoke before it was asked: {unasked}")
    wait(smtp, COMMAND * settings.timeout)
    return say(smtp, [*envelope, DATA_COMMAND] if data else envelope)


def from_command(sender: str, options: Sequence[str] = ()) -> Command:
    return "MAIL", " ".join([f"FROM:<{sender}>", *options])


def ask_for_data(smtp: SMTP, settings: SmtpSettings) -> Outcome | None:
    """DATA; None when the server waits for the text."""
    wait(smtp, DATA * settings.timeout)
    return say(smtp, [DATA_COMMAND])


def say(smtp: SMTP, commands: Sequence[Command]) -> Outcome | None:
    """These commands, of which DATA is the last; what became of the first that was not taken, None when all were."""
    if len(commands) > 1 and smtp.has_extn("pipelining"):
        return say_at_once(smtp, commands)
    for verb, more in commands:
        outcome = judged(verb, *smtp.docmd(verb, more))
        if outcome:
            return outcome
    return None


def say_at_once(smtp: SMTP, commands: Sequence[Command]) -> Outcome | None:
    smtp.send("".join(f"{verb} {more}\r\n" if more else f"{verb}\r\n" for verb, more in commands))
    for number, (verb, _) in enumerate(commands, 1):
        outcome = judged(verb, *smtp.getreply())
        if outcome:
            # Where the line breaks at what comes behind, the next command finds it broken.
            with suppress(OSError):
                pass_over(smtp, outcome, commands[number:])
            return outcome
    return None


def pass_over(smtp: SMTP, outcome: Outcome, commands: Sequence[Command]) -> None:
    """Hear the replies to what was said behind a command that was not taken: they are refusals too."""
    if isinstance(outcome, Lost) or closing(outcome):
        return
    for verb, _ in commands:
        if not judged(verb, *smtp.getreply()) and verb == "DATA":
            # The server waits for a text to nobody (RFC 2920 section 3.1), and would take what we say for it.
            smtp.close()


def judged(verb: str, code: int, text: bytes) -> Outcome | None:
    if code in TAKEN[verb]:
        return None
    ours = set_up(code, text) if verb == "MAIL" else None
    return ours or refused(code, text) or Lost(False, f"unexpected answer to {verb}: {code} {words(text)}")


def hand_over(smtp: SMTP, settings: SmtpSettings, data: bytes) -> Outcome:
    """The text, which DATA has asked for, and the dot, each with its own time."""
    if unasked := said_unasked(smtp):
        return Lost(False, f"the server spoke before it had the text: {unasked}")
    wait(smtp, BLOCK * settings.timeout)
    assert smtp.sock is not None
    whole = memoryview(stuffed(data) + DOT_LINE)
    text_ends = len(whole) - len(DOT_LINE)
    # Mostly all of it fits in one packet, and wakes the server once; else the dot goes alone when the text has gone.
    begun = smtp.sock.send(whole)
    if begun < text_ends:
        smtp.sock.sendall(whole[begun:text_ends])
        begun = text_ends
    # From here on the server may have the whole mail.
    try:
        wait(smtp, DOT * settings.timeout)
        if begun < len(whole):
            smtp.sock.sendall(whole[begun:])
        code, text = smtp.getreply()
    except OSError as error:
        return Lost(True, f"{type(error).__name__}: {error}")
    if 200 <= code < 300:
        return Delivered(f"{code} {words(text)}")
    return refused(code, text) or Lost(True, f"unexpected answer after the data: {code} {words(text)}")


def said_unasked(smtp: SMTP) -> str:
    """What the server has said that nobody asked for, as a 421 of age, which would be taken for the next reply.

    That it has hung up is said too: of a text sent into the void nobody would know whether it was taken.
    """
    if smtp.sock is None or smtp.file is None:
        return ""
    wait(smtp, 0)
    try:
        said = smtp.file.peek(1) or smtp.file.raw.read(1)
    except OSError:
        # Nothing that could be read at once, in TLS; a broken line is found by whoever asks next.
        return ""
    if said is None:
        return ""
    return (words(said) or "an empty line") if said else "it hung up"


def envelope_address(address: str) -> str:
    """As it stands between the brackets; raises Unwritable for anything that could be more than one."""
    ascii_domain = with_ascii_domain(address)
    if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(ascii_domain):
        raise Unwritable(f"not an address: {address[:100]!r}")
    return ascii_domain


def stuffed(data: bytes) -> bytes:
    """The text with CRLF line ends and doubled leading dots (RFC 5321 4.5.2), without the last dot."""
    lines = data
    if not data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r"):
        lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    lines = lines.replace(b"\n.", b"\n..")
    if lines.startswith(b"."):
        lines = b"." + lines
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def wait(smtp: SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)
