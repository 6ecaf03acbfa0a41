"""The program of ``ready.py``: it imports what programs import, reads the shipped rules, and forks for each that is asked for."""

from __future__ import annotations

import atexit
import gc
import hashlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Iterable
from copy import copy
from pathlib import Path
from typing import Any

from processor.loading import rules as loading
from processor.loading.model import SHIPPED
from processor.loading.templates import Templates
from processor.rulebook import Rulebook
from processor.steps.worker import warm
from tests.servers import ready
from tests.store.blank import blank, remember_the_schema
from tests.store.hashing import hash_quickly

ROOT = ready.ROOT
MOST_FILES = 1024


def main() -> None:
    """Wait for what is asked of the line that the first argument is the number of."""
    import re

    # What was compiled once is found again in each child.
    re._MAXCACHE = 100_000  # type: ignore[attr-defined]
    loading.forget_read = lambda: None  # type: ignore[attr-defined]
    _remember_the_shipped_rules()
    remember_the_schema()
    hash_quickly()
    blank()
    _import()
    _build_the_command_line()
    gc.collect()
    # Children neither trace these objects nor copy their pages for it, and a daemon's start does not undo that.
    gc.freeze()
    gc.unfreeze = lambda: None
    _serve(socket.socket(fileno=int(sys.argv[1])))


def _import() -> None:
    """What programs import at their start, and what many commands import when they come to it."""
    import encodings.idna  # noqa: F401

    import dns.resolver  # noqa: F401
    import psycopg  # noqa: F401
    from cryptography.hazmat.primitives.ciphers import aead  # noqa: F401
    from typer import rich_utils  # noqa: F401

    from processor import daemon, single_pass  # noqa: F401
    from processor.cli import aside_view, explain, main, queue, replay, rules, run, status, ticket_view  # noqa: F401
    from processor.deciding import explanation  # noqa: F401
    from processor.desk import correct_page, take_in_page, ticket_pages, write_page  # noqa: F401
    from processor.evidence import person  # noqa: F401
    from processor.loading import catalog, configuration, examples, locating, notes, samples  # noqa: F401
    from processor.moving import bring_in, sources  # noqa: F401
    from processor.replay import page, play  # noqa: F401
    from processor.steps import authenticating, in_process, lookups, opened, worker, workers  # noqa: F401
    from processor.steps import examples as tried  # noqa: F401
    from processor.store import aside, audit, contracts, engine, lines, merging, migrate, privacy, standing  # noqa: F401
    from processor.store import ticket_view as shown  # noqa: F401
    from processor.training import masked  # noqa: F401
    from processor.world import confined, probing_sender  # noqa: F401


def _build_the_command_line() -> None:
    """Typer looks at every command and its options each time that the program is called: half of a short command."""
    from typer import main as typer

    from processor.cli.main import app

    make = typer.get_command
    made = make(app)
    typer.get_command = lambda typer_instance: made if typer_instance is app else make(typer_instance)


def _remember_the_shipped_rules() -> None:
    """Read the shipped rules once, for all whose folders hold the same: a daemon's workers read copies."""
    load = loading.load_rulebook
    folders = (ROOT / "rules", ROOT / "templates")
    shipped = {model_file: load(*folders, (), model_file) for model_file in (SHIPPED, None)}
    known = [_digest(folder) for folder in folders]
    warm(shipped[SHIPPED])
    for rulebook in shipped.values():
        _compile(rulebook)

    def load_rulebook(
        rules_dir: Path, templates_dir: Path, own_addresses: Iterable[str] = (), model_file: Path | None = SHIPPED
    ) -> Rulebook:
        if model_file not in shipped or [_digest(folder) for folder in (rules_dir, templates_dir)] != known:
            return load(rules_dir, templates_dir, own_addresses, model_file)
        # Its index, which depends on no address, is not made anew.
        rulebook = copy(shipped[model_file])
        object.__setattr__(rulebook, "own_addresses", frozenset(address.lower() for address in own_addresses))
        return rulebook

    loading.load_rulebook = load_rulebook


def _compile(rulebook: Rulebook) -> None:
    """Compile every template, which else waits until the first letter of it is written, in each program."""
    templates = getattr(rulebook.render, "__self__")  # noqa: B009
    assert isinstance(templates, Templates)
    for name, language in templates.sources:
        templates._get(name, language)


def _digest(folder: Path) -> str:
    """The folder's name and what is in it."""
    digest = hashlib.sha256(folder.name.encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _serve(line: socket.socket) -> None:
    """Fork until the other end closes; of each child's end its asker is told by a pipe."""
    told: dict[int, int] = {}

    def reap(*_: object) -> None:
        while told:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            os.write(told[child], os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
            os.close(told.pop(child))

    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, reap)
    while True:
        size, files, *_ = socket.recv_fds(line, 4, 4)
        if not size:
            return
        asked = b""
        while len(asked) < int.from_bytes(size, "big"):
            asked += line.recv(1 << 20)
        # One that ends at once must be known before it is reaped.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        child = os.fork()
        if child == 0:
            _be(json.loads(asked), files)
        told[child] = files[3]
        for each in files[:3]:
            os.close(each)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        line.sendall(child.to_bytes(4, "big"))


def _be(asked: dict[str, Any], files: list[int]) -> None:
    """Become the program; never returns."""
    status = 1
    try:
        _leave_the_parent(files)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        if asked["session"]:
            os.setsid()
            _bring_workers()
        _run(asked["module"], asked["arguments"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        # As an interpreter does at its end.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _leave_the_parent(files: list[int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for number in range(3):
        os.dup2(files[number], number)
    os.closerange(3, MOST_FILES)


def _bring_workers() -> None:
    """Fork another that waits, in the daemon's group: the daemon will have threads, and they do not go with forking."""
    from processor.steps import workers

    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _serve(theirs)
        os._exit(0)
    theirs.close()
    ready.wait_on(ours)
    workers.begun = ready.with_pipes  # type: ignore[assignment]


def _run(module: str, arguments: list[str]) -> None:
    sys.argv, sys.orig_argv = [module, *arguments], [sys.executable, "-m", module, *arguments]
    # By this tests know a worker from its daemon: the command line is that of the first of us.
    Path("/proc/self/comm").write_text(module.removeprefix("processor."))
    for fault in ready.faults(os.environ):
        runpy.run_path(str(fault))
    sys.modules.pop(module, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
