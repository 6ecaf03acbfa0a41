"""Addresses, domains, a phone number and a count of users, as written in a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable

from processor.findings import Evidence
from processor.rulebook import Vocabulary
from processor.understanding.passages import Passage

ABOUT_PERSONS = ("otp_rights", "otp_code", "admin_access")
"""The request types that are about persons with an address."""
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?![\w@])")
_DOMAIN = re.compile(
    r"(?<![\w./-])(?<![\w.+-]@)(?:[a-z0-9æøåäö](?:[a-z0-9æøåäö-]{0,61})\.){1,3}(?:no|com|se|dk|net|org|eu|io|fi|as)(?![\w@/-]|\.\w)"
)
_PHONE = re.compile(r"(?<![\d.])(?:\+\d{2} ?)?\d{2,3}(?: ?\d{2,3}){2,3}(?![\d.]\d)")
_WORKS = re.compile(r"\b(?:virker|fungerer|works|virkar|fungerar|ikke|ikkje|not)\b")
_HAS = re.compile(r"(?:har (?:eg |jeg )?(?:fra før|frå før|allerede|allereie)|already have|har redan|i dag har)")
_HAD = re.compile(
    r"(?:er registrert|har (?:alt )?(?:rett|tilgang|fått rett)|fikk rett\w{0,8}|fekk rett\w{0,8}|(?:har (?:allerede |allereie |alt )?)?(?:gitt|gjeve|gav|ga|gave) (?:meg|mig|me|oss|os|us) (?:the )?r(?:ett|ätt|ight)\w{0,8}|(?:kan|can) (?:jeg |eg |vi )?(?:allerede|allereie|redan|alt|already) |fick rätt\w{0,5}|fik rett\w{0,5}|am registered)[^?]{0,80}$"
)
"""What the writer may do already: such a domain is left out where another one is asked for."""
_OTHER = re.compile(
    r"\b(?:nytt|nye|ny|nya|nyt|new|eget|eige|eigne|own|også|òg|också|også|too|as well|(?:legge[st]?|leggjast?|lägga?s?|føje[st]?|tilføje[st]?) ti?ll?|add(?:ed)?)\b"
)
_LEFT = re.compile(r"\b(?:fra|frå|från|from) @?$")
_TO_NEXT = re.compile(r" (?:til|till|to) @?\w")
"""Around a domain that was left for another: ``fra @gammel.no til @ny.no``."""
_DEAD = re.compile(
    r"(?:finnes ikke|finst ikkje|does not exist|skal fjernes|skal fjernast|er fjernet|finns inte|wrong address|feil adresse)"
)
_NAME = r"[A-ZÆØÅÄÖÉÜ][a-zæøåäöéü]{1,20}(?:-[A-ZÆØÅÄÖÉÜ][a-zæøåäöéü]{1,20})?"
_PERSON = re.compile(rf"{_NAME}(?: (?:{_NAME}|[A-ZÆØÅ]\.|von|van|de|af)){{1,3}}")
_FIRM = re.compile(
    r"(?:\b(?:AS|ASA|ENK|ANS|SA|Ltd|Limited|AB|ApS)$|(?i:bygg|regnskap|eiendom|service|elektro|hotell|visma|hilsen|helsing|hälsning|regards))"
)
_HEADER = re.compile(r"^\W{0,4}(?:fra|frå|från|from|til|till|to|kopi|cc|svar til|reply-to)\s?:", re.I)
_ROLE_ADDRESS = re.compile(
    r"(?:post|firmapost|epost|e-post|mail|info|kontor|office|faktura|invoices?|ekonomi|okonomi|økonomi|regnskap|rekneskap|accounts?|ap|finance|lonn|payroll|support|kundesenter"
    r"|kundeservice|admin|hello|hei|salg|sales|no-?reply|ikkesvar|donotreply|mailer-daemon)(?:[.+-][\w.+-]{1,30}|\d{1,4})?@"
)
"""An address that a firm has and no person."""
_COUNT = re.compile(r"(?<![\d.,-])(\d{1,4}) (?:stk\.? )?(?:av )?$")


def emails_in(
    passages: Iterable[Passage], ours: frozenset[str], *, persons: bool = False
) -> list[tuple[str, Evidence]]:
    """Addresses in order, each once: not ours, and not one that is said to be wrong.

    ``persons``: leave out addresses that a firm has and no person.
    """
    found: dict[str, Evidence] = {}
    for passage in passages:
        for match in _EMAIL.finditer(passage.text):
            address = match.group().rstrip(".-").lower()
            sentence = passage.sentence_at(match.start())
            line = _line_before(passage, match.start())
            if _HEADER.search(line) or address in ours or address.rsplit("@", 1)[1].startswith("visma."):
                continue
            if _DEAD.search(sentence.text) and sentence.text.count("@") < 3:
                continue
            if persons and _ROLE_ADDRESS.match(address):
                continue
            found.setdefault(address, passage.evidence(match.start(), match.start() + len(address), "email"))
    return list(found.items())


def _line_before(passage: Passage, place: int) -> str:
    return passage.text[passage.text.rfind("\n", 0, place) + 1 : place]


def domains_in(passages: Iterable[Passage]) -> list[tuple[str, Evidence]]:
    """Bare domains in order, each once: not in addresses, web addresses or product names, nor one that works already."""
    found: dict[str, Evidence] = {}
    had: set[str] = set()
    for passage in passages:
        for match in _DOMAIN.finditer(passage.folded):
            name = match.group()
            if name.startswith(("www.", "visma.")):
                continue
            clause = passage.folded[passage.sentence_at(match.start()).start : match.start()]
            if _WORKS.search(passage.folded[match.end() : match.end() + 14]) or _HAS.search(clause):
                continue
            if _LEFT.search(clause) and _TO_NEXT.match(passage.folded, match.end()):
                continue
            if _HAD.search(clause) and _OTHER.search(passage.folded, match.end(), match.end() + 250):
                had.add(name)
            found.setdefault(name, passage.evidence(match.start(), match.end(), "domain"))
    return [(name, span) for name, span in found.items() if name not in had or len(found) == len(had)]


def phone_in(passages: Iterable[Passage], vocabulary: Vocabulary) -> str:
    """The first number after a word for telephone, as written; empty when there is none."""
    for passage in passages:
        for label in vocabulary.told("fields.phone", passage.folded):
            match = _PHONE.search(passage.folded, label.end(), label.end() + 30)
            if match and len(re.sub(r"\D", "", match.group())) in (8, 10):
                return match.group().strip()
    return ""


def contact_of(shown: str, passages: Iterable[Passage], vocabulary: Vocabulary) -> str:
    """The name of the person who writes: the sender's display name, else the first line of the signature.

    A company's name is none; empty when neither looks like a person's.
    """
    if _PERSON.fullmatch(shown) and not _FIRM.search(shown):
        return shown
    for passage in passages:
        if passage.kind == "signature":
            lines = [line.strip(" ,.-–_*") for line in passage.text.split("\n")]
            named = (line for line in lines[:6] if _PERSON.fullmatch(line) and not _FIRM.search(line))
            return next(
                (line for line in named if not vocabulary.phrases["names.before_name"].fullmatch(line.lower())), ""
            )
    return ""


def users_in(passages: Iterable[Passage], vocabulary: Vocabulary) -> int:
    """How many users or licences a sentence names, 0 if none does; of ``fra 12 til 7`` the difference."""
    for passage in passages:
        if change := re.search(r"\b(?:fra|frå|från|from) (\d{1,4}) (?:til|till|to) (\d{1,4})\b", passage.folded):
            return max(0, int(change[1]) - int(change[2]))
        if cut := re.search(
            r"(?:ta bort|fjerne|redusere med|si opp|remove|säga upp|opsige) (\d{1,4})\b", passage.folded
        ):
            return int(cut[1])
        for word in vocabulary.told("fields.users", passage.folded):
            if match := _COUNT.search(passage.folded[max(0, word.start() - 14) : word.start()]):
                return int(match[1])
    return 0
