"""A CSV file of contracts: what is read, and every mistake by its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from processor.contract import Contract, folded_name, name_key
from processor.loading.contract_cells import contacts, phone
from processor.loading.contracts import ContractFile, load_register_words, open_contracts
from processor.loading.problems import Refused

RULES = Path(__file__).parent.parent.parent / "rules"
WORDS = load_register_words(RULES)
TODAY = date(2026, 11, 26)
HEAD = "customer_no;org_no;name;domains;product;family;type;signed;invoiced_to\n"
FJORD = "100042;974760673;Fjord Bygg AS;fjordbygg-demo.no;Visma Global;;A;01.02.2018;31.12.2026\n"


def opened(tmp_path: Path, content: str | bytes) -> ContractFile:
    path = tmp_path / "contracts.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_contracts(path, WORDS, TODAY)


def read(tmp_path: Path, content: str | bytes) -> tuple[list[Contract], list[str]]:
    file = opened(tmp_path, content)
    found = [contract for _, contract in file.rows()]
    return found, [str(each) for each in file.problems]


def test_a_line_is_a_contract_with_its_product_and_family_made_one(tmp_path: Path) -> None:
    found, problems = read(tmp_path, HEAD + FJORD.replace("Visma Global", "visma globall"))
    assert problems == []
    day, to = date(2018, 2, 1), date(2026, 12, 31)
    domains = ("fjordbygg-demo.no",)
    assert found == [Contract("100042", "974760673", "Fjord Bygg AS", domains, "Visma Global", "global", "A", day, to)]


@pytest.mark.parametrize(
    "content",
    [
        (HEAD + FJORD).replace("Fjord", "Fjørå").encode("utf-8"),
        b"\xef\xbb\xbf" + (HEAD + FJORD).replace("Fjord", "Fjørå").encode("utf-8"),
        (HEAD + FJORD).replace("Fjord", "Fjørå").encode("cp1252"),
        (HEAD + FJORD).replace("Fjord", "Fjørå").replace(";", ",").replace("\n", "\r\n").encode("utf-8"),
        (HEAD.upper() + FJORD).replace("Fjord Bygg AS", '"Fjørå Bygg AS"').encode("utf-8"),
    ],
    ids=["utf-8", "with BOM", "windows-1252", "commas and CRLF", "quoted"],
)
def test_both_encodings_and_both_separators_are_read(content: bytes, tmp_path: Path) -> None:
    found, problems = read(tmp_path, content)
    assert problems == []
    assert [each.name for each in found] == ["Fjørå Bygg AS"]


def test_signing_on_29_february_is_a_day_in_a_leap_year_alone(tmp_path: Path) -> None:
    found, problems = read(
        tmp_path, HEAD + FJORD.replace("01.02.2018", "29.02.2020") + FJORD.replace("01.02.2018", "29.02.2019")
    )
    assert [each.signed for each in found] == [date(2020, 2, 29)]
    assert problems == ["contracts.csv:3: signed 29.02.2019: there is no such day"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("01.02.2018", "2/1/2018", "signed '2/1/2018' is no day; write 31.12.2018 or 2018-12-31"),
        ("01.02.2018", "01.02.18", "signed '01.02.18' is no day"),
        ("01.02.2018", "01.02.1018", "can hardly be meant"),
        ("01.02.2018", "28.11.2026", "signed 28.11.2026 lies ahead"),
        ("31.12.2026", "31.12.2016", "invoiced_to 31.12.2016 is before signed"),
        ("974760673", "974760674", "org_no '974760674' is no organisation number"),
        (";A;", ";C;", "type 'C' is none of A, B"),
        (";;A", ";bussiness;A", "family 'bussiness' is in no rules/data file (did you mean business?)"),
        ("fjordbygg-demo.no", "kari@fjord", "'kari@fjord' is no domain"),
        ("100042", "", "customer_no is empty"),
        ("100042", "=1+1", "customer_no '=1+1' is no customer number"),
        ("Fjord Bygg AS", " ", "name is empty"),
        ("Fjord Bygg AS", "Fj\u00c3\u00b8rd", "name is neither UTF-8 nor Windows-1252"),
        ("Fjord Bygg AS", "Fjord\x07", "name holds signs that cannot be printed"),
        ("Fjord Bygg AS", "x" * 201, "name is longer than 200 characters"),
        (";31.12.2026", "", "has 8 cells, and the heading has 9"),
        ("Fjord Bygg AS", '"Fjord" Bygg AS', "is not CSV"),
    ],
)
def test_a_wrong_cell_is_a_problem_of_its_line_and_the_others_are_read(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    found, problems = read(tmp_path, HEAD + FJORD.replace(old, new, 1) + FJORD)
    assert len(found) == 1
    assert len(problems) == 1
    assert problems[0].startswith("contracts.csv:2: ")
    assert said in problems[0]


def test_a_quote_that_never_ends_is_told_with_the_line_where_it_begins(tmp_path: Path) -> None:
    _, problems = read(tmp_path, HEAD + FJORD.replace("Fjord Bygg", '"Fjord Bygg') + FJORD * 3000)
    assert problems[0].startswith("contracts.csv:2: is not CSV")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html><body>Logg inn</body></html>", "is HTML or XML"),
        (b"\xef\xbb\xbf\n  <?xml version='1.0'?>", "is HTML or XML"),
        (b"PK\x03\x04\x14\x00\x06\x00", "is an Excel file"),
        ("customer_no;org_no".encode("utf-16"), "is UTF-16"),
        (b"", "is empty"),
        (b"customer_no;org_no\n1;\x00\x01\n", "bytes that no text has"),
    ],
)
def test_what_is_no_csv_is_named_for_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        opened(tmp_path, content)
    assert said in str(refused.value)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        open_contracts(tmp_path / "none.csv", WORDS, TODAY)


def test_a_heading_without_the_needed_columns_names_what_is_like_them(tmp_path: Path) -> None:
    found, problems = read(tmp_path, HEAD.replace("signed", "sighned") + FJORD)
    assert found == []
    assert problems == ["contracts.csv:1: has no column 'signed'; is it 'sighned'?"]


def test_a_public_mail_domain_is_left_out_with_a_note(tmp_path: Path) -> None:
    file = opened(tmp_path, HEAD + FJORD.replace("fjordbygg-demo.no", "@gmail.com, www.fjord.no blåbær.no"))
    assert [contract.domains for _, contract in file.rows()] == [("fjord.no", "xn--blbr-roah.no")]
    assert file.problems == []
    assert "gmail.com is a public mail domain" in str(file.notes[0])


def test_columns_that_are_not_ours_are_named_and_left_alone(tmp_path: Path) -> None:
    file = opened(tmp_path, HEAD.replace("\n", ";seller\n") + FJORD.replace("\n", ";Ola\n"))
    assert len(list(file.rows())) == 1
    assert "column 'seller' is not used" in str(file.notes[0])


def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = opened(tmp_path, HEAD + FJORD)
    file.path.write_text(HEAD + FJORD + FJORD.replace("100042", "100043"))
    list(file.rows())
    assert any("written to while it was read" in str(each) for each in file.problems)


def test_more_problems_than_are_kept_are_counted(tmp_path: Path) -> None:
    file = opened(tmp_path, HEAD + FJORD.replace("974760673", "1") * 1500)
    assert list(file.rows()) == []
    assert (len(file.problems), file.more) == (1000, 500)


def test_the_digest_changes_with_the_bytes_and_with_the_words_of_the_rules(tmp_path: Path) -> None:
    one = opened(tmp_path, HEAD + FJORD)
    assert opened(tmp_path, HEAD + FJORD).digest == one.digest
    assert open_contracts(one.path, replace(WORDS, version="others"), TODAY).digest != one.digest
    assert opened(tmp_path, HEAD + FJORD + "\n").digest != one.digest


def test_names_are_compared_without_form_case_and_spaces() -> None:
    assert folded_name("Fjord Bygg A/S") == folded_name("FJORDBYGG AS") == "fjordbygg"
    assert folded_name("DA AS") == "daas"
    assert name_key("Fjord Bygg AS") == name_key("Fjrd Byg") == "fjrdbg"


def test_whom_to_call_and_to_tell_is_read_and_a_wrong_one_is_named() -> None:
    assert phone(" +47 22 12 34-56") == ("+4722123456", [])
    assert phone("") == ("", [])
    assert phone("ring Kari")[1] == ["phone 'ring Kari' is no telephone number"]
    assert contacts("Ola@x.no, kari@x.no ola@x.no") == (("kari@x.no", "ola@x.no"), [])
    assert contacts("kari")[1] == ["contacts: 'kari' is no mail address"]
