"""The traps of parsing: what other programs were seen to lose or to fall over (email.md A2, A7)."""

from __future__ import annotations

import base64
import hashlib
import time

import pytest

from processor.message import Message
from processor.reading.read import read

HEAD = (
    b"From: Kari Moe <kari@fjordbygg-demo.no>\r\nTo: oppsigelse@visma.no\r\nSubject: Hei\r\n"
    b"Message-ID: <1@fjordbygg-demo.no>\r\nDate: Tue, 1 Sep 2026 10:00:00 +0200\r\n"
)


def codes(message: Message) -> set[str]:
    return {defect.code for defect in message.defects}


def mixed(*parts: bytes) -> Message:
    body = b"".join(b"--q\r\n" + part + b"\r\n" for part in parts)
    return read(HEAD + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + body + b"--q--\r\n")


def text_mail(kind: bytes, body: bytes) -> Message:
    return read(HEAD + b"Content-Type: " + kind + b"\r\n\r\n" + body)


def test_it_reads_a_plain_mail_without_a_defect() -> None:
    message = read(HEAD + b"\r\nVi sier opp.\r\n")
    assert message.text == "Vi sier opp."
    assert message.sender is not None
    assert message.sender.spec == "kari@fjordbygg-demo.no"
    assert message.sender.name == "Kari Moe"
    assert message.defects == ()


def test_it_reads_an_empty_mail() -> None:
    message = read(b"")
    assert (message.text, message.sections, message.sender, message.date) == ("", (), None, None)
    assert codes(message) == {"from_missing", "date_missing"}


def test_it_makes_the_same_message_id_again_for_the_same_bytes() -> None:
    raw = HEAD.replace(b"Message-ID", b"X-Id") + b"\r\nhei"
    message = read(raw)
    assert message.message_id == f"<{hashlib.sha256(raw).hexdigest()}@missing.invalid>"
    assert message.message_id_made
    assert read(raw).message_id == message.message_id


def test_it_gives_one_letter_for_one_mail_that_came_two_ways() -> None:
    one = read(b"Received: from a by b; Tue, 1 Sep 2026 10:00:05 +0200\r\n" + HEAD + b"\r\nVi sier  opp\r\n")
    other = read(HEAD + b"\r\nVi sier opp")
    assert one.letter == other.letter
    assert one.digest != other.digest
    assert read(HEAD + b"\r\nVi sier ikke opp").letter != one.letter


def test_T81_a_mail_without_a_message_id_is_one_letter_by_every_road() -> None:
    """Found by the simulator (seed 7): a copy with another trace header made a second ticket and a second receipt."""
    bare = HEAD.replace(b"Message-ID: <1@fjordbygg-demo.no>\r\n", b"")
    text = b"\r\nVi sier opp\r\n"
    one, other = read(b"Received: from a by b\r\n" + bare + text), read(b"Received: from c by d\r\n" + bare + text)
    assert one.letter == other.letter
    assert one.message_id != other.message_id
    assert read(bare + b"\r\nVi sier ikke opp").letter != one.letter
    assert read(bare.replace(b"Hei", b"Hallo") + text).letter != one.letter
    forms = [
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\n" + form for form in (b"a", b"b")
    ]
    mails = [bare + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n" + form + b"\r\n--q--" for form in forms]
    assert read(mails[0]).letter != read(mails[1]).letter
    # Without even a date nothing but the bytes tells two mails apart.
    undated = bare.partition(b"Date:")[0] + text
    assert read(undated).letter != read(b"X-A: b\r\n" + undated).letter


FOOTERS = {
    "mailman": "_______________________________________________\nPost mailing list\nPost@lister-demo.no\n"
    "https://lister-demo.no/mailman/listinfo/post\n",
    "google": "-- \nDu mottar denne meldingen fordi du abonnerer på gruppen «post» i Google Grupper.\n",
    "a rule": "--------------------------------\nSendt til epostlisten Post. Meld deg av: https://lister-demo.no/av\n",
}


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS.keys())
@pytest.mark.parametrize("words", ["Vi sier opp Visma Global.\n", "Vi sier opp Visma Global.\n\nMvh\nKari Holm\n"])
def test_T81_a_lists_copy_with_a_footer_is_the_same_letter(words: str, footer: str) -> None:
    head = HEAD + b"Content-Type: text/plain; charset=utf-8\r\n"
    listed = head.replace(b"Subject: ", b"List-Id: <post.lister-demo.no>\r\nSubject: [Post] ")
    assert listed != head
    own, copy = read(head + f"\n{words}".encode()), read(listed + f"\n{words}\n{footer}".encode())
    assert own.letter == copy.letter
    assert copy.words("new").strip() == "Vi sier opp Visma Global."


def test_a_rule_with_a_request_below_it_is_no_lists_footer() -> None:
    for asks in ("Vi vil ikke ha nyhetsbrevet. Og vi sier opp Visma Global.", "Gjelder avmelding fra ELMA."):
        assert asks in read(HEAD + f"\nHei\n\n{'_' * 40}\n{asks}\n".encode()).words("new")


def test_it_drops_nul_bytes_and_says_so() -> None:
    message = read(HEAD.replace(b"Hei", b"He\0i") + b"\r\nvi si\0er opp")
    assert (message.subject, message.text) == ("Hei", "vi sier opp")
    assert "nul" in codes(message)


@pytest.mark.parametrize("junk", [b"dette er ikke et felt", b"_____", b">From x", b": tomt navn"])
def test_it_finds_the_subject_below_a_junk_line(junk: bytes) -> None:
    message = read(b"Received: from a by b; Tue, 1 Sep 2026 10:00:05 +0200\r\n" + junk + b"\r\n" + HEAD + b"\r\nhei")
    assert message.subject == "Hei"
    assert message.sender is not None
    assert message.text == "hei"


def test_it_takes_a_body_without_a_blank_line_for_a_body() -> None:
    message = read(HEAD + b"Vi sier opp avtalen.\r\nKundenummer: 1234\r\n")
    assert message.subject == "Hei"
    assert "Vi sier opp avtalen." in message.text


def test_it_reads_a_field_with_a_blank_before_its_colon() -> None:
    assert read(HEAD.replace(b"Subject:", b"Subject :") + b"\r\nhei").subject == "Hei"


def test_a_lone_carriage_return_makes_no_new_field() -> None:
    message = read(HEAD.replace(b"Subject: Hei", b"Subject: Hei\rFrom: sjef@visma.no") + b"\r\nhei")
    assert [address.spec for address in message.from_] == ["kari@fjordbygg-demo.no"]


@pytest.mark.parametrize("name", ["Subject", "Date", "Message-ID"])
def test_it_uses_the_first_of_a_repeated_field_and_says_so(name: str) -> None:
    message = read(HEAD + f"{name}: annet\r\n".encode() + b"\r\nhei")
    assert (message.subject, message.message_id) == ("Hei", "<1@fjordbygg-demo.no>")
    assert message.date is not None
    assert "header_repeated" in codes(message)


def test_it_joins_flowed_lines_and_keeps_quotes_and_dashes() -> None:
    body = b"Vi sier \r\nopp \r\navtalen.\r\n> sitert \r\n> tekst\r\n  innrykk\r\n-- \r\nKari\r\n"
    message = text_mail(b"text/plain; charset=utf-8; format=flowed", body)
    assert message.text == "Vi sier opp avtalen.\n> sitert tekst\n innrykk\n--\nKari"


def test_it_joins_words_cut_by_delsp() -> None:
    assert text_mail(b'text/plain; format="flowed"; DelSp=yes', b"opp \r\nsigelse\r\n").text == "oppsigelse"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b"filename*=utf-8''skjema%20%C3%A5.pdf", "skjema å.pdf"),
        (b"filename*1*=%C3%A5.pdf; filename*0*=utf-8''skjema%20", "skjema å.pdf"),
        (b'filename*0="lang"; filename*1="t navn.pdf"', "langt navn.pdf"),
        (b"filename*=us-ascii''W%F8.pdf", "Wø.pdf"),
        (b'filename="=?utf-8?q?skjema_=C3=A5.pdf?="', "skjema å.pdf"),
        ("filename=skjema å.pdf".encode(), "skjema å.pdf"),
        ("filename=\"skjema å.pdf\"".encode("latin-1"), "skjema å.pdf"),
        (b'filename="../../etc/cron.d/x"', "x"),
        (rb'filename="C:\\x\\y.pdf"', "y.pdf"),
        ("filename=\"a\u202egpj.exe\"".encode(), "agpj.exe"),
        (b'filename=".."', ""),
        (b'filename="con.txt"', "_con.txt"),
        (b'filename="' + "ø".encode() * 300 + b'.pdf"', "ø" * 125 + ".pdf"),
    ],
)  # fmt: skip
def test_it_makes_file_names_readable_and_safe(parameters: bytes, name: str) -> None:
    message = mixed(
        b"\r\nhei",
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; " + parameters + b"\r\n\r\n%PDF-",
    )
    assert [attachment.filename for attachment in message.attachments] == [name]


def test_it_gives_two_files_of_one_name_two_names() -> None:
    part = b"Content-Type: image/png; name=image001.png\r\n\r\nx"
    assert [a.filename for a in mixed(b"\r\nhei", part, part, part).attachments] == [
        "image001.png",
        "image001 (2).png",
        "image001 (3).png",
    ]


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        (b"iso-8859-1", b"pr\xf8ve \x96 \x80", "prøve – €"),
        (b"x-unknown", "prøve".encode(), "prøve"),
        (b"iso-gb2312", "你好".encode("gb18030"), "你好"),
        (b"gb2312", "镕".encode("gb18030"), "镕"),
        (b"shift_jis", "①".encode("cp932"), "①"),
        (b"1", b"pr\xf8ve", "prøve"),
        (b'""', b"pr\xf8ve", "prøve"),
        (b'"utf-8 junk"', "prøve".encode(), "prøve"),
        (b"us-ascii", "prøve".encode(), "prøve"),
        (b"us-ascii", b"pr\xf8ve", "prøve"),
        (b"utf-8", b"pr\xf8ve", "prøve"),
        (b"hex", b"6865", "6865"),
        (b"punycode", b"abc-", "abc-"),
    ],
)
def test_it_decodes_any_charset(charset: bytes, data: bytes, text: str) -> None:
    assert text_mail(b"text/plain; charset=" + charset, data).text == text


def test_it_mends_doubly_encoded_text_and_says_so() -> None:
    doubled = "oppsigelse på avtale – æøå".encode().decode("cp1252").encode()
    message = text_mail(b"text/plain; charset=utf-8", doubled)
    assert message.text == "oppsigelse på avtale – æøå"
    assert "mojibake" in codes(message)


def test_it_lets_a_true_capital_a_with_tilde_be() -> None:
    message = text_mail(b"text/plain; charset=utf-8", "SÃO på São Paulo, Ã¥ er ikke å".encode())
    assert message.text == "SÃO på São Paulo, Ã¥ er ikke å"
    assert "mojibake" not in codes(message)


def test_it_cleans_what_cannot_be_seen_and_keeps_plain_spaces() -> None:
    text = "Org\u00adnr 974\u00a0760\u202f673\u200b\u202e slutt a\u030a\t.   \r\nto\x85tre\x07\ufeff"
    assert text_mail(b"text/plain; charset=utf-8", text.encode()).text == "Orgnr 974 760 673 slutt å .\nto\ntre"


@pytest.mark.parametrize("data", [b"SGVpIHDD\r\npQ==\r\n", b"SG!VpI-HDDpQ", b"SGVpIHDDpQ==\r\nxx", b"SGVpIHDDpQ==A"])
def test_it_decodes_damaged_base64(data: bytes) -> None:
    message = text_mail(b"text/plain; charset=utf-8\r\nContent-Transfer-Encoding:  BASE64 ", data)
    assert message.text.startswith("Hei på")


def test_it_reads_uuencode_without_a_begin_line_and_takes_an_unknown_encoding_as_it_is() -> None:
    assert text_mail(b"text/plain\r\nContent-Transfer-Encoding: x-uuencode", b"#2&5I\r\n`\r\nend\r\n").text == "Hei"
    message = text_mail(b"text/plain\r\nContent-Transfer-Encoding: x-rot13", b"Hei")
    assert message.text == "Hei"
    assert "encoding_unknown" in codes(message)


def test_it_keeps_an_attachment_that_stands_inside_an_alternative() -> None:
    raw = (
        HEAD + b"Content-Type: multipart/alternative; boundary=q\r\n\r\n--q\r\n\r\nren\r\n--q\r\n"
        b"Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n<p>rik\r\n--r\r\n"
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(b"%PDF-1.4 x")
        + b"\r\n--r--\r\n--q--\r\n"
    )
    message = read(raw)
    assert message.text == "ren"
    assert message.has_html
    (attachment,) = message.attachments
    assert (attachment.true_type, attachment.content) == ("application/pdf", b"%PDF-1.4 x")
    assert attachment.digest == hashlib.sha256(b"%PDF-1.4 x").hexdigest()


@pytest.mark.parametrize("plain", [b"", b" \r\n", b"Your mail program does not support HTML messages"])
def test_it_takes_the_html_where_the_plain_version_says_nothing(plain: bytes) -> None:
    body = b"--q\r\n\r\n" + plain + b"\r\n--q\r\nContent-Type: text/html\r\n\r\n<p>Vi sier opp</p>\r\n--q--\r\n"
    assert text_mail(b"multipart/alternative; boundary=q", body).text == "Vi sier opp"


def test_it_joins_the_texts_around_a_picture() -> None:
    message = mixed(
        b"\r\nover bildet", b"Content-Type: image/png\r\n\r\nx", b"Content-Type: text/plain\r\n\r\nunder bildet"
    )
    assert message.text == "over bildet\n\nunder bildet"
    assert len(message.attachments) == 1


def test_an_attached_mail_is_read_apart_and_its_words_are_not_the_senders() -> None:
    inner = HEAD.replace(b"kari@", b"ola@") + b"\r\nVi sier opp."
    message = mixed(b"\r\nSe vedlegg", b"Content-Type: message/rfc822\r\n\r\n" + inner)
    assert message.text == "Se vedlegg"
    assert [address.local for address in message.from_] == ["kari"]
    assert [(one.text, one.from_[0].local) for one in message.attached] == [("Vi sier opp.", "ola")]
    assert message.attachments[0].declared_type == "message/rfc822"


def test_a_base64_coded_attached_mail_is_read_too() -> None:
    inner = base64.b64encode(HEAD + b"\r\nVi sier opp.")
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner
    assert [one.text for one in mixed(b"\r\nhei", part).attached] == ["Vi sier opp."]


def test_attached_mails_are_read_one_level_deep() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n"
    message = mixed(b"\r\nhei", inner + HEAD + inner + HEAD + b"\r\ninnerst")
    assert len(message.attached) == 1
    assert message.attached[0].attached == ()
    assert message.attached[0].attachments[0].declared_type == "message/rfc822"


def test_it_reads_a_truncated_multipart() -> None:
    message = text_mail(b"multipart/mixed; boundary=q", b"--q\r\n\r\nVi sier opp")
    assert message.text == "Vi sier opp"
    assert "multipart_truncated" in codes(message)


def test_it_reads_a_multipart_whose_boundary_never_comes() -> None:
    message = text_mail(b"multipart/mixed; boundary=q", b"Vi sier opp")
    assert message.text == "Vi sier opp"
    assert "multipart_broken" in codes(message)


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        (b"application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22..", "tnef"),
        (b"application/octet-stream; name=winmail.dat", b"\x78\x9f\x3e\x22..", "tnef"),
        (b"application/pkcs7-mime; name=smime.p7m", b"x", "encrypted"),
        (b"text/calendar; method=REQUEST", b"BEGIN:VCALENDAR", "calendar"),
    ],
)
def test_it_names_what_it_cannot_read(kind: bytes, data: bytes, code: str) -> None:
    message = mixed(b"Content-Type: " + kind + b"\r\n\r\n" + data)
    assert code in codes(message)
    assert len(message.attachments) == 1


def test_it_names_a_pgp_mail() -> None:
    assert "encrypted" in codes(read(HEAD + b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"MZ\x90", "application/vnd.microsoft.portable-executable"),
        (b"PK\x03\x04....word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"PK\x03\x04....xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"PK\x03\x04....", "application/zip"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"Received: from x\r\n", "message/rfc822"),
        (b"bare ord", "text/plain"),
        (b"\0\1\2", "application/octet-stream"),
    ],
)
def test_the_first_bytes_say_the_type_whatever_is_declared(data: bytes, kind: str) -> None:
    part = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(data)
    (attachment,) = mixed(b"\r\nhei", part).attachments
    assert (attachment.declared_type, attachment.true_type) == ("application/pdf", kind)


def nested(depth: int) -> bytes:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )  # fmt: skip
    return HEAD + levels + b"\r\ninnerst\r\n"


BOMBS = {
    "nested 2000 deep": nested(2000),
    "nested 250 deep": nested(250) + b"x\r\n" * 5000,
    "20000 parts": HEAD + b"Content-Type: multipart/mixed; boundary=q\r\n\r\n" + b"--q\r\n\r\nx\r\n" * 20_000,
    "attached 2000 deep": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "a subject of words": HEAD.replace(b"Hei", b"=?utf-8?q?=C3=A6?= " * 10_000),
    "one long word": HEAD.replace(b"Hei", b"=?utf-8?b?" + b"w6Y=" * 50_000 + b"?="),
    "names of words": b"From: " + b"=?utf-8?q?=C3=A6?= " * 10_000 + b"<a@b.no>\r\n\r\n",
    "open comments": b"From: " + b"(" * 30_000 + b"\r\nTo: " + b'"' * 29_999 + b"\r\n\r\n",
    "combining marks": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "a\u0300\u0316".encode() * 50_000,
    "only marks": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\u0300\u0316".encode() * 50_000,
    "blank lines in a reply": HEAD + b"In-Reply-To: <a@b>\r\n\r\n" + b"x\r\n\r\n" * 40_000,
    "introductions": HEAD + b"\r\n" + b"Fra: x\r\n" * 30_000,
    "formulas": HEAD + b"\r\n" + b"Mvh a\r\n\r\n" * 15_000,
    "open html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    "tables in tables": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<table><tr><td>x" * 100,
    "parameters": HEAD + b"Content-Type: text/plain; a" + b" " * 200_000 + b"\r\n\r\nx",
    "references": b"References: " + b"<" * 300_000 + b"\r\n" + HEAD,
    "one header": b"X: " + b"a" * 5_000_000 + b"\r\n" + HEAD,
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_message_soon(name: str) -> None:
    began = time.process_time()
    message = read(BOMBS[name])
    assert time.process_time() - began < 2
    assert len(message.text) <= 200_000
    assert len(message.subject) <= 1_000


def test_what_is_nested_too_deeply_keeps_its_header_and_says_so() -> None:
    message = read(nested(2000))
    assert message.subject == "Hei"
    assert message.sender is not None
    assert "structure_refused" in codes(message)
    assert "nested_too_deep" in codes(read(nested(50)))


def test_it_cuts_a_long_text_and_says_so() -> None:
    message = read(HEAD + b"\r\n" + b"ord " * 100_000)
    assert len(message.text) <= 200_000
    assert "text_truncated" in codes(message)


def test_it_reads_200_parts_and_says_that_there_were_more() -> None:
    message = mixed(*[b"Content-Type: image/png\r\n\r\nx"] * 300)
    assert len(message.attachments) == 199
    assert "parts_truncated" in codes(message)


def test_an_attachment_over_the_limit_keeps_its_digest_only() -> None:
    data = b"%PDF-" + b"0" * 10_000_000
    (attachment,) = mixed(b"\r\nhei", b"Content-Type: application/pdf\r\n\r\n" + data).attachments
    assert (attachment.content, attachment.size) == (b"", len(data))
    assert attachment.digest == hashlib.sha256(data).hexdigest()


def test_hidden_html_is_no_text() -> None:
    page = (
        b"<html><head><title>A</title><style>B</style></head><body><!-- C --><p>Hei</p><p style='display:none'>D</p>"
        b"<div hidden>E</div><span style='font-size:0'>F</span><p style=\"mso-hide:all\">G</p><script>H</script>du</body>"
    )
    message = text_mail(b"text/html; charset=utf-8", page)
    assert message.text.split() == ["Hei", "du"]
    assert message.has_html


def test_outlooks_lines_and_blank_lines_are_kept() -> None:
    page = b"<p class=MsoNormal>Hei<o:p></o:p></p><p class=MsoNormal>&nbsp;<o:p></o:p></p><p class=MsoNormal>Navn: A</p><p class=MsoNormal>Firma: B</p>"
    assert text_mail(b"text/html", page).text == "Hei\n\nNavn: A\nFirma: B"
