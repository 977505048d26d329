"""Many runs that wait at the same time, against a world in which waiting costs nothing."""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks import engine as bench
from benchmarks.line import Line, Result
from benchmarks.machine import folder, peak_mb

TIMES = 1.15
MOST_MB = 150.0


async def _once(runs: int, steps: int, seconds: float) -> float:
    workflow = bench.waits(steps, seconds)
    with folder() as home:
        async with bench.on_this_loop(home) as engine:
            await bench.complete(engine, bench.waits(steps, 0.0))
            began = time.perf_counter()
            ids = await asyncio.gather(*(bench.complete(engine, workflow) for _ in range(runs)))
            took = time.perf_counter() - began
            statuses = {engine.run(run_id).status for run_id in ids}
            assert statuses == {"succeeded"}, statuses
    return took


def measure(runs: int = 500, steps: int = 3, seconds: float = 0.2, rounds: int = 5) -> Result:
    took = statistics.median(asyncio.run(_once(runs, steps, seconds)) for _ in range(rounds))
    title = f"{runs} runs × {steps} waits of {seconds:g} s"
    return Result(
        (
            Line.of(title, took, "s", floor=steps * seconds, times=TIMES),
            Line.of(f"{title}, most memory of the process", peak_mb(), "MB", most=MOST_MB),
        ),
        notes=("The floor is the ideal: the waits themselves.",),
    )
