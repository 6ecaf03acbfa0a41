"""A mail with a bomb goes to a person with the reason, and the mails beside it are decided as ever (threat T54)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest

from processor.cli.explain import explained
from processor.loading.configuration import load_config
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.steps.work_off import work_off
from processor.store.engine import open_store
from processor.store.keep import Arrival, keep
from processor.world.confined import Confined, Limits
from tests.extracting.made_files import PDF, WORD, pdf_form, word_form
from tests.steps.test_private_numbers import CONFIG

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
SERVER = "mx.kundesenter.example"
ROWS_TODAY = [
    ("Administrator (navn)", "Kari Holm"), ("E-post", "kari@fjordbygg-demo.no"), ("Firma", "Fjord Bygg AS"),
    ("Org.nr", "974 760 673"), ("Domene(r)", "fjordbygg-demo.no"), ("Telefon", "400 11 982"), ("Dato", "25.11.2026"),
]  # fmt: skip
UNSAFE = "An attachment could not be opened safely"


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", ("oppsigelse@visma.no",))


def letter(number: int, *files: tuple[bytes, str, str]) -> bytes:
    mail = EmailMessage()
    mail["Received"] = f"from mail.fjordbygg-demo.no by {SERVER} with ESMTPS id 1; {format_datetime(NOW)}"
    mail["Authentication-Results"] = (
        f"{SERVER}; dkim=pass header.d=fjordbygg-demo.no; dmarc=pass header.from=fjordbygg-demo.no"
    )
    mail["Date"], mail["Message-ID"] = format_datetime(NOW), f"<{number}@fjordbygg-demo.no>"
    mail["From"], mail["To"] = "Kari Holm <kari@fjordbygg-demo.no>", "oppsigelse@visma.no"
    mail["Subject"] = "Rettigheter til å generere engangskoden"
    mail.set_content(
        "Hei, vedlagt ligger utfylt skjema for rettigheter til å generere engangskoden.\n\nHilsen Kari Holm\nFjord Bygg AS\n"
    )
    for content, kind, name in files:
        main, sub = kind.split("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a>" + b" " * 100_000_000 + b"</a>")
    return out.getvalue()


def slow() -> bytes:
    """A PDF whose one page draws so many words that it takes longer than a file may."""
    from tests.world.test_confined import BOMBS

    return BOMBS["pdf that draws a million words"][1]()


@pytest.mark.parametrize(("make", "kind"), [(bomb, WORD), (slow, PDF)])
def test_T54_a_bomb_costs_a_review_with_its_reason(rulebook: Rulebook, make: Callable[[], bytes], kind: str) -> None:
    with Confined(Limits(cpu=1)) as files:
        told = explained(letter(1, (make(), kind, "skjema")), rulebook, (SERVER,), (), files.extract)
    assert told["decision"]["outcome"] == "review"
    assert any(line.startswith(UNSAFE) for line in told["decision"]["because"])


def test_after_a_bomb_the_other_files_of_the_mail_are_left(rulebook: Rulebook) -> None:
    many = [(bomb(), WORD, f"{n}.docx") for n in range(3)]
    told = explained(letter(1, *many, (word_form(), WORD, "skjema.docx")), rulebook, (SERVER,), ())
    assert told["form"] is None
    assert told["decision"]["outcome"] == "review"
    assert any(line.startswith("Not every attachment was opened") for line in told["decision"]["because"])


def test_a_batch_with_a_bomb_is_decided_and_the_bomb_lies_in_review(rulebook: Rulebook, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k" * 40)
    (tmp_path / "config.toml").write_text(CONFIG)
    config = load_config(tmp_path / "config.toml")
    engine = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    mails = [
        letter(1, (word_form(ROWS_TODAY), WORD, "skjema.docx")),
        letter(2, (bomb(), WORD, "skjema.docx")),
        letter(3, (pdf_form(ROWS_TODAY, fillable=True), PDF, "skjema.pdf")),
    ]
    keep(engine, [Arrival("a", "INBOX", 1, uid, NOW, len(raw), raw) for uid, raw in enumerate(mails, 1)], NOW)
    with Confined() as files:
        claimed, decided = work_off(engine, rulebook, config, "w", lambda: NOW, files.extract)
    engine.dispose()
    assert (claimed, len(decided)) == (3, 3)
    by_number = {each.message.message_id[1]: each for each in decided}
    assert by_number["2"].decision.outcome == "review"
    assert by_number["2"].understanding.flags == ("attachment_unsafe",)
    for number in "13":
        form = by_number[number].understanding.form
        assert form is not None
        assert form.domains == ("fjordbygg-demo.no",)
        assert by_number[number].understanding.flags == ()
