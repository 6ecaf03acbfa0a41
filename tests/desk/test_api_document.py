"""The API against its own document, by schemathesis: each call with values that fit and with such that do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.result import Ok
from schemathesis.pytest.lazy import get_all_tests
from sqlalchemy import update

from processor.desk.api_table import document
from processor.desk.app import build
from processor.desk.door import listen
from processor.store import tables as t
from processor.store.accounts import Role, digest
from tests.desk.conftest import MAILS_IN_ROOM, room_in
from tests.desk.test_api import key
from tests.store.made import column

KEY = "processor_of_a_test"
MADE: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    for made in room_in(tmp_path_factory.mktemp("api"), *MAILS_IN_ROOM):
        # Things that are there, so that not every call ends at a 404.
        number = column(made.engine, t.ticket.c.number)[0]
        key(made, Role.APPROVER)
        with made.engine.begin() as conn:
            conn.execute(update(t.api_token).values(digest=digest(KEY)))
        server = uvicorn.Server(uvicorn.Config(build(made.desk), http="h11", lifespan="off", log_config=None))
        with listen(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            MADE.update(port=listening.getsockname()[1], number=number)
            yield
            server.should_exit = True
            thread.join()


class Key:
    """The key, which schemathesis also leaves away to see that nothing is given without."""

    def get(self, case: schemathesis.Case[Any], context: object) -> str:
        return KEY

    def set(self, case: schemathesis.Case[Any], data: str, context: object) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


SETTINGS = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def call(case: schemathesis.Case[Any]) -> None:
    if "number" in case.path_parameters and len(str(case.path_parameters["number"])) % 2:
        case.path_parameters["number"] = MADE["number"]
    if "action" in case.path_parameters and isinstance(case.path_parameters["action"], int):
        case.path_parameters["action"] = case.path_parameters["action"] % 4 + 1
    case.call_and_validate(base_url=f"http://127.0.0.1:{MADE['port']}")


def test_every_call_does_as_the_document_says(subtests: pytest.Subtests) -> None:
    # Its calls are made up here and not by ``parametrize``: every process of the suite would make them up.
    schema = schemathesis.openapi.from_dict(document())
    schema.auth()(Key)
    tried = 0
    for found in get_all_tests(schema=schema, test_func=call, settings=SETTINGS, given_kwargs=None):
        assert isinstance(found, Ok), found
        operation, calls = found.ok()
        tried += 1
        with subtests.test(operation.label):
            calls()
    assert tried == sum(len(methods) for methods in document()["paths"].values())
