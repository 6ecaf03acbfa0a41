"""The desk's process: uvicorn over a socket that was handed down, until nobody has asked for a while."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from processor.config import Config
from processor.desk.app import build
from processor.desk.asking import Desk
from processor.desk.demo_users import make_demo_users
from processor.steps.opened import opened
from processor.store.clock import StoreClock

LOOK_SECONDS = 1.0
GRACE_SECONDS = 5
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Idle:
    """Knows since when nobody has asked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._under_way = 0
        self._last = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
            self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        """For how long, 0 while a request is under way."""
        return 0.0 if self._under_way else time.monotonic() - self._last


def serve(config: Config, listening: socket.socket, idle_minutes: float | None) -> None:
    """Serve the desk on a listening socket until SIGTERM, or until it was idle for so long (None: for ever).

    Raises Refused where a key of the store's mails is missing.
    """
    engine = opened(config)
    desk = Desk(engine, config, StoreClock(engine))
    try:
        if config.desk.demo:
            make_demo_users(engine, desk.clock())
        desk.rules.warm()
        threading.Thread(target=desk.indexing.keep_on, args=(desk.ended,), name="indexing", daemon=True).start()
        asyncio.run(_serve(Idle(build(desk)), listening, idle_minutes, desk.ended))
    finally:
        desk.ended.set()
        engine.dispose()


async def _serve(app: Idle, listening: socket.socket, idle_minutes: float | None, ended: threading.Event) -> None:
    settings = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32_768,
    )
    server = uvicorn.Server(settings)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not serving.done():
        await asyncio.wait({serving}, timeout=LOOK_SECONDS)
        if idle_minutes is not None and app.seconds > idle_minutes * 60:
            server.should_exit = True
        if server.should_exit:
            # Pages that follow what happens let go.
            ended.set()
    await serving
