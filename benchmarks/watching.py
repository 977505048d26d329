"""A hundred people who watch runs: how long a change takes to reach their browsers, and what the studio does for it.

A session is what a browser is to the server: Streamlit's socket, over which the page of a run is drawn, and the socket
of the canvas on it. When its run is over it asks for the page again, as the canvas does, and goes on to the next run.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.line import Line, Result
from benchmarks.machine import folder
from scripts.studio import Studio

LATE = 100.0
"""Milliseconds, at the 95th percentile."""
BUSY = 60.0
"""Percent of a core."""

STEP_SECONDS = 0.5
"""How long a step of a watched run takes."""


@dataclass
class Seen:
    """What all sessions saw, in seconds. `counts` is set while it is measured."""

    counts: bool = False
    late: list[float] = field(default_factory=list[float])
    """From what happened in a run until the picture of it was there."""
    drawn: list[float] = field(default_factory=list[float])
    """From asking for the page of a run that is over until all of it was there."""


def workflow(steps: int) -> dict[str, Any]:
    """Steps that wait, one after the other: a change twice a second."""
    waits = [
        {"id": f"w{n}", "uses": "wait", "with": {"seconds": STEP_SECONDS}, "needs": [f"w{n - 1}"] if n else []}
        for n in range(steps)
    ]
    return {"format": 1, "id": "watched", "name": "Watched", "steps": waits}


class Stage:
    """One run after the other, for those who watch it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._run: str | None = None

    async def after(self, run: str | None) -> str:
        """The run that comes after this one: it is started for whoever asks first."""
        async with self._lock:
            if self._run == run:
                self._run = await asyncio.to_thread(_started, self._url)
            assert self._run is not None
            return self._run


def _started(url: str) -> str:
    request = urllib.request.Request(
        f"{url}/api/workflows/watched/runs", b"{}", {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["run_id"]


async def session(url: str, stage: Stage, later: float, ready: asyncio.Event, seen: Seen) -> None:
    """Watch one run after the other until it is cancelled, from so many seconds on. `ready` is set when the first is on
    the page."""
    await asyncio.sleep(later)
    sockets = url.replace("http", "ws", 1)
    async with AsyncExitStack() as open_:
        page = await open_.enter_async_context(
            connect(f"{sockets}/_stcore/stream", subprotocols=["streamlit"], max_size=None, open_timeout=120)  # type: ignore[list-item]
        )
        run: str | None = None
        while True:
            run = await stage.after(run)
            await draw(page, run)
            async with connect(f"{sockets}/api/runs/{run}/live", max_size=None, open_timeout=120) as live:
                newest = 0.0
                async for message in live:
                    now = time.time()
                    known = [*moments(json.loads(message))]
                    if newest and seen.counts:
                        seen.late += [now - at for at in known if at > newest]
                    newest = max(known, default=0.0)
                    ready.set()
            took = await draw(page, run)
            if seen.counts:
                seen.drawn.append(took)


async def draw(page: ClientConnection, run: str) -> float:
    """Ask for the page of a run, and take all of it. Seconds."""
    asked = BackMsg()
    asked.rerun_script.query_string = f"id={run}"
    asked.rerun_script.page_name = "runs"
    began = time.perf_counter()
    await page.send(asked.SerializeToString())
    while True:
        told = ForwardMsg.FromString(await page.recv(decode=False))
        if told.WhichOneof("type") == "script_finished":
            assert told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY, told
            return time.perf_counter() - began


def moments(picture: dict[str, Any]) -> Iterator[float]:
    """When something happened in a run, by its picture."""
    for part in (picture["run"], *picture["steps"].values()):
        yield from (at for at in (part["started_at"], part["finished_at"]) if at is not None)


def busy_seconds(process: int) -> float:
    """What a process has worked since it began, by `/proc/PID/stat` (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watch(studio: Studio, sessions: int, stages: int, apart: float, seconds: float) -> tuple[Seen, float]:
    """What was seen in so many seconds, and the percentage of a core that the studio used. The stages begin `apart`
    seconds after each other, so that their runs do not all end at once."""
    seen = Seen()
    on = [Stage(studio.url) for _ in range(stages)]
    ready = [asyncio.Event() for _ in range(sessions)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(session(studio.url, on[number % stages], number % stages * apart, event, seen))
            for number, event in enumerate(ready)
        ]
        for event in ready:
            await event.wait()
        began, before = time.perf_counter(), busy_seconds(studio.process.pid)
        seen.counts = True
        await asyncio.sleep(seconds)
        seen.counts = False
        share = (busy_seconds(studio.process.pid) - before) / (time.perf_counter() - began)
        for task in tasks:
            task.cancel()
    return seen, 100 * share


def measure(sessions: int = 100, stages: int = 10, steps: int = 40, seconds: float = 30.0) -> Result:
    with folder() as place:
        home = place / "home"
        (home / "workflows").mkdir(parents=True)
        (home / "workflows" / "watched.json").write_text(json.dumps(workflow(steps)), "utf-8")
        studio = Studio.start(home)
        try:
            seen, share = asyncio.run(watch(studio, sessions, stages, steps * STEP_SECONDS / stages, seconds))
        finally:
            studio.stop()
    median, p95 = statistics.median(seen.late) * 1000, statistics.quantiles(seen.late, n=20)[-1] * 1000
    lines = [
        Line.of(f"{sessions} sessions, from a change to its picture (p95)", p95, "ms", most=LATE),
        Line.of(f"{sessions} sessions, from a change to its picture (median)", median, "ms"),
        Line.of(f"{sessions} sessions, work of the studio", share, "%", most=BUSY),
        Line.of(f"{sessions} sessions, changes shown", len(seen.late) / seconds, "changes/s"),
    ]
    if seen.drawn:
        took = statistics.median(seen.drawn) * 1000
        name = f"{sessions} sessions, page of a run that is over, asked for by {sessions // stages} at once (median)"
        lines.append(Line.of(name, took, "ms"))
    note = (
        f"{stages} runs go on at the same time, a step ends every {STEP_SECONDS:g} s; one of the runs ends every"
        f" {steps * STEP_SECONDS / stages:g} s; the way of a picture counts from"
        " the moment that the journal gives. The engine tells at most every 50 ms."
    )
    return Result(tuple(lines), notes=(note,))
