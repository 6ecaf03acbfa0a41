"""The style, the script and htmx, which browsers keep."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.pages import static_files

FOR_EVER = "public, max-age=31536000, immutable"


def file(_: Desk, asked: Asked) -> Response:
    """One file of the program's own."""
    found = static_files().get(asked.params["name"])
    if found is None:
        raise Refusal(404, "There is no such page.")
    return Response(found[1], media_type=found[0], headers={"Cache-Control": FOR_EVER})
