"""The canvas in a real browser: workflows are built on it by mouse and by keyboard, and Python gets what was built."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from orchestrator.errors import NotFound
from orchestrator.registry import Registry
from orchestrator.templates import Template
from orchestrator.validation import check
from scripts.studio import ROOT, Studio, answers, environment, free_port
from tests.conftest import PATIENCE, Complaints

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

APP = "tests.studio.canvas_app"


ZOOM = """(one, beyond) => new Promise(resolve => {
    const look = () => {
        const zoom = new DOMMatrix(getComputedStyle(one).transform).a
        if (zoom > beyond) resolve(zoom); else requestAnimationFrame(look)
    }
    look()
})"""

NOTHING = {"draft": {"steps": []}, "selected": None, "opened": False}
"""What Python knows before its script has come to an end for the first time."""


@dataclass
class Canvas:
    """The canvas on a page, and what Python knows of it."""

    page: Page
    file: Path
    """What Python keeps of it."""

    def box(self, id: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{id}"]')

    def line(self, id: str) -> Locator:
        return self.page.locator(f'.react-flow__edge[data-id="{id}"]')

    def kept(self) -> dict[str, Any]:
        return json.loads(self.file.read_text("utf-8")) if self.file.exists() else NOTHING

    async def when(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What Python knows, as soon as that is true. What speaks of steps that are not there yet is not."""
        for _ in range(PATIENCE // 100):
            kept = self.kept()
            with suppress(LookupError):
                if true(kept):
                    return kept
            await asyncio.sleep(0.1)
        raise AssertionError(f"Python knows {kept}")

    async def draft(self, **wanted: Any) -> dict[str, Any]:
        """Python's draft, as soon as its steps need what `wanted` says, and there are no others."""
        kept = await self.when(
            lambda kept: {step["id"]: step.get("needs", []) for step in kept["draft"]["steps"]} == wanted
        )
        return kept["draft"]

    async def zoom(self, beyond: float = 0) -> float:
        """How large all is drawn, as soon as it is drawn larger than `beyond`."""
        return await self.page.locator(".react-flow__viewport").evaluate(ZOOM, beyond)

    async def until(self, key: str, value: Any) -> None:
        await self.when(lambda kept: kept[key] == value)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    async def add(self, words: str) -> None:
        """By keyboard: search, and Enter."""
        await self.press("/")
        await expect(self.page.get_by_role("combobox")).to_be_focused()
        await self.page.keyboard.type(words)
        await self.press("Enter")
        await expect(self.page.locator(".react-flow__node:focus")).to_have_count(1)

    async def drag(self, what: Locator, x: float, y: float) -> None:
        await what.hover()
        await self.page.mouse.down()
        await self.page.mouse.move(x, y, steps=8)
        await self.page.mouse.up()

    async def carry(self, title: str, x: float, y: float) -> None:
        """By mouse: from the palette to a point of the canvas."""
        option = self.page.get_by_role("option", name=title, exact=True)
        await option.scroll_into_view_if_needed()
        await self.drag(option, x, y)

    async def spot(self, what: Locator) -> tuple[float, float]:
        """The middle of something, on the page."""
        box = await what.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def free_spot(self, *ids: str) -> tuple[float, float]:
        """A point of the canvas where nothing is, half way between the lowest of these boxes and its lower edge."""
        stage = await self.page.get_by_role("group", name="Canvas", exact=True).bounding_box()
        boxes = [await self.box(id).bounding_box() for id in ids]
        assert stage
        lowest = max(box["y"] + box["height"] for box in boxes if box)
        return stage["x"] + stage["width"] / 2, (lowest + stage["y"] + stage["height"]) / 2

    async def go_to_line(self, id: str) -> None:
        x, y = await self.spot(self.line(id).locator("path").first)
        await self.page.mouse.move(x, y)

    async def join(self, source: str, port: str, target: str) -> None:
        await self.page.mouse.move(0, 0)
        await self.box(source).locator(f'[data-handleid="{port}"]').hover()
        await self.page.mouse.down()
        await self.box(target).locator('[data-handleid="in"]').hover()
        await self.page.mouse.up()


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The page with the canvas, and the file that it reads."""
    folder = tmp_path_factory.mktemp("canvas")
    (folder / ".streamlit").symlink_to(ROOT / ".streamlit")
    file = folder / "given.json"
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", APP, str(port), str(file)],
            cwd=folder,
            env=environment(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        if answers(url):
            break
        assert process.poll() is None, (folder / "log").read_text()
        subprocess.run(["sleep", "0.1"], check=True)
    yield url, file
    process.kill()
    process.wait()


async def opened(page: Page, harness: tuple[str, Path], **given: Any) -> Canvas:
    """A page of its own: what one that was opened before still does is kept elsewhere."""
    url, file = harness
    kept = file.with_name(f"{uuid4().hex}.kept")
    file.write_text(json.dumps({**given, "kept": str(kept)}), "utf-8")
    await page.goto(url)
    await expect(page.get_by_role("application", name="Steps of the workflow")).to_be_visible()
    return Canvas(page, kept)


@pytest.fixture
async def empty(page: Page, harness: tuple[str, Path], complaints: Complaints) -> AsyncIterator[Canvas]:
    yield await opened(page, harness)
    assert complaints.lines == []


def chain(*ids: str, **more: Any) -> dict[str, Any]:
    steps = [{"id": id, "uses": "set", "with": {"values": {}}} for id in ids]
    for step, before in zip(steps[1:], ids, strict=False):
        step["needs"] = [before]
    return {"format": 1, "id": "test", "steps": steps, **more}


def problems(draft: dict[str, Any]) -> list[str]:
    def no_template(id: str) -> Template:
        raise NotFound(f"There is no template '{id}'.")

    return [problem.message for problem in check(draft, Registry.discover(), no_template)]


def filled(draft: dict[str, Any]) -> list[str]:
    """What is wrong when the forms of the steps are filled in."""
    values = {"set": {"values": {"x": 1}}, "wait": {"seconds": 1}}
    return problems({**draft, "steps": [step | {"with": values.get(step["uses"], {})} for step in draft["steps"]]})


async def test_three_steps_are_built_by_keyboard_alone(empty: Canvas) -> None:
    await empty.page.get_by_role("group", name="Canvas", exact=True).focus()
    await empty.add("search mail")
    await empty.add("set values")
    await empty.add("wait")
    draft = await empty.draft(search_mail=[], set_values=["search_mail"], wait=["set_values"])

    assert draft["steps"][0] == {"id": "search_mail", "uses": "gmail.search_messages"}
    assert "layout" not in draft
    assert filled(draft) == []
    await empty.until("selected", "wait")


async def test_three_steps_are_built_by_mouse_alone(empty: Canvas) -> None:
    await empty.carry("Search mail", 560, 300)
    await empty.carry("Set values", 860, 300)
    await empty.draft(search_mail=[], set_values=[])
    await empty.join("search_mail", "out", "set_values")
    await empty.draft(search_mail=[], set_values=["search_mail"])
    line = await empty.line("search_mail>set_values").locator("path").first.bounding_box()
    assert line
    await empty.carry("Wait", line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    draft = await empty.draft(search_mail=[], wait=["search_mail"], set_values=["wait"])

    assert [step["id"] for step in draft["steps"]] == ["search_mail", "wait", "set_values"]
    assert set(draft["layout"]["steps"]) == {"search_mail", "set_values", "wait"}
    assert filled(draft) == []


async def test_a_line_is_drawn_taken_back_and_drawn_again(page: Page, harness: tuple[str, Path]) -> None:
    draft = chain("a", "b")
    del draft["steps"][1]["needs"]
    canvas = await opened(page, harness, draft=draft)
    await canvas.box("a").focus()
    await canvas.press("c", "ArrowDown", "Enter")
    await canvas.draft(a=[], b=["a"])
    await canvas.press("Control+z")
    await canvas.draft(a=[], b=[])
    await canvas.press("Control+Shift+z")
    await canvas.draft(a=[], b=["a"])
    await canvas.press("e", "Delete")
    await canvas.draft(a=[], b=[])


async def test_a_step_is_inserted_on_a_line_by_keyboard(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b"))
    await canvas.box("a").focus()
    await canvas.press("e", "Enter")
    await expect(page.get_by_role("combobox")).to_be_focused()
    await page.keyboard.type("set values")
    await canvas.press("Enter")
    await canvas.draft(a=[], set_values=["a"], b=["set_values"])


async def test_removing_heals_the_chain_and_undo_brings_all_back(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b", "c"))
    await canvas.box("b").click()
    await canvas.press("Delete")
    await canvas.draft(a=[], c=["a"])
    await canvas.press("Control+z")
    await canvas.draft(a=[], b=["a"], c=["b"])


async def test_a_button_of_the_canvas_leaves_the_keys_that_are_not_its_own(
    page: Page, harness: tuple[str, Path]
) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b", "c"))
    await canvas.box("b").click()
    larger = page.get_by_role("button", name="Larger")
    await larger.click()
    await expect(larger).to_be_focused()
    await canvas.press("Delete")
    await canvas.draft(a=[], c=["a"])
    await larger.focus()
    await canvas.press("Enter")  # presses the button, and opens no step
    await canvas.press("Control+z")
    await canvas.draft(a=[], b=["a"], c=["b"])


async def test_copies_go_through_the_clipboard_as_text(page: Page, harness: tuple[str, Path]) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    canvas = await opened(page, harness, draft=chain("a", "b"))
    await canvas.box("a").focus()
    await canvas.press("Control+a", "Control+c")
    copied = json.loads(await page.evaluate("navigator.clipboard.readText()"))
    assert [step["id"] for step in copied["steps"]] == ["a", "b"]
    await canvas.press("Control+v")
    await canvas.draft(a=[], b=["a"], a_2=[], b_2=["a_2"])
    await canvas.press("Control+x")
    await canvas.draft(a=[], b=["a"])

    other = await opened(page, harness, draft=chain("x"))
    await other.box("x").focus()
    await other.press("Control+v")
    await other.draft(x=[], a_2=[], b_2=["a_2"])


async def test_a_copy_is_taken_where_the_browser_tells_only_the_body(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a"))
    await canvas.box("a").click()
    copied = await page.evaluate("""() => {  // as Safari does while no text is selected
        const clipboardData = new DataTransfer();
        document.body.dispatchEvent(new ClipboardEvent("copy", {clipboardData, bubbles: true, cancelable: true}));
        return clipboardData.getData("text/plain");
    }""")
    assert [step["id"] for step in json.loads(copied)["steps"]] == ["a"]


async def test_a_box_is_moved_by_mouse_and_by_keyboard_and_tidied_up(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b"))
    box = await canvas.box("b").bounding_box()
    assert box
    await canvas.drag(canvas.box("b").locator(".head"), box["x"] + 100, box["y"] + 200)
    kept = await canvas.when(lambda kept: "layout" in kept["draft"])
    x, y = kept["draft"]["layout"]["steps"]["b"]
    assert kept["selected"] == "b"
    await canvas.box("b").focus()
    await canvas.press("Shift+ArrowDown")
    await canvas.when(lambda kept: kept["draft"]["layout"]["steps"]["b"] == [x, y + 16])
    await canvas.press("t")
    await canvas.until("draft", chain("a", "b"))


async def test_the_ports_of_a_branch_have_names_and_failures_lead_elsewhere(
    page: Page, harness: tuple[str, Path]
) -> None:
    draft = chain("a", "b", "c")
    draft["steps"] = [{"id": "which", "uses": "branch", "with": {"condition": True}}, *draft["steps"]]
    for step in draft["steps"]:
        step.pop("needs", None)
    draft["layout"] = {"steps": {"which": [0, 0], "a": [360, -80], "b": [360, 60], "c": [360, 200]}}
    canvas = await opened(page, harness, draft=draft)
    await expect(canvas.box("which").locator(".way")).to_have_text(["yes", "no"])
    await canvas.join("which", "way:yes", "a")
    await canvas.join("which", "way:no", "b")
    await canvas.box("a").hover()
    await canvas.join("a", "error", "c")
    got = await canvas.draft(which=[], a=["which.yes"], b=["which.no"], c=[])
    await canvas.until(
        "draft", {**got, "steps": [*got["steps"][:1], {**got["steps"][1], "on_error": "c"}, *got["steps"][2:]]}
    )
    assert problems(canvas.kept()["draft"]) == []


async def test_steps_go_into_a_loop_and_stay_inside(empty: Canvas) -> None:
    await empty.carry("Group", 700, 400)
    await expect(empty.box("group")).to_contain_text("Drop steps here")
    box = await empty.box("group").bounding_box()
    assert box
    await empty.carry("Set values", box["x"] + 150, box["y"] + 100)
    kept = await empty.when(lambda kept: "steps" in kept["draft"]["steps"][0])
    assert kept["draft"]["steps"] == [{"id": "group", "uses": "group", "steps": [{"id": "set_values", "uses": "set"}]}]
    await expect(empty.box("set_values")).to_be_visible()


async def test_another_id_reaches_every_expression(page: Page, harness: tuple[str, Path]) -> None:
    draft = chain("a", "b", output={"x": "{{ steps.a.values }}"})
    draft["steps"][1]["with"] = {"values": {"text": "{{ steps['a'].values }} and steps.a"}}
    canvas = await opened(page, harness, draft=draft)
    await canvas.box("a").focus()
    await canvas.press("F2")
    await page.get_by_label("Id, for expressions").fill("first")
    await canvas.press("Enter")
    got = await canvas.draft(first=[], b=["first"])
    assert got["steps"][1]["with"]["values"]["text"] == "{{ steps['first'].values }} and steps.a"
    assert got["output"] == {"x": "{{ steps.first.values }}"}


async def test_what_the_page_changes_is_shown_and_undone_like_an_edit(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b"))
    await page.get_by_role("button", name="Name the first step").click()
    await expect(canvas.box("a")).to_contain_text("Named by the page")
    await canvas.box("b").click()
    await canvas.press("Delete")
    got = await canvas.draft(a=[])
    assert got["steps"][0]["name"] == "Named by the page"
    await canvas.press("Control+z", "Control+z")
    await canvas.until("draft", chain("a", "b"))


async def test_edits_that_cross_on_their_way_are_put_together(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b", "c"), slow=0.7)
    await canvas.box("b").click()
    await canvas.until("selected", "b")
    await page.get_by_role("button", name="Name the first step").click()
    await canvas.box("b").focus()
    await canvas.press("Delete")
    got = await canvas.draft(a=[], c=["a"])
    assert got["steps"][0]["name"] == "Named by the page"
    await expect(canvas.box("a")).to_contain_text("Named by the page")
    await expect(canvas.box("b")).to_have_count(0)


async def test_the_page_and_the_person_choose_steps(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b", "c"))
    await canvas.box("b").click()
    await canvas.until("selected", "b")
    await page.get_by_role("button", name="Choose the last step").click()
    await expect(canvas.box("c")).to_have_class(re.compile("selected"))
    await canvas.box("c").focus()
    await canvas.press("ArrowLeft", "Enter")
    await canvas.until("opened", True)
    assert canvas.kept()["selected"] == "b"


async def test_every_step_is_in_the_list_in_words(page: Page, harness: tuple[str, Path]) -> None:
    status = {"a": {"status": "succeeded", "seconds": 1.25, "cost": 0.002, "total": 3, "done": 3, "cached": 1}}
    canvas = await opened(page, harness, draft=chain("a", "b"), status=status, problems=["b"])
    await canvas.box("a").focus()
    await canvas.press("l")
    items = page.get_by_role("region", name="List of steps").get_by_role("listitem")
    await expect(items).to_have_text(
        ["A, Set values, Succeeded, 3 of 3, cached, $0.002, 1.3 s", "B, Set values, after A, 1 problem"]
    )
    await items.last.get_by_role("button").click()
    await canvas.until("selected", "b")
    await expect(canvas.box("b")).to_have_accessible_name("B, Set values, after A, 1 problem")


async def test_who_may_only_read_changes_nothing(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a", "b"), read_only=True)
    await expect(page.get_by_role("combobox")).to_have_count(0)
    await canvas.box("b").click()
    await canvas.press("Delete", "t", "Control+z", "Shift+ArrowDown", "n")
    await canvas.until("selected", "b")
    assert canvas.kept()["draft"] == chain("a", "b")
    await expect(page.locator(".react-flow__node")).to_have_count(2)


async def test_text_from_outside_never_runs(page: Page, harness: tuple[str, Path], complaints: Complaints) -> None:
    bad = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    draft = chain("a", layout={"notes": [{"text": bad, "at": [0, -200]}]})
    draft["steps"][0] |= {"name": bad, "with": {"cases": {bad: bad}}, "uses": "branch"}
    status = {"a": {"status": bad, "error": bad}}
    canvas = await opened(page, harness, draft=draft, status=status, problems=["a"])
    await expect(canvas.box("a")).to_contain_text("<img src=x")
    await expect(canvas.box("note:0")).to_contain_text("<script>")
    await canvas.box("a").focus()
    await canvas.press("l")
    await page.wait_for_timeout(300)
    assert await page.title() != "run"
    assert complaints.lines == []


async def test_a_draft_of_wrong_shape_is_told_and_left_alone(page: Page, harness: tuple[str, Path]) -> None:
    url, file = harness
    draft = {"steps": [{"id": "a"}]}
    file.write_text(json.dumps({"draft": draft, "kept": str(file.with_suffix(".kept"))}), "utf-8")
    await page.goto(url)
    await expect(page.get_by_text("Step 1 (a) does not say what it uses.")).to_be_visible()


async def test_nothing_is_fetched_from_elsewhere(page: Page, harness: tuple[str, Path]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await opened(page, harness, draft=chain("a", "b"))
    assert [url for url in asked if not url.startswith((harness[0], "data:", "blob:"))] == []


async def test_two_pages_do_not_know_each_other(browser: Browser, harness: tuple[str, Path]) -> None:
    """Each session has a history and a numbering of its own."""
    pages = [await browser.new_page(), await browser.new_page()]
    first = await opened(pages[0], harness, draft=chain("a", "b"))
    await first.box("b").click()
    await first.press("Delete")
    await first.draft(a=[])
    second = await opened(pages[1], harness, draft=chain("a", "b"))
    await second.box("a").click()
    await second.press("Delete")
    await second.draft(b=[])


async def test_a_note_is_written_and_taken_away_by_keyboard(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a"))
    await canvas.box("a").focus()
    await canvas.press("n")
    await expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    await page.keyboard.type("Ask Anna first")
    await canvas.press("Escape")
    kept = await canvas.when(lambda kept: "Ask" in json.dumps(kept["draft"]))
    assert kept["draft"]["layout"]["notes"][0]["text"] == "Ask Anna first"
    await expect(canvas.box("note:0")).to_be_focused()
    await canvas.press("Delete")
    await canvas.until("draft", chain("a"))


async def test_every_key_is_told_in_the_panel(page: Page, harness: tuple[str, Path]) -> None:
    canvas = await opened(page, harness, draft=chain("a"))
    await canvas.box("a").focus()
    await canvas.press("?")
    panel = page.get_by_role("dialog", name="Keys")
    await expect(panel).to_contain_text("undo")
    await expect(panel.get_by_role("button", name="Close")).to_be_focused()
    await canvas.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(canvas.box("a")).to_be_focused()


async def test_the_end_of_a_line_is_led_elsewhere_by_mouse_and_by_keyboard(
    page: Page, harness: tuple[str, Path]
) -> None:
    draft = chain("a", "b", "c", "d")
    draft["steps"][3]["needs"] = ["a"]
    draft["steps"][2] = {"id": "c", "uses": "set", "with": {"values": {"x": "{{ steps.b.values }}"}}}
    canvas = await opened(page, harness, draft=draft)
    await canvas.go_to_line("a>b")
    x, y = await canvas.spot(canvas.box("d"))
    await canvas.drag(page.locator('.line-end.source[data-line="a>b"]'), x, y)
    await canvas.draft(a=[], b=["d"], c=[], d=["a"])
    await canvas.press("Control+z")
    await canvas.draft(a=[], b=["a"], c=[], d=["a"])

    await canvas.box("d").focus()
    await canvas.press("e", "r", "r", "ArrowDown", "Enter")
    await canvas.draft(a=[], b=["a"], c=[], d=["b"])
    await canvas.press("Control+z")

    await canvas.go_to_line("b>c")
    x, y = await canvas.spot(canvas.box("d"))
    await canvas.drag(page.locator('.line-end.target[data-line="b>c"]'), x, y)
    await expect(page.get_by_role("status")).to_contain_text("with.values.x. Change that field")
    await canvas.draft(a=[], b=["a"], c=[], d=["a"])


async def test_states_and_transitions_are_named_led_elsewhere_and_removed(
    page: Page, harness: tuple[str, Path]
) -> None:
    states = {"draft": {"transitions": {"go": {"to": "done"}}}, "done": {}}
    draft = chain("after", output={"ended": "{{ steps.m.state == 'done' }}"})
    draft["steps"].insert(0, {"id": "m", "uses": "states", "states": states})
    canvas = await opened(page, harness, draft=draft)

    def machine(kept: dict[str, Any]) -> dict[str, Any]:
        return kept["draft"]["steps"][0]["states"]

    await canvas.box("m:done").dblclick(position={"x": 60, "y": 20})
    await page.get_by_role("textbox", name="Name").fill("finished")
    await canvas.press("Enter")
    kept = await canvas.when(lambda kept: "finished" in machine(kept))
    assert machine(kept)["draft"]["transitions"] == {"go": {"to": "finished"}}
    assert kept["draft"]["output"] == {"ended": "{{ steps.m.state == 'finished' }}"}
    assert kept["selected"] == "m"

    await canvas.press("s")
    await page.get_by_role("dialog", name="Name of the state").get_by_role("textbox").fill("dropped")
    await canvas.press("Enter")
    await canvas.when(lambda kept: "dropped" in machine(kept))

    await canvas.box("m:draft").focus()
    await canvas.press("e", "F2")
    dialog = page.get_by_role("dialog", name="Transition of state draft")
    await dialog.get_by_label("Name").fill("give_up")
    await dialog.get_by_label("Leads to").select_option("dropped")
    await dialog.get_by_label("Only when").fill("{{ index > 3 }}")
    await canvas.press("Enter")
    wanted = {"give_up": {"to": "dropped", "if": "{{ index > 3 }}"}}
    await canvas.when(lambda kept: machine(kept)["draft"].get("transitions") == wanted)

    await expect(canvas.box("m:draft")).to_be_focused()
    await canvas.press("e", "Delete")
    await canvas.when(lambda kept: "transitions" not in machine(kept)["draft"])
    await canvas.box("m:dropped").click(position={"x": 60, "y": 20})
    await canvas.press("Delete")
    await canvas.when(lambda kept: list(machine(kept)) == ["draft", "finished"])


async def test_two_versions_are_one_picture(page: Page, harness: tuple[str, Path], complaints: Complaints) -> None:
    before, after = chain("a", "gone", "c"), chain("a", "c", "fresh")
    changes = {
        "a": {"kind": "changed", "fields": 2},
        "gone": {"kind": "removed", "fields": 0},
        "fresh": {"kind": "added", "fields": 0},
    }
    canvas = await opened(page, harness, draft=after, compare={"before": before, "changes": changes})
    for id, words in {"a": "Changed2 fields", "gone": "Removed", "fresh": "Added"}.items():
        await expect(canvas.box(id).locator(".mark .word")).to_have_text(words.removesuffix("2 fields"))
    left, middle, right = [(await canvas.spot(canvas.box(id)))[0] for id in ("a", "gone", "c")]
    assert left < middle < right
    await expect(canvas.line("gone>c")).to_have_class(re.compile("removed"))
    await expect(canvas.line("a>c")).to_have_class(re.compile("added"))

    await page.get_by_role("button", name="List of steps").click()
    await expect(page.get_by_role("region", name="List of steps").get_by_role("listitem")).to_have_text(
        [
            "A, changed: 2 fields, Set values",
            "Gone, removed, Set values, no longer after A",
            "C, Set values, now after A, no longer after Gone",
            "Fresh, added, Set values, now after C",
        ]
    )
    await page.get_by_role("button", name="List of steps").click()
    await canvas.box("gone").click()
    await canvas.until("selected", "gone")
    await canvas.press("Delete", "t", "s", "F2", "Control+z")
    await page.get_by_role("button", name="The next difference").click()
    await canvas.until("selected", "fresh")
    assert canvas.kept()["draft"] == after
    await expect(page.get_by_role("combobox")).to_have_count(0)
    assert complaints.lines == []


class Fingers:
    """Touches of the screen, as the browser gets them."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def touch(self, kind: str, *points: tuple[float, float]) -> None:
        spots = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        await self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    async def carry(self, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Sideways first, since up and down scrolls what lies under the finger; then to the end."""
        x, y = begin
        await self.touch("touchStart", begin)
        for part in range(1, 7):
            await self.touch("touchMove", (x + part * 8, y))
        for part in range(1, 7):
            share = part / 6
            await self.touch("touchMove", (x + 48 + (end[0] - x - 48) * share, y + (end[1] - y) * share))
        await self.touch("touchEnd")

    async def slide(self, *ways: tuple[tuple[float, float], tuple[float, float]]) -> None:
        """Each finger from a point to another one, all at once."""
        await self.touch("touchStart", *(begin for begin, _ in ways))
        for part in range(1, 13):
            share = part / 12
            at = [(x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in ways]
            await self.touch("touchMove", *at)
        await self.touch("touchEnd")


async def test_a_step_that_an_address_names_is_in_sight_however_far_behind(
    page: Page, harness: tuple[str, Path]
) -> None:
    canvas = await opened(page, harness, draft=chain(*(f"s{number}" for number in range(20))), selected="s19")
    await expect(canvas.box("s19")).to_be_in_viewport(ratio=1)
    await expect(canvas.box("s0")).not_to_be_in_viewport()


async def test_a_finger_adds_moves_and_joins_steps_on_a_phone(browser: Browser, harness: tuple[str, Path]) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = await context.new_page()
    finger = Fingers(await context.new_cdp_session(page))
    canvas = await opened(page, harness, draft=chain("a", "b"), height=600)

    await page.get_by_role("button", name="Add a step", exact=True).tap()
    option = page.get_by_role("option", name="Wait", exact=True)
    await option.scroll_into_view_if_needed()
    await finger.carry(await canvas.spot(option), await canvas.free_spot("a", "b"))
    kept = await canvas.when(lambda kept: len(kept["draft"]["steps"]) == 3)
    assert kept["draft"]["steps"][2] == {"id": "wait", "uses": "wait"}
    await expect(page.get_by_role("combobox")).not_to_be_in_viewport()

    await canvas.box("wait").tap()
    x, y = await canvas.spot(canvas.box("wait").locator(".name"))
    await finger.slide(((x, y), (x + 20, y - 120)))
    moved = await canvas.when(lambda now: now["draft"]["layout"] != kept["draft"]["layout"])
    assert moved["draft"]["layout"]["steps"]["wait"][1] < kept["draft"]["layout"]["steps"]["wait"][1] - 60

    await canvas.box("a").tap()
    await page.get_by_role("button", name="Add a step behind it").tap()
    await page.get_by_role("option", name="Set values", exact=True).tap()
    await canvas.draft(a=[], b=["a"], wait=[], set_values=["a"])

    before = await canvas.zoom()
    await finger.slide(((300, 500), (300, 460)), ((300, 520), (300, 600)))
    assert await canvas.zoom(beyond=before) > before
    await context.close()


async def test_history_shows_what_differs_and_the_form_of_a_state_changes_it(studio: Studio, page: Page) -> None:
    file = studio.home / "workflows" / "compared.json"
    file.parent.mkdir(exist_ok=True)
    before = chain("a", "b", "c")
    states = {"draft": {"transitions": {"go": {"to": "done"}}}, "done": {}}
    before["steps"].append({"id": "paper", "uses": "states", "states": states, "needs": ["c"]})
    after = {**before, "steps": [step for step in before["steps"] if step["id"] != "b"]}
    after["steps"][1] = {**after["steps"][1], "needs": ["a"]}
    canvas = Canvas(page, file)
    for number, draft in enumerate((before, after), start=1):
        file.write_text(json.dumps({**draft, "id": "compared"}), "utf-8")
        await page.goto(f"{studio.url}/builder?id=compared&view=history")
        await expect(page.get_by_role("heading", name=f"Version {number}")).to_be_visible(timeout=30_000)
    await expect(canvas.box("b").locator(".mark")).to_have_text(re.compile("Removed"))
    await canvas.box("c").click()
    await expect(page.get_by_role("cell", name='["a"]')).to_be_visible()
    await expect(page.get_by_role("cell", name="step removed")).to_be_hidden()
    await canvas.box("b").click()
    await expect(page.get_by_role("cell", name="step removed").first).to_be_visible()

    await page.get_by_role("radio", name="Canvas").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_visible()
    await canvas.box("paper:draft").focus()
    await canvas.press("Enter")
    await expect(page.get_by_role("button", name="Add an output")).to_be_visible()
    await expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    await expect(page.get_by_text("Something went wrong")).to_have_count(0)
    condition = page.get_by_role("textbox", name="go, to done: only when")
    await condition.click()
    await page.keyboard.type("{{ index > 2 }}")
    await page.get_by_role("radio", name="JSON").click()
    await expect(page.get_by_text('"if": "{{ index > 2 }}"')).to_be_visible()
