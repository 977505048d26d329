"""Sees, while an engine tends the store, that triggers are attended to when their time has come."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError, ThreadPoolExecutor
from itertools import count

import structlog

from orchestrator.triggers.firings import Firings
from orchestrator.triggers.switches import Switch
from orchestrator.triggers.triggers import Triggers

TICK = 1.0
"""Seconds between two looks for what is due."""

FOLLOW = 10
"""Ticks between two looks for triggers that were changed in their files."""

THREADS = 8
"""Triggers that are attended to at the same time. Threads of their own: those of the loop are what they wait for."""

log = structlog.get_logger()


class Ticker:
    """One a process. A service that takes long to answer holds up no other trigger."""

    def __init__(self, triggers: Triggers, firings: Firings) -> None:
        self._triggers = triggers
        self._firings = firings
        self._busy: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def tick_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="trigger")
        try:
            for number in count():
                try:
                    if number % FOLLOW == 0:
                        await loop.run_in_executor(threads, self._triggers.follow_files)
                    for switch in await loop.run_in_executor(threads, self._firings.due):
                        self._begin(switch, threads)
                except Exception:
                    log.exception("triggers were not looked at")
                await asyncio.sleep(TICK)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, switch: Switch, threads: ThreadPoolExecutor) -> None:
        key = (switch.workflow, switch.trigger)
        if key in self._busy:
            return
        self._busy.add(key)
        task = asyncio.create_task(self._attend(switch, threads))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, switch: Switch, threads: ThreadPoolExecutor) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(threads, self._firings.attend, switch)
        except CancelledError:
            log.info("the engine stops: a trigger stays due", workflow=switch.workflow, trigger=switch.trigger)
        except Exception:
            log.exception("a trigger stays due", workflow=switch.workflow, trigger=switch.trigger)
        finally:
            self._busy.discard((switch.workflow, switch.trigger))
