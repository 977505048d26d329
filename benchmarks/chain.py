"""A chain of steps, each with an expression, durable.

The floor waits for the disk at every step. The engine writes reading steps behind and waits for the disk at the start
and at the end of a run, so a last line holds it against a floor that promises as little.
"""

from __future__ import annotations

import asyncio

from benchmarks import engine as bench
from benchmarks.floor import Floor
from benchmarks.line import Line, Result, alternate
from benchmarks.machine import folder
from benchmarks.phases import phases

MOST = 0.25
TIMES = 2.0
UNIT = "ms a step"


def measure(steps: int = 100, rounds: int = 60, profiled: int = 20) -> Result:
    workflow = bench.chain(steps)
    with folder() as home, Floor(home / "floor.db") as floor:
        with asyncio.Runner() as loop, bench.opened(home / "library") as engine:

            def call() -> None:
                outputs = engine.execute_workflow(workflow).outputs
                assert outputs == {"x": steps}, outputs

            called = alternate({"floor": lambda: loop.run(floor.chain(steps)), "engine": call}, rounds)
        with bench.on_a_loop(home / "loop") as (loop, engine):

            def run() -> None:
                loop.run(bench.complete(engine, workflow))

            works = {
                "floor": lambda: loop.run(floor.chain(steps)),
                "behind": lambda: loop.run(floor.chain_behind(steps)),
                "engine": run,
            }
            ran = alternate(works, rounds)
            shares = phases(run, profiled, per=steps)
    called, ran = ({name: value / steps * 1000 for name, value in seconds.items()} for seconds in (called, ran))
    title = f"chain of {steps} steps"
    return Result(
        (
            Line.of(
                f"{title}, execute_workflow", called["engine"], UNIT, floor=called["floor"], most=MOST, times=TIMES
            ),
            Line.of(f"{title}, on the engine's loop", ran["engine"], UNIT, floor=ran["floor"], most=MOST, times=TIMES),
            Line.of(
                f"{title}, on the engine's loop, floor written behind",
                ran["engine"],
                UNIT,
                floor=ran["behind"],
                times=TIMES,
            ),
        ),
        shares,
        (
            "The floor has every step on disk before the next one begins, the engine within 5 ms and at the end of the"
            " run. The last line is the floor that promises no more than the engine does.",
        ),
    )
