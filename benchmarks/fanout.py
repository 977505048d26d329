"""One step, then a thousand at once, then one that joins them, durable."""

from __future__ import annotations

import asyncio

from benchmarks import engine as bench
from benchmarks.floor import Floor
from benchmarks.line import Line, Result, alternate
from benchmarks.machine import folder

TIMES = 5.0


def measure(items: int = 1000, rounds: int = 20) -> Result:
    workflow = bench.fanout(items)
    with folder() as home, Floor(home / "floor.db") as floor:
        with asyncio.Runner() as loop, bench.opened(home / "library") as engine:

            def call() -> None:
                outputs = engine.execute_workflow(workflow).outputs
                assert outputs == {"x": items}, outputs

            called = alternate({"floor": lambda: loop.run(floor.fanout(items)), "engine": call}, rounds)
        with bench.on_a_loop(home / "loop") as (loop, engine):

            def run() -> None:
                loop.run(bench.complete(engine, workflow))

            ran = alternate({"floor": lambda: loop.run(floor.fanout(items)), "engine": run}, rounds)
    called, ran = ({name: value * 1000 for name, value in seconds.items()} for seconds in (called, ran))
    title = f"fan-out 1 → {items} → join"
    return Result(
        (
            Line.of(f"{title}, execute_workflow", called["engine"], "ms", floor=called["floor"], times=TIMES),
            Line.of(f"{title}, on the engine's loop", ran["engine"], "ms", floor=ran["floor"], times=TIMES),
        )
    )
