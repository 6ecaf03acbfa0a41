"""A CSV file of contracts → Contract values, one line at a time; docs/contracts.md lists the columns.

The file is gone through twice: once for its digest, its encoding and whether it is CSV at all, and once
for its lines.  Never more than a line is held, so that a file of any length costs the same memory.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from processor.contract import Contract
from processor.loading.agreements import load_agreements
from processor.loading.contract_cells import ascii_domain, contacts, phone
from processor.loading.patterns import load_products, load_words
from processor.loading.problems import Problem, Refused
from processor.lookup import valid_org_no

NEEDED = ("customer_no", "org_no", "name", "product", "type", "signed")
COLUMNS = (*NEEDED, "domains", "family", "invoiced_to", "phone", "contacts")
T = TypeVar("T")
MOST_PROBLEMS = 1000
"""More are counted and not kept; a file with so many is the wrong file."""
CHUNK = 1 << 16
LONGEST = {"customer_no": 40, "name": 200, "product": 100, "family": 60, "type": 40, "phone": 30}
CUSTOMER_NO = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]*")
ORG_NO = re.compile(r"(?:NO)?([0-9]{9})(?:MVA)?")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z][a-z0-9-]{1,62}")
NORWEGIAN = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
EARLIEST = 1980
MOST_YEARS_AHEAD = 10
NO_TEXT = "it holds bytes that no text has"
MOJIBAKE = re.compile(r"\ufffd|\u00c3[\u00a5\u00a6\u00b8\u02dc\u2026\u2020]")
"""What is left of a letter outside both encodings, and of æøå when UTF-8 is read as Windows-1252."""


@dataclass(frozen=True, slots=True)
class RegisterWords:
    """What a file's words are held against: products by alias, families, rules of notice, public mail domains.

    ``version`` names the files of rules/data/ that they are from.
    """

    products: Mapping[str, tuple[str, str]]
    families: frozenset[str]
    rules: Mapping[str, str]
    public_domains: frozenset[str]
    version: str = ""


@dataclass
class ContractFile:
    """An opened file: ``digest`` names its bytes and the words that they are held against.  ``problems`` and ``notes`` grow while ``rows`` is read.

    ``more`` counts the problems beyond MOST_PROBLEMS; a note is worth a look and stops nothing.
    """

    path: Path
    digest: str
    encoding: str
    words: RegisterWords
    today: date
    stamp: tuple[int, int] = (0, 0)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    more: int = 0

    def rows(self) -> Iterator[tuple[int, Contract]]:
        """Each right line with its number; the wrong ones become problems."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as text:
            head = text.readline(CHUNK)
            delimiter = ";" if head.count(";") >= head.count(",") else ","
            columns = self._columns(head, delimiter)
            if not columns:
                return
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            while True:
                line = reader.line_num + 2
                try:
                    cells = next(reader)
                except StopIteration:
                    break
                except csv.Error as error:
                    self.problem(line, f"is not CSV: {error}")
                    continue
                if any(cell.strip() for cell in cells) and (found := self._row(line, columns, cells)):
                    yield line, found
        if _stamp(self.path) != self.stamp:
            self.problem(0, "was written to while it was read")

    def problem(self, line: int, text: str, hint: str = "") -> None:
        """Note what is wrong with a line."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.path.name, line, text, hint))
        else:
            self.more += 1

    def _note(self, line: int, text: str) -> None:
        if len(self.notes) < MOST_PROBLEMS:
            self.notes.append(Problem(self.path.name, line, text))

    def _columns(self, head: str, delimiter: str) -> list[str]:
        """The names in the heading, "" for those that are not ours; nothing when the file has no such heading."""
        names = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
        missing = [name for name in NEEDED if name not in names]
        for name in missing:
            near = get_close_matches(name, names, 1)
            self.problem(1, f"has no column {name!r}" + (f"; is it {near[0]!r}?" if near else ""))
        for name in {name for name in names if names.count(name) > 1 and name in COLUMNS}:
            self.problem(1, f"has the column {name!r} twice")
        for name in names:
            if name and name not in COLUMNS:
                self._note(1, f"column {name!r} is not used")
        return [] if missing else [name if name in COLUMNS else "" for name in names]

    def _row(self, line: int, columns: list[str], cells: list[str]) -> Contract | None:
        if len(cells) != len(columns):
            self.problem(line, f"has {len(cells)} cells, and the heading has {len(columns)}")
            return None
        said = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if name}
        before = len(self.problems) + self.more
        self._lengths(line, said)
        product, of_product = self.words.products.get(said["product"].casefold(), (said["product"], ""))
        signed, invoiced_to = (self._day(line, name, said.get(name, "")) for name in ("signed", "invoiced_to"))
        if signed and signed > self.today + timedelta(days=1):
            self.problem(line, f"signed {signed:%d.%m.%Y} lies ahead")
        if signed and invoiced_to and invoiced_to < signed - timedelta(days=1):
            self.problem(line, f"invoiced_to {invoiced_to:%d.%m.%Y} is before signed")
        contract = Contract(
            customer_no=said["customer_no"],
            org_no=self._org_no(line, said["org_no"]),
            name=" ".join(said["name"].split()),
            domains=self._domains(line, said.get("domains", "")),
            product=product,
            family=self._family(line, said.get("family", "").lower() or of_product),
            type=self._type(line, said["type"]),
            signed=signed,
            invoiced_to=invoiced_to,
            phone=self._told(line, phone(said.get("phone", ""))),
            contacts=self._told(line, contacts(said.get("contacts", ""))),
        )
        return contract if before == len(self.problems) + self.more else None

    def _lengths(self, line: int, said: Mapping[str, str]) -> None:
        for name in ("customer_no", "name", "product"):
            if not said[name]:
                self.problem(line, f"{name} is empty")
        if said["customer_no"] and not CUSTOMER_NO.fullmatch(said["customer_no"]):
            self.problem(line, f"customer_no {said['customer_no'][:40]!r} is no customer number")
        for name, most in LONGEST.items():
            if len(said.get(name, "")) > most:
                self.problem(line, f"{name} is longer than {most} characters")
            elif not said.get(name, "").isprintable():
                self.problem(line, f"{name} holds signs that cannot be printed")
            elif MOJIBAKE.search(said.get(name, "")):
                self.problem(line, f"{name} is neither UTF-8 nor Windows-1252")

    def _org_no(self, line: int, text: str) -> str:
        """Nine digits whose last checks the others (modulus 11), or nothing."""
        bare = re.sub(r"[\s.]", "", text).upper()
        if not bare:
            return ""
        number = ORG_NO.fullmatch(bare)
        if number and valid_org_no(number[1]):
            return number[1]
        self.problem(line, f"org_no {text[:40]!r} is no organisation number")
        return ""

    def _domains(self, line: int, text: str) -> tuple[str, ...]:
        found = set()
        for word in re.split(r"[\s,|]+", text.lower()):
            domain = ascii_domain(word.removeprefix("@").removeprefix("www.").rstrip("."))
            if not domain:
                continue
            if domain in self.words.public_domains:
                self._note(line, f"{domain} is a public mail domain and tells no customer; it is left out")
            elif DOMAIN.fullmatch(domain):
                found.add(domain)
            else:
                self.problem(line, f"{word[:80]!r} is no domain")
        return tuple(sorted(found))

    def _told(self, line: int, said: tuple[T, list[str]]) -> T:
        for wrong in said[1]:
            self.problem(line, wrong)
        return said[0]

    def _family(self, line: int, family: str) -> str:
        if family and family not in self.words.families:
            near = get_close_matches(family, self.words.families, 1)
            self.problem(line, f"family {family!r} is in no rules/data file", near[0] if near else "")
        return family

    def _type(self, line: int, text: str) -> str:
        kind = self.words.rules.get(text.casefold(), "")
        if text and not kind:
            near = get_close_matches(text, self.words.rules.values(), 1)
            names = ", ".join(self.words.rules.values())
            self.problem(line, f"type {text!r} is none of {names}", near[0] if near else "")
        return kind

    def _day(self, line: int, name: str, text: str) -> date | None:
        """A day written 31.12.2018 or 2018-12-31."""
        if not text:
            return None
        if norwegian := NORWEGIAN.fullmatch(text):
            day, month, year = map(int, norwegian.groups())
        elif iso := ISO.fullmatch(text):
            year, month, day = map(int, iso.groups())
        else:
            self.problem(line, f"{name} {text[:40]!r} is no day; write 31.12.2018 or 2018-12-31")
            return None
        try:
            found = date(year, month, day)
        except ValueError:
            self.problem(line, f"{name} {text}: there is no such day")
            return None
        if not EARLIEST <= year <= self.today.year + MOST_YEARS_AHEAD:
            self.problem(line, f"{name} {text} can hardly be meant")
            return None
        return found


def open_contracts(path: Path, words: RegisterWords, today: date) -> ContractFile:
    """Open a file for reading its rows; raises Refused when it is no CSV file at all, or cannot be read."""
    digest = hashlib.sha256(words.version.encode())
    decoder = codecs.getincrementaldecoder("utf-8")()
    utf8, first = True, b""
    try:
        stamp = _stamp(path)
        with path.open("rb") as raw:
            while chunk := raw.read(CHUNK):
                first = first or chunk
                digest.update(chunk)
                if b"\0" in chunk:
                    raise Refused([Problem(str(path), 0, "is not CSV: " + _kind(first))])
                utf8 = utf8 and _decodes(decoder, chunk)
            utf8 = utf8 and _decodes(decoder, b"", final=True)
    except OSError as error:
        raise Refused([Problem(str(path), 0, f"cannot be read: {error.strerror}")]) from None
    if (kind := _kind(first)) != NO_TEXT:
        raise Refused([Problem(str(path), 1, f"is not CSV: {kind}")])
    return ContractFile(path, digest.hexdigest(), "utf-8-sig" if utf8 else "cp1252", words, today, stamp)


def load_register_words(rules_dir: Path) -> RegisterWords:
    """The words of rules/data/ that a contract's line is held against; raises Refused."""
    files = [rules_dir / "data" / f"{name}.toml" for name in ("families", "products", "public_domains")]
    agreements, problems = load_agreements(files[0])
    products, more = load_products(files[1])
    public, others = load_words(files[2])
    if problems := [*problems, *more, *others]:
        raise Refused(problems)
    names = {
        alias.casefold(): (each.name, each.family)
        for each in reversed(products)
        for alias in (*each.ordinary, *each.aliases, each.name)
    }
    families = frozenset(agreements.families) | {each.family for each in products if each.family}
    families |= {name for access in agreements.access for name in access.families}
    version = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    return RegisterWords(names, families, {name.casefold(): name for name in agreements.rules}, public, version)


def _kind(first: bytes) -> str:
    """What a file is whose beginning is not CSV."""
    start = first.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith(b"<"):
        return "it is HTML or XML, as a server sends for a login page or an error"
    if start.startswith((b"pk\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "it is an Excel file; save it as CSV"
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "it is UTF-16; save it as CSV UTF-8"
    if not start:
        return "it is empty"
    return NO_TEXT


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
