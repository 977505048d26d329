"""Each workload, at a size that takes no time: it does its work, and says what it found."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks import chain, fanout, github_reads, growth, pages, parked, slow_fsync, throughput, waits
from benchmarks import engine as bench
from benchmarks.line import Result
from scripts.studio import ROOT


@pytest.mark.parametrize(
    ("measure", "units"),
    [
        (lambda: chain.measure(steps=3, rounds=1, profiled=1), ["ms a step"] * 3),
        (lambda: fanout.measure(items=5, rounds=1), ["ms", "ms"]),
        (lambda: waits.measure(runs=3, steps=2, seconds=0.01, rounds=1), ["s", "MB"]),
        (lambda: throughput.measure(at_a_time=2, seconds=0.02, rounds=1), ["runs/s"]),
        (lambda: growth.measure(stored=(100,), rounds=1), ["ms", "ms"]),
        (lambda: parked.measure(runs=10, seconds=0.05), ["MB", "%"]),
        (lambda: github_reads.measure(reads=3, rounds=1), ["ms", "ms", "ms"]),
    ],
    ids=["chain", "fanout", "waits", "throughput", "growth", "parked", "github_reads"],
)
def test_a_workload_says_what_it_found(measure: Callable[[], Result], units: list[str]) -> None:
    result = measure()
    assert [line.unit for line in result.lines] == units
    assert all(line.value >= 0 for line in result.lines)
    first = result.lines[0]
    assert first.floor is not None
    assert first.ratio == pytest.approx(
        first.floor / first.value if first.unit == "runs/s" else first.value / first.floor
    )
    assert first.goal


def test_pages_are_drawn_again_with_many_runs_stored() -> None:
    result = pages.measure(stored=30, rounds=2)
    assert {line.unit for line in result.lines} == {"ms"}
    assert len(result.lines) == len(pages.QUERIES) + 1
    assert result.lines[0].value == max(line.value for line in result.lines)


def test_slow_fsyncs_slow_what_waits_for_the_disk() -> None:
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    tiny = {"throughput": ({"at_a_time": 1, "seconds": 0.1, "rounds": 1}, 2.0)}
    [line] = slow_fsync.measure(tiny, rounds=1).lines
    assert line.floor is not None
    assert line.value < 500, "two waits of a millisecond a run leave no more than that"


def test_each_slowed_fsync_takes_its_time_and_more(tmp_path: Path) -> None:
    """A lower bound: no other work on the machine makes it fail."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    program = (
        "import os, sys, time; from benchmarks import slow_fsync; file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR);"
        "began = time.monotonic(); [os.fsync(file) for _ in range(20)];"
        "print(slow_fsync.slowed(), time.monotonic() - began)"
    )
    environment = {**os.environ, **slow_fsync.slow(slow_fsync.shim(tmp_path))}
    command = [sys.executable, "-c", program, str(tmp_path / "file")]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    slowed, seconds = said.split()
    assert int(slowed) == 20
    assert float(seconds) >= 20 * slow_fsync.ADDED_US / 1_000_000


def test_slow_fsyncs_that_cannot_be_made_are_not_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = slow_fsync.measure()
    assert (result.lines, result.met) == ((), None)
    assert "cannot be measured here: there is no C compiler" in result.notes[0]


async def test_a_filled_store_holds_whole_runs(tmp_path: Path) -> None:
    async with bench.on_this_loop(tmp_path) as engine:
        real = await bench.complete(engine, bench.chain(3))
    growth.fill(tmp_path / "patchbay.db", 20)
    with closing(sqlite3.connect(tmp_path / "patchbay.db")) as connection:
        [(events,)] = connection.execute("SELECT count(*) FROM events WHERE run_id = ?", (real,))
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (events * 21,)
    with bench.opened(tmp_path) as engine:
        runs = engine.runs(limit=100)
        assert runs[0].id == real
        assert len({run.id for run in runs}) == 21
        assert engine.run(runs[-1].id).output == {"x": 3}


def test_the_profile_of_a_chain_names_the_parts_of_a_step() -> None:
    shares = chain.measure(steps=5, rounds=1, profiled=2).shares
    assert {"decide and fold", "expressions", "JSON", "journal queue", "driver"} <= shares.keys()
    assert min(shares.values()) > 0
