"""The page of a run: its pictures are shown, its files and large outputs are saved, and nothing in them runs."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from playwright.async_api import Locator, Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.journeys.hands import drawn
from tests.journeys.test_previews import save

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]

PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'><script>document.title='ran'</script></svg>"
EVIL = "<img src=x onerror=\"document.title='ran'\">"


def writes(path: str, content: str) -> dict[str, Any]:
    return {"id": path.partition(".")[0], "uses": "files.write", "with": {"path": path, "content": content}}


async def saved(page: Page, button: Locator) -> bytes:
    """The content of the file that a click saves."""
    async with page.expect_download() as started:
        await button.click()
    return await anyio.Path(await (await started.value).path()).read_bytes()


async def test_files_are_shown_and_saved_and_nothing_in_them_runs(
    studio: Studio, page: Page, complaints: Complaints
) -> None:
    large = "{% set row = 'x' * 999 %}{% for n in range(900) %}" + EVIL + "{{ row }}{% endfor %}"
    text = {"id": "large", "name": EVIL, "uses": "set", "with": {"values": {"text": large}}}
    save(studio, "files", writes("chart.svg", PICTURE), writes("page.html", EVIL), {**text, "needs": ["chart", "page"]})
    await page.goto(f"{studio.url}/workflows?id=files")
    await page.get_by_role("button", name="Run", exact=True).click()

    picture = page.get_by_role("img", name="chart.svg").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 20
    assert await saved(page, page.get_by_role("link", name="page.html").first) == EVIL.encode()

    await drawn(page)
    output = page.get_by_role("tabpanel", name="Output")
    await expect(output.get_by_text("Cut, values.text: the first")).to_be_visible()
    whole = json.loads(await saved(page, output.get_by_role("button", name="Download all of it")))
    assert len(whole["values"]["text"]) == 900 * (len(EVIL) + 999)
    assert "ran" not in await page.title()
    assert complaints.lines == []
