"""``make bench-tokens``: a week of hourly expiring tokens, in six minutes, with the real daemon.

Each "hour" brings mails, is the life of an access token, and ends with cut IMAP connections; in one of five every token
expires before its time, and in one of five the token server is out of order.  Refresh tokens rotate, and one that came twice would end the consent.  At the end each
mail must have been kept once and each answer have arrived once.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from processor.consent import Grant
from processor.loading.configuration import load_config
from processor.steps.consents import logins
from processor.world.tokens import keep
from tests.bench.site import ROOT, corpus, kill, settings_text
from tests.servers import ready
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.tcp_proxy import Proxy
from tests.servers.token_server import Fault, TokenServer

USER = "oppsigelse@visma.no"
OAUTH = """[mailbox.oauth]
provider = "other"
flow = "device"
client_id = "app"
token_url = "{url}/token"
device_url = "{url}/device"
"""


def configured(folder: Path, tokens: TokenServer, imap_port: int, sink: SmtpSink) -> Path:
    """A site's configuration, with tokens in the place of passwords, and the consent that somebody gave."""
    (folder / "secrets").mkdir()
    (folder / "secrets" / "key").write_text("bench key")
    text = settings_text(imap_port, sink.port, workers=1)
    text = text.replace('password = { file = "secrets/mailbox" }\n', "").replace(
        'user = "oppsigelse"', f'user = "{USER}"'
    )
    text = text.replace("[run]", OAUTH.format(url=tokens.url) + "[run]")
    smtp = f'tls = "starttls"\nca_file = "{sink.certificates.ca}"\nfrom_address'
    text = text.replace('tls = "plain"\nfrom_address', smtp).replace(
        "[[mailbox]]", '[smtp.oauth]\nmailbox = "oppsigelse"\n[[mailbox]]'
    )
    path = folder / "config.toml"
    path.write_text(text + '[desk]\nlisten = ""\n')
    keep(logins(load_config(path))[0], Grant(refresh_token=tokens.consent(USER)))
    return path


def count(folder: Path, query: str) -> int:
    """One number of the store, -1 while it is not there."""
    try:
        with sqlite3.connect(f"file:{folder}/var/processor.db?mode=ro", uri=True, timeout=30) as conn:
            return int(conn.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return -1


def until(true: object, seconds: float) -> bool:
    assert callable(true)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def week(hours: int, a_mail: int, seconds: float, seed: int) -> bool:
    """Live through it and print what came of it; whether nothing was lost or doubled."""
    chance = random.Random(seed)
    mails = corpus(hours * a_mail)
    with (
        tempfile.TemporaryDirectory() as at,
        TokenServer(life=int(seconds)) as tokens,
        Dovecot({USER: "pw"}, introspection=f"{tokens.url}/introspect") as dovecot,
        SmtpSink("starttls", tokens=tokens.user_of) as sink,
        Proxy(dovecot.imap_port) as proxy,
        (Path(at) / "log").open("ab") as log,
    ):
        folder = Path(at)
        path = configured(folder, tokens, proxy.port, sink)
        daemon = ready.start_afresh("processor", ["run", "--config", str(path)], ROOT, os.environ, log)
        assert until(lambda: count(folder, "select count(*) from mailbox where seen_at is not null") == 1, 60), (
            "no start"
        )
        outages = 0
        for hour in range(hours):
            for raw in mails[hour * a_mail : (hour + 1) * a_mail]:
                dovecot.deliver(USER, raw)
            if chance.random() < 0.2:
                tokens.expire()
            # One at a time: what nobody has met yet would only grow into an outage without end.
            if not tokens.failing and chance.random() < 0.2:
                tokens.tell(chance.choice([Fault("html", 503), Fault("html"), Fault("cut")]))
                outages += 1
            proxy.reset()
            time.sleep(seconds)
        decided = "select count(*) from mail where state = 'decided'"
        waits = "select count(*) from outbox where state in ('ready', 'retry', 'sending')"
        whole = until(lambda: count(folder, decided) == len(mails) and not count(folder, waits), 120)
        kill(daemon, signal.SIGTERM)
        sent, kept = count(folder, "select count(*) from outbox where state = 'sent'"), count(folder, decided)
        doubled = sum(times - 1 for times in Counter(mail.data for mail in sink.accepted).values())
        said = Counter(
            line.partition('"event": "')[2].partition('"')[0] for line in (folder / "log").read_text().splitlines()
        )
        print(
            f"{hours} hours: {len(tokens.forms('/token'))} renewals asked for, {outages} met an outage, {tokens.reused} sent twice"
        )
        print(f"mails: {len(mails)} came, {kept} decided, {count(folder, 'select count(*) from mail')} kept")
        print(f"answers: {sent} sent, {len(sink.accepted)} arrived, {doubled} of them doubled")
        print(
            f"log: {said['mailbox failed']} times 'mailbox failed', {said['delivery paused']} times 'delivery paused'"
        )
        return whole and kept == len(mails) and sent == len(sink.accepted) and not doubled and not tokens.reused


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=168)
    parser.add_argument("--mails", type=int, default=3, help="in each hour")
    parser.add_argument("--seconds", type=float, default=2.0, help="that an hour takes")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    return 0 if week(asked.hours, asked.mails, asked.seconds, asked.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
