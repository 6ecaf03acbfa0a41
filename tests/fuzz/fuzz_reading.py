"""Read randomly damaged mails until the time is up; prints the seed, and the mail that broke a promise.

    python tests/fuzz/fuzz_reading.py [--seconds N] [--seed N]

The promises: read() never raises, takes under two seconds, its sections cover its text, and every
text can be stored as UTF-8.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from processor.message import Message
from processor.reading.read import read

MAILS = Path(__file__).resolve().parents[1] / "mails"
SLOW = 2.0
SEEDS = [
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
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\xc3\xa5", b'"', b"(", b")", b"<", b">", b";", b":", b"=", b"--q", b"--r--", b"=?utf-8?b?", b"?=",
    b"=?x?q?=ff?=", b"Content-Type: multipart/mixed; boundary=q\r\n\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"charset=utf-16",
    b"charset=hex", b"Content-Transfer-Encoding: base64\r\n", b"From: x@y.no\r\n", b"Fra: x\nSendt: 10:00\n", b"-----Opprinnelig melding-----\n",
    b"> ", b"Mvh\n", b"<table><tr><td>", b"<style>", b"\xe2\x80\xae", b"\xcc\x80" * 50, b" " * 300, b"'", b"*0*=", b"%", b"@", b",", b"\xa0",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Our own seeds and every example mail of the tests."""
    return SEEDS + [path.read_bytes() for path in sorted(MAILS.glob("**/*.eml"))]


def damaged(mail: bytes, rng: random.Random) -> bytes:
    """The mail after one to eight cuts, repeats, swaps, flips and insertions."""
    data = bytearray(mail)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.choice([1, 2, 5, 20, 200]))
        match rng.randrange(6):
            case 0:
                del data[at:to]
            case 1:
                data[at:at] = rng.choice(TOKENS) * rng.choice([1, 1, 1, 3, 40])
            case 2:
                data[at:at] = data[at:to] * rng.choice([1, 2, 30])
            case 3 if at < len(data):
                data[at] = rng.randrange(256)
            case 4:
                data[at:to] = rng.choice(TOKENS)
            case _:
                data[at:at] = rng.randbytes(rng.choice([1, 3, 30]))
    return bytes(data[:200_000])


def texts(value: object) -> list[str]:
    """Every string within a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    if dataclasses.is_dataclass(value):
        return [text for one in dataclasses.fields(value) for text in texts(getattr(value, one.name))]
    return []


def broken_promise(message: Message) -> str:
    """What is wrong with a message that was read, or an empty text."""
    ends = [0, *(section.end for section in message.sections)]
    starts = [section.start for section in message.sections]
    if starts != ends[:-1] or ends[-1] != len(message.text):
        return "the sections do not cover the text"
    for text in texts(message):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return f"a text cannot be stored: {text!r}"
    return next((broken for inner in message.attached if (broken := broken_promise(inner))), "")


def run(seconds: float, seed: int) -> int:
    """Read damaged mails for some seconds; the number read.  Raises on a broken promise."""
    rng = random.Random(seed)
    mails, count = seeds(), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        mail = damaged(rng.choice(mails), rng)
        began = time.monotonic()
        try:
            broken = broken_promise(read(mail))
        except Exception as error:
            raise AssertionError(f"seed {seed}, mail {count}: {mail!r}") from error
        if not broken and time.monotonic() - began > SLOW:
            broken = "too slow"
        if broken:
            raise AssertionError(f"seed {seed}, mail {count}: {broken}: {mail!r}")
        count += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description="Read randomly damaged mails.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    print(f"{run(options.seconds, options.seed)} mails read, no promise broken")


if __name__ == "__main__":
    main()
