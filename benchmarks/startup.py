"""How long a person waits: until the studio is ready, until the first page shows, and how much memory it holds then."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.line import Line, Result
from benchmarks.machine import folder
from scripts.browser import first_paint, launch
from scripts.studio import Studio


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
    "ready_s": "studio ready",
    "first_paint_s": "first paint",
    "run_button_s": "Run can be pressed",
    "memory_mb": "memory of the studio",
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


async def compare(rounds: int) -> tuple[Start, Start]:
    """A first start on an empty home, and the medians of `rounds` further starts on the same."""
    with folder() as place:
        home = place / "home"
        first = await start(home)
        later = [asdict(await start(home)) for _ in range(rounds)]
    return first, Start(**{name: statistics.median(one[name] for one in later) for name in NAMES})


def measure(rounds: int = 5) -> Result:
    first, later = asyncio.run(compare(rounds))
    lines = [
        Line.of(f"{title}, {which}", getattr(one, name), name.rpartition("_")[2].replace("mb", "MB"), most=limit)
        for which, one in (("later starts", later), ("first start", first))
        for name, title in NAMES.items()
        for limit in (getattr(LIMITS, name),)
    ]
    return Result(tuple(lines))
