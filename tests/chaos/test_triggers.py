"""Processes that attend to triggers are killed at random instants: each occasion has one run, and none is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestrator.history import ACTIVE
from orchestrator.settings import ROOT, Settings
from scripts.studio import environment
from tests.chaos.clockwork import engine_of, prepare
from tests.chaos.storm import chosen_seed

HOURS = 4
KILLS_AN_HOUR = 4
A_WHILE = 0.5
"""Hours after which whatever was broken off is looked at again, and nothing new is due."""


def killed_again_and_again(settings: Settings, token: str, chance: random.Random) -> int:
    """Let hours go by. In each, lives are killed at random instants until one comes to its end. Gives the kills."""
    where = [settings.database_url.get_secret_value()] if settings.database_url else []
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.clockwork", str(settings.home), *where],
        cwd=ROOT,
        env=environment(settings.home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    kills = 0
    for hour in range(1, HOURS + 1):
        lives = 0
        while True:
            worker.stdin.write(f"{hour} {token}\n")
            worker.stdin.flush()
            pid = int(worker.stdout.readline().split()[1])
            lives += 1
            if lives <= KILLS_AN_HOUR:
                time.sleep(chance.uniform(0, 0.15))
                with contextlib.suppress(ProcessLookupError):  # it was quicker
                    os.kill(pid, signal.SIGKILL)
            said = worker.stdout.readline()
            is_over = said == "over\n"
            if is_over:
                said = worker.stdout.readline()
            kills += said == f"dead {int(signal.SIGKILL)}\n"
            if is_over or lives > KILLS_AN_HOUR + 1:
                break
    worker.communicate()
    return kills


def told(settings: Settings) -> Counter[str]:
    """What the runs were given, once all of them are over: also of a look that the last kill broke off."""
    with engine_of(settings, HOURS + A_WHILE) as engine:
        engine.firings.tick()
        for run in engine.runs(status=ACTIVE, limit=200):
            assert engine.wait(engine.resume(run.id)).status == "succeeded"
        return Counter(engine.run(run.id).inputs["what"] for run in engine.runs(limit=200))


def check(home: Path, **store: Any) -> None:
    seed = chosen_seed()
    settings = Settings.load(home=home, **store)
    kills = killed_again_and_again(settings, prepare(settings), random.Random(seed))
    found = told(settings)
    sys.stdout.write(f"\nseed {seed}: {kills} kills, {found.total()} runs\n")
    assert kills > 0
    assert {name for name, count in found.items() if count > 1} == set(), f"seed {seed}"
    for kind in ("at", "news", "order"):
        assert len([name for name in found if name.startswith(kind)]) == HOURS, f"seed {seed}: {kind}, {found}"


def test_each_occasion_has_one_run(tmp_path: Path) -> None:
    check(tmp_path / "home")


@pytest.mark.long
def test_each_occasion_has_one_run_where_machines_share_the_store(tmp_path: Path, postgres: Any) -> None:
    check(tmp_path / "home", database_url=postgres.schema("triggers_killed"))
