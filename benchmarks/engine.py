"""The engine under measure: a connector of one action that does nothing, workflows of it, an engine on them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from orchestrator.actions import Account, Call, Connector, Params, Result, field
from orchestrator.engine import Engine
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

BENCH = Connector("bench", title="Bench")


class Value(Params):
    """Give back what is given."""

    x: Any = field("Anything", default=None)


class Valued(Result):
    x: Any = field("What was given", default=None)


@BENCH.action("Echo", effect="read", result=Valued)
async def echo(p: Value, account: Account, call: Call) -> Valued:
    return Valued(x=p.x)


def opened(home: Path) -> WorkflowEngine:
    """An engine as whoever uses the library makes it."""
    return WorkflowEngine(Settings.load(home=home), registry=Registry([BENCH]))


@asynccontextmanager
async def on_this_loop(home: Path) -> AsyncGenerator[WorkflowEngine]:
    """An engine on the running loop that recovers runs, as the studio has it: there, too, what is loaded by then is no
    business of the garbage collector's any more (`app.py`)."""
    with opened(home) as whole:
        async with whole.running(recover=True):
            gc.freeze()
            try:
                yield whole
            finally:
                gc.unfreeze()


@contextmanager
def on_a_loop(home: Path) -> Iterator[tuple[asyncio.Runner, WorkflowEngine]]:
    """The same on a loop of its own, which runs when it is told to: in turn with other work."""
    with asyncio.Runner() as loop:
        opening = on_this_loop(home)
        whole = loop.run(opening.__aenter__())
        try:
            yield loop, whole
        finally:
            loop.run(opening.__aexit__(None, None, None))


async def start(whole: WorkflowEngine, workflow: Workflow) -> str:
    """Start a run on the loop. Its id, once it is on disk."""
    return await _inner(whole).submit(workflow, {})


async def ended(whole: WorkflowEngine, run_id: str) -> None:
    """Until the run is over, or is let go of to wait for somebody, and that is on disk."""
    await _inner(whole).wait(run_id)


async def complete(whole: WorkflowEngine, workflow: Workflow) -> str:
    """Start a run and wait until its end is on disk. Its id."""
    run_id = await start(whole, workflow)
    await ended(whole, run_id)
    return run_id


def _inner(whole: WorkflowEngine) -> Engine:
    """`WorkflowEngine` itself has no way to start runs from the loop that it runs on."""
    assert whole._engine is not None
    return whole._engine


def chain(steps: int) -> Workflow:
    """Steps one after the other, each with an expression of what the one before gave: 1, 2, ... `steps`."""
    first = {"id": "s1", "uses": "bench.echo", "with": {"x": 1}}
    later = [
        {"id": f"s{n}", "uses": "bench.echo", "with": {"x": f"{{{{ steps.s{n - 1}.x + 1 }}}}"}}
        for n in range(2, steps + 1)
    ]
    output = {"x": f"{{{{ steps.s{steps}.x }}}}"}
    return Workflow.model_validate({"id": f"chain-{steps}", "steps": [first, *later], "output": output})


def fanout(items: int) -> Workflow:
    """One step, then one for each of `items`, then one that joins them."""
    each = {"for_each": "{{ steps.list.x }}", "concurrency": min(items, 1000), "with": {"x": "{{ item }}"}}
    steps = [
        {"id": "list", "uses": "bench.echo", "with": {"x": list(range(items))}},
        {"id": "each", "uses": "bench.echo", **each},
        {"id": "join", "uses": "bench.echo", "with": {"x": "{{ steps.each | length }}"}},
    ]
    return Workflow.model_validate({"id": f"fanout-{items}", "steps": steps, "output": {"x": "{{ steps.join.x }}"}})


def waits(steps: int, seconds: float) -> Workflow:
    """Waits one after the other."""
    chained = [
        {"id": f"w{n}", "uses": "wait", "with": {"seconds": seconds}, "needs": [f"w{n - 1}"] if n else []}
        for n in range(steps)
    ]
    return Workflow.model_validate({"id": "waits", "steps": chained})


def approval() -> Workflow:
    """A run that asks a person and waits."""
    ask = {"id": "ask", "uses": "approve", "with": {"message": "Send it?", "show": "Dear all"}}
    then = {"id": "then", "uses": "bench.echo", "needs": ["ask"], "with": {"x": "{{ steps.ask.by }}"}}
    return Workflow.model_validate({"id": "approval", "steps": [ask, then]})
