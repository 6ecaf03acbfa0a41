"""The desk's process comes when somebody asks, and goes when nobody has for a while."""

from __future__ import annotations

import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from processor.config import DeskSettings
from processor.desk.door import Door, listen, open_door
from processor.loading.configuration import load_config
from processor.loading.problems import Refused
from tests.desk.conftest import config_in


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def status(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=30) as answer:
        return int(answer.status)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[tuple[Door, int]]:
    config_in(tmp_path, "[desk]\nidle_minutes = 0.02\n")
    listening = listen(("127.0.0.1", 0))
    made, port = Door(listening, tmp_path / "config.toml"), int(listening.getsockname()[1])
    made.start()
    yield made, port
    made.stop()


def test_nothing_runs_before_the_first_connection_and_an_idle_desk_ends_and_comes_back(door: tuple[Door, int]) -> None:
    opened, port = door
    time.sleep(0.3)
    assert opened.pid == 0
    assert status(port) == 200
    first = opened.pid
    assert first
    wait_until(lambda: opened.pid == 0)
    assert status(port) == 200
    assert opened.pid not in (0, first)


def test_the_desk_ends_with_the_daemon(door: tuple[Door, int]) -> None:
    opened, port = door
    status(port)
    pid = opened.pid
    opened.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_address_that_is_taken_is_told_and_stops_nothing_else(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert open_door(taken.getsockname()[:2], tmp_path) is None
    assert open_door(None, tmp_path) is None


def test_T72_the_desk_does_not_listen_where_others_reach_it_in_clear(tmp_path: Path) -> None:
    for said in ('listen = "0.0.0.0:8080"', 'listen = "10.0.0.1:80"', 'listen = "x:1"', 'listen = "127.0.0.1"',
                 'public_url = "http://desk.example"', 'public_url = "https://d.example"\ndemo = true', "idle_minutes = 0"):  # fmt: skip
        with pytest.raises(Refused):
            config_in(tmp_path, f"[desk]\n{said}\n")
    behind = config_in(tmp_path, '[desk]\nlisten = "10.0.0.1:80"\npublic_url = "https://desk.example/"\n').desk
    assert (behind.listen, behind.address) == (("10.0.0.1", 80), "https://desk.example")
    assert load_config(tmp_path / "config.toml").desk == behind
    assert config_in(tmp_path, '[desk]\nlisten = ""\n').desk.address == ""
    assert DeskSettings(("::1", 1)).address == "http://[::1]:1"
