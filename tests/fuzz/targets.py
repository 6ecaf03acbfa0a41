"""What is fuzzed: each target takes any bytes and says which promise they broke, "" for none.

A promise is that nothing raises but what is meant for it, that the answer is whole, and that it comes in time: a text
of twenty thousand characters in two seconds of one core, however it was made (threats T56).
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from functools import cache
from pathlib import Path

from processor.config import Config
from processor.deciding.authenticity import judge
from processor.deciding.without_world import context_without_world
from processor.extracting.extract import extract
from processor.loading.conditions import Conditions
from processor.loading.configuration import load_config
from processor.loading.contracts import load_register_words, open_contracts
from processor.loading.problems import Refused
from processor.loading.rules import _load_type, _open
from processor.message import Address, Extracted, Message
from processor.pipeline import Read, conclude
from processor.reading.addresses import read_addresses, read_from, read_return_path
from processor.reading.dates import parse_date
from processor.reading.headers import Headers, decode_words, unfold
from processor.reading.html_text import html_to_text
from processor.reading.parameters import content_type, parameters
from processor.reading.read import read
from processor.reading.sections import Letter, split
from processor.rulebook import Rulebook
from processor.store.fair import KEY_BITS, sender_key
from processor.understanding.form_rows import cells, columns, lines, pairs
from processor.understanding.understand import understand
from tests.fuzz.damage import TOKENS
from tests.shipped import ROOT, configuration, rulebook_of

LETTER = Letter("SV: x", True, Address("kari", "a-demo.no", "Kari Moe"), ())
TRUSTED = "mx.kundesenter.example"
US = ("oppsigelse@visma.no",)
HEAD = b"From: Kari <kari@a-demo.no>\r\nTo: oppsigelse@visma.no\r\nSubject: Oppsigelse\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
MAIL_SEEDS = [
    b"From: Kari <kari@a-demo.no>\r\nTo: x@b-demo.no\r\nSubject: =?utf-8?q?p=C3=A5?=\r\nMessage-ID: <1@a-demo.no>\r\n"
    b"Date: Tue, 1 Sep 2026 10:00:00 +0200\r\nContent-Type: text/plain; charset=utf-8; format=flowed\r\n\r\n"
    b"Hei \r\nvi sier opp.\r\nMvh Kari\r\n\r\nDen 1. sep. 2026 kl. 10:00 skrev X <x@b-demo.no>:\r\n> hei\r\n",
    b"From: a@b-demo.no\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: multipart/alternative; "
    b"boundary=r\r\n\r\n--r\r\n\r\nhei\r\n--r\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable"
    b"\r\n\r\n<p class=3DMsoNormal>hei<div hidden>x</div>\r\n--r--\r\n--q\r\nContent-Type: application/pdf;\r\n"
    b" name*0*=utf-8''%C3%A5; name*1=b.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--q\r\n"
    b"Content-Type: message/rfc822\r\n\r\nFrom: c@d-demo.no\r\n\r\nindre\r\n--q--\r\n",
    b"Authentication-Results: mx.example; spf=pass smtp.mailfrom=\"a) dmarc=pass (\"@b.no (x (y)); dkim=fail\r\n"
    b"Received: from a by b; Tue, 1 Sep 2026 10:00:00 +0200\r\nReturn-Path: <>\r\nFrom: \"a@b.no\" <c@d.no>, grp: e@f.no;\r\n"
    b"References: <a@b> <c@d>\r\nAuto-Submitted: auto-replied (x)\r\nContent-Type: multipart/report; report-type=delivery-status;"
    b" boundary=q\r\n\r\n--q\r\n\r\nhei\r\n--q\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--q--\r\n",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """``broken`` says which promise the bytes broke; ``seeds`` are what damage begins with."""

    broken: Callable[[bytes], str]
    seeds: Callable[[], Sequence[bytes]]
    tokens: Callable[[], Sequence[bytes]] = lambda: TOKENS


def _mails() -> list[bytes]:
    return MAIL_SEEDS + [path.read_bytes() for path in sorted((ROOT / "tests" / "mails").glob("**/*.eml"))]


def _bodies() -> list[bytes]:
    return [read(each).text.encode() for each in _mails()]


def _heads() -> list[bytes]:
    return [each.replace(b"\r\n", b"\n").partition(b"\n\n")[0] for each in _mails()]


def _mime(data: bytes) -> str:
    return _whole(read(data))


def _whole(message: Message) -> str:
    ends = [0, *(section.end for section in message.sections)]
    if [section.start for section in message.sections] != ends[:-1] or ends[-1] != len(message.text):
        return "the sections do not cover the text"
    return _storable(message) or next(filter(None, map(_whole, message.attached)), "")


def _storable(value: object) -> str:
    """What of a value cannot be stored: PostgreSQL takes neither half of a surrogate pair nor NUL."""
    if isinstance(value, str):
        return f"a text cannot be stored: {value[:100]!r}" if not _utf8(value) else ""
    if isinstance(value, tuple):
        return next(filter(None, map(_storable, value)), "")
    if dataclasses.is_dataclass(value):
        return next(filter(None, (_storable(getattr(value, one.name)) for one in dataclasses.fields(value))), "")
    return ""


def _utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _addresses(data: bytes) -> str:
    headers = Headers(message_from_bytes(data[:20_000]))
    authors, sender, _ = read_from(headers)
    found = [*authors, *read_addresses(headers, "to")[0], *read_addresses(headers, "reply-to")[0]]
    read_return_path(headers)
    spec = sender.spec if sender else "a@b"
    if any(sign.isspace() or sign in "<>," for sign in spec.rpartition("@")[2]):
        return f"a sender whose domain ends the envelope: {spec!r}"
    return _storable(tuple(found))


def _headers(data: bytes) -> str:
    text = data[:20_000].decode("ascii", "surrogateescape")
    for line in text.split("\n")[:50]:
        value = unfold(line.partition(":")[2], 20_000)
        words = decode_words(value)
        parse_date(value)
        kind, told = content_type(value), parameters(value)
        if broken := _storable((words, kind, *told.values())):
            return broken
    return ""


def _authentication(data: bytes) -> str:
    value = re.sub(rb"[\r\n]", b" ", data[:20_000])
    message = read(b"Authentication-Results: " + value + b"\r\n" + HEAD)
    found = judge(message, (TRUSTED,), frozenset(US), ())
    if found.result == "proven" and TRUSTED.encode() not in value.lower():
        return "proven by a server that nobody trusts"
    return _storable(message.authentication)


def _senders(data: bytes) -> str:
    """Who sent a mail, told before anything reads it: whoever floods us may not look like many by what is no address."""
    found = sender_key(b"k", data)
    if not 0 < found < 1 << KEY_BITS:
        return f"a number that no column holds: {found}"
    if sender_key(b"k", data.swapcase()) != found:
        return "another sender by other capitals"
    if sender_key(b"k", re.split(rb"\n\r?\n", data, maxsplit=1)[0]) != found:
        return "a sender told by the body"
    return ""


def _quotes(data: bytes) -> str:
    text = data.decode("utf-8", "replace").replace("\r", "")
    sections = split(text, LETTER)
    covered = "".join(text[each.start : each.end] for each in sections)
    return "" if covered == text else "the sections do not cover the text"


def _html(data: bytes) -> str:
    return _storable(html_to_text(data.decode("utf-8", "replace")))


@cache
def _rulebook() -> Rulebook:
    return rulebook_of(ROOT / "rules", ROOT / "templates", US)


def _fields(data: bytes) -> str:
    message = read(HEAD + data)
    understanding = understand(message, _rulebook())
    context = context_without_world(message, "VS-7K3M-9QX4", (TRUSTED,), US)
    decision = conclude(Read(message, understanding), context, _rulebook())
    if decision.reply and not decision.reply.text.strip():
        return "an empty letter"
    if sum(chance for _, chance in understanding.chances) > 1.01:
        return "chances that sum to more than one"
    return _storable(understanding.fields)


@cache
def _literals() -> list[bytes]:
    """What the patterns of the rules look for: repeated, it makes the worst text for them."""
    needles = _rulebook().needles.patterns
    ways = "\n".join(way for _, pattern in needles for way in (*pattern.needs, *pattern.besides))
    return sorted({literal.encode() for literal in ways.replace("\t", "\n").split("\n") if literal})


def _forms(data: bytes) -> str:
    kind, content = data[:1], data[1:]
    text = content[:20_000].decode("utf-8", "replace")
    if kind in b"dp":
        found = extract(content, "docx" if kind == b"d" else "pdf", lambda _picture: None)
        return "" if isinstance(found, Extracted) else "no answer"
    rows = [tuple(line.split("\t")) for line in text.split("\n")[:300]]
    for label, value in [*cells(rows), *columns(text), *lines(text), *pairs(text)]:
        if not (isinstance(label, str) and isinstance(value, str)):
            return "a row that is no text"
    return ""


def _form_seeds() -> list[bytes]:
    seeds = [b"t" + each for each in _bodies()[:80]]
    for path in sorted((ROOT / "tests" / "mails").glob("**/*.eml")):
        for each in read(path.read_bytes()).attachments:
            if each.true_type.endswith("wordprocessingml.document"):
                seeds.append(b"d" + each.content)
            if each.true_type == "application/pdf":
                seeds.append(b"p" + each.content)
    return seeds


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _rules(data: bytes) -> str:
    path = _folder() / "termination.toml"
    path.write_bytes(data)
    file, faults = _open(path)
    if not faults:
        _load_type("termination", file, Conditions())
    unplaced = [each for each in (*faults, *file.problems) if each.line < 0 or not str(each).strip()]
    return f"a problem without words or place: {unplaced[0]!r}" if unplaced else ""


def _configuration(data: bytes) -> str:
    folder = _folder()
    (folder / "key").write_text("k" * 40)
    (folder / "config.toml").write_bytes(data)
    try:
        return "" if isinstance(load_config(folder / "config.toml"), Config) else "no configuration"
    except Refused as refused:
        return "" if refused.problems else "refused without a reason"


@cache
def _words() -> object:
    return load_register_words(ROOT / "rules")


def _contracts(data: bytes) -> str:
    path = _folder() / "contracts.csv"
    path.write_bytes(data)
    try:
        opened = open_contracts(path, _words(), date(2026, 11, 26))  # type: ignore[arg-type]  # what cache gives back
        for _ in opened.rows():
            pass
    except Refused as refused:
        return "" if refused.problems else "refused without a reason"
    return ""


def _contract_seeds() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "tests").glob("**/*.csv"))] or [
        b"customer_no;org_no;name\n1;2;x\n"
    ]


TARGETS: Mapping[str, Target] = {
    "mime": Target(_mime, _mails),
    "addresses": Target(_addresses, _heads),
    "headers": Target(_headers, _heads),
    "authentication": Target(
        _authentication,
        lambda: [re.sub(rb"\s+", b" ", each)[:2000] for head in _heads() for each in re.findall(rb"(?ms)^Authentication-Results:(.*?)^\S", head)],
    ),
    "senders": Target(_senders, _heads),
    "quotes": Target(_quotes, _bodies),
    "html": Target(_html, lambda: [each for each in _mails() if b"<" in each]),
    "fields": Target(_fields, _bodies),
    "patterns": Target(_fields, _bodies, _literals),
    "forms": Target(_forms, _form_seeds),
    "rules": Target(_rules, lambda: [path.read_bytes() for path in sorted((ROOT / "rules").glob("*.toml"))]),
    "configuration": Target(
        _configuration, lambda: [(ROOT / "config.example.toml").read_bytes(), configuration('level = "draft"').encode()]
    ),
    "contracts": Target(_contracts, _contract_seeds),
}  # fmt: skip
