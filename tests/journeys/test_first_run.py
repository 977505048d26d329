"""The first minutes of a new person: open the studio, run a workflow on practice accounts, look at what it made."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from scripts.browser import first_paint
from scripts.studio import ROOT, Studio, command_line
from tests.conftest import Complaints

WORKFLOW = "Email to Notion summary"
A_RUN = 200_000
"""Milliseconds that a run on the practice model may take on a slow machine."""

pytestmark = pytest.mark.timeout(400)


async def press_run(page: Page) -> str:
    """Press Run on the workflow's card on Home; the id of the run whose page opens."""
    card = page.get_by_test_id("stVerticalBlock").filter(has_text=WORKFLOW).filter(has=page.get_by_role("button"))
    await card.last.get_by_role("button", name="Run").click()
    await page.wait_for_url(re.compile(r"/runs\?(.*&)?id="))
    return parse_qs(urlsplit(page.url).query)["id"][0]


def steps(page: Page) -> Locator:
    """The boxes of the run's graph. Each is named after its step, its action and its state."""
    return page.get_by_role("application").locator("[role=button][data-id]")


async def all_turn_green(page: Page) -> int:
    """Wait until every step says that it has succeeded; how many there are."""
    await expect(steps(page)).not_to_have_count(0)
    boxes = await steps(page).all()
    for box in boxes:
        await expect(box).to_have_accessible_name(re.compile("Succeeded"), timeout=A_RUN)
    return len(boxes)


def shown(home: Path, run_id: str) -> dict[str, Any]:
    """What `python -m orchestrator show RUN --json` says."""
    answer = command_line(home, "show", run_id, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


async def test_a_new_person_runs_a_workflow_and_sees_what_it_made(studio: Studio, page: Page) -> None:
    await page.goto(studio.url)
    run_id = await press_run(page)
    await page.evaluate("window.neverReloaded = true")
    await expect(page.get_by_role("application")).to_contain_text(
        "is writing · tiny practice model: expect mistakes", timeout=A_RUN
    )

    count = await all_turn_green(page)
    assert await page.evaluate("window.neverReloaded"), "the page was loaded again while the run was watched"

    run = shown(studio.home, run_id)
    assert run["status"] == "succeeded"
    assert count == len(run["steps"])
    subjects = [message["subject"] for message in run["steps"]["mail"]["output"]["messages"]]
    assert subjects
    loop = steps(page).filter(has_text="Summarise")
    await expect(loop).to_have_accessible_name(re.compile(f"{len(subjects)} of {len(subjects)} items"))

    await page.get_by_role("link", name="Open", exact=True).click()
    await page.wait_for_url(re.compile("/practice"))
    main = page.get_by_test_id("stMain")
    for subject in subjects:
        await expect(main).to_contain_text(subject)


async def test_home_shows_at_once_and_the_browser_complains_of_nothing(
    studio: Studio, page: Page, complaints: Complaints, capsys: pytest.CaptureFixture[str]
) -> None:
    await page.goto(studio.url)
    await expect(page.get_by_role("button", name="Run").first).to_be_visible()

    painted = await first_paint(page)
    with capsys.disabled():
        sys.stdout.write(f"\n  studio ready after {studio.ready:.2f} s, first paint after {painted:.2f} s\n")
    assert painted < 10, "a person stares at an empty page"

    for name in ("Workflows", "Templates", "Runs", "Practice", "Map", "Home"):
        await page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
        await expect(page.get_by_test_id("stMain").get_by_role("heading", level=1)).to_be_visible()
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_test_id("stException")).to_have_count(0)
    assert complaints.lines == []


def keep_it_short(home: Path) -> None:
    """The same workflow on two mails: enough to be interrupted between them."""
    content = json.loads((ROOT / "workflows" / "email_to_notion.json").read_text())
    content["inputs"]["limit"]["default"] = 2
    (home / "workflows").mkdir(parents=True)
    (home / "workflows" / "email_to_notion.json").write_text(json.dumps(content))


@pytest.mark.long
async def test_a_run_survives_kill_9_and_goes_on_where_it_was(tmp_path: Path, page: Page) -> None:
    home = tmp_path / "home"
    keep_it_short(home)
    studio = Studio.start(home)
    try:
        await page.goto(studio.url)
        run_id = await press_run(page)
        await expect(steps(page).nth(1)).to_have_accessible_name(re.compile("Running"), timeout=A_RUN)
    finally:
        studio.kill()
    before = shown(home, run_id)
    assert before["status"] == "running"
    recorded = {id: step for id, step in before["steps"].items() if step["status"] == "succeeded"}
    assert recorded, "nothing was recorded yet: the test was too quick"

    again = Studio.start(home)
    try:
        await page.goto(f"{again.url}/runs?id={run_id}")
        await all_turn_green(page)
        after = shown(home, run_id)
    finally:
        again.stop()
    assert after["status"] == "succeeded"
    assert {id: after["steps"][id] for id in recorded} == recorded, "a recorded step was done again"
    assert [effect["action"] for effect in after["effects"]] == ["notion.create_page"], (
        "a page was made twice, or never"
    )
