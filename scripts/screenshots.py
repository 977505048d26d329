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


def waits(studio: Studio, id: str, *, preview: bool) -> str:
    """Start a run that comes to a question; its id."""
    started = ask(studio, f"/workflows/{id}/runs", {"preview": preview})["run_id"]
    deadline = time.monotonic() + 300
    while ask(studio, f"/runs/{started}")["summary"]["status"] != "waiting":
        if time.monotonic() > deadline:
            raise SystemExit(f"The run of {id} did not come to its question.")
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


def subjects(runs: dict[str, dict[str, Any]], preview: str, asking: str | None) -> list[Subject]:
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
        *([Subject("asking", f"/runs?id={asking}")] if asking else []),
    ]


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
    await page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
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


async def main(folder: Path | None) -> None:
    with tempfile.TemporaryDirectory() as work:
        studio = Studio.start(Path(work) / "home")
        try:
            runs = run_everything(studio)
            preview, asking = waits(studio, STAR, preview=True), None
            if folder is not None:
                (studio.home / "workflows").mkdir(parents=True, exist_ok=True)
                (studio.home / "workflows" / "release_note.json").write_text(json.dumps(ASKING))
                asking = waits(studio, "release_note", preview=False)
            found = subjects(runs, preview, asking)
            async with launch() as browser:
                for subject, size, scheme, file in pictures(found, folder):
                    await take(browser, studio, subject, size, scheme, file)
                    print(file)
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
