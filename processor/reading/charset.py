"""Bytes to text, whatever the label says: never raises, never yields a surrogate or a control.

RFC 7103 section 7.6 asks for tolerance of wrong and unknown labels.  Python's codec registry is an
open door (``hex``, ``zlib``, ``punycode``), so that only the character sets named here are opened.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

# What senders write, mapped to the wider set that they mean (WHATWG Encoding Standard).
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso8859-1": "cp1252",
    "iso88591": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "iso-gb2312": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "cp-850": "cp850",
}
_OPEN = {
    "utf-8", "utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
    *(f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *(f"cp125{n}" for n in range(9)),
    "koi8-r", "koi8-u", "gb18030", "hz", "big5", "big5hkscs", "cp950", "cp932", "euc_jp", "cp949", "johab",
    "iso2022_jp", "iso2022_jp_ext", "iso2022_kr", "mac-roman", "cp437", "cp850", "cp858", "cp865", "cp874", "utf-8-sig",
}  # fmt: skip
_UNSAID = {
    "",
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "646",
    "utf-8",
    "unknown-8bit",
    "8bit",
    "7bit",
    "binary",
    "default",
}

# 0x80 to 0x9f of Windows-1252; its five holes stay C1 controls, which are cleaned away afterwards.
_CP1252 = {n: bytes([n]).decode("cp1252") for n in range(0x80, 0xA0) if n not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}

# Whole texts of these need no cleaning: the letters of our senders' languages and the signs that their programs write.
_CLEAN = re.compile("[\t\n -~\xa1-\xac\xae-\u024f\u2010-\u2027\u2030-\u205e\u20ac\u2122]*")
# Controls but tab and newline, surrogates, zero-width and bidirectional marks, noncharacters, tags.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Sorting a long run of combining marks is quadratic in unicodedata: 100,000 take 5 s.
_MARKS = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06ed\u0730-\u074a\u07eb-\u07f3"
    "\u0816-\u082d\u08d3-\u08ff\u0e38-\u0e3a\u0eb8-\u0ecb\u0f18-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u302a-\u302f\u3099\u309a\ua66f-\ua69f\ufe20-\ufe2f\U0001d165-\U0001d1ad]{8})"
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06ed\u0730-\u074a\u07eb-\u07f3"
    "\u0816-\u082d\u08d3-\u08ff\u0e38-\u0e3a\u0eb8-\u0ecb\u0f18-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u302a-\u302f\u3099\u309a\ua66f-\ua69f\ufe20-\ufe2f\U0001d165-\U0001d1ad]+"
)
# UTF-8's lead bytes of Latin letters and punctuation, and its trail bytes, as Windows-1252 shows them.
_TRAIL = "[\x80-\xbf" + "".join(_CP1252.values()) + "]"
_DOUBLED = re.compile(f"[\xc2\xc3]{_TRAIL}|\xe2{_TRAIL}{_TRAIL}")
_AS_BYTE = {letter: n for n, letter in _CP1252.items()}


def guess(data: bytes) -> str:
    """Text of bytes without a label: UTF-8 if they are, else Windows-1252; no byte is lost."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _windows(data)


def decode(data: bytes, label: str) -> tuple[str, str]:
    """Text of labelled bytes, and the defect code ``charset_unknown``, ``charset_wrong`` or ``""``.

    The text may still hold controls; ``clean_line`` and ``clean_text`` take them away.
    """
    name = label.strip(" \t\"'").lower().split(" ")[0].split("*")[0][:60]
    if name in _UNSAID:
        return _decode_utf8(data, name)
    codec = _codec(name)
    if not codec:
        return guess(data), "charset_unknown"
    if codec == "cp1252":
        return _windows(data), ""
    try:
        return data.decode(codec), ""
    except (UnicodeError, ValueError):
        return data.decode(codec, "replace"), "charset_wrong"


def _windows(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_CP1252)


def _decode_utf8(data: bytes, name: str) -> tuple[str, str]:
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        if name != "utf-8":
            return _windows(data), "charset_wrong"
    replaced = data.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    sound = sum(1 for letter in replaced if letter > "\x7f") - bad
    # A cut or damaged UTF-8 text is mostly sound; a Windows text under the wrong label is not.
    return (replaced if sound > bad else guess(data)), "charset_wrong"


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(_MEANT.get(name, name)).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    if found in ("iso8859-1", "cp1252", "latin-1"):
        return "cp1252"
    return found if found in _OPEN else ""


def mend_doubled(text: str) -> tuple[str, bool]:
    """Undo UTF-8 that was read as Windows-1252 and encoded again (``pÃ¥`` is ``på``), if plainly so.

    Plainly: doubled letters are there, and no true Norwegian or Swedish letter stands beside them.
    """
    if "\xc3" not in text and "\xc2" not in text and "\xe2\u20ac" not in text:
        return text, False
    mended = _DOUBLED.sub(_single, text)
    if mended == text or any(letter in _DOUBLED.sub("", text) for letter in "æøåäöÆØÅÄÖ"):
        return text, False
    return mended, True


def _single(found: re.Match[str]) -> str:
    data = bytes(_AS_BYTE.get(letter, ord(letter) & 0xFF) for letter in found[0])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]


def clean_line(text: str, limit: int) -> str:
    """One line of NFC text without controls, runs of blanks as one space, at most ``limit`` characters."""
    text = text[: 4 * limit]
    if _CLEAN.fullmatch(text):
        return " ".join(text.split())[:limit].strip()
    text = " ".join(_UNSEEN.sub("", _LINE_ENDS.sub(" ", text)).split())
    return _compose(text)[:limit].strip()


def clean_text(text: str) -> str:
    """Body text: NFC, ``\\n`` line ends, every blank a plain space, no controls, no trailing blanks."""
    lines = text.replace("\r\n", "\n")
    clean = _CLEAN.fullmatch(lines)
    if not clean:
        lines = _SPACES.sub(" ", _UNSEEN.sub("", _LINE_ENDS.sub("\n", text)))
    lines = lines.replace("\t", " ")
    lines = "\n".join(map(str.rstrip, lines.split("\n"))).strip("\n")
    return lines if clean else _compose(lines)


def _compose(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub(r"\1", text))
