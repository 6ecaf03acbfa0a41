"""Certificates made anew for each run: an authority, a good server certificate and two bad ones.

``openssl`` makes them, since Debian's dovecot brings it along; nothing secret is kept in the tree.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

EXTENSIONS = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName={names}
"""


@dataclass(frozen=True)
class Certificate:
    cert: Path
    key: Path


@dataclass(frozen=True)
class Certificates:
    """``good`` is for localhost and 127.0.0.1; ``misnamed`` is for another host; ``ca`` signed both.

    ``stranger`` is an authority that signed neither.
    """

    ca: Path
    stranger: Path
    good: Certificate
    misnamed: Certificate


@cache
def certificates() -> Certificates:
    """The certificates of this process; made at the first call in about 0.2 s."""
    folder = Path(tempfile.mkdtemp(prefix="processor-certificates-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    ca = authority(folder, "ca")
    return Certificates(
        ca.cert,
        authority(folder, "stranger").cert,
        signed(folder, "good", "DNS:localhost,IP:127.0.0.1", ca),
        signed(folder, "misnamed", "DNS:mail.other.example", ca),
    )


def authority(folder: Path, name: str) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", f"/CN=Test {name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", str(made.key), "-out", str(made.cert)),
    )
    return made


def signed(folder: Path, name: str, names: str, ca: Certificate) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    extensions.write_text(EXTENSIONS.format(names=names))
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(request)),
    )
    openssl(
        *("x509", "-req", "-in", str(request), "-days", "2", "-extfile", str(extensions)),
        *("-CA", str(ca.cert), "-CAkey", str(ca.key), "-CAcreateserial", "-out", str(made.cert)),
    )
    made.key.chmod(0o644)
    return made


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
