"""A machine on which the commands of a page are run, by a shell that finds no program but those of the sandbox.

Real are: ``processor`` (forks of the preloaded program, against a real Dovecot, an SMTP sink and SQLite), the shell, the
programs in ORDINARY, what ``sudo -u``, ``systemd-run``, ``podman run`` and ``podman exec`` run, and ``systemctl start``,
``stop`` and ``reload``: they start what the unit says, wait for its READY, and signal it.

**Stubs**, which only look at what they are given and write it down (``stubs.py``), are what would change this machine
or need another: the rest of systemd and podman, cron, git, make (``make -n`` looks whether the target is there), pip,
PostgreSQL's administration, users and owners.  Any other command is not found, and its page fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import OPERATE
from tests.docs.stubs import STUBS, credentials, podman
from tests.servers import ready
from tests.shipped import ROOT

ORDINARY = ("sh", "mkdir", "mv", "cp", "rm", "cat", "chmod", "install", "date", "openssl")
OURS = ("processor", "sudo", "systemctl", "systemd-run", "podman", "imapsync", *STUBS)
VERBS = {"start", "stop", "restart", "reload", "status", "enable", "daemon-reload", "reset-failed", "list-timers"}
SHIM = f"""#!{sys.executable} -IS
import json, os, socket, sys
way = socket.socket(socket.AF_UNIX)
way.connect({{way!r}})
asked = json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(way, [len(asked).to_bytes(4, "big")], [0, 1, 2])
way.sendall(asked)
sys.exit(way.recv(1)[0])
"""
READY_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """A program of ours that was called; ``files`` are its standard input, output and error."""

    name: str
    arguments: list[str]
    cwd: Path
    environment: dict[str, str]
    files: list[int]

    def refuse(self, said: str) -> int:
        os.write(self.files[2], f"{self.name}: {said}\n".encode())
        return 64


@dataclass
class Sandbox:
    """An installation in a folder; ``names`` are what pages write, and what that is called here.

    ``copy_mailbox`` is what ``imapsync`` does, ``secret`` what a person who was added types from then on.
    """

    folder: Path
    names: dict[str, str] = field(default_factory=dict)
    copy_mailbox: Callable[[Sequence[str]], None] = lambda _: None
    called: list[tuple[str, ...]] = field(default_factory=list)
    secret: str = ""
    daemon: ready.Process | None = None

    def __enter__(self) -> Sandbox:
        lay_out(self.folder)
        self.names |= {
            "/etc/systemd": f"{self.folder}/etc/systemd", "/etc/processor": str(self.folder), "/opt/processor": f"{self.folder}/opt/processor",
            "/var/lib/processor": f"{self.folder}/var", "/srv/processor": str(self.folder), "/srv/backup": f"{self.folder}/backup",
            "/usr/local/bin": f"{self.folder}/usr/local/bin",
        }  # fmt: skip
        self._way = tempfile.mkdtemp(prefix="way-")
        shim = SHIM.format(way=f"{self._way}/way")
        for name in OURS:
            (self.folder / "bin" / name).write_text(shim)
            (self.folder / "bin" / name).chmod(0o755)
        self._server = Server(f"{self._way}/way", self)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._way)

    @property
    def environment(self) -> dict[str, str]:
        """What a shell has here."""
        path = f"{self.folder}/usr/local/bin:{self.folder}/bin"
        made = {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(self.folder), "USER": "kari", "LANG": "C.UTF-8"}
        return made | ({"PROCESSOR_SECRET": self.secret} if self.secret else {})

    def here(self, text: str) -> str:
        """The text with our names for what it names."""
        for name, ours in self.names.items():
            text = text.replace(name, ours)
        return text

    def run(self, text: str, answers: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of a page as its reader does; ``answers`` are what they type."""
        told = subprocess.run(
            [str(self.folder / "bin" / "sh"), "-c", self.here(text)], cwd=self.folder, env=self.environment,
            input=answers, capture_output=True, text=True, timeout=120, start_new_session=True, check=False,
        )  # fmt: skip
        if found := re.search(r"'s secret, shown this once: (\S+)", told.stdout):
            self.secret = found[1]
        return told

    def obey(self, asked: Asked) -> int:
        """Do what a program of ours is for; its exit status."""
        self.called.append((asked.name, *asked.arguments))
        match asked.name:
            case "processor":
                return self._program(asked, asked.arguments)
            case "systemctl":
                return self._systemctl(asked)
            case "systemd-run":
                return self._transient(asked)
            case "podman":
                return self._podman(asked)
            case "sudo" if asked.arguments[:1] == ["-u"]:
                return self._other(asked, asked.arguments[2:], asked.environment)
            case "imapsync":
                self.copy_mailbox(asked.arguments)
                return 0
        look = STUBS.get(asked.name)
        wrong = look(asked.arguments, asked.cwd) if look else "not known here"
        return asked.refuse(wrong) if wrong else 0

    def start(self, arguments: Sequence[str] = ("run",)) -> bool:
        """Start the daemon with the unit's credentials, and wait for its READY, as systemd does."""
        address = f"{self._way}/notify"
        with suppress(FileNotFoundError):
            Path(address).unlink()
        environment = self.environment | {"NOTIFY_SOCKET": address, **self._credentials("processor.service")}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, (self.folder / "log").open("ab") as log:
            told.bind(address)
            told.settimeout(0.05)
            self.daemon = ready.start("processor", arguments, self.folder, environment, log)
            for _ in range(READY_SECONDS * 20):
                with suppress(TimeoutError):
                    if b"READY=1" in told.recv(4096):
                        return True
                if self.daemon.poll() is not None:
                    self.daemon = None
                    return False
        return False

    def stop(self) -> int:
        """End the daemon as systemd does; its exit status, 0 where none runs."""
        if self.daemon is None:
            return 0
        self.daemon.terminate()
        status = self.daemon.wait(60)
        self.daemon = None
        return status

    def _program(self, asked: Asked, arguments: list[str]) -> int:
        if arguments[:1] == ["run"]:
            return self.stop() if self.start(arguments) else asked.refuse((self.folder / "log").read_text())
        cwd, environment = asked.cwd, {**asked.environment, "PYTHONPATH": str(ROOT)}
        if arguments[:1] == ["init"]:
            # Nothing is there yet where somebody begins, and we ask nobody's DNS.
            cwd = Path(tempfile.mkdtemp(dir=self.folder))
            environment.pop("PROCESSOR_CONFIG", None)
            asked_for = [] if "--address" in arguments else ["--address", "oppsigelse@firma.example"]
            arguments = [*arguments, *asked_for, "--host", "127.0.0.1", "--smtp-host", "127.0.0.1"]
        return ready.with_files(arguments, cwd, environment, asked.files).wait(100)

    def _other(self, asked: Asked, command: Sequence[str], environment: dict[str, str]) -> int:
        """Run another program of the sandbox in the place of one."""
        program = shutil.which(self.here(command[0]), path=environment["PATH"])
        if program is None:
            return asked.refuse(f"{command[0]} is not known here")
        stdin, out, err = asked.files
        arguments = [self.here(each) for each in command[1:]]
        return subprocess.run(
            [program, *arguments], cwd=asked.cwd, env=environment, stdin=stdin, stdout=out, stderr=err, check=False
        ).returncode

    def _systemctl(self, asked: Asked) -> int:
        verb, *units = [each for each in asked.arguments if each != "--now"]
        units = [each if "." in each else f"{each}.service" for each in units]
        if verb not in VERBS or (verb == "daemon-reload") == bool(units):
            return asked.refuse(f"unknown: {asked.arguments}")
        for unit in units:
            if not (OPERATE / unit).is_file():
                return asked.refuse(f"Unit {unit} not found.")
            if verb in {"start", "restart"} or "--now" in asked.arguments:
                # enable --now starts it, too.
                if self._started(asked, unit):
                    return 1
            elif verb == "stop" and self.stop():
                return asked.refuse("the daemon did not end well")
            elif verb == "reload" and self.daemon:
                self.daemon.send_signal(signal.SIGHUP)
        return 0

    def _started(self, asked: Asked, unit: str) -> int:
        if unit.endswith(".timer"):
            return 0
        found = re.search(r"(?m)^ExecStart=(.*)$", (OPERATE / unit).read_text())
        assert found
        text = self.here(found[1].replace("$$", "$").replace("%%", "%"))
        if unit != "processor.service":
            told = subprocess.run(
                [self.folder / "bin" / "sh", "-c", text], cwd=self.folder,
                env=self.environment | self._credentials(unit), stderr=asked.files[2], check=False,
            )  # fmt: skip
            return told.returncode
        self.stop()
        return 0 if self.start(text.split()[1:]) else asked.refuse((self.folder / "log").read_text())

    def _credentials(self, unit: str) -> dict[str, str]:
        lines = (OPERATE / unit).read_text().splitlines()
        return {"CREDENTIALS_DIRECTORY": credentials(lines, self.folder / "credentials", self.here)}

    def _transient(self, asked: Asked) -> int:
        """``systemd-run``: the command behind the options, with the credentials and the variables that they name."""
        words = list(asked.arguments)
        properties, environment = [], dict(asked.environment)
        while words and words[0].startswith("--"):
            option, _, value = words.pop(0).partition("=")
            if option == "--property":
                properties.append(value)
            elif option == "--setenv":
                name, _, value = value.partition("=")
                environment[name] = self.here(value)
            elif option not in {"--quiet", "--collect", "--wait", "--pipe", "--working-directory"}:
                return asked.refuse(f"unknown option {option}")
        environment["CREDENTIALS_DIRECTORY"] = credentials(properties, self.folder / "transient", self.here)
        return self._other(asked, words, environment)

    def _podman(self, asked: Asked) -> int:
        do, words, wrong = podman(asked.arguments, asked.cwd)
        if wrong:
            return asked.refuse(wrong)
        if do == "start":
            return 0 if self.start(words or ["run"]) else asked.refuse((self.folder / "log").read_text())
        if do == "run":
            return self._program(asked, [self.here(each) for each in words])
        return self.stop() if do == "stop" else 0


def lay_out(folder: Path) -> None:
    """The folders that pages name, and the programs that are this machine's own."""
    for name in ("bin", "usr/local/bin", "etc/systemd/system", "backup", ".venv/bin", "opt/processor/.venv/bin"):
        (folder / name).mkdir(parents=True)
    for name in ORDINARY:
        program = shutil.which(name)
        assert program, f"{name} is not installed"
        (folder / "bin" / name).symlink_to(program)
    for venv in (folder / ".venv", folder / "opt" / "processor" / ".venv"):
        for name in ("processor", "pip"):
            (venv / "bin" / name).symlink_to(folder / "bin" / name)
    shutil.copytree(OPERATE, folder / "opt" / "processor" / "docs" / "operate")


class Server(socketserver.ThreadingUnixStreamServer):
    """Where our programs ask what they are to do."""

    daemon_threads = True
    request_queue_size = 20

    def __init__(self, address: str, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, Obeying)


class Obeying(socketserver.BaseRequestHandler):
    """One call of a program of ours."""

    server: Server

    def handle(self) -> None:
        size, files, *_ = socket.recv_fds(self.request, 4, 3)
        text = b""
        while len(text) < int.from_bytes(size, "big"):
            text += self.request.recv(1 << 16)
        name, arguments, cwd, environment = json.loads(text)
        status = 70
        try:
            status = self.server.sandbox.obey(Asked(name, arguments, Path(cwd), environment, files))
        finally:
            for each in files:
                os.close(each)
            self.request.sendall(bytes([status & 255]))
