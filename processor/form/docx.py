"""The empty form as a Word file: a table of labels and content controls (ECMA-376 part 1)."""

from __future__ import annotations

import io
import zipfile
from html import escape

from processor.form.wording import Language, Line, Wording

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org"
_TYPES = f"""{_XML}<Types xmlns="{_OFFICE}/package/2006/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Override PartName="/word/document.xml" \
ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONS = f"""{_XML}<Relationships xmlns="{_OFFICE}/package/2006/relationships"><Relationship Id="rId1" \
Type="{_OFFICE}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"""
_PAGE = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134"/></w:sectPr>'
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:color="808080"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)
_TABLE = (
    f'<w:tblPr><w:tblW w:w="9638" w:type="dxa"/><w:tblBorders>{_BORDERS}</w:tblBorders><w:tblLayout w:type="fixed"/>'
    '</w:tblPr><w:tblGrid><w:gridCol w:w="3402"/><w:gridCol w:w="6236"/></w:tblGrid>'
)
_WHEN = (2026, 1, 1, 0, 0, 0)
"""Every build gives the same bytes."""


def docx(wording: Wording, language: Language) -> bytes:
    """The bytes of the empty form; each field is a plain-text content control that shows a prompt."""
    rows = "".join(_row(line, number, wording) for number, line in enumerate(wording.lines, 1))
    tongue = {"nb": "nb-NO", "en": "en-GB"}[language]
    body = (
        _paragraph(wording.title, tongue, "<w:b/>", 36)
        + _paragraph(wording.lead, tongue)
        + f"<w:tbl>{_TABLE}{rows}</w:tbl>"
        + "".join(_paragraph(note, tongue, size=20) for note in ("", *wording.notes))
    )
    document = (
        f'{_XML}<w:document xmlns:w="{_OFFICE}/wordprocessingml/2006/main"><w:body>{body}{_PAGE}</w:body></w:document>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("word/document.xml", document),
        ):
            member = zipfile.ZipInfo(name, _WHEN)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, part)
    return out.getvalue()


def _row(line: Line, number: int, wording: Wording) -> str:
    hint = _paragraph(line.hint, "", '<w:color w:val="606060"/>', 16) if line.hint else ""
    label = (
        f'<w:tc><w:tcPr><w:tcW w:w="3402" w:type="dxa"/></w:tcPr>{_paragraph(line.label, "", "<w:b/>")}{hint}</w:tc>'
    )
    prompt = _run(wording.prompt, '<w:color w:val="808080"/>', 22)
    control = (
        f'<w:sdt><w:sdtPr><w:alias w:val="{escape(line.label)}"/><w:tag w:val="{line.name}"/><w:id w:val="{number}"/>'
        "<w:showingPlcHdr/><w:text/></w:sdtPr><w:sdtContent>"
        f"{prompt}</w:sdtContent></w:sdt>"
    )
    value = f'<w:tc><w:tcPr><w:tcW w:w="6236" w:type="dxa"/></w:tcPr><w:p>{control}</w:p></w:tc>'
    return f"<w:tr>{label}{value}</w:tr>"


def _paragraph(text: str, tongue: str, marks: str = "", size: int = 22) -> str:
    return f'<w:p><w:pPr><w:spacing w:after="60"/></w:pPr>{_run(text, marks, size, tongue)}</w:p>'


def _run(text: str, marks: str, size: int, tongue: str = "") -> str:
    lang = f'<w:lang w:val="{tongue}"/>' if tongue else ""
    font = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>'
    # The schema's order: fonts, bold, colour, size, language.
    return (
        f'<w:r><w:rPr>{font}{marks}<w:sz w:val="{size}"/>{lang}</w:rPr>'
        f'<w:t xml:space="preserve">{escape(text, quote=False)}</w:t></w:r>'
    )
