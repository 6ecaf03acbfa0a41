"""What ``doctor`` asks of the confined child: does it start, what keeps it from the network, can it read scans."""

from __future__ import annotations

from processor.world.confined import Confined
from processor.world.probing import Finding

_INSTALL = "to have scanned forms read, install tesseract-ocr and tesseract-ocr-nor (Debian)"


def probe_files() -> list[Finding]:
    """Whether attached files can be read, and within which limits."""
    with Confined() as files:
        said = files.hello()
    if not said:
        mend = "each mail with a Word file or PDF goes to a person; look at memory and process limits of the service"
        return [Finding(False, "no confined process can be started", mend)]
    return [_network(said["network"]), _ocr(said["ocr"])]


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
