"""Somebody builds a workflow from nothing, mends it, tries it out, runs it, and goes back to an earlier version."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.journeys.hands import drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

WAITS = 30_000
"""Milliseconds that a person is patient for, on a machine that does other things too."""


def published(studio: Studio, id: str) -> dict[str, Any]:
    return json.loads((studio.home / "workflows" / f"{id}.json").read_text("utf-8"))


async def begin(page: Page, studio: Studio, name: str) -> None:
    await page.goto(studio.url)
    await page.get_by_test_id("stSidebar").get_by_role("link", name="Builder").click()
    await page.get_by_label("A new workflow").fill(name)
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("application", name="Steps of the workflow")).to_be_visible(timeout=WAITS)


async def add(page: Page, words: str, title: str) -> None:
    """By keyboard: search in the palette, and Enter."""
    await page.locator(".react-flow").first.click(position={"x": 40, "y": 300})
    await page.keyboard.press("/")
    await expect(page.get_by_role("combobox", name="Search steps")).to_be_focused()
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")
    await expect(inspector(page)).to_contain_text(title, timeout=WAITS)
    await drawn(page)


def inspector(page: Page) -> Locator:
    return page.locator(".st-key-inspector")


async def fill(page: Page, label: str, value: str) -> None:
    await drawn(page)
    field = inspector(page).get_by_label(label, exact=True)
    await field.fill(value)
    await field.press("Tab")


async def choose(page: Page, label: str, option: str) -> None:
    """From the list that a field offers."""
    await drawn(page)
    await inspector(page).get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).first.click()


async def insert(page: Page, label: str, words: str) -> None:
    """With the variable picker of a field: find a value, and take it."""
    await drawn(page)
    await inspector(page).get_by_role("button", name=f"Insert a value: {label}").click()
    find = page.get_by_role("searchbox", name="Find a value")
    await expect(find).to_be_focused()
    await find.fill(words)
    await expect(page.get_by_role("treeitem", name=re.compile(words))).to_be_visible()
    await find.press("Enter")


async def publish(page: Page, note: str) -> None:
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_label("What did you change, and why?").fill(note)
    await page.locator(".st-key-publish-now").get_by_role("button").click()
    await expect(page.get_by_text(re.compile("Version [0-9]+ is published"))).to_be_visible(timeout=WAITS)


async def test_mail_to_a_page_from_an_empty_canvas(studio: Studio, page: Page, complaints: Complaints) -> None:
    await begin(page, studio, "Mail to page")

    await add(page, "gmail search", "Search mail")
    await fill(page, "Search", "is:unread")
    await add(page, "create a page", "Create a page")
    await fill(page, "Title", "From the Builder")
    await expect(page.get_by_text(re.compile("1 problem|2 problems"))).to_be_visible(timeout=WAITS)
    await choose(page, "Where", "Inbox summaries")
    await insert(page, "Content", "count")
    waits = "Its value shows here once 'Search mail' has run"
    await expect(inspector(page)).to_contain_text(waits, timeout=WAITS)  # nothing has run yet
    await expect(page.get_by_text("No problems: it can run.")).to_be_visible(timeout=WAITS)

    await publish(page, "The first one")
    made = published(studio, "mail_to_page")
    assert [step["uses"] for step in made["steps"]] == ["gmail.search_messages", "notion.create_page"]
    assert "{{ steps.search_mail.count }}" in made["steps"][1]["with"]["markdown"]

    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("button", name="Approve and send")).to_be_visible(timeout=WAITS)
    await page.get_by_role("button", name="Approve and send").click()
    await expect(page.get_by_role("heading", name="What it did")).to_be_visible(timeout=WAITS)
    assert complaints.lines == []


EVIL = "<img src=x onerror=\"document.title='run'\">"
"""Would run as soon as it is taken for HTML."""


def save_with_pins(studio: Studio, id: str) -> None:
    """A workflow whose first step has not run, and has an output that a person pinned."""
    pinned = {"messages": [{"sender_name": "Ann", "text": EVIL}, {"sender_name": "Bob", "text": ""}], "count": 2}
    content = {
        "format": 1,
        "id": id,
        "steps": [
            {"id": "mail", "uses": "gmail.search_messages"},
            {"id": "page", "uses": "notion.create_page", "with": {"parent": "Inbox summaries", "title": "Hello"}},
        ],
        "layout": {"pins": {"mail": pinned}},
    }
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{id}.json").write_text(json.dumps(content))


async def test_values_are_found_while_a_person_types(studio: Studio, page: Page, complaints: Complaints) -> None:
    save_with_pins(studio, "typed")
    await page.goto(f"{studio.url}/builder?id=typed&step=page")
    title = inspector(page).get_by_label("Title", exact=True)
    options = page.get_by_role("listbox", name="What can stand here")

    await title.fill("")
    await page.keyboard.type("Dear {{")
    await expect(options.get_by_role("option", name=re.compile("steps.mail"))).to_be_visible()
    await page.keyboard.type("sender")
    await expect(options.get_by_role("option", selected=True)).to_contain_text("steps.mail.messages[0].sender_name")
    await page.keyboard.press("Enter")
    await expect(title).to_have_value("Dear {{ steps.mail.messages[0].sender_name }}")
    await expect(inspector(page)).to_contain_text("= Dear Ann")

    await page.keyboard.type(".up")  # behind a value stands what can be made of it
    await expect(options.get_by_role("option", selected=True)).to_contain_text("| upper")
    await page.keyboard.press("Tab")
    await expect(inspector(page)).to_contain_text("= Dear ANN")
    await page.keyboard.type(" }}, {{ x")  # braces that are there already are typed over
    await expect(title).to_have_value("Dear {{ steps.mail.messages[0].sender_name | upper  }}, {{ x }}")
    await expect(inspector(page)).to_contain_text("'x' is not defined")

    await title.fill("")
    sentence = "While somebody types, the page says what it knows, again and again."
    await page.keyboard.type(sentence, delay=30)
    await expect(title).to_have_value(sentence)
    await expect(title).to_be_focused()
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    assert complaints.lines == []


async def test_values_are_inserted_from_a_tree_where_the_cursor_is(
    studio: Studio, page: Page, complaints: Complaints
) -> None:
    save_with_pins(studio, "inserted")
    await page.goto(f"{studio.url}/builder?id=inserted&step=page")
    title = inspector(page).get_by_label("Title", exact=True)
    tree = page.get_by_role("tree", name="What can be inserted")

    await title.press("Home")
    await title.press("ArrowRight")
    await inspector(page).get_by_role("button", name="Insert a value: Title").click()
    await tree.get_by_role("treeitem", name="Mail").click()
    await tree.get_by_role("treeitem", name=re.compile("count")).click()
    await expect(title).to_have_value("H{{ steps.mail.count }}ello")
    await expect(inspector(page)).to_contain_text("= H2ello")

    content = inspector(page).get_by_label("Content", exact=True)
    await content.click()  # the tree follows to the field that a person is in
    await expect(page.get_by_role("dialog", name="Values to insert")).to_contain_text("Insert into Content")
    await tree.get_by_role("treeitem", name=re.compile("messages")).focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown"):
        await page.keyboard.press(key)
    await expect(tree.get_by_role("treeitem", name=re.compile("text"))).to_contain_text("<img src=x")
    await page.keyboard.press("Enter")
    await expect(content).to_have_value("{{ steps.mail.messages[0].text }}")
    await expect(content).to_be_focused()
    await expect(tree).to_be_hidden()
    await expect(inspector(page)).to_contain_text("= <img src=x onerror=")

    await content.fill("")
    await page.keyboard.type("{{ cou")
    await page.get_by_role("option", name=re.compile("steps.mail.count")).click()
    await expect(content).to_have_value("{{ steps.mail.count }}")
    await expect(content).to_be_focused()
    await content.fill(EVIL)
    await expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    assert "run" not in await page.title()
    assert complaints.lines == []


async def test_a_mistake_leads_to_its_step_and_is_mended(studio: Studio, page: Page) -> None:
    await begin(page, studio, "Mend me")
    await add(page, "gmail search", "Search mail")
    await add(page, "set values", "Set values")
    await fill(page, "Name", "Count them")
    await fill(page, "Values", "{{ steps.serch_mail.count }}")
    problem = page.get_by_role("button", name=re.compile("step 'set_values'"))
    await expect(problem).to_be_visible()
    await expect(page.get_by_text(re.compile("nearest is 'search_mail'"))).to_be_visible()
    await expect(page.get_by_role("button", name="Run")).to_be_disabled()

    await page.locator(".react-flow__node[data-id='search_mail']").click()
    await expect(inspector(page)).to_contain_text("search_mail")
    await problem.click()
    await expect(inspector(page)).to_contain_text("set_values")
    await fill(page, "Values", '{{ {"n": steps.search_mail.count} }}')
    await expect(page.get_by_text("No problems: it can run.")).to_be_visible()


async def test_a_version_is_compared_restored_and_a_run_gone_back_to(studio: Studio, page: Page) -> None:
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    step = {"id": "mail", "uses": "gmail.search_messages", "with": {"query": "is:unread", "limit": 3}}
    content = {
        "format": 1,
        "id": "versions",
        "name": "Versions",
        "steps": [step],
        "output": {"n": "{{ steps.mail.count }}"},
    }
    (folder / "versions.json").write_text(json.dumps(content))
    await page.goto(f"{studio.url}/builder?id=versions")
    await page.locator(".react-flow__node[data-id='mail']").click()
    await fill(page, "At most", "1")
    await expect(page.get_by_text("Draft, kept")).to_be_visible()
    await publish(page, "Only one")

    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_text("Succeeded").first).to_be_visible()
    await drawn(page)
    await page.get_by_text("Run again from here").click()
    await expect(page.get_by_role("button", name="This step alone")).to_be_visible()
    await drawn(page)
    await page.get_by_label("At most").fill("2")
    await page.get_by_label("At most").press("Tab")
    await page.get_by_role("button", name="This step alone").click()
    await expect(page.get_by_role("link", name="It goes on from an earlier run")).to_be_visible()

    await page.goto(f"{studio.url}/builder?id=versions&view=history")
    await expect(page.get_by_text("with.limit")).to_be_visible()
    await page.get_by_text(re.compile("^Version 1$")).first.click()
    await page.get_by_role("button", name="Restore this version").click()
    await expect(page.get_by_text("Version 3 is published")).to_be_visible()
    assert published(studio, "versions")["steps"][0]["with"]["limit"] == 3


async def test_steps_are_added_by_clicks_alone_each_at_the_port_it_follows(studio: Studio, page: Page) -> None:
    await begin(page, studio, "By clicks")
    ports = page.locator(".react-flow__handle.source")
    steps = page.get_by_role("combobox", name="Search steps")

    await page.get_by_role("button", name="Add the first step").click()
    await page.get_by_role("option", name="Branch", exact=True).click()
    await expect(inspector(page)).to_contain_text("Branch", timeout=WAITS)
    await ports.and_(page.locator("[data-handleid='way:no']")).click()
    await expect(page.locator(".where")).to_contain_text("Goes after “Branch” (no)")
    await expect(steps).to_be_focused()
    await page.get_by_role("option", name="Wait", exact=True).click()
    await expect(inspector(page)).to_contain_text("wait", timeout=WAITS)
    await ports.and_(page.locator("[data-nodeid='wait'][data-handleid='out']")).click()
    await expect(page.locator(".where")).to_contain_text("Goes after “Wait”")
    await page.get_by_role("option", name="Set values", exact=True).click()
    await expect(inspector(page)).to_contain_text("set_values", timeout=WAITS)

    await page.get_by_text("JSON", exact=True).click()
    text = page.get_by_role("textbox", name="The workflow as JSON")
    await expect(text).to_contain_text('"branch.no"')
    await expect(text).to_contain_text('"wait"')
