"""Measure, print a table, and keep it in benchmarks/results.

python -m benchmarks [WORKLOAD ...]    all of them when none is named; the others' last results are kept
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from benchmarks.apart import from_data, run_apart
from benchmarks.line import Line, Result
from benchmarks.machine import load, machine
from scripts.studio import ROOT

RESULTS = ROOT / "benchmarks" / "results"
WORKLOADS = (
    "chain",
    "fanout",
    "waits",
    "throughput",
    "growth",
    "slow_fsync",
    "parked",
    "github_reads",
    "pages",
    "builder",
    "watching",
    "startup",
)
UNKNOWN: dict[str, None] = dict.fromkeys(("value", "unit", "floor", "ratio", "goal"))
"""What cannot be measured on this machine."""
HEAD = ("what", "value", "unit", "floor", "ratio", "goal", "reached")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the engine and the studio.")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of: {', '.join(WORKLOADS)}; all when none")
    chosen: list[str] = parser.parse_args().workloads
    unknown = sorted(set(chosen) - set(WORKLOADS))
    if unknown:
        parser.error(f"there is no workload '{unknown[0]}'; there is {', '.join(WORKLOADS)}")
    for name in chosen or WORKLOADS:
        print(f"== {name}", flush=True)
        began = time.perf_counter()
        entry = measured(name)
        keep(RESULTS, name, entry)
        print(text_of(from_data(entry)))
        print(f"   ({time.perf_counter() - began:.0f} s, load {entry['load']})\n", flush=True)
    print(f"{RESULTS.relative_to(ROOT) / 'latest.md'} has the table.")


def measured(name: str, sizes: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """What latest.json keeps of a workload, at its own sizes unless given: the first line's figures on top, all lines
    below, where and when."""
    where = {"machine": machine(), "at": datetime.now(UTC).isoformat(timespec="seconds"), "load": load()}
    result = run_apart(name, sizes)
    first = asdict(result.lines[0]) if result.lines else UNKNOWN
    return {**first, "met": result.met, **asdict(result), **where}


def keep(folder: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Put a workload's result into latest.json and latest.md, beside those of the others."""
    folder.mkdir(exist_ok=True)
    file = folder / "latest.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    known[name] = dict(entry)
    entries = {name: known[name] for name in WORKLOADS if name in known}
    file.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    (folder / "latest.md").write_text(page(entries))


def page(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """latest.md."""
    parts = ["# What `make bench` last measured\n", "How to read it: [docs/benchmarks.md](../../docs/benchmarks.md).\n"]
    for name, entry in entries.items():
        result, where = from_data(entry), entry["machine"]
        parts.append(f"## {name}\n")
        parts.append(
            "\n".join(_markdown(row) for row in (HEAD, ("---",) * len(HEAD), *map(_cells, result.lines))) + "\n"
        )
        if result.shares:
            parts.append(f"Where a step's time goes, under a profiler: {', '.join(_shares(result.shares))}.\n")
        parts += [f"{note}\n" for note in result.notes]
        parts.append(
            f"{entry['at']}, {where['cores']} cores of {where['cpu']}, {where['memory_gb']} GB, {where['filesystem']},"
            f" Python {where['python']}, SQLite {where['sqlite']}, load {entry['load']} before it began.\n"
        )
    return "\n".join(parts)


def text_of(result: Result) -> str:
    """The table as it is printed."""
    rows = [HEAD, *map(_cells, result.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    table = [
        "   " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    if result.shares:
        table += [
            "",
            "   where a step's time goes (under a profiler):",
            *(f"     {line}" for line in _shares(result.shares)),
        ]
    return "\n".join([*table, *(f"   {note}" for note in result.notes)])


def _cells(line: Line) -> tuple[str, ...]:
    ratio = "" if line.ratio is None else f"{line.ratio:.2f} ×"
    floor = "" if line.floor is None else _number(line.floor)
    met = "" if line.met is None else "yes" if line.met else "MISSED"
    return (line.name, _number(line.value), line.unit, floor, ratio, line.goal or "", met)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _markdown(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shares(shares: Mapping[str, float]) -> list[str]:
    total = sum(shares.values())
    return [f"{part} {ms / total:.0%} ({ms * 1000:.0f} µs)" for part, ms in shares.items()]


if __name__ == "__main__":
    main()
