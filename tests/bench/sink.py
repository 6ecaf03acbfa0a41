"""An SMTP sink in a process of its own, so that its share of the machine is the same for all that are measured.

``python -m tests.bench.sink PORT FOLDER``: takes every mail; each is written to the folder as one line of
envelope and Message-ID in ``taken.jsonl``, flushed before the 250.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Taking:
    def __init__(self, folder: Path) -> None:
        self.file = (folder / "taken.jsonl").open("a", encoding="utf-8")

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what every mail server in use does, and aiosmtpd can but does not say (RFC 2920)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        found = MESSAGE_ID.search(envelope.content)
        told = {
            "to": envelope.rcpt_tos,
            "message_id": found[1].decode("ascii", "replace") if found else "",
            "time": time.time(),
        }
        self.file.write(json.dumps(told) + "\n")
        self.file.flush()
        return "250 2.0.0 taken"


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    Controller(Taking(folder), hostname="127.0.0.1", port=port).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
