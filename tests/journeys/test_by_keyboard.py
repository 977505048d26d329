"""'Email to Notion summary' is built from an empty canvas without a mouse: broken, mended, looked at and approved."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Locator, Page, expect

from scripts.studio import Studio
from studio.builder.inspector import PARTS
from tests.conftest import Complaints
from tests.journeys.hands import by_keyboard, has_focus, reach

pytestmark = [pytest.mark.long, pytest.mark.timeout(500)]

A_RUN = 200_000
"""Milliseconds that a run on the practice model may take on a slow machine."""


def inspector(page: Page) -> Locator:
    return page.locator(".st-key-inspector")


async def add(page: Page, words: str, title: str) -> None:
    """Search in the palette, and Enter."""
    await by_keyboard(page, page.get_by_role("button", name="Add a step").first)
    await expect(page.get_by_role("combobox", name="Search steps")).to_be_focused()
    await page.keyboard.type(words)
    await page.keyboard.press("Enter")
    await expect(inspector(page)).to_contain_text(title)


async def write(page: Page, label: str, text: str) -> None:
    """In place of what stands in a field."""
    await reach(page, inspector(page).get_by_label(label, exact=True).last)
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)
    await page.keyboard.press("Tab")


async def choose(page: Page, label: str, option: str) -> None:
    await reach(page, inspector(page).get_by_role("combobox", name=label))
    await page.keyboard.type(option)
    await page.keyboard.press("Enter")


async def part(page: Page, name: str) -> None:
    """Another part of the inspector: Tab leads to the three, the arrows from one to the next."""
    parts = inspector(page).get_by_role("radiogroup", name="Part")
    chosen = parts.get_by_role("radio", name=name)
    await reach(page, parts)
    for _ in PARTS:
        await page.keyboard.press("ArrowLeft")
    for _ in PARTS:
        if not await has_focus(chosen):
            await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(chosen).to_be_checked()


async def test_a_workflow_is_built_broken_mended_and_approved(
    studio: Studio, page: Page, complaints: Complaints
) -> None:
    await page.goto(studio.url)
    await by_keyboard(page, page.get_by_test_id("stSidebar").get_by_role("link", name="Builder"))
    await reach(page, page.get_by_label("A new workflow"))
    await page.keyboard.type("Mail by hand")
    await page.keyboard.press("Enter")

    await add(page, "gmail search", "Search mail")
    await write(page, "At most", "1")
    await add(page, "ask a model", "Ask a model")
    await choose(page, "Prompt template", "Email summary")
    await write(page, "Variables", '{"text": "{{ item.text }}"}')
    await part(page, "Settings")
    await write(page, "Once for each of", "{{ steps.serch_mail.messages }}")

    problem = page.get_by_role("button", name=re.compile("step 'ask_a_model'"))
    await expect(page.get_by_text(re.compile("nearest is 'search_mail'"))).to_be_visible()
    await expect(page.get_by_role("button", name="Preview")).to_be_disabled()

    await add(page, "create a page", "Create a page")
    await part(page, "Setup")
    await choose(page, "Where", "Inbox summaries")
    await write(page, "Title", "By keyboard alone")
    await write(page, "Content", "{{ steps.ask_a_model[0].text }}")
    await by_keyboard(page, problem)
    await expect(inspector(page)).to_contain_text("ask_a_model")
    await part(page, "Settings")
    await write(page, "Once for each of", "{{ steps.search_mail.messages }}")
    await expect(page.get_by_text("No problems: it can run.")).to_be_visible()

    await by_keyboard(page, page.get_by_role("button", name="Publish"))
    await by_keyboard(page, page.locator(".st-key-publish-now").get_by_role("button"))
    await expect(page.get_by_text("Version 1 is published")).to_be_visible()
    made = json.loads((studio.home / "workflows" / "mail_by_hand.json").read_text("utf-8"))
    uses = [step["uses"] for step in made["steps"]]
    assert uses == ["gmail.search_messages", "ai.generate", "notion.create_page"]

    await by_keyboard(page, page.get_by_role("button", name="Preview"))
    await expect(page.get_by_role("button", name="Approve and send")).to_be_visible(timeout=A_RUN)
    await expect(page.locator(".st-key-preview")).to_contain_text("By keyboard alone")
    await by_keyboard(page, page.get_by_role("button", name="Approve and send"))
    await expect(page.get_by_role("heading", name="What it did")).to_be_visible()
    assert complaints.lines == []
