"""How long a person waits: until the studio is ready, until the first page shows, and how much memory it holds then.

python -m benchmarks.startup [rounds]    prints a table, writes benchmarks/results/startup.json
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.browser import first_paint, launch
from scripts.studio import ROOT, Studio

RESULT = ROOT / "benchmarks" / "results" / "startup.json"


@dataclass(frozen=True)
class Start:
    """One start of the studio and the first look at its Home. No model is loaded yet."""

    ready_s: float
    """From the command until the studio answers."""
    first_paint_s: float
    """From opening the page until anything shows, in a browser that was never here."""
    run_button_s: float
    """From opening the page until a workflow can be run."""
    memory_mb: float
    """What the process holds after the page was shown."""


LIMITS = Start(ready_s=3.0, first_paint_s=1.5, run_button_s=3.0, memory_mb=150.0)
NAMES = {
    "ready_s": "studio ready, s",
    "first_paint_s": "first paint, s",
    "run_button_s": "Run can be pressed, s",
    "memory_mb": "memory, MB",
}


async def start(home: Path) -> Start:
    studio = Studio.start(home)
    try:
        async with launch() as browser:
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            opened = time.perf_counter()
            await page.goto(studio.url, wait_until="commit")
            await page.get_by_role("button", name="Run").first.wait_for()
            usable = time.perf_counter() - opened
            return Start(studio.ready, await first_paint(page), usable, studio.resident_mb())
    finally:
        studio.stop()


async def measure(rounds: int) -> tuple[Start, Start]:
    """A first start on an empty home, and the medians of `rounds` further starts on the same."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        first = await start(home)
        later = [asdict(await start(home)) for _ in range(rounds)]
    return first, Start(**{name: statistics.median(one[name] for one in later) for name in NAMES})


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    first, later = asyncio.run(measure(rounds))
    print(f"{'':24}{'first start':>12}{'later':>10}{'limit':>10}")
    for name, title in NAMES.items():
        print(f"{title:24}{getattr(first, name):12.2f}{getattr(later, name):10.2f}{getattr(LIMITS, name):10.1f}")
    RESULT.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count()}
    result = {"machine": machine, "rounds": rounds, "first": asdict(first), "later": asdict(later)}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
