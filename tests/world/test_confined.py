"""A stranger's file may do its worst in the confined child: it costs the file, and nothing else (threat T54)."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest

from processor.extracting.extract import Kind
from processor.message import Extracted, Fault
from processor.world.confined import Confined, Limits
from tests.extracting.made_files import pdf_form, word_form

ROOT = Path(__file__).parents[2]
NARROW = Limits(memory=400_000_000, cpu=1, wall=20.0, files=3)


@pytest.fixture
def hostile() -> Iterator[Confined]:
    with Confined(NARROW, "tests.world.hostile_child") as files:
        yield files


@pytest.fixture(scope="module")
def files() -> Iterator[Confined]:
    with Confined(Limits(cpu=2)) as files:
        yield files


def told(files: Confined, order: str) -> Extracted:
    return files.extract(order.encode(), "docx", order)


@pytest.mark.parametrize(
    ("order", "fault"),
    [("crash", "crashed"), ("loop", "too_slow"), ("memory", "too_big"), ("lie", "crashed"), ("nest", "crashed")],
)
def test_a_file_that_kills_its_reader_costs_that_file_alone(hostile: Confined, order: str, fault: Fault) -> None:
    assert told(hostile, order) == Extracted(fault=fault)
    assert told(hostile, "hello") == Extracted(text="done")


def test_a_reader_that_only_waits_is_killed_with_all_that_it_started() -> None:
    with Confined(Limits(wall=0.5), "tests.world.hostile_child") as files:
        assert files.hello()
        group = files.child.process.pid if files.child else 0
        began = time.monotonic()
        assert told(files, "sleep") == Extracted(fault="too_slow")
        assert time.monotonic() - began < 5
        for _ in range(50):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.1)
        pytest.fail("something of the group is still alive")


def test_a_file_that_killed_its_reader_is_not_opened_again(hostile: Confined) -> None:
    assert told(hostile, "loop").fault == "too_slow"
    began = time.monotonic()
    assert told(hostile, "loop").fault == "too_slow"
    assert time.monotonic() - began < 0.5


def test_there_is_no_network(hostile: Confined) -> None:
    assert told(hostile, "socket").text.startswith("PermissionError")
    if hostile.hello()["network"] != "audit hook":
        devices = [line.split(":")[0].strip() for line in told(hostile, "network").text.splitlines()[2:]]
        assert devices in ([], ["lo"])


def without_name_spaces(module: str) -> list[str]:
    """A command that asks a confined reader for a socket where the kernel allows no network name space."""
    script = (
        "from processor.world.confined import Confined\n"
        f"with Confined(module={module!r}) as files:\n"
        "    print(files.hello()['network'], files.extract(b'socket', 'docx', 'x').text, sep='; ')"
    )
    return [
        "unshare",
        "-Ur",
        "sh",
        "-c",
        'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"',
        "sh",
        sys.executable,
        "-c",
        script,
    ]


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-Ur", "true"], check=False, capture_output=True).returncode != 0,
    reason="no user name space can be made here",
)
def test_where_no_name_space_is_allowed_python_refuses_every_socket() -> None:
    told = subprocess.run(
        without_name_spaces("tests.world.hostile_child"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.startswith("audit hook; PermissionError")


def test_no_file_can_be_written_and_few_opened(hostile: Confined) -> None:
    assert told(hostile, "write").text.endswith(str(errno.EFBIG))
    assert told(hostile, "files").text.endswith(str(errno.EMFILE))


def test_it_inherits_no_secret_and_nothing_open_but_its_pipes(
    hostile: Confined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESSOR_SECRET", "x")
    seen = told(hostile, "secrets").text.splitlines()
    assert set(seen) >= {"PATH", "LC_ALL"}
    assert not any("SECRET" in each for each in seen)
    assert {each for each in seen if each.startswith(("/", "socket"))} <= {"/dev/null"}


def test_it_takes_no_code_from_the_folder_or_the_environment_we_run_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "sitecustomize", "zipfile", "processor"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('this is not ours')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    with Confined() as files:
        assert files.extract(word_form(), "docx", "form").rows
        assert files.extract(pdf_form(fillable=True), "pdf", "pdf form").rows


def test_packages_may_lie_in_a_folder_of_the_operators_own(tmp_path: Path) -> None:
    """As ``pip install --target`` puts them, with that folder in PYTHONPATH."""
    for package in Path(pypdf.__file__).parents[1].iterdir():
        if package.suffix not in (".pth", ".dist-info"):
            (tmp_path / package.name).symlink_to(package)
    script = """
import sys
sys.path += sys.argv[1:3]
from processor.world.confined import Confined
with Confined() as files:
    found = files.extract(sys.stdin.buffer.read(), "pdf", "form")
    print(len(found.rows) > 0, repr(found.fault))
"""
    command = [sys.executable, "-I", "-S", "-c", script, str(ROOT), str(tmp_path)]
    told = subprocess.run(command, input=pdf_form(fillable=True), capture_output=True, timeout=60, check=True)
    assert told.stdout.decode() == "True ''\n"


def test_what_a_library_prints_does_not_come_between_the_frames(hostile: Confined) -> None:
    assert told(hostile, "print") == Extracted(text="None")
    assert told(hostile, "again") == Extracted(text="done")


def test_a_reader_is_replaced_after_some_files(hostile: Confined) -> None:
    readers = set()
    for number in range(2 * NARROW.files):
        told(hostile, f"file {number}")
        if hostile.child:
            readers.add(hostile.child.process.pid)
    assert len(readers) == 2


def test_a_reader_that_ended_between_two_files_is_replaced(hostile: Confined) -> None:
    assert told(hostile, "one").text == "done"
    assert hostile.child
    hostile.child.kill()
    hostile.child.process.wait()
    assert told(hostile, "two").text == "done"


def test_where_no_reader_can_be_started_the_file_is_left_to_a_person() -> None:
    with Confined(Limits(wall=10), "tests.world.no_such_module") as files:
        assert files.extract(b"x", "docx", "x") == Extracted(fault="unavailable")
        assert files.hello() == {}


def bomb_docx(document: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
    return out.getvalue()


def lying_docx() -> bytes:
    """Its directory promises a small member, and 200 MB come out."""
    honest = bomb_docx(b" " * 200_000_000)
    return honest.replace((200_000_000).to_bytes(4, "little"), (500).to_bytes(4, "little"))


def pdf_of(stream: bytes, *, contents: str = "4 0 R", kids: str = "3 0 R", count: int = 1) -> bytes:
    """A PDF of one page whose content is a deflated stream, repeated as ``contents`` says."""
    packed = zlib.compress(stream, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [{contents}] /Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 6\n0000000000 65535 f \n"
        + table
        + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    )


BOMBS: dict[str, tuple[Kind, Callable[[], bytes]]] = {
    "docx of 200 MB of blanks": ("docx", lambda: bomb_docx(b" " * 200_000_000)),
    "docx whose directory lies": ("docx", lying_docx),
    "docx of many levels": ("docx", lambda: bomb_docx(os.urandom(2000).hex().encode() + b"<a>" * 900_000)),
    "docx with entities": (
        "docx",
        lambda: bomb_docx(
            b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
            + b"]><a>&a9;</a>"
        ),
    ),
    "pdf whose stream grows to 400 MB": ("pdf", lambda: pdf_of(b" " * 400_000_000)),
    "pdf that draws a million words": ("pdf", lambda: pdf_of(b"BT /F1 9 Tf " + b"1 0 0 1 9 9 Tm (a) Tj " * 1_000_000 + b"ET")),
    "pdf that shows its stream a thousand times": (
        "pdf",
        lambda: pdf_of(b"BT /F1 9 Tf (aaaa) Tj ET " * 40_000, contents="4 0 R " * 1000),
    ),
    "pdf whose pages are their own parents": ("pdf", lambda: pdf_of(b"", kids="2 0 R 2 0 R", count=10**9)),
    "pdf of ten million numbers": ("pdf", lambda: pdf_of(b"[" + b"1 " * 10_000_000 + b"] TJ")),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_T54_a_bomb_is_told_from_a_form_and_the_reader_lives_on(files: Confined, name: str) -> None:
    kind, make = BOMBS[name]
    began = time.monotonic()
    found = files.extract(make(), kind, name)
    assert time.monotonic() - began < 20
    assert found.fault in ("too_big", "too_slow", "crashed", "broken"), found
    assert files.extract(word_form(), "docx", "form").rows
    assert files.extract(pdf_form(fillable=True), "pdf", "pdf form").rows
