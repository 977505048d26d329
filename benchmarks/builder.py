"""How long the Builder takes to open a large workflow in a browser that was never here, and how smoothly a box is
dragged in it."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page

from benchmarks.line import Line, Result
from benchmarks.machine import folder
from scripts.browser import launch
from scripts.studio import Studio

INTERACTIVE = 1.5
"""Seconds from opening the page until a click is answered."""
LOADED = 3.5
"""Megabytes that come over the network until then."""
SMOOTH = 30
"""Frames a second while a box is dragged."""

BLOCK = 5
IN_A_ROW = 25
"""Steps that follow each other, before the next row begins beside them."""

BOX = ".react-flow__node"


@dataclass(frozen=True)
class Opened:
    """Seconds since the page was asked for, and what came over the network until it was still."""

    box: float
    """The first box shows."""
    answer: float
    """It was clicked, and is marked as chosen."""
    form: float
    """The form of that step stands beside the canvas."""
    megabytes: float
    requests: int
    work: float
    """Seconds of a core, all processes of the browser together."""


@dataclass(frozen=True)
class Drag:
    """Of the frames while a box is dragged."""

    mean: float
    """Frames a second."""
    slowest: float
    """Frames a second of which 95 of 100 frames are no slower."""
    work_ms: float
    """Milliseconds of a core for one frame, all processes of the browser together: what else the machine does hardly
    changes it."""


def workflow(steps: int) -> dict[str, Any]:
    """Rows of mail that is read, summarised and sorted, as a person could have built them. Whatever was cut off at the
    end, what is left is right."""
    blocks = (block for number in range(-(-steps // BLOCK)) for block in _block(number))
    return {"id": f"large_{steps}", "name": f"A workflow of {steps} steps", "steps": list(blocks)[:steps]}


def _block(number: int) -> list[dict[str, Any]]:
    first = number % (IN_A_ROW // BLOCK) == 0
    needs = {} if first else {"needs": [f"page_{number - 1}"]}
    text = f"{{{{ steps.summary_{number}[0].text }}}}"
    return [
        {"id": f"mail_{number}", "uses": "gmail.search_messages", "with": {"query": "is:unread", "limit": 5}, **needs},
        {
            "id": f"summary_{number}",
            "uses": "ai.generate",
            "for_each": f"{{{{ steps.mail_{number}.messages }}}}",
            "with": {"prompt": "Summarise: {{ item.text }}"},
            "retry": {"attempts": 3},
        },
        {
            "id": f"sort_{number}",
            "uses": "branch",
            "with": {"condition": f"{{{{ steps.mail_{number}.count > 2 }}}}"},
        },
        {
            "id": f"page_{number}",
            "uses": "notion.create_page",
            "needs": [f"sort_{number}.yes"],
            "with": {"parent": "Inbox summaries", "title": f"Inbox {number}", "markdown": text},
        },
        {"id": f"note_{number}", "uses": "set", "needs": [f"sort_{number}.no"], "with": {"values": {"text": text}}},
    ]


@asynccontextmanager
async def never_here() -> AsyncGenerator[tuple[Page, CDPSession]]:
    """A page of a browser that has nothing in its cache."""
    async with launch() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 900})
        yield page, await page.context.new_cdp_session(page)


class Traffic:
    """What comes to a page over the network: answers, and what its sockets say."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = 0.0
        self.requests = 0
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        session.on("Network.webSocketFrameReceived", self._said)

    def _asked(self, event: dict[str, Any]) -> None:
        self.requests += event["request"]["url"].startswith("http")

    def _came(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]

    def _said(self, event: dict[str, Any]) -> None:
        frame = event["response"]
        binary = frame["opcode"] == 2  # told in base64
        self.bytes += len(frame["payloadData"]) * (0.75 if binary else 1)


async def opened(page: Page, session: CDPSession, address: str) -> Opened:
    traffic = Traffic(session)
    await session.send("Network.enable")
    before = await _worked(page)
    began = time.perf_counter()
    await page.goto(address, wait_until="commit")
    box = page.locator(BOX).first
    await box.wait_for()
    shown = time.perf_counter() - began
    where = await box.bounding_box()
    assert where is not None
    await page.mouse.click(where["x"] + where["width"] / 2, where["y"] + 20)
    await page.locator(f"{BOX}.selected").first.wait_for()
    answered = time.perf_counter() - began
    await page.locator(".st-key-inspector").get_by_role("radio", name="Setup").wait_for()
    formed = time.perf_counter() - began
    await page.wait_for_load_state("networkidle")
    work = await _worked(page) - before
    await session.send("Network.disable")
    return Opened(shown, answered, formed, traffic.bytes / 1e6, traffic.requests, work)


async def dragged(page: Page, seconds: float) -> Drag:
    """Drag the first box in circles."""
    box = await page.locator(BOX).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 8, y + 8, steps=4)  # React Flow begins to drag
    before = await _worked(page)
    await page.evaluate(_COUNT)
    began = time.perf_counter()
    turn = 0
    while time.perf_counter() - began < seconds:
        turn += 1
        await page.mouse.move(x + turn % 60, y + (turn * 3) % 40)
    frames: list[float] = await page.evaluate("() => { cancelAnimationFrame(counting.next); return counting.frames }")
    work = await _worked(page) - before
    await page.mouse.up()
    gaps = [later - earlier for earlier, later in itertools.pairwise(frames)]
    slow = statistics.quantiles(gaps, n=20)[-1]
    return Drag(1000 / statistics.mean(gaps), 1000 / slow, work * 1000 / len(gaps))


_COUNT = """() => {
    window.counting = {frames: [], next: 0}
    const count = (at) => { counting.frames.push(at); counting.next = requestAnimationFrame(count) }
    counting.next = requestAnimationFrame(count)
}"""


async def _worked(page: Page) -> float:
    """Seconds of a core that all processes of the browser have used so far."""
    browser = page.context.browser
    assert browser is not None
    session = await browser.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return sum(process["cpuTime"] for process in found["processInfo"])


async def visits(home: Path, sizes: Sequence[int], rounds: int, seconds: float) -> Result:
    studio = Studio.start(home)
    lines: list[Line] = []
    try:
        address = f"{studio.url}/builder?id=large_"
        async with never_here() as (page, session):
            first = await opened(page, session, f"{address}{sizes[0]}")
        for size in sizes:
            lines += await _at(f"{address}{size}", size, rounds, seconds, judged=size == sizes[0])
    finally:
        studio.stop()
    lines.append(Line.of(f"{sizes[0]} steps, a click is answered, first page of a studio", first.answer, "s"))
    return Result(tuple(lines))


async def _at(address: str, size: int, rounds: int, seconds: float, *, judged: bool) -> list[Line]:
    """The lines of a workflow of one size; the goals are for the first."""
    looks: list[Opened] = []
    near: list[Drag] = []
    far: list[Drag] = []
    for _ in range(rounds):
        async with never_here() as (page, session):
            looks.append(await opened(page, session, address))
            near.append(await dragged(page, seconds))
            await page.keyboard.press("f")
            await page.wait_for_timeout(500)  # the view moves there
            far.append(await dragged(page, seconds))

    def median(values: Sequence[Opened] | Sequence[Drag], name: str) -> float:
        return statistics.median(getattr(value, name) for value in values)

    def most(goal: float) -> float | None:
        return goal if judged else None

    lines = [
        Line.of(f"{size} steps, a click is answered", median(looks, "answer"), "s", most=most(INTERACTIVE)),
        Line.of(f"{size} steps, the first box shows", median(looks, "box"), "s"),
        Line.of(f"{size} steps, the form of a step stands there", median(looks, "form"), "s"),
        Line.of(f"{size} steps, loaded", median(looks, "megabytes"), "MB", most=most(LOADED)),
        Line.of(f"{size} steps, requests", median(looks, "requests"), "requests"),
        Line.of(f"{size} steps, work of the browser until then", median(looks, "work"), "s of a core"),
    ]
    for drags, how in ((near, "dragged"), (far, "dragged with all in view")):
        what = f"{size} steps, {how}"
        lines += [
            Line.of(what, median(drags, "mean"), "frames/s", least=most(SMOOTH)),
            Line.of(f"{what}, 95 of 100 frames", median(drags, "slowest"), "frames/s"),
            Line.of(f"{what}, work of the browser for a frame", median(drags, "work_ms"), "ms of a core"),
        ]
    return lines


def measure(sizes: Sequence[int] = (100, 300), rounds: int = 5, seconds: float = 2.0) -> Result:
    with folder() as place:
        home = place / "home"
        (home / "workflows").mkdir(parents=True)
        for size in sizes:
            content = workflow(size)
            (home / "workflows" / f"{content['id']}.json").write_text(json.dumps({"format": 1, **content}), "utf-8")
        return asyncio.run(visits(home, sizes, rounds, seconds))
