"""A process that runs workflows until it is killed.

`python -m tests.chaos.worker HOME PRACTICE_URL` loads everything once and then, for each line "go KIND,KIND,..." on
its input, forks a process that opens the store, goes on with what it finds there, starts one run of each kind named and
answers what runs ask. So a killed worker is there again in some milliseconds, not in a second: most kills hit work,
not the start. It says on its output, a line each:

    life PID            a worker began
    run ID TAG KIND     the id of a run was given out
    over                nothing is left to do; the worker ended by itself
    dead STATUS         it ended, and is reaped
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from orchestrator.errors import PatchbayError, StoreError
from orchestrator.history import ACTIVE
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from tests.chaos.plans import PLANS

SDKS = ("github", "googleapiclient.discovery", "google_auth_httplib2", "google.oauth2.credentials", "notion_client")
LOOK = 0.05
"""Seconds between two looks at what runs ask."""


SAYS = os.dup(1)
os.dup2(2, 1)  # what is logged to the output goes where errors go


def say(line: str) -> None:
    os.write(SAYS, f"{line}\n".encode())  # one write, so that no line is ever half there


class Worker:
    """One life of the process. Ends when no run is left."""

    def __init__(self, home: Path, practice_url: str, registry: Registry) -> None:
        self._engine = WorkflowEngine(Settings.load(home=home), registry=registry, practice_url=practice_url)

    async def live(self, kinds: Sequence[str]) -> None:
        async with self._engine.running(recover=True):
            await asyncio.gather(*(asyncio.to_thread(self._start, kind) for kind in kinds))
            while await asyncio.to_thread(self._go_on):
                pass
        self._engine.close()

    def _start(self, kind: str) -> None:
        tag, plan = secrets.token_hex(6), PLANS[kind]
        run_id = self._engine.start_workflow(plan.workflow, {"tag": tag}, preview=plan.preview)
        say(f"run {run_id} {tag} {kind}")

    def _go_on(self) -> bool:
        """Answer what runs ask. Whether there are any left: not known while a process that was stopped in the middle of
        a commit holds the database."""
        with contextlib.suppress(StoreError):
            if not self._engine.runs(status=ACTIVE, limit=1):
                return False
            self._answer()
        time.sleep(LOOK)
        return True

    def _answer(self) -> None:
        for run in self._engine.runs(status=["waiting", "running"]):
            for question in self._engine.run(run.id).questions:
                try:
                    self._engine.answer(run.id, question.step, {"approved": True}, item=question.item, by="chaos")
                except PatchbayError:
                    continue  # it went on, or was answered, since we looked


def serve(home: Path, practice_url: str) -> None:
    registry = Registry.discover()
    for sdk in SDKS:
        importlib.import_module(sdk)
    assert threading.active_count() == 1, "only a process with one thread can be forked"
    for line in sys.stdin:
        _, _, kinds = line.strip().partition(" ")
        pid = os.fork()
        if pid == 0:
            _live(Worker(home, practice_url, registry), [kind for kind in kinds.split(",") if kind])
        say(f"life {pid}")
        say(f"dead {os.waitpid(pid, 0)[1]}")


def _live(worker: Worker, kinds: Sequence[str]) -> NoReturn:
    status = 1
    try:
        asyncio.run(worker.live(kinds))
        say("over")
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])
