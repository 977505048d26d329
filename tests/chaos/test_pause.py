"""Two processes on one store, one of them paused for longer than its lease and woken while the other went on."""

from __future__ import annotations

import os
import random
import signal
import sys
import time

import pytest

from orchestrator.journal import LEASE
from tests.chaos.plans import PLANS
from tests.chaos.storm import Outcome, Service, Workers, chosen_seed, count, finish, prepare

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What was left when one of two processes was stopped in the middle of its work and woken after its lease."""
    folder = tmp_path_factory.mktemp("pause")
    seed, home = chosen_seed(), folder / "home"
    prepare(home)
    service = Service(folder / "service", faults=0)
    paused, other = Workers(home, service.url), Workers(home, service.url)
    try:
        paused.begin([kind for kind in sorted(PLANS) for _ in range(2)])
        paused.until_run()
        other.begin([])
        time.sleep(random.Random(seed).uniform(0.1, 0.8))
        os.kill(paused.pid, signal.SIGSTOP)
        time.sleep(LEASE + 1.5)
        os.kill(paused.pid, signal.SIGCONT)
        finish(paused)
        finish(other)
        outcome = count(home, service, paused, Outcome(seed))
    finally:
        paused.close()
        other.close()
        service.close()
    sys.stdout.write(f"\n{outcome}\n")
    return outcome


def test_every_run_is_finished_by_one_of_them(outcome: Outcome) -> None:
    assert outcome.wrong == {}, str(outcome)
    assert outcome.runs == 2 * len(PLANS)


def test_nothing_happens_twice(outcome: Outcome) -> None:
    assert outcome.doubled == [], str(outcome)
