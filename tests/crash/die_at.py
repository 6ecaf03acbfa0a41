"""Run ``processor once`` and die of SIGKILL right after a named step of the road; ``python -m tests.crash.die_at STEP CONFIG``.

The program has no hook for this: the step's function is wrapped from outside.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

# Where each step's function is looked up, so that wrapping it there is seen by its caller.
STEPS = {
    "kept": ("processor.steps.take_in", "keep"),
    "watermark moved": ("processor.steps.take_in", "advance"),
    "claimed for work": ("processor.steps.work_off", "pending"),
    "read": ("processor.steps.work_off", "read_mail"),
    "understood": ("processor.steps.work_off", "understood"),
    "decided": ("processor.steps.work_off", "conclude"),
    "recorded": ("processor.steps.work_off", "record"),
    "claimed for sending": ("processor.store.outbox", "claim"),
    "attempt written": ("processor.store.outbox", "attempt_all"),
    "taken by the SMTP server": ("processor.world.courier", "Courier.send"),
    "marked sent": ("processor.store.outbox", "sent_all"),
    "settled on the server": ("processor.world.mailbox", "Mailbox.settle"),
    "marked settled": ("processor.steps.take_in", "mark_arrivals_done"),
}


def dying(function: Callable[..., Any]) -> Callable[..., Any]:
    def step(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        if result is not None and result != [] and result is not False:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    def silent(*arguments: Any, **named: Any) -> Any:
        function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return silent if function.__name__ in ("advance", "mark_arrivals_done") else step


def main() -> None:
    module_name, name = STEPS[sys.argv[1]]
    place: Any = importlib.import_module(module_name)
    *path, last = name.split(".")
    for part in path:
        place = getattr(place, part)
    setattr(place, last, dying(getattr(place, last)))
    sys.argv = ["processor", "once", "--config", sys.argv[2]]
    from processor.cli.main import main as program

    program()


if __name__ == "__main__":
    main()
