"""Take the pictures of the README and the guide from a real studio that has run every shipped workflow, looked at one
before it was sent, and asks a person.

python -m scripts.screenshots                 the few that the docs show, to docs/images
python -m scripts.screenshots --all FOLDER    every page, wide and narrow, light and dark, to FOLDER
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page

from scripts.browser import launch
from scripts.studio import ROOT, Studio, command_line

IMAGES = ROOT / "docs" / "images"
SHOWN_IN_DOCS = ("home", "builder", "run", "preview", "practice", "template")
LIMIT = 1_500_000
"""Bytes that the pictures in the repository may take together."""

SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
STAR = "email_to_notion"
"""The workflow whose run is shown."""

ASKS_IN_TELEGRAM = "ask_before_sending"
"""It waits until somebody presses a button in a chat."""

ASKING = {
    "format": 1,
    "id": "release_note",
    "name": "Release note",
    "description": "Asks an editor and the budget, then opens an issue.",
    "steps": [
        {
            "id": "editor",
            "uses": "approve",
            "with": {"message": "May this note go out?", "show": "# Version 2\n\nLook before it leaps."},
        },
        {"id": "level", "uses": "wait_for_input", "with": {"message": "How urgent is it?", "choices": ["low", "high"]}},
        {
            "id": "issue",
            "uses": "github.create_issue",
            "needs": ["editor"],
            "with": {"repository": "practice/handbook", "title": "Version 2", "body": "{{ steps.level.value }}"},
        },
    ],
}
"""A workflow that waits for people. It is shown with `--all` only: the docs show what is shipped."""

FAILING = {
    "format": 1,
    "id": "weekly_report",
    "name": "Weekly report to the board",
    "steps": [
        {"id": "mail", "uses": "gmail.search_messages", "name": "Find last week's mail"},
        {"id": "add", "uses": "notion.append", "with": {"page": "https://nowhere.example/x", "markdown": "x"}},
        {"id": "tell", "uses": "telegram.send_message", "with": {"text": "Done: {{ steps.add.url }}"}},
    ],
}
"""A workflow whose run fails at its second step."""

LONG = "A name that somebody wrote without ever coming to an end " * 20
LENGTHY = {
    "format": 1,
    "id": "lengthy",
    "name": LONG,
    "description": LONG,
    "inputs": {"text": {"title": LONG, "description": LONG, "default": LONG.replace(" ", "")}},
    "steps": [{"id": "values", "uses": "set", "name": LONG, "with": {"values": {"text": "{{ inputs.text }}"}}}],
    "output": {"text": "{{ steps.values.values.text }}"},
}
"""A workflow in which everything is too long."""

BROKEN = {"format": 1, "id": "broken", "steps": [{"id": "mail", "uses": "gmial.search", "with": {}}]}
"""A workflow that cannot run."""


@dataclass(frozen=True)
class Subject:
    """A page to take a picture of: the file's name, and the page's path in the studio."""

    name: str
    path: str


def run_everything(studio: Studio) -> dict[str, dict[str, Any]]:
    """Run each shipped workflow once, but the one that asks; the one that is shown last. What `run --json` said."""
    listed = json.loads(said(studio, "list", "--json"))
    ids = sorted((entry["id"] for entry in listed if entry["id"] != ASKS_IN_TELEGRAM), key=lambda id: id == STAR)
    return {id: json.loads(said(studio, "run", id, "--json")) for id in ids}


def comes_to(studio: Studio, id: str, status: str, *, preview: bool = False) -> str:
    """Start a run and wait until it has that status; its id."""
    started = ask(studio, f"/workflows/{id}/runs", {"preview": preview})["run_id"]
    deadline = time.monotonic() + 300
    while (now := ask(studio, f"/runs/{started}")["summary"]["status"]) != status:
        if time.monotonic() > deadline:
            raise SystemExit(f"The run of {id} did not come to be {status}: it is {now}.")
        time.sleep(0.2)
    return started


def ask(studio: Studio, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{studio.url}/api{path}", data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def said(studio: Studio, *arguments: str) -> str:
    answer = command_line(studio.home, *arguments, timeout=300, studio_url=studio.url)
    if answer.returncode != 0:
        raise SystemExit(f"'{' '.join(arguments)}' failed: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout


NEW = {"home": "/", "runs": "/runs", "builder": "/builder"}
"""Pages of a studio that nobody has used yet."""

MORE = {
    "exhibit": "/gallery?id=sort_the_inbox",
    "builder_start": "/builder",
    "builder_text": f"/builder?id={STAR}&view=json",
    "builder_forms": f"/builder?id={STAR}&view=settings",
    "builder_tests": f"/builder?id={STAR}&view=tests",
    "template_try": "/templates?id=email_summary&view=try",
    "template_cases": "/templates?id=email_summary&view=cases",
    "template_history": "/templates?id=email_summary&view=history",
    "accounts": "/accounts",
    "account": "/accounts?add=gmail",
    "practice_pages": "/practice?section=Pages",
    "practice_repositories": "/practice?section=Repositories",
    "practice_chats": "/practice?section=Telegram",
    "practice_trouble": "/practice?section=Trouble",
    "nothing_found": "/workflows?find=nobody",
    "no_such_run": "/runs?id=nobody",
    "broken": "/workflows?id=broken",
    "broken_builder": "/builder?id=broken&step=mail",
    "long": "/workflows?id=lengthy",
    "long_builder": "/builder?id=lengthy&step=values",
}
"""Pages that are looked at and not shown in the docs: the rest of them, errors, and names without end."""


def subjects(runs: dict[str, dict[str, Any]], preview: str) -> list[Subject]:
    """What the docs may show."""
    star = runs[STAR]
    made = star["effects"][0]["link"]
    return [
        Subject("home", "/"),
        Subject("gallery", "/gallery"),
        Subject("workflows", "/workflows"),
        Subject("workflow", f"/workflows?id={STAR}"),
        Subject("builder", f"/builder?id={STAR}&step=summary"),
        Subject("history", f"/builder?id={STAR}&view=history"),
        Subject("templates", "/templates"),
        Subject("template", "/templates?id=email_summary"),
        Subject("runs", "/runs"),
        Subject("run", f"/runs?id={star['run_id']}"),
        Subject("practice_home", "/practice"),
        Subject("practice", made[made.index("/practice") :]),
        Subject("map", "/map"),
        Subject("preview", f"/runs?id={preview}"),
    ]


def others(studio: Studio) -> list[Subject]:
    """What is only looked at: puts workflows that wait, fail or are too long into the studio, and runs them."""
    folder = studio.home / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    for content in (ASKING, FAILING, LENGTHY, BROKEN):
        (folder / f"{content['id']}.json").write_text(json.dumps(content))
    ran = {
        "asking": comes_to(studio, "release_note", "waiting"),
        "failed": comes_to(studio, "weekly_report", "failed"),
        "long_run": comes_to(studio, "lengthy", "succeeded"),
        "busy": comes_to(studio, STAR, "running"),
    }
    found = [Subject(name, f"/runs?id={run}") for name, run in reversed(ran.items())]  # the busy one while it is
    return [*found, *(Subject(*pair) for pair in MORE.items())]


async def take(browser: Browser, studio: Studio, subject: Subject, size: str, scheme: Scheme, file: Path) -> None:
    width, height = SIZES[size]
    page = await browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    await page.goto(studio.url + subject.path)
    await settled(page)
    if size == "narrow":
        # The page scrolls inside itself, so a tall window is the only way to see all of it.
        whole = await page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
        await page.set_viewport_size({"width": width, "height": min(max(whole, height), 4000)})
        await settled(page)
    await page.screenshot(path=file)
    await page.close()


async def settled(page: Page) -> None:
    """Wait until the page is drawn: its script is done, its fonts are there, nothing moves any more."""
    shown = page.get_by_test_id("stMain").get_by_role("heading").or_(page.get_by_test_id("stAlert"))
    await shown.first.wait_for()
    await page.locator('[data-test-script-state="notRunning"]').wait_for(state="attached")
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready")
    await page.wait_for_timeout(600)


def pictures(found: list[Subject], folder: Path | None) -> list[tuple[Subject, str, Scheme, Path]]:
    """What to take: subject, size, scheme, file."""
    if folder is None:
        return [(one, "wide", "light", IMAGES / f"{one.name}.png") for one in found if one.name in SHOWN_IN_DOCS]
    return [
        (one, size, scheme, folder / f"{one.name}-{size}-{scheme}.png")
        for one in found
        for size in SIZES
        for scheme in SCHEMES
    ]


async def take_all(browser: Browser, studio: Studio, found: list[Subject], folder: Path | None) -> None:
    for subject, size, scheme, file in pictures(found, folder):
        await take(browser, studio, subject, size, scheme, file)
        print(file)


async def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as work:
        studio = Studio.start(Path(work) / "home")
        try:
            async with launch() as browser:
                if folder is not None:
                    fresh = [Subject(f"new_{name}", path) for name, path in NEW.items()]
                    await take_all(browser, studio, fresh, folder)
                runs = run_everything(studio)
                await take_all(browser, studio, subjects(runs, comes_to(studio, STAR, "waiting", preview=True)), folder)
                if folder is not None:
                    await take_all(browser, studio, others(studio), folder)
        finally:
            studio.stop()
    total = sum(file.stat().st_size for file in IMAGES.glob("*.png"))
    if total > LIMIT:
        raise SystemExit(f"The pictures in {IMAGES.relative_to(ROOT)} take {total:,} bytes; {LIMIT:,} are allowed.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Take the pictures of the docs.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, size and theme, to this folder")
    chosen: Path | None = parser.parse_args().all
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
        chosen = chosen.resolve()
    asyncio.run(main(chosen))
