"""Every page, light and dark, looked over by axe-core: nothing that keeps a person out, or hinders them much."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from scripts.studio import Studio
from tests.journeys.hands import drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

PAGES = {
    "home": "/",
    "gallery": "/gallery",
    "workflows": "/workflows",
    "a workflow": "/workflows?id=email_to_notion",
    "builder": "/builder?id=email_to_notion",
    "builder, text": "/builder?id=email_to_notion&view=json",
    "builder, forms": "/builder?id=email_to_notion&view=settings",
    "builder, history": "/builder?id=email_to_notion&view=history",
    "builder, tests": "/builder?id=email_to_notion&view=tests",
    "builder, triggers": "/builder?id=every_trigger&view=triggers",
    "templates": "/templates",
    "a template": "/templates?id=email_summary",
    "runs": "/runs",
    "accounts": "/accounts",
    "practice": "/practice",
    "map": "/map",
}

TRIGGERS = {
    "format": 1,
    "id": "every_trigger",
    "inputs": {"sender": {"title": "From whom", "default": "anybody"}},
    "steps": [{"id": "mail", "uses": "gmail.search_messages", "with": {"query": "{{ inputs.sender }}"}}],
    "triggers": {
        "schedule": {"type": "schedule", "cron": "0 8 * * 1-5", "timezone": "Europe/Rome"},
        "hook": {"type": "webhook", "signed_by": "webhook", "with": {"sender": "{{ trigger.body.name }}"}},
        "poll": {
            "type": "poll",
            "ask": {"uses": "gmail.search_messages"},
            "items": "{{ result.messages[0].labels }}",
            "identity": "{{ item.id }}",
        },
    },
}
"""A workflow with each kind of trigger."""

A_RUN = 200_000
"""Milliseconds that the embedded model may take for a few mails, on a machine that does much else."""

Show = Callable[[Page], Awaitable[None]]


async def settings(page: Page) -> None:
    await page.locator(".st-key-inspector").get_by_text("Settings", exact=True).click()
    await page.get_by_label("When it fails").wait_for()


async def trial(page: Page) -> None:
    await page.locator(".st-key-inspector").get_by_text("Test", exact=True).click()
    await page.get_by_role("button", name="Test step").click()
    await page.get_by_role("link", name="Open the run").wait_for()
    await expect(page.get_by_text("It is running.")).to_have_count(0, timeout=A_RUN)
    await page.mouse.move(0, 0)  # what a button says under the mouse stands in the way


async def values_to_insert(page: Page) -> None:
    await page.locator(".st-key-inspector").get_by_text("Setup", exact=True).click()
    await page.get_by_role("button", name=re.compile("Insert a value")).first.click()
    await page.get_by_role("searchbox", name="Find a value").wait_for()


async def palette(page: Page) -> None:
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Add a step").first.click()
    await page.get_by_role("combobox", name="Search steps").wait_for()


OPENED: dict[str, Show] = {
    "settings of a step": settings,
    "trial of it": trial,
    "values": values_to_insert,
    "palette": palette,
}
"""What is opened in the Builder, one after the other."""

EDITED = ".cm-scroller"
"""An editor scrolls, and what is edited in it has the focus: axe does not see that through its shadow root."""


async def wrong(page: Page, name: str) -> list[str]:
    """What axe finds that is serious or critical."""
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(1500)
    await drawn(page)
    await expect(page.locator("[data-stale=true]")).to_have_count(0)  # what is old is dim
    found: list[str] = []
    results = await Axe().run(page, options={"resultTypes": ["violations"]})
    for violation in results.response["violations"]:
        places = [str(node["target"]) for node in violation["nodes"]]
        if violation["id"] == "scrollable-region-focusable":
            places = [place for place in places if EDITED not in place]
        if places and violation["impact"] in ("serious", "critical"):
            found.append(f"{name}: {violation['id']} ({violation['impact']}): {places[:4]}")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_keeps_anybody_out(studio: Studio, page: Page, scheme: str) -> None:
    found: list[str] = []
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "every_trigger.json").write_text(json.dumps(TRIGGERS))
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for name, path in PAGES.items():
        await page.goto(studio.url + path)
        await expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible(timeout=30_000)
        found += await wrong(page, name)
    await page.goto(f"{studio.url}/builder?id=email_to_notion&step=summary")
    for name, show in OPENED.items():
        await show(page)
        found += await wrong(page, name)
    assert found == [], "\n".join(found)
