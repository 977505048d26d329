"""Somebody builds a workflow from nothing, mends it, tries it out, runs it, and goes back to an earlier version."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints

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


def inspector(page: Page) -> Locator:
    return page.locator(".st-key-inspector")


async def fill(page: Page, label: str, value: str) -> None:
    field = inspector(page).get_by_label(label, exact=True)
    await field.fill(value)
    await field.press("Tab")


async def choose(page: Page, label: str, option: str) -> None:
    """From the list that a field offers."""
    await inspector(page).get_by_role("combobox", name=label).click()
    await page.get_by_role("option", name=option).first.click()


async def insert(page: Page, step: str, param: str, words: str) -> None:
    """With the variable picker of a field: find a value, and click it."""
    row = page.locator(f"[class*='st-key-param-'][class*='-{step}-{param}-insert']").first
    await row.get_by_role("button").first.click()
    await page.get_by_placeholder("Find a value").fill(words)
    found = page.locator("[data-testid='stPopoverBody']").get_by_role("button", name=re.compile(words))
    await found.first.click()
    await expect(inspector(page)).to_contain_text(
        "Its value shows here once 'Search mail' has run", timeout=WAITS
    )  # nothing has run yet
    await page.keyboard.press("Escape")


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
    await insert(page, "create_a_page", "markdown", "count")
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
    await page.get_by_role("button", name="Run again from here").click()
    await page.get_by_label("What it is given").fill('{"query": "is:unread", "limit": 2}')
    await page.get_by_role("button", name="This step alone").click()
    await expect(page.get_by_role("link", name="It goes on from an earlier run")).to_be_visible()

    await page.goto(f"{studio.url}/builder?id=versions&view=history")
    await expect(page.get_by_text("with.limit")).to_be_visible()
    await page.get_by_text(re.compile("^Version 1$")).first.click()
    await page.get_by_role("button", name="Restore this version").click()
    await expect(page.get_by_text("Version 3 is published")).to_be_visible()
    assert published(studio, "versions")["steps"][0]["with"]["limit"] == 3
