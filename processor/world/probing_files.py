"""What ``doctor`` asks of the confined child: does it start, what keeps it from the network, can it read scans."""

from __future__ import annotations

from processor.config import ScanSettings
from processor.world.clamd import scan, version
from processor.world.confined import Confined
from processor.world.probing import Finding

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
"""Harmless bytes that every scanner knows (eicar.org); in two parts, so that none finds them in this file."""
_INSTALL = "to have scanned forms read, install tesseract-ocr and tesseract-ocr-nor (Debian)"


def probe_files() -> list[Finding]:
    """Whether attached files can be read, and within which limits."""
    with Confined() as files:
        said = files.hello()
    if not said:
        mend = "each mail with a Word file or PDF goes to a person; look at memory and process limits of the service"
        return [Finding(False, "no confined process can be started", mend)]
    return [_network(said["network"]), _ocr(said["ocr"])]


def probe_scanner(settings: ScanSettings) -> list[Finding]:
    """Whether the virus scanner answers, and finds the test file that every scanner knows."""
    if not settings.clamd:
        return []
    try:
        name = version(settings)
    except OSError as error:
        mend = "start clamd, and check [scan] clamd; until it answers, each mail with files goes to a person"
        return [Finding(False, f"the virus scanner does not answer: {error}", mend)]
    said = scan(settings, EICAR)
    if said.state == "infected":
        return [Finding(True, f"scanned for viruses by {name}")]
    mend = "let freshclam load signatures: without them nothing is ever found"
    return [Finding(False, f"{name} does not know the test file of all scanners ({said.state})", mend)]


def _network(kept_by: str) -> Finding:
    if kept_by != "audit hook":
        return Finding(True, f"read in a process of its own, without network ({kept_by})")
    mend = "the kernel or the container allows no network name space; allow unprivileged user name spaces"
    return Finding(True, "read in a process of its own; Python alone keeps it from the network", mend)


def _ocr(languages: str) -> Finding:
    if not languages:
        return Finding(True, "tesseract is not there: scans are not read, and go to a person", _INSTALL)
    missing = "" if "nor" in languages.split("+") else "install tesseract-ocr-nor for Norwegian letters"
    return Finding(True, f"scans are read by tesseract ({languages}), and go to a person", missing)
