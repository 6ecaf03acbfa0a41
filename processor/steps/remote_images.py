"""Images that a mail's HTML leads to, fetched because a person asked: by us, so that nobody learns who looked (T51).

No cookie and no referrer go along, no redirect is followed, an address within our own network is refused, and what is
no plain picture is not taken.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence

from processor import journal
from processor.world.web import NoAnswer, Terms, get

KINDS = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
MOST_IMAGES = 20
SECONDS = 10.0
"""For all of them together."""


def remote_images(urls: Sequence[str], *, internal: bool = False) -> dict[str, str]:
    """The images that could be had, each as a ``data:`` URL; the first MOST_IMAGES within SECONDS.

    ``internal`` is for tests, whose servers are on this machine.
    """
    found: dict[str, str] = {}
    until = time.monotonic() + SECONDS
    for url in list(dict.fromkeys(urls))[:MOST_IMAGES]:
        if (left := until - time.monotonic()) <= 0:
            break
        try:
            answer = get(url, Terms(seconds=left, internal=internal), (200,))
        except NoAnswer as none:
            journal.image_not_fetched(none.said)
            continue
        if answer.kind in KINDS:
            found[url] = f"data:{answer.kind};base64,{base64.b64encode(answer.body).decode('ascii')}"
    return found
