"""``doctor`` on the headers of mail that came in (threat T02)."""

from __future__ import annotations

from pathlib import Path

from processor.cli.doctor_headers import header_findings
from processor.config import Config, ProvenanceSettings
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from tests.store.made import NOW

OWN = "Authentication-Results: mx.a.no; dmarc=pass header.from=b.no\r\n"
HOPS = "Received: from x by mx.a.no; Thu, 26 Nov 2026 10:00:00 +0100\r\nReceived: from y by x; Thu, 26 Nov 2026\r\n"


def found(
    folder: Path, *heads: str, ids: tuple[str, ...] = ("MX.a.no",), check: bool = False
) -> list[tuple[bool, str]]:
    url = f"sqlite:///{folder}/store.db"
    engine = open_store(url)
    for number, head in enumerate(heads):
        raw = f"{head}From: kari@b.no\r\nSubject: {number}\r\n\r\nHei".encode()
        keep(engine, [Arrival("a", "INBOX", 1, number + 1, NOW, len(raw), raw)], NOW)
    engine.dispose()
    config = Config(
        Path("config.toml"), url, b"", Path(), Path(), (), None, authserv_ids=ids,
        provenance=ProvenanceSettings(check_signatures=check),
    )  # fmt: skip
    return [(each.ok, each.what) for each in header_findings(config)]


def test_T02_a_server_that_strips_nothing_is_told(tmp_path: Path) -> None:
    told = found(tmp_path, OWN + HOPS, OWN + HOPS + OWN)
    assert told[0] == (True, "2 of the newest 2 mails carry the word of MX.a.no")
    assert told[1][0] is False
    assert "1 mails brought Authentication-Results of MX.a.no along" in told[1][1]


def test_an_id_that_no_mail_carries_is_told(tmp_path: Path) -> None:
    assert found(tmp_path, *[HOPS] * 10) == [(False, "none of the newest 10 mails carries the word of MX.a.no")]


def test_few_mails_prove_nothing_against_an_id(tmp_path: Path) -> None:
    assert found(tmp_path, HOPS) == [(True, "0 of the newest 1 mails carry the word of MX.a.no")]


def test_without_an_id_it_says_what_that_means(tmp_path: Path) -> None:
    assert found(tmp_path, ids=()) == [(True, "every sender is unproven: no authserv_ids are set")]
    assert found(tmp_path, ids=(), check=True) == [(True, "signatures are checked here")]


def test_a_store_that_is_none_is_told_elsewhere(tmp_path: Path) -> None:
    config = Config(Path("c"), f"sqlite:///{tmp_path}/no.db", b"", Path(), Path(), (), None, authserv_ids=("mx.a.no",))
    assert header_findings(config) == []
