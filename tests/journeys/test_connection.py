"""A connection that is lost in the middle of an edit, and two tabs at once: nobody's work is lost, and both tell the
same."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine
from scripts.studio import Studio, command_line, free_port
from tests.journeys.hands import drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

STREAM = re.compile("/_stcore/stream")


def save(studio: Studio, id: str, *steps: dict[str, Any]) -> None:
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"format": 1, "id": id, "name": f"Try {id}", "steps": steps}
    (folder / f"{id}.json").write_text(json.dumps(content))


async def type_at_the_end(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="System text").click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(text)


def in_the_preview(page: Page, text: str) -> Locator:
    """The server fills it in: what is there has arrived."""
    return page.locator(".pb-literal").filter(has_text=text).first


async def add_step(page: Page, words: str) -> None:
    """By keyboard, on the canvas."""
    await page.locator(".react-flow").first.click(position={"x": 40, "y": 300})
    await page.keyboard.press("/")
    await expect(page.get_by_role("combobox", name="Search steps")).to_be_focused()
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")


@contextlib.contextmanager
def stuttering(studio: Studio) -> Iterator[None]:
    """The server stands still now and then, as on a busy machine."""
    over, pauses = threading.Event(), random.Random(7)

    def stutter() -> None:
        while not over.wait(pauses.uniform(0.05, 0.8)):
            os.kill(studio.process.pid, signal.SIGSTOP)
            time.sleep(pauses.uniform(0.05, 1.2))
            os.kill(studio.process.pid, signal.SIGCONT)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


async def test_what_one_person_types_on_a_slow_server_is_nobody_elses(studio: Studio, page: Page) -> None:
    sentence = "While somebody types, the page says what it knows, again and again."
    title = page.locator(".st-key-inspector").get_by_label("Title", exact=True)
    offered = page.get_by_role("listbox", name="What can stand here").get_by_role("option", selected=True)
    with stuttering(studio):
        for number in range(4):
            search = {"id": "mail", "uses": "gmail.search_messages"}
            write = {
                "id": "page",
                "uses": "notion.create_page",
                "with": {"parent": "Inbox summaries", "title": "Hello"},
            }
            save(studio, f"slow_{number}", search, write)
            await page.goto(f"{studio.url}/builder?id=slow_{number}&step=page")
            await expect(title).to_be_visible()
            await title.fill("")
            await page.keyboard.type("Dear {{mail")
            await expect(offered).to_be_visible()
            await page.keyboard.press("Enter")
            await page.keyboard.type(".le")
            await expect(offered).to_be_visible()
            await page.keyboard.press("Tab")
            await page.keyboard.type(" }}, {{ x")
            await title.fill("")
            await page.keyboard.type(sentence, delay=30)
            await expect(title).to_have_value(sentence)
            await expect(title).to_be_focused()
            await expect(page.get_by_text("changed this draft")).to_have_count(0)


@contextlib.asynccontextmanager
async def slow_line(page: Page) -> AsyncIterator[None]:
    """What the server says comes piece by piece."""
    pumps: list[asyncio.Task[None]] = []

    def through(socket: WebSocketRoute) -> None:
        said = asyncio.Queue[str | bytes]()

        async def pump() -> None:
            while True:
                socket.send(await said.get())
                await asyncio.sleep(0.1)

        socket.connect_to_server().on_message(said.put_nowait)
        pumps.append(asyncio.create_task(pump()))

    await page.route_web_socket(STREAM, through)
    yield
    for pump in pumps:
        pump.cancel()


@pytest.mark.parametrize("at_once", [False, True], ids=["once its form comes", "while the form before stands"])
async def test_values_are_asked_for_while_the_page_is_still_drawn(at_once: bool, studio: Studio, page: Page) -> None:
    inspector = page.locator(".st-key-inspector")
    search = page.get_by_role("searchbox", name="Find a value")
    async with slow_line(page):
        await page.goto(f"{studio.url}/builder?id=email_to_notion&step=summary")
        for _ in range(2):
            await inspector.get_by_text("Test", exact=True).click()
            if not at_once:
                await expect(page.get_by_role("button", name="Test step")).to_be_visible()
            await inspector.get_by_text("Setup", exact=True).click()
            await page.get_by_role("button", name="Insert a value").first.click()
            await expect(search).to_be_focused()
            await drawn(page)
            await expect(search).to_be_focused()
            await page.keyboard.press("Escape")


async def test_the_server_stops_while_a_template_is_written(tmp_path: Path, page: Page) -> None:
    home, port = tmp_path / "home", free_port()
    studio = Studio.start(home, port=port)
    await page.goto(f"{studio.url}/templates?id=email_summary")
    await type_at_the_end(page, " Before.")
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    await page.keyboard.type(" While")
    studio.kill()
    await page.keyboard.type(" it was down.")
    await expect(page.get_by_text("Connection error")).to_be_visible()

    studio = Studio.start(home, port=port)
    try:
        await expect(in_the_preview(page, "Before. While it was down.")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("textbox", name="System text")).to_contain_text("Before. While it was down.")
    finally:
        studio.stop()
    with WorkflowEngine(Settings(home=home)) as engine:
        kept = engine.template_versions.drafts.get("email_summary")
    assert kept is not None
    assert "Before. While it was down." in kept.content


@pytest.mark.parametrize("part", ["template", "step", "json"])
async def test_somebody_else_changes_the_draft_while_the_server_is_away(part: str, tmp_path: Path, page: Page) -> None:
    home, port = tmp_path / "home", free_port()
    studio = Studio.start(home, port=port)
    path, field = {
        "template": ("/templates?id=email_summary", "System text"),
        "step": ("/builder?id=email_to_notion&step=mail", "Search"),
        "json": ("/builder?id=email_to_notion&view=json", "The workflow as JSON"),
    }[part]
    await page.goto(studio.url + path)
    await page.get_by_role("textbox", name=field, exact=True).click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" ")
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    studio.kill()
    await page.keyboard.type("\n")
    await page.keyboard.type("by-me")
    await expect(page.get_by_text("Connection error")).to_be_visible()
    with WorkflowEngine(Settings(home=home)) as engine:
        versions, id = engine.workflow_versions, "email_to_notion"
        if part == "template":
            versions, id = engine.template_versions, "email_summary"
        kept = versions.drafts.get(id)
        assert kept is not None
        theirs = json.loads(kept.content)
        if part == "template":
            theirs["system"] = "By Bob."
        else:
            theirs["steps"][0]["with"]["query"] = "by-bob"
        bobs = versions.drafts.save(id, json.dumps(theirs), base=kept.base, after=kept.revision, by="bob")

    studio = Studio.start(home, port=port)
    try:
        await expect(page.get_by_text("changed this draft while you did")).to_be_visible()
        await expect(page.locator("ins, .pb-diff, .pb-table").filter(has_text="by-me").first).to_be_visible()
    finally:
        studio.stop()
    with WorkflowEngine(Settings(home=home)) as engine:
        drafts = (engine.template_versions if part == "template" else engine.workflow_versions).drafts
        assert drafts.get(id) == bobs, "nothing of it is lost"


async def test_two_people_write_a_note_on_one_canvas(studio: Studio, page: Page) -> None:
    save(studio, "noted", {"id": "mail", "uses": "gmail.search_messages"})
    await page.goto(f"{studio.url}/builder?id=noted")
    await add_step(page, "set values")
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    await page.locator(".react-flow").first.click(position={"x": 40, "y": 300})
    await expect(page.locator(".st-key-inspector")).to_contain_text("Choose a step")  # nothing is on its way any more
    await drawn(page)
    with WorkflowEngine(Settings(home=studio.home)) as engine:
        drafts = engine.workflow_versions.drafts
        kept = drafts.get("noted")
        assert kept is not None
        theirs = json.loads(kept.content)
        theirs.setdefault("layout", {})["notes"] = [{"text": "By Bob", "at": [0, -200]}]
        bobs = drafts.save("noted", json.dumps(theirs), base=kept.base, after=kept.revision, by="bob")

        await page.keyboard.press("n")
        await page.keyboard.type("By me")
        await page.keyboard.press("Control+Enter")

        await expect(page.get_by_text("bob changed this draft while you did")).to_be_visible()
        assert drafts.get("noted") == bobs, "nothing of it is lost"


async def test_the_socket_breaks_while_a_workflow_is_built(studio: Studio, page: Page) -> None:
    sockets: list[WebSocketRoute] = []
    cut = False

    def through(socket: WebSocketRoute) -> None:
        if not cut:
            socket.connect_to_server()
        sockets.append(socket)

    await page.route_web_socket(STREAM, through)
    save(studio, "cut_off", {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread"}})
    await page.goto(f"{studio.url}/builder?id=cut_off")
    await expect(page.locator(".react-flow__node[data-id='mail']")).to_be_visible()

    cut = True
    await sockets[-1].close(code=1011)
    await add_step(page, "set values")
    await expect(page.locator(".react-flow__node[data-id='set_values']")).to_be_visible()
    cut = False
    await sockets[-1].close(code=1011)
    await expect(page.get_by_text("Draft, kept")).to_be_visible()

    await page.reload()
    await expect(page.locator(".react-flow__node[data-id='set_values']")).to_be_visible()


async def test_what_is_written_in_one_tab_is_told_in_the_other(studio: Studio, page: Page) -> None:
    other = await page.context.new_page()
    for tab in (page, other):
        await tab.goto(f"{studio.url}/templates?id=meeting_notes")
        await expect(tab.get_by_role("textbox", name="System text")).to_be_visible()

    await type_at_the_end(page, " Told once.")
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    await other.get_by_text("Sample values").click()
    await other.get_by_role("radio", name="Try").click()
    await other.get_by_role("radio", name="Write").click()
    await expect(other.get_by_role("textbox", name="System text")).to_contain_text("Told once.")

    await type_at_the_end(page, " By me.")
    await expect(in_the_preview(page, "Told once. By me.")).to_be_visible()
    await type_at_the_end(other, " By the other.")
    await expect(other.get_by_text("changed this draft while you did")).to_be_visible()
    await other.get_by_role("button", name="Keep mine").click()
    await expect(in_the_preview(other, "Told once. By the other.")).to_be_visible()
    await other.get_by_role("button", name="Discard the draft").click()


async def test_a_run_that_is_started_and_answered_in_one_tab_is_seen_in_the_other(studio: Studio, page: Page) -> None:
    save(studio, "in_two_tabs", {"id": "ask", "uses": "approve", "with": {"message": "May it go on?"}})
    other = await page.context.new_page()
    await other.goto(f"{studio.url}/runs")
    await page.goto(f"{studio.url}/workflows?id=in_two_tabs")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()

    await other.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    await expect(other.get_by_text("May it go on?").first).to_be_visible()
    await other.get_by_role("link", name="Try in_two_tabs").first.click()
    await expect(other.get_by_role("button", name="Approve")).to_have_count(1)

    await page.get_by_role("button", name="Approve").click()
    for tab in (page, other):
        await expect(tab.get_by_test_id("stMain").get_by_text("Succeeded").first).to_be_visible()
        await expect(tab.get_by_role("button", name="Approve")).to_have_count(0)


async def test_a_run_that_begins_elsewhere_comes_into_the_lists_by_itself(studio: Studio, page: Page) -> None:
    save(studio, "elsewhere", {"id": "ask", "uses": "approve", "with": {"message": "Shall it go on?"}})
    other = await page.context.new_page()
    await page.goto(studio.url)
    await other.goto(f"{studio.url}/runs")
    for tab in (page, other):
        await expect(tab.get_by_role("heading", level=1)).to_be_visible()

    assert command_line(studio.home, "run", "elsewhere").returncode == 3, "it waits for somebody"
    await expect(page.get_by_text("Shall it go on?").first).to_be_visible()
    await expect(other.get_by_role("link", name="Try elsewhere")).to_be_visible()
