"""Where a writer's signature stands: from the closing formula on, as long as it looks like one.

A request that was taken for a signature would be lost; a signature that was taken for new text does
little harm.  So prose, a postscript or a filled-in form below the formula is new text again.
"""

from __future__ import annotations

import re

MAX_SIGNATURE_LINES = 15
MOST_FOOTER_LINES = 8
_PROSE_WORDS = 7
_MAX_LINE = 120

_GREETING = r"(?:hilsen(?:er)?|hilsner|hilsning(?:er)?|helsing(?:ar)?|hälsning(?:ar)?)"
_WARM = (
    r"(?:med|de|mest|beste?|mange|vennlige?|venlege?|venlige?|venleg|vänliga?|bästa|bedste|gode?|goda|høflig|"
    r"hjertelig|hjerteleg|kærlig|kollegiale?|varme?|varma)"
)
_FORMULA = re.compile(
    rf"(?:m\.? ?v\.? ?h\.?(?!\w)|v\.?h\.?(?!\w)|(?:{_WARM} ){{1,4}}{_GREETING}|{_GREETING}|hilser|helsar|"
    rf"(?:på forhånd takk|takk på forhånd|på førehand takk|takk på førehand|tack på förhand) (?:og|och) {_GREETING}|"
    r"(?:with )?(?:best|kind|warm|kindest|warmest) (?:regards|wishes)|"
    r"yours (?:sincerely|faithfully|truly)|sincerely(?: yours)?)",
    re.IGNORECASE,
)
# The ASCII letters with which a line of a device, a formula and a thanks begins.
_OPENINGS = {
    "m.", "m ", "mv", "v.", "v ", "vh", "me", "de", "be", "ma", "ve", "go", "hj", "ko", "va", "hi", "he", "ta", "wi",
    "ki", "wa", "yo", "si", "re", "ch", "th", "tu", "se", "sk", "ge",
}  # fmt: skip
_ASKS = re.compile(
    r"\b(?:opp|ønsk\w*|ynsk\w*|vil|kan|må|ber|send\w*|avslutt\w*|stopp\w*|slutt\w*|steng\w*|treng\w*|please|want|would|"
    r"terminat\w*|cancel\w*|vill|säg\w*|sig\w*|ops\w*)\b",
    re.IGNORECASE,
)
# These also begin sentences ("Many thanks, that sorted it"): only a name may follow them.
_THANKS = re.compile(
    r"(?:regards|cheers|(?:many |with )?thanks(?: and regards)?|takk|tusen takk|tack|tak)", re.IGNORECASE
)
_DEVICE = re.compile(
    r"(?:sendt fra|sent from|send frå|sendt frå|skickat från|sendt via|hent outlook|få outlook|get outlook|skaff deg outlook)\b.{0,100}",
    re.IGNORECASE,
)
_WORDS_AFTER = re.compile(r"[,.!]{0,2}(?: [\w(+][\w.&/'’,()+-]{0,40}){0,8}[,.!]?")
_NAME_AFTER = re.compile(r"[,.!]{0,2}(?: [A-ZÆØÅÄÖÉ][\w.'’-]{0,40}){0,3}[,.!]?")
_RULE = re.compile(r"[_=-]{20,200}")
# Words that a list says of itself; a customer's "avmelding" (of ELMA, say) is none of them.
_LIST = re.compile(r"mailing list|listinfo|unsubscribe from|e-?postliste|meld deg av:", re.IGNORECASE)
_POSTSCRIPT = re.compile(r"(?:p\.? ?s\.?|nb|edit|obs)\b[ .:!-]", re.IGNORECASE)
_FORM_LINE = re.compile(
    r"(?:administrator|domener?|domæne|domän|domain|e-post administrator|navn på administrator)[^:]{0,30}:",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"fortrolig|adressert til|addressee|beregnet for|berekna for|in error|virus|konfidensiel|confidential|taushets|teieplikt|privileged|mottaker|mottakar|modtager|recipient|mottagare|"
    r"disclaimer|registered (?:in|office)|personvern|privacy|miljø|skriv ut|skrive ut|print",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"https?:|www\.|@|\||\b(?:tlf|tel|mob|mobil|telefon|phone|org|foretaksregisteret)\b|(?:\d[ .]?){8}", re.IGNORECASE
)


def signature_spans(lines: list[str], start: int, end: int, sender: str) -> list[tuple[int, int]]:
    """Line ranges within start to end, half open, that are the writer's signature.

    ``sender`` is the display name: a last paragraph that begins with it is a signature without a formula.
    """
    spans: list[tuple[int, int]] = []
    at = start
    while at < end:
        if not may_close(lines[at]):
            at += 1
            continue
        if _list_footer(lines, at, end):
            # What a mailing list hangs below every mail is nobody's words: a copy without it is the same letter.
            spans.append((at, end))
            break
        if _opens(lines[at]):
            stop = _stop(lines, at, end)
            if stop > at:
                spans.append((at, stop))
                at = stop
                continue
        at += 1
    return spans or _named(lines, start, end, sender)


def _list_footer(lines: list[str], at: int, end: int) -> bool:
    """Whether a rule of underscores and a list's few lines about itself stand here, to the end."""
    if end - at > MOST_FOOTER_LINES or not _RULE.fullmatch(lines[at].strip()):
        return False
    return any(_LIST.search(line[:_MAX_LINE]) for line in lines[at + 1 : end])


def _opens(line: str) -> bool:
    text = line.strip(" *_\t")
    if line == "--":
        return True
    if not text or len(text) > _MAX_LINE or not may_open(text):
        return False
    if _DEVICE.fullmatch(text):
        return True
    if (formula := _FORMULA.match(text)) and _WORDS_AFTER.fullmatch(text, formula.end()):
        return not _ASKS.search(text, formula.end())
    thanks = _THANKS.match(text)
    if not thanks or not _NAME_AFTER.fullmatch(text, thanks.end()):
        return False
    # "Takk" alone is courtesy in the text; with a name it closes the mail.
    return text.lower().startswith("regards") or thanks.end() < len(text.rstrip(",.!"))


def may_close(line: str) -> bool:
    """Whether a signature or a footer may begin in a line: hardly where another word stands first."""
    head = line[:2]
    return bool(head) and (head.lower() in _OPENINGS or not (head.isalpha() and head.isascii()))


def may_open(text: str) -> bool:
    """Whether a line begins as those that open a signature do; any letter beyond ASCII may."""
    head = text[:2].lower()
    return head in _OPENINGS or not head.isascii()


def _stop(lines: list[str], at: int, end: int) -> int:
    """The line after the signature, or ``at`` where the formula stands in the middle of a mail."""
    filled = 0
    for number in range(at + 1, end):
        line = lines[number].strip()
        if not line:
            continue
        after_blank = not lines[number - 1].strip()
        if _is_text(line, after_blank) or (after_blank and _form_follows(lines, number, end)):
            return number
        filled += 1
        if filled > MAX_SIGNATURE_LINES and not _DISCLAIMER.search(line[:2000]):
            return at
    return end


def _is_text(line: str, after_blank: bool) -> bool:
    if _POSTSCRIPT.match(line):
        return True
    prose = after_blank and line[-1] in ".?!:" and len(line[:2000].split()) >= _PROSE_WORDS
    if not prose and len(line) <= _MAX_LINE:
        return False
    return not _DISCLAIMER.search(line[:2000]) and not _CONTACT.search(line[:2000])


def _form_follows(lines: list[str], at: int, end: int) -> bool:
    paragraph: list[str] = []
    for number in range(at, min(end, at + 12)):
        if not lines[number].strip() and len(paragraph) > 2:
            break
        paragraph.append(lines[number].strip())
    return any(":" in line and _FORM_LINE.match(line) for line in paragraph)


def _named(lines: list[str], start: int, end: int, sender: str) -> list[tuple[int, int]]:
    """The last paragraphs from a line that is the sender's own name, all of them short."""
    names = set(sender.lower().replace(",", " ").split())
    if not names:
        return []
    filled = [n for n in range(start, end) if lines[n].strip()][-MAX_SIGNATURE_LINES:]
    for number in filled:
        words = lines[number].strip(" /-–,.*").lower().split(None, 5)
        if number == start or not words or len(words) > 5 or not names.issuperset(words):
            continue
        rest = [lines[n].strip() for n in filled if n > number]
        if not any(_is_text(line, True) or len(line) > _MAX_LINE for line in rest):
            return [(number, end)]
    return []
