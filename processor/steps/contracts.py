"""The register of contracts taken from a file: by command, and by the clock when the file has changed.

A faulty file changes nothing; a file that would end much of the register is left for a person.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.deciding.calendar import OSLO
from processor.loading.contracts import ContractFile, load_register_words, open_contracts
from processor.loading.problems import Problem, Refused
from processor.store.contract_staging import ChangedMeanwhileError, Difference, Staged, note_refused, staged
from processor.store.contracts import last_imports

ACTOR = "schedule"
FEW_GONE = 20
MOST_GONE = 0.1
"""More of the register than this, and more contracts than FEW_GONE, do not go without a person."""
TOLD = 50


def contract_file(path: Path, rules_dir: Path, now: datetime) -> ContractFile:
    """Open a file of contracts; raises Refused for one that is none, or when the rules are wrong."""
    return open_contracts(path, load_register_words(rules_dir), now.astimezone(OSLO).date())


def all_problems(file: ContractFile, beside: Staged) -> list[Problem]:
    """What is wrong in a file whose rows have been staged, by line."""
    for line, text in beside.doubts():
        file.problem(line, text)
    found = sorted(file.problems)
    return [*found, Problem(file.path.name, 0, f"{file.more} more problems")] if file.more else found


def too_many_gone(found: Difference) -> bool:
    """Whether a file ends so much of the register that it was probably cut short."""
    before = found.changed + found.gone + found.same
    left = found.new + found.changed + found.same
    return found.gone > max(FEW_GONE, MOST_GONE * before) or (found.gone > 0 and left == 0)


def take_contracts(engine: Engine, config: Config, now: datetime) -> bool:
    """Take the configured file if its bytes are new; True when the register was looked at anew.

    What is wrong is logged and kept for ``processor status``, once for each state of the file.
    """
    path = config.contracts_path
    if path is None:
        return False
    digest = ""
    try:
        file = contract_file(path, config.rules_dir, now)
        digest = file.digest
        if _seen(engine, digest):
            return False
        with staged(engine, file.rows()) as beside:
            problems = all_problems(file, beside) or _doubtful(beside.difference(), path)
            if not problems:
                found = beside.difference()
                beside.take(found, str(path), digest, ACTOR, now)
                journal.contracts_taken(path.name, found.new, found.changed, found.gone)
                return True
    except Refused as refused:
        problems = refused.problems
    except ChangedMeanwhileError:
        # Somebody imported by hand; the next round looks again.
        return False
    _refuse(engine, path, digest, problems, now)
    return True


def _seen(engine: Engine, digest: str) -> bool:
    return any(each is not None and each.digest == digest for each in last_imports(engine))


def _doubtful(found: Difference, path: Path) -> list[Problem]:
    if not too_many_gone(found):
        return []
    said = (
        f"would end {found.gone} contracts and leave {found.new + found.changed + found.same}; if that is right, run: "
    )
    return [Problem(path.name, 0, f"{said}processor contracts import")]


def _refuse(engine: Engine, path: Path, digest: str, problems: list[Problem], now: datetime) -> None:
    said = [str(each) for each in problems[:TOLD]]
    _, before = last_imports(engine)
    if before and (before.digest, before.problems) == (digest, tuple(said)):
        return
    note_refused(engine, str(path), digest, said, ACTOR, now)
    journal.contracts_refused(path.name, len(problems), said)
