"""The road of one mail; read this first.

    IMAP --bytes--> store.keep                first commit: the bytes, durable
                       |
      reading          v   bytes -> Message            total: faults become defects
      extracting       v   attached files -> text      in a confined child process, handed in as a function
      understanding    v   Message -> Understanding    what it is, asks for and says
      context          v   what the world knows        the shell asks the store
      deciding         v   + rules -> Decision         guards first, then the rules' rows
                       |
    store.record <-----+                      second commit: ticket, items, actions, outbox rows
       |        +--> mailbox.done             only after the commit
       +--> outbox --> SMTP                   claimed by conditional update

Everything in this module is pure: equal bytes, files read, rules and context give an equal decision, on which
``explain`` and ``replay`` rest.  The shell around it is ``daemon.py`` and ``cli/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from processor.deciding.decide import decide
from processor.extracting.of_message import Extract, extracted
from processor.findings import Reasons, Understanding
from processor.masking import masked_mail
from processor.message import Message
from processor.reading.read import read
from processor.rulebook import Rulebook
from processor.ticket import Context, Decision
from processor.understanding.passages import passages
from processor.understanding.reasons import reasons
from processor.understanding.recognise import recognise
from processor.understanding.understand import understand, understand_each


@dataclass(frozen=True, slots=True)
class Read:
    """A mail that is read and understood, before the world is asked about it."""

    message: Message
    understanding: Understanding


def read_header(head: bytes) -> Message:
    """Read a mail by its first bytes, up to the body: where the rest did not come, or broke the program."""
    ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := head.find(mark)) >= 0]
    return masked_mail(read(head[: min(ends, default=len(head))]))


def read_mail(raw: bytes, extract: Extract) -> Message:
    """Read a mail's bytes, and its files by ``extract``; never raises for any bytes.

    National identity numbers and bank accounts are hidden here, so that nothing behind it can tell them.
    """
    return extracted(masked_mail(read(raw)), extract)


def read_and_understand(raw: bytes, rulebook: Rulebook, extract: Extract) -> Read:
    """Read a mail and its files and understand them; never raises for any bytes."""
    message = read_mail(raw, extract)
    return Read(message, understand(message, rulebook))


def understood(messages: Sequence[Message], rulebook: Rulebook) -> list[Read | Exception]:
    """Understand mails that were read, all together; in place of one that broke the program stands what it raised."""
    told = understand_each(messages, rulebook)
    return [
        each if isinstance(each, Exception) else Read(message, each)
        for message, each in zip(messages, told, strict=True)
    ]


def why(mail: Read, rulebook: Rulebook) -> tuple[Reasons, ...]:
    """What speaks for and against what a mail was taken for, and last against the runner-up.

    Reads the mail once more, since only a person who asks needs it.
    """
    return reasons(mail.message, mail.understanding, rulebook)


def struck(mail: Read, rulebook: Rulebook) -> frozenset[str]:
    """Every pattern that was found in a mail, as ``<type>/<name>``: for those who write the rules."""
    found = recognise(rulebook.needles, passages(mail.message, rulebook.needles))
    return frozenset(span.rule for findings in found.values() for each in findings for span in each.evidence)


def conclude(mail: Read, context: Context, rulebook: Rulebook) -> Decision:
    """Decide about a mail that was read, given what the world knows."""
    return decide(mail.message, mail.understanding, context, rulebook)
