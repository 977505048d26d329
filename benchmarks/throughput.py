"""Three-step runs a second, some at a time, each on disk when it ends."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks import engine as bench
from benchmarks.floor import Floor
from benchmarks.line import Line, Result
from benchmarks.machine import folder

LEAST = 2000.0
STEPS = 3


async def _rate(one: Callable[[], Awaitable[object]], at_a_time: int, seconds: float) -> float:
    """How many a second are completed."""
    began = time.perf_counter()
    done = 0

    async def work() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await one()
            done += 1

    await asyncio.gather(*(work() for _ in range(at_a_time)))
    return done / (time.perf_counter() - began)


async def _rates(at_a_time: int, seconds: float, rounds: int) -> tuple[float, float]:
    workflow = bench.chain(STEPS)
    floors: list[float] = []
    engines: list[float] = []
    with folder() as home, Floor(home / "floor.db") as floor:
        async with bench.on_this_loop(home / "home") as engine:
            for round in range(rounds + 1):
                floors.append(await _rate(lambda: floor.chain(STEPS), at_a_time, seconds))
                engines.append(await _rate(lambda: bench.complete(engine, workflow), at_a_time, seconds))
                if round == 0:  # warm-up
                    floors.clear()
                    engines.clear()
            output = engine.run(await bench.complete(engine, workflow)).output
            assert output == {"x": STEPS}, output
    return statistics.median(floors), statistics.median(engines)


def measure(at_a_time: int = 16, seconds: float = 1.5, rounds: int = 5) -> Result:
    floor, value = asyncio.run(_rates(at_a_time, seconds, rounds))
    title = f"three-step runs, {at_a_time} at a time"
    return Result((Line.of(title, value, "runs/s", floor=floor, least=LEAST),))
