"""Looking before it leaps, and answering what a run asks: nothing goes out in a person's name unless they said so."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.journeys.hands import drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def save(studio: Studio, id: str, *steps: dict[str, Any]) -> None:
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    content = {"format": 1, "id": id, "name": f"Try {id}", "steps": steps}
    (folder / f"{id}.json").write_text(json.dumps(content))


def makes(title: str, **more: Any) -> dict[str, Any]:
    """A step that makes a page in Notion."""
    content = {"parent": "Inbox summaries", "title": title, "markdown": "From a test."}
    return {"id": "page", "uses": "notion.create_page", "with": content, **more}


async def pages_called(page: Page, studio: Studio, title: str) -> int:
    """How many pages of this title the practice account of Notion holds."""
    await page.goto(f"{studio.url}/practice?section=Pages")
    main = page.get_by_test_id("stMain")
    await expect(main.get_by_role("link").first).to_be_visible()
    await drawn(page)
    return await main.get_by_role("link", name=title, exact=True).count()


async def press_preview(page: Page, studio: Studio, id: str) -> None:
    await page.goto(f"{studio.url}/workflows?id={id}")
    await page.get_by_role("button", name="Preview", exact=True).click()
    await page.wait_for_url(re.compile(r"/runs\?(.*&)?id="))
    await expect(page.get_by_role("button", name="Approve and send")).to_be_visible()


async def test_what_was_looked_at_and_approved_goes_out_once(
    studio: Studio, page: Page, complaints: Complaints
) -> None:
    save(studio, "approved", makes("Approved by a person"))
    await press_preview(page, studio, "approved")
    preview = page.locator(".st-key-preview")
    await expect(preview).to_contain_text("1 write planned, nothing sent yet")
    await expect(preview).to_contain_text("From a test.")
    await expect(page.get_by_role("application").get_by_role("button", name=re.compile("Planned"))).to_be_visible()

    await page.get_by_role("button", name="Approve and send").click()

    await expect(page.get_by_role("heading", name="What it did")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve and send")).to_have_count(0)
    assert complaints.lines == []
    assert await pages_called(page, studio, "Approved by a person") == 1


async def test_what_was_not_approved_never_goes_out(studio: Studio, page: Page, complaints: Complaints) -> None:
    save(studio, "refused", makes("Refused by a person"))
    await press_preview(page, studio, "refused")

    await page.get_by_role("button", name="Do not send").click()

    await expect(page.get_by_test_id("stAlert")).to_contain_text("Nothing was sent.")
    assert complaints.lines == []
    assert await pages_called(page, studio, "Refused by a person") == 0


async def test_an_approval_is_given_on_home(studio: Studio, page: Page, complaints: Complaints) -> None:
    ask = {"id": "ask", "uses": "approve", "with": {"message": "May this page be made?", "show": "From a test."}}
    save(studio, "asking", ask, makes("Made after a yes", needs=["ask"]))
    await page.goto(f"{studio.url}/workflows?id=asking")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    await expect(page.get_by_role("application").get_by_role("button", name=re.compile("Not yet"))).to_be_visible()

    await page.get_by_test_id("stSidebarNav").get_by_role("link", name="Home").click()
    await expect(page.get_by_role("heading", name="Waiting for you")).to_be_visible()
    await drawn(page)
    await expect(page.get_by_text("May this page be made?")).to_be_visible()
    card = page.get_by_test_id("stVerticalBlock").filter(has_text="May this page be made?").last
    await card.get_by_role("button", name="Approve").click()

    await expect(page.get_by_text("Approved: the run goes on.")).to_be_visible()
    await expect(page.get_by_text("May this page be made?")).to_have_count(0)
    await expect(page.get_by_test_id("stMain").get_by_text("Succeeded").first).to_be_visible()
    assert complaints.lines == []
    assert await pages_called(page, studio, "Made after a yes") == 1
