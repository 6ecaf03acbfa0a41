"""The container file: unprivileged, installed by hashes; and the program under what it is run with."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.site import ROOT, USER, site
from tests.road.test_road import mail, started

CONTAINERFILE = ROOT / "docs" / "operate" / "Containerfile"
# What --read-only, --cap-drop=all and no-new-privileges do, without an engine that a test machine may lack.
LOCKED = """
mount --make-rprivate /
mount --bind "$1" "$1"
mount --bind "$2" "$2"
mount -o remount,ro,bind "$2"
mount -o remount,ro,bind /
shift 2
exec setpriv --no-new-privs --bounding-set -all --inh-caps -all "$@"
"""


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.M).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def test_it_ends_as_a_user_without_rights_and_installs_by_hashes_alone() -> None:
    told = instructions()
    assert [rest for word, rest in told if word == "USER"][-1] == "10001:10001"
    assert not any(word == "ADD" for word, _ in told)
    installs = [part for word, rest in told if word == "RUN" for part in rest.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert all("--require-hashes" in each or "--no-deps" in each for each in installs)


def test_all_that_it_copies_is_there_and_all_that_runs_is_copied() -> None:
    copied = {source for word, rest in instructions() if word == "COPY" for source in shlex.split(rest)[:-1]}
    assert {each for each in copied if not (ROOT / each).exists()} == set()
    assert {"processor", "rules", "templates", "requirements.lock"} <= copied


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a file system read-only for one program")
def test_the_program_does_its_work_with_a_read_only_root_and_no_capability(tmp_path: Path) -> None:
    with site(tmp_path) as here:
        here.configure(workers=0)
        started(here)
        here.dovecot.deliver(USER, mail())
        program = [sys.executable, "-m", "processor", "once", "--config", str(tmp_path / "config.toml")]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-ec", LOCKED, "locked", str(tmp_path), str(ROOT), *program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert len(here.taken()) == 1
