"""A workflow is handed on: exported with all that it uses, looked at and imported in somebody else's studio, and run
there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.journeys.hands import HANDS, drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Somebody else's studio."""
    running = Studio.start(tmp_path_factory.mktemp("another") / "home")
    yield running
    running.stop()


def save(studio: Studio, name: str) -> None:
    """A workflow that is this studio's own, and a template that it uses."""
    template = {"format": 1, "id": f"words_{name}", "name": f"Words {name}", "user": "Dear {{ who }}"}
    step = {"template": f"words_{name}", "variables": {"who": "{{ inputs.who }}"}}
    workflow = {
        "format": 1,
        "id": f"greet_{name}",
        "name": f"Greet by {name}",
        "description": "Writes a greeting.",
        "inputs": {"who": {"title": "Whom", "default": "Ana"}},
        "steps": [{"id": "words", "uses": "data.render", "with": step}],
        "output": {"text": "{{ steps.words.text }}"},
    }
    for kind, content in (("templates", template), ("workflows", workflow)):
        folder = studio.home / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{content['id']}.json").write_text(json.dumps(content), "utf-8")


@pytest.mark.parametrize("hand", HANDS)
async def test_a_workflow_goes_from_one_studio_to_another(
    hand: str, studio: Studio, another: Studio, page: Page, complaints: Complaints, tmp_path: Path
) -> None:
    press, main = HANDS[hand], page.get_by_test_id("stMain")
    save(studio, hand)
    await page.goto(studio.url)
    await press(page, page.get_by_test_id("stSidebar").get_by_role("link", name="Workflows"))
    await main.get_by_role("searchbox").fill(f"greet by {hand}")
    await expect(main.get_by_role("link", name="Open")).to_have_count(1)
    await drawn(page)
    await press(page, main.locator(f".st-key-card-greet_{hand}").get_by_role("link", name="Open"))
    async with page.expect_download() as exported:
        await press(page, main.get_by_role("button", name="Export with templates"))
    file = tmp_path / (await exported.value).suggested_filename
    await (await exported.value).save_as(file)

    await page.goto(another.url)
    await press(page, page.get_by_test_id("stSidebar").get_by_role("link", name="Workflows"))
    await press(page, main.get_by_role("button", name="Import"))
    popover = page.get_by_test_id("stPopoverBody")
    async with page.expect_file_chooser() as chosen:
        await press(page, popover.get_by_test_id("stFileUploaderDropzone").locator("button"))
    await (await chosen.value).set_files(file)
    await expect(popover).to_contain_text(f"Template Words {hand}")
    await expect(popover).to_contain_text("Changes: nothing outside")
    await press(page, popover.get_by_role("button", name="Import", exact=True))

    await expect(main.get_by_role("heading", name=f"Greet by {hand}")).to_be_visible()
    await press(page, main.get_by_role("button", name="Run", exact=True))
    await expect(main.get_by_text("Dear Ana").first).to_be_visible()
    imported = json.loads((another.home / "templates" / f"words_{hand}.json").read_text("utf-8"))
    assert imported["user"] == "Dear {{ who }}"
    assert complaints.lines == []
