"""A process that attends to triggers until it is killed.

`python -m tests.chaos.clockwork HOME [DATABASE_URL]` loads everything once and then, for each line "N TOKEN" on its
input, forks a process for which N hours have passed: its schedule is due, the paper has N pieces of news, and somebody
calls the webhook with the order N. It says on its output, a line each: `life PID` when one began, `over` when it had
done all of that, `dead STATUS` when it is gone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from orchestrator.actions import Account, Call, Connector, Params, Result, field
from orchestrator.clock import SystemClock
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.triggers.firings import Request
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

HOUR = 3600.0
BEGINNING = 1_800_000_000.0 // HOUR * HOUR + 60
"""A minute past an hour."""

WORKFLOW = Workflow.model_validate(
    {
        "id": "tell",
        "inputs": {"what": {"type": "string"}},
        "steps": [{"id": "say", "uses": "set", "with": {"values": {"what": "{{ inputs.what }}"}}}],
        "triggers": {
            "hourly": {
                "type": "schedule",
                "cron": "0 * * * *",
                "overlap": "allow",
                "with": {"what": "at {{ trigger.at }}"},
            },
            "news": {
                "type": "poll",
                "every": 1800,
                "ask": {"uses": "paper.read"},
                "items": "{{ result.news }}",
                "identity": "{{ item }}",
                "with": {"what": "news {{ trigger.item }}"},
            },
            "order": {"type": "webhook", "with": {"what": "order {{ trigger.body }}"}},
        },
    }
)


class Nothing(Params):
    """Read the paper."""


class News(Result):
    news: list[int] = field("News")


class HoursLater(SystemClock):
    """The machine's clock, so many hours ahead."""

    def __init__(self, hours: float) -> None:
        self._ahead = BEGINNING + hours * HOUR - time.time()

    def now(self) -> float:
        return time.time() + self._ahead

    def call_at(self, when: float, callback: Callable[[], None]) -> Any:
        return super().call_at(when - self._ahead, callback)


def engine_of(settings: Settings, hours: float) -> WorkflowEngine:
    """The engine of a life for which so many hours have passed."""
    paper = Connector("paper", title="Paper")

    @paper.action("Read", effect="read", result=News)
    def read(p: Nothing, account: Account, call: Call) -> News:
        return News(news=list(range(1, int(hours) + 1)))

    return WorkflowEngine(settings, registry=Registry([paper]), clock=HoursLater(hours))


def prepare(settings: Settings) -> str:
    """Switch all on, and let the poll mark what is there. Gives the address of the webhook."""
    with engine_of(settings, 0) as engine:
        engine.workflow_versions.publish(WORKFLOW, by="chaos")
        for trigger in WORKFLOW.triggers:
            engine.triggers.switch_on("tell", trigger)
        engine.firings.tick()
        return engine.triggers.get("tell", "order").switch.token or ""


async def live(settings: Settings, hours: int, token: str) -> None:
    engine = engine_of(settings, hours)
    async with engine.running(recover=True):
        await asyncio.to_thread(engine.firings.called, token, Request("POST", {}, {}, hours, f"order {hours}"))
        await asyncio.to_thread(engine.firings.tick)
    engine.close()


def _live(settings: Settings, hours: int, token: str) -> NoReturn:
    status = 1
    try:
        asyncio.run(live(settings, hours, token))
        say("over")
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def say(line: str) -> None:
    os.write(SAYS, f"{line}\n".encode())


if __name__ == "__main__":
    SAYS = os.dup(1)
    os.dup2(2, 1)
    where = {"database_url": sys.argv[2]} if len(sys.argv) > 2 else {}
    chosen = Settings.load(home=Path(sys.argv[1]), **where)  # type: ignore[arg-type]
    for line in sys.stdin:
        hours_passed, given = line.split()
        pid = os.fork()
        if pid == 0:
            _live(chosen, int(hours_passed), given)
        say(f"life {pid}")
        say(f"dead {os.waitpid(pid, 0)[1]}")
