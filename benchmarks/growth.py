"""Starting a run and listing the newest ones in a store that holds many, against one that holds a page of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import statistics
import time
from pathlib import Path

from benchmarks import engine as bench
from benchmarks.line import Line, Result
from benchmarks.machine import folder
from orchestrator.workflow_engine import WorkflowEngine

TIMES = 1.1
PAGE = 50
WORKFLOW = bench.chain(3)
STORED = "BENCH_STORED"
"""The environment variable that names other numbers of stored runs: BENCH_STORED="20000 1000000"."""


def fill(database: Path, runs: int) -> None:
    """Have so many more runs stored: copies of the one that is there, with all its events, a second apart before it.
    Straight into the file, because to run them takes minutes."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for table, key in (("runs", "id"), ("events", "run_id")):
            columns = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
            copied = {key: "printf('0%017d', n)", "lineage": "printf('0%017d', n)", "created_at": "created_at - n"}
            values = ", ".join(copied.get(column, column) for column in columns)
            connection.execute(
                f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
                f" INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM numbers, {table}"
                f" WHERE {key} = (SELECT max(id) FROM runs)",
                (runs,),
            )
        [(stored,)] = connection.execute("SELECT count(*) FROM runs")
        assert stored == runs + 1, stored


async def _start(engine: WorkflowEngine) -> float:
    """Seconds until a run is started, on disk; it ends before the next one."""
    began = time.perf_counter()
    run_id = await bench.start(engine, WORKFLOW)
    took = time.perf_counter() - began
    await bench.ended(engine, run_id)
    return took


def _list(engine: WorkflowEngine) -> float:
    began = time.perf_counter()
    shown = engine.runs(limit=PAGE)
    took = time.perf_counter() - began
    assert len(shown) == PAGE, len(shown)
    return took


async def _compare(stored: int, rounds: int) -> dict[str, float]:
    """Medians in ms: "start" and "list" in the small and in the large store, in turn."""
    seconds: dict[str, list[float]] = {}
    with folder() as home:
        homes = {"small": home / "small", "large": home / "large"}
        for name, runs in (("small", PAGE), ("large", stored)):
            async with bench.on_this_loop(homes[name]) as engine:
                await _start(engine)
            fill(homes[name] / "patchbay.db", runs)
        async with contextlib.AsyncExitStack() as stack:
            engines = {name: await stack.enter_async_context(bench.on_this_loop(path)) for name, path in homes.items()}
            for round in range(rounds + 10):
                for name in homes:
                    start, shown = await _start(engines[name]), _list(engines[name])
                    if round >= 10:
                        seconds.setdefault(f"start {name}", []).append(start)
                        seconds.setdefault(f"list {name}", []).append(shown)
    return {name: statistics.median(values) * 1000 for name, values in seconds.items()}


def measure(stored: tuple[int, ...] | None = None, rounds: int = 300) -> Result:
    sizes = stored or tuple(int(size) for size in os.environ.get(STORED, "20000 200000").split())
    lines: list[Line] = []
    for size in sizes:
        ms = asyncio.run(_compare(size, rounds))
        for work, title in (("start", "start a run"), ("list", f"list {PAGE} runs")):
            value, floor = ms[f"{work} large"], ms[f"{work} small"]
            lines.append(Line.of(f"{title}, {size} stored", value, "ms", floor=floor, times=TIMES))
    worst_first = sorted(lines, key=lambda line: -(line.ratio or 0.0))
    return Result(
        tuple(worst_first), notes=(f"The floor is a store of {PAGE} runs: a page, so that both list as many.",)
    )
