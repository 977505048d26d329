"""Every page, light and dark, looked over by axe-core: nothing that keeps a person out, or hinders them much."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from scripts.studio import Studio

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

PAGES = {
    "home": "/",
    "gallery": "/gallery",
    "workflows": "/workflows",
    "a workflow": "/workflows?id=email_to_notion",
    "builder": "/builder?id=email_to_notion",
    "builder, text": "/builder?id=email_to_notion&view=json",
    "builder, forms": "/builder?id=email_to_notion&view=settings",
    "builder, history": "/builder?id=email_to_notion&view=history",
    "templates": "/templates",
    "a template": "/templates?id=email_summary",
    "runs": "/runs",
    "accounts": "/accounts",
    "practice": "/practice",
    "map": "/map",
}

EDITED = ".cm-scroller"
"""An editor scrolls, and what is edited in it has the focus: axe does not see that through its shadow root."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_page_keeps_anybody_out(studio: Studio, page: Page, scheme: str) -> None:
    found: list[str] = []
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for name, path in PAGES.items():
        await page.goto(studio.url + path)
        await expect(page.get_by_test_id("stMain").get_by_role("heading").first).to_be_visible(timeout=30_000)
        await page.wait_for_load_state("networkidle")
        await page.wait_for_timeout(1500)
        results = await Axe().run(page, options={"resultTypes": ["violations"]})
        for violation in results.response["violations"]:
            places = [str(node["target"]) for node in violation["nodes"]]
            if violation["id"] == "scrollable-region-focusable":
                places = [place for place in places if EDITED not in place]
            if places and violation["impact"] in ("serious", "critical"):
                found.append(f"{name}: {violation['id']} ({violation['impact']}): {places[:4]}")
    assert found == [], "\n".join(found)
