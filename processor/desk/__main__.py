"""``python -m processor.desk``: serve the desk, on a socket that was handed down (--fd) or on one of its own."""

from __future__ import annotations

import argparse
import logging
import socket
import sys
from pathlib import Path

from processor import journal
from processor.config import Config
from processor.desk.door import listen
from processor.desk.serving import serve
from processor.loading.configuration import load_config
from processor.loading.problems import Refused


def main() -> int:
    """Serve until ended; 2 for a configuration that cannot be used, 1 for an address that is taken."""
    parser = argparse.ArgumentParser(prog="processor.desk", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--fd", type=int, default=None, help="a listening socket that the parent holds open")
    asked = parser.parse_args()
    journal.write_to_stderr(logging.WARNING)
    try:
        config = load_config(asked.config, passwords=False)
        if asked.fd is None:
            return alone(config)
        serve(config, socket.socket(fileno=asked.fd), config.desk.idle_minutes)
    except (Refused, OSError) as error:
        for problem in getattr(error, "problems", [error]):
            sys.stderr.write(f"{problem}\n")
        return 2
    return 0


def alone(config: Config) -> int:
    """Serve on a socket of our own until ended; 1 for an address that is taken."""
    try:
        listening = listen(config.desk.listen or ("127.0.0.1", 8080))
    except OSError as error:
        sys.stderr.write(f"The desk cannot listen on {config.desk.address}: {error.strerror}\n")
        return 1
    serve(config, listening, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
