"""Chain, fan-out and throughput on a disk whose every fsync takes a millisecond longer.

SQLite asks the C library for its fsync; a small shim, compiled here and loaded before it, waits and passes the call on.
The processes with and without it take turns.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.apart import run_apart
from benchmarks.line import Line, Result
from benchmarks.machine import folder
from scripts.studio import ROOT

ADDED_US = 1000
TIMES = 2.0
SOURCE = Path(__file__).with_suffix(".c")

WORKLOADS: dict[str, tuple[dict[str, Any], float | None]] = {
    "chain": ({"rounds": 20, "profiled": 0}, None),
    "fanout": ({"rounds": 12}, TIMES),
    "throughput": ({"seconds": 1.0, "rounds": 2}, TIMES),
}
"""How each is measured, and how much it may lose."""


class NotMeasurable(Exception):
    """Slow fsyncs cannot be made on this machine."""


def shim(folder: Path) -> Path:
    """The compiled shim. Raises `NotMeasurable`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NotMeasurable("there is no C compiler to make the fsync shim with")
    library = folder / "slow_fsync.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise NotMeasurable(f"the fsync shim cannot be compiled: {made.stderr.strip()[:200]}")
    return library


def slowed() -> int:
    """How many fsyncs of this process the shim has slowed: 0 where it is not loaded."""
    counter = getattr(ctypes.CDLL(None), "slow_fsyncs", None)
    if counter is None:
        return 0
    counter.restype = ctypes.c_long
    return counter()


def check(library: Path) -> None:
    """Whether commits of a process with the shim really go through it. Raises `NotMeasurable`."""
    program = (
        "import pathlib, sys; from benchmarks import floor, slow_fsync;"
        "floor.connect(pathlib.Path(sys.argv[1])).execute('CREATE TABLE t (x)'); print(slow_fsync.slowed())"
    )
    command = [sys.executable, "-c", program, str(library.parent / "probe.db")]
    said = subprocess.run(command, cwd=ROOT, env={**os.environ, **slow(library)}, capture_output=True, text=True)
    if said.returncode or int(said.stdout) == 0:
        raise NotMeasurable(f"SQLite's fsync does not go through the shim here: {said.stderr.strip()[-200:]}")


def slow(library: Path) -> dict[str, str]:
    """What a process's environment needs for slow fsyncs."""
    return {"LD_PRELOAD": str(library), "SLOW_FSYNC_US": str(ADDED_US)}


def measure(workloads: Mapping[str, tuple[dict[str, Any], float | None]] = WORKLOADS, rounds: int = 3) -> Result:
    """Without a line where it cannot be measured: then the note says why."""
    lines: list[Line] = []
    notes = ["The floor is the same work on the disk as it is."]
    with folder() as place:
        try:
            library = shim(place)
            check(library)
        except NotMeasurable as error:
            return Result((), notes=(f"This cannot be measured here: {error}.",))
        for name, (sizes, times) in workloads.items():
            usual: list[Result] = []
            slowly: list[Result] = []
            for _ in range(rounds):
                usual.append(run_apart(name, sizes))
                slowly.append(run_apart(name, sizes, {**os.environ, **slow(library)}))
            lines += _lines(usual, slowly, times)
            notes.append(f"{name}: the benchmark's own floor loses {_loss_of_floor(usual[-1], slowly[-1]):.1f} ×.")
    judged_first = sorted(lines, key=lambda line: (line.goal is None, -(line.ratio or 0.0)))
    return Result(tuple(judged_first), notes=tuple(notes))


def _lines(usual: list[Result], slowly: list[Result], times: float | None) -> list[Line]:
    """What each measured value became, once however many floors it was held against."""
    found: dict[str, Line] = {}
    for index, line in enumerate(usual[0].lines):
        before, after = (statistics.median(one.lines[index].value for one in results) for results in (usual, slowly))
        title = ", ".join(line.name.split(", ")[:2])
        found.setdefault(title, Line.of(title, after, line.unit, floor=before, times=times))
    return list(found.values())


def _loss_of_floor(usual: Result, slowly: Result) -> float:
    line = slowly.lines[0]
    return Line.of("floor", line.floor or 0.0, line.unit, floor=usual.lines[0].floor).ratio or 0.0
