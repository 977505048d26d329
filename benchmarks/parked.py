"""What it costs to hold many runs that wait for somebody's approval."""

from __future__ import annotations

import asyncio
import gc
import time

from benchmarks import engine as bench
from benchmarks.line import Line, Result
from benchmarks.machine import folder, resident_mb

MOST_MB = 200.0
MOST_CPU = 1.0
AT_A_TIME = 64


async def _park(runs: int, seconds: float) -> tuple[float, float, float]:
    """Memory in MB when all wait, the share of a core in percent while they do, and memory in MB before."""
    workflow = bench.approval()
    with folder() as home:
        async with bench.on_this_loop(home) as engine:
            before = resident_mb()
            left = iter(range(runs))

            async def start() -> None:
                for _ in left:
                    await bench.complete(engine, workflow)

            await asyncio.gather(*(start() for _ in range(AT_A_TIME)))
            waiting = engine.runs(status=["waiting"], limit=runs + 1)
            assert len(waiting) == runs, len(waiting)
            del waiting
            gc.collect()
            await asyncio.sleep(min(seconds, 1.5))
            cpu, began = time.process_time(), time.perf_counter()
            await asyncio.sleep(seconds)
            share = (time.process_time() - cpu) / (time.perf_counter() - began) * 100
            return resident_mb(), share, before


def measure(runs: int = 10_000, seconds: float = 8.0) -> Result:
    memory, cpu, before = asyncio.run(_park(runs, seconds))
    title = f"{runs} runs waiting for approval"
    return Result(
        (
            Line.of(f"{title}, memory of the process", memory, "MB", floor=before, most=MOST_MB),
            Line.of(f"{title}, share of a core", cpu, "%", most=MOST_CPU),
        ),
        notes=(
            "The process started all of them itself; the floor is what it held before. Without the studio's pages.",
        ),
    )
