"""Ask a database of advisories about every locked package, where one is reachable: `make audit`.

Exit status 1 when an advisory names a package that is shipped; 0 when none does, and when nobody could be asked, which
is said.
"""

from __future__ import annotations

import json
import subprocess
import sys

LOCK = "requirements.lock"
ASK = (sys.executable, "-m", "pip_audit", "-r", LOCK, "--require-hashes", "--no-deps", "--disable-pip")
OPTIONS = ("--progress-spinner", "off", "-f", "json", "--timeout", "10")


def main() -> int:
    done = subprocess.run([*ASK, *OPTIONS], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"No database of advisories was reachable, so nothing was audited: {done.stderr.strip()[-300:]}")
        return 0
    asked = [each for each in packages if "skip_reason" not in each]
    for each in asked:
        for advisory in each["vulns"]:
            mended = ", ".join(advisory["fix_versions"]) or "nowhere yet"
            print(f"{each['name']} {each['version']}: {advisory['id']}, mended in {mended}")
    if not asked:
        print(f"No database of advisories knows any of the {len(packages)} packages here, so nothing was audited.")
    else:
        print(f"{len(asked)} of {len(packages)} locked packages were audited.")
    return int(any(each["vulns"] for each in asked))


if __name__ == "__main__":
    sys.exit(main())
