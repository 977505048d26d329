"""What `make bench` keeps: latest.json for programs, latest.md for people."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import WORKLOADS, keep, measured, text_of
from benchmarks.line import Line, Result
from benchmarks.machine import MEMORY_ONLY, filesystem, folder, machine
from scripts.studio import ROOT


def test_an_entry_has_the_figures_the_goal_and_the_machine() -> None:
    entry = measured("throughput", {"at_a_time": 2, "seconds": 0.02, "rounds": 1})
    assert entry.keys() >= {"value", "unit", "floor", "ratio", "goal", "met", "machine", "at", "lines"}
    assert entry["unit"] == "runs/s"
    assert entry["machine"].keys() >= {"cores", "cpu", "memory_gb", "filesystem", "python", "sqlite"}


def test_the_results_of_the_other_workloads_are_kept(tmp_path: Path) -> None:
    old, new = entry(1.0), entry(2.0)
    keep(tmp_path, "fanout", old)
    keep(tmp_path, "chain", new)
    kept = json.loads((tmp_path / "latest.json").read_text())
    assert [(name, one["value"]) for name, one in kept.items()] == [("chain", 2.0), ("fanout", 1.0)]
    page = (tmp_path / "latest.md").read_text()
    assert page.index("## chain") < page.index("## fanout")


def test_a_missed_goal_is_printed_as_missed() -> None:
    table = text_of(Result((Line.of("slow", 3.0, "s", most=2), Line.of("fast", 1.0, "s", most=2))))
    slow, fast = table.splitlines()[1:3]
    assert slow.endswith("MISSED")
    assert fast.endswith("yes")


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    keep(tmp_path, "slow_fsync", {**entry(1.0), "lines": [], "notes": ["This cannot be measured here."]})
    assert "This cannot be measured here." in (tmp_path / "latest.md").read_text()


def test_an_unknown_workload_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks", "chian"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "there is no workload 'chian'" in refused.stderr
    assert all(name in refused.stderr for name in WORKLOADS)


def test_it_is_measured_on_a_real_disk() -> None:
    with folder() as place:
        assert filesystem(place) not in MEMORY_ONLY


def entry(value: float) -> dict[str, object]:
    line = {"name": "x", "value": value, "unit": "s", "floor": 1.0, "ratio": value, "goal": "≤ 1 s", "met": True}
    where = {"machine": machine(), "at": "2026-11-21T12:00:00+00:00", "load": 0.1}
    return {**line, "lines": [line], "shares": {}, "notes": [], **where}
