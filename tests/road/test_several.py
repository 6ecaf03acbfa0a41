"""Two daemons on one PostgreSQL, real processes and servers: one dies or hangs, the database restarts, fails over or is cut off."""

from __future__ import annotations

import os
import secrets
import signal
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from processor.store.lines import LEAST_IDLE_SECONDS
from tests.road.pair import LEASE_SECONDS, NAMES, Pair, await_true, pair
from tests.servers.postgres import Postgres, installed
from tests.servers.tcp_proxy import Proxy

if not installed():
    pytest.skip("no PostgreSQL is installed", allow_module_level=True)

# As the default of 20 s is to the promised 30, and what a machine with many tests on it takes besides.  One that stands
# still in the middle of a transaction keeps the lease's row until the server ends that, which takes ten seconds at least.
TAKEOVER_SECONDS = 1.5 * max(LEASE_SECONDS, LEAST_IDLE_SECONDS) + 4


def database() -> str:
    return f"several_{secrets.token_hex(4)}"


def through(proxy: Proxy, url: str) -> str:
    return f"{url.rpartition(':')[0]}:{proxy.port}/{url.rpartition('/')[2]}"


def in_mid_run(two: Pair) -> tuple[str, str]:
    """Mails that are being decided and answered; who reads the mailbox, and the other."""
    before = len(two.here.taken())
    two.deliver(24)
    await_true(lambda: len(two.here.taken()) > before + 2, 20, two.told)
    return two.roles()


def taken_over(two: Pair, name: str) -> bool:
    return await_true(lambda: two.reader() == name, 30, two.told) < TAKEOVER_SECONDS


def test_another_daemon_takes_over_from_one_that_is_killed(postgres: Postgres, tmp_path: Path) -> None:
    with pair(tmp_path, postgres.url(database())) as two:
        dead, alive = in_mid_run(two)
        two.end(dead)
        assert taken_over(two, alive)
        two.deliver(6)
        two.finish()
        assert two.faults() == []
        # Whoever is ended in peace frees at once what it had.
        assert two.end(alive, signal.SIGTERM) == 0
        assert two.ask("select name from lease where until > clock_timestamp()") == []
        assert two.count("select count(*) from mail where claimed_by is not null") == 0


def test_T94_a_daemon_that_hangs_and_wakes_up_late_records_nothing_twice(postgres: Postgres, tmp_path: Path) -> None:
    with pair(tmp_path, postgres.url(database()), workers=0) as two:
        hung, alive = in_mid_run(two)
        os.killpg(two.running[hung].pid, signal.SIGSTOP)
        assert taken_over(two, alive)
        two.deliver(4)
        time.sleep(1)
        os.killpg(two.running[hung].pid, signal.SIGCONT)
        two.finish()
        assert two.faults() == []
        assert two.roles() == (alive, hung)
        await_true(lambda: "mailbox is another daemon's to read" in two.log(hung), 10)


def test_T94_both_daemons_go_on_after_the_database_restarts(postgres: Postgres, tmp_path: Path) -> None:
    with pair(tmp_path, postgres.url(database()), workers=0) as two:
        in_mid_run(two)
        postgres.stop()
        two.deliver(4)
        time.sleep(1)
        postgres.start()
        two.finish()
        assert two.faults(broken=2) == []
        await_true(lambda: two.alive() == 2, 20, two.told)


def test_T94_a_daemon_is_cut_off_and_comes_back_and_a_standby_takes_over(tmp_path: Path) -> None:
    with ExitStack() as stack:
        primary = stack.enter_context(Postgres())
        standby = stack.enter_context(closing(primary.standby()))
        ways = {name: stack.enter_context(Proxy(primary.port)) for name in NAMES}
        url = primary.url(database())
        bystander = stack.enter_context(Proxy(primary.port))
        urls = {name: through(way, url) for name, way in ways.items()}
        two = stack.enter_context(pair(tmp_path, through(bystander, url), urls=urls))
        cut, alive = in_mid_run(two)
        ways[cut].partition()
        assert taken_over(two, alive)
        two.deliver(4)
        two.finish()
        # It notices by itself, at about the time that the other takes over, or a little later.
        await_true(lambda: "database says nothing, connections cut" in two.log(cut), 20, two.told)
        ways[cut].heal()
        await_true(lambda: two.alive() == 2, 20, two.told)
        assert two.faults() == []
        # Every commit waits for the standby, so that it has them all when the primary dies.
        in_mid_run(two)
        primary.stop("immediate")
        standby.promote()
        for way in (*ways.values(), bystander):
            way.target = standby.port
            way.reset()
        two.finish()
        assert two.faults(broken=3) == []
