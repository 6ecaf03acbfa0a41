"""The empty form as a fillable PDF: one page with text fields (ISO 32000-1, 12.7.4.3)."""

from __future__ import annotations

from processor.form.wording import Language, Line, Wording

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
_MULTILINE = 1 << 12
_LEFT, _FIELD, _RIGHT, _TOP, _STEP = 60, 230, 535, 780, 44


def pdf(wording: Wording, language: Language) -> bytes:
    """The bytes of the empty form; viewers draw what is typed (NeedAppearances)."""
    places = _places(wording)
    fields = [_field(line, y) for line, y in places]
    numbers = b" ".join(b"%d 0 R" % (6 + number) for number in range(len(fields)))
    tongue = {"nb": b"nb-NO", "en": b"en-GB"}[language]
    content = _content(wording, places)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (%s) /ViewerPreferences << /DisplayDocTitle true >> "
        b"/AcroForm << /Fields [%s] /NeedAppearances true /DA (/Helv 11 Tf 0 g) /DR << /Font << /Helv 4 0 R >> >> >> >>"
        % (tongue, numbers),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots [%s] /Contents %d 0 R "
        b"/Resources << /Font << /Helv 4 0 R /Bold 5 0 R >> >> >>" % (numbers, 6 + len(fields)),
        _FONT % b"Helvetica",
        _FONT % b"Helvetica-Bold",
        *fields,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Title %s >>" % _string(wording.title),
    ]
    return _file(objects)


def _places(wording: Wording) -> list[tuple[Line, int]]:
    """Each line with the height of its field's lower edge, in points."""
    found, y = [], _TOP - 60
    for line in wording.lines:
        y -= _STEP + 18 * (line.room - 1)
        found.append((line, y))
    return found


def _content(wording: Wording, places: list[tuple[Line, int]]) -> bytes:
    drawn = [_text("Bold", 17, _LEFT, _TOP, wording.title), _text("Helv", 9, _LEFT, _TOP - 24, wording.lead)]
    for line, y in places:
        height = _height(line)
        drawn.append(_text("Bold", 11, _LEFT, y + height - 15, line.label))
        drawn.append(_text("Helv", 7, _LEFT, y + height - 25, line.hint))
        drawn.append(b"0.5 G %d %d %d %d re S" % (_FIELD, y, _RIGHT - _FIELD, height))
    low = places[-1][1] - 40
    drawn += [_text("Helv", 9, _LEFT, low - 14 * number, note) for number, note in enumerate(wording.notes)]
    return b"\n".join(drawn)


def _height(line: Line) -> int:
    return 24 + 18 * (line.room - 1)


def _text(font: str, size: int, x: int, y: int, text: str) -> bytes:
    return b"BT /%s %d Tf %d %d Td %s Tj ET" % (font.encode(), size, x, y, _string(text))


def _field(line: Line, y: int) -> bytes:
    flags = _MULTILINE if line.room > 1 else 0
    return (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (%s) /TU %s /Ff %d /F 4 /Rect [%d %d %d %d] "
        b"/DA (/Helv 11 Tf 0 g) /P 3 0 R >>"
        % (line.name.encode(), _string(line.label), flags, _FIELD, y, _RIGHT, y + _height(line))
    )


def _string(text: str) -> bytes:
    """A literal string (7.3.4.2) in WinAnsiEncoding, which agrees with PDFDocEncoding in these letters."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"(" + escaped.encode("cp1252") + b")"


def _file(objects: list[bytes]) -> bytes:
    """Objects, numbered from 1, with header, cross-reference table and trailer (7.5); the last one is the Info."""
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + table + trailer % (len(objects) + 1, len(objects), len(out))
