"""``processor form``: write the empty form for the right to generate one-time codes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FormLanguage(StrEnum):
    """The languages of the form."""

    nb = "nb"
    en = "en"


def form(
    pdf: Annotated[bool, typer.Option("--pdf/--docx", help="A fillable PDF, or a Word file.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write; it must not exist.", show_default="by title"),
    ] = None,
    language: Annotated[FormLanguage, typer.Option(help="Bokmål or English.")] = FormLanguage.nb,
) -> None:
    """Write the empty form by which a customer asks for the right to generate one-time codes.

    The program reads a filled copy back: as a file attached to a mail, field by field.
    Example: processor form --pdf -o skjema.pdf
    """
    from processor.form.docx import docx
    from processor.form.pdf import pdf as as_pdf
    from processor.form.wording import WORDINGS, Language

    tongue: Language = language.value
    wording = WORDINGS[tongue]
    target = output or Path(f"{wording.file}.{'pdf' if pdf else 'docx'}")
    content = as_pdf(wording, tongue) if pdf else docx(wording, tongue)
    try:
        with target.open("xb") as file:
            file.write(content)
    except OSError as error:
        typer.echo(f"{target} was not written: {error.strerror}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"Written to {target}.")
