"""Somebody lets a workflow run by itself: its triggers are added as forms, switched on, called, and switched off."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.journeys.hands import HANDS, Press

pytestmark = [pytest.mark.long, pytest.mark.timeout(240)]


ON = {"schedule": "It runs next on", "webhook": "Its address", "poll": "It looks next on"}
"""What the form of a trigger says while it is on."""


def save(studio: Studio, id: str) -> None:
    """A workflow that reads the mailbox for whoever is asked for."""
    content = {
        "format": 1,
        "id": id,
        "name": f"Mail of somebody, {id}",
        "inputs": {"sender": {"title": "From whom", "default": "anybody"}},
        "steps": [{"id": "mail", "uses": "gmail.search_messages", "with": {"query": "from:{{ inputs.sender }}"}}],
    }
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{id}.json").write_text(json.dumps(content))


def trigger(page: Page, id: str) -> Locator:
    return page.locator(f".st-key-trigger-{id}")


def call(url: str, body: dict[str, Any]) -> int:
    """What another service does: a request, and nothing of the studio's. Gives the status."""
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


@pytest.mark.parametrize("hand", HANDS)
async def test_a_workflow_runs_by_itself_and_is_stopped_again(
    studio: Studio, page: Page, complaints: Complaints, hand: str
) -> None:
    press: Press = HANDS[hand]
    id = f"by_itself_{hand}"
    save(studio, id)
    await page.goto(f"{studio.url}/builder?id={id}&view=triggers")

    await press(page, page.get_by_role("button", name="At a time"))
    await expect(trigger(page, "schedule")).to_contain_text("On weekdays at 08:00")
    await press(page, page.get_by_role("button", name="When it is called"))
    sender = trigger(page, "webhook").get_by_label("From whom", exact=True)
    await sender.fill("{{ trigger.body.name }}")
    await expect(trigger(page, "webhook")).to_contain_text("= Ann")  # of the example
    await press(page, page.get_by_role("button", name="When something is new"))
    look_at = trigger(page, "poll").get_by_role("combobox", name="Look at")
    await press(page, look_at)
    await page.keyboard.type("Gmail: Search")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(trigger(page, "poll")).to_contain_text("Gmail: Search mail, every 5 minutes")
    await press(page, trigger(page, "poll").get_by_role("button", name="Look now"))
    await expect(trigger(page, "poll")).to_contain_text("items are there now")
    await expect(trigger(page, "poll")).to_contain_text("Publish the workflow to switch this on")

    await press(page, page.get_by_role("button", name="Publish"))
    await press(page, page.locator(".st-key-publish-now").get_by_role("button"))
    await expect(page.get_by_text(re.compile("Version [0-9]+ is published"))).to_be_visible()
    for kind, says in ON.items():
        await turn(page, trigger(page, kind), hand)
        await expect(trigger(page, kind)).to_contain_text(says)

    address = (await trigger(page, "webhook").get_by_test_id("stCode").first.inner_text()).strip()
    assert call(address, {"name": "priya"}) in (200, 201, 202)
    await page.goto(f"{studio.url}/workflows?id={id}")
    await expect(page.get_by_text(re.compile("by its webhook"))).to_be_visible()

    await page.goto(f"{studio.url}/builder?id={id}&view=triggers")
    await expect(trigger(page, "webhook")).to_contain_text("It fired last on")
    for kind, says in ON.items():
        await turn(page, trigger(page, kind), hand)
        await expect(trigger(page, kind)).not_to_contain_text(says)
    assert call(address, {"name": "priya"}) == 404, "what is off does not answer"
    complaints.lines = [line for line in complaints.lines if "/api/hooks/" not in line]
    assert complaints.lines == []


async def turn(page: Page, form: Locator, hand: str) -> None:
    """The switch of a trigger."""
    toggle = form.get_by_role("switch", name="Switched on")
    before = await toggle.is_checked()
    if hand == "mouse":
        await form.get_by_text("Switched on", exact=True).click()
    else:
        await HANDS[hand](page, toggle)
        await page.keyboard.press("Space")
    await expect(toggle).to_be_checked(checked=not before)
