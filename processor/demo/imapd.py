"""The embedded demo's IMAP server: pymap, in a process that ends with its parent.

Run as ``python -m processor.demo.imapd PORT USER PASSWORD``.  Kept in memory: the store keeps what
was read, so a restart loses nothing that matters and shows how a changed UIDVALIDITY is met.
"""

from __future__ import annotations

import ctypes
import signal
import sys

from pymap.main import main as serve

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve on loopback until the parent ends."""
    if sys.platform == "linux":
        # A demo killed with -9 must not leave a server behind.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    port, user, password = sys.argv[1:4]
    sys.argv = ["pymap", "--host", "127.0.0.1", "--port", port, "--no-tls"]
    sys.argv += ["dict", "--demo-user", user, "--demo-password", password]
    serve()


if __name__ == "__main__":
    main()
