"""Text from outside is shown as text, on every page: it runs nothing, fetches nothing and makes no element of its own,
however it is written and however long it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from playwright.async_api import Dialog, Page, Request, ViewportSize

from scripts.browser import launch
from scripts.studio import Studio
from tests.journeys.hands import drawn
from tests.journeys.hostile import ACCOUNT, LONG, NOBODY, Hostile, plant, said, seen

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

PATIENCE = 150
"""Looks, five a second, until a page must say what it has to."""

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}

ALL = """() => {
  const found = [];
  const walk = root => {
    for (const e of root.querySelectorAll("*")) { found.push(e); if (e.shadowRoot) walk(e.shadowRoot); }
  };
  walk(document);
  return found;
}"""
"""Every element, those inside components too."""

TEXT = """() => {
  const of = node => {
    let text = ["INPUT", "TEXTAREA"].includes(node.tagName) ? ` ${node.value} ` : "";
    if (node.shadowRoot) text += of(node.shadowRoot);
    for (const child of node.childNodes)
      if (child.nodeType === Node.TEXT_NODE) text += child.data;
      else if (child.nodeType === Node.ELEMENT_NODE && !["STYLE", "SCRIPT"].includes(child.tagName))
        text += of(child) + " ";
    return text;
  };
  return of(document.body).replace(/[\\u2060\\u202a-\\u202e\\u2066-\\u2069]/g, "").replace(/\\s+/g, " ");
}"""
"""All that can be read on the page, on one line, without signs that cannot be seen."""

WRONG = f"""() => {{
  const wrong = window.ran === undefined ? [] : ["a script ran"];
  const icons = ["skull"];
  for (const e of ({ALL})()) {{
    const told = e.outerHTML.slice(0, 160);
    const link = e.tagName === "A" ? (e.getAttribute("href") || "") : "";
    if ([...e.attributes].some(a => a.name.startsWith("on"))) wrong.push("a handler: " + told);
    if (/^\\s*(javascript|data|vbscript):/i.test(link)) wrong.push("a link that runs: " + told);
    if (link.includes("evil.example") && !e.closest(".pb-prose")) wrong.push("a link out: " + told);
    if (e.tagName === "IMG" && e.src && !e.src.startsWith("data:") && !e.src.startsWith(location.origin))
      wrong.push("a picture: " + told);
    if (e.tagName === "IMG" && e.getAttribute("src") === "x") wrong.push("a picture: " + told);
    if (e.tagName === "IMG" && e.closest("p")) wrong.push("a logo in a text: " + told);
    if (e.classList.contains("katex")) wrong.push("a formula: " + told);
    if (e.dataset.testid === "stIconMaterial" && icons.includes(e.innerText.trim())) wrong.push("an icon: " + told);
    if (/^H[1-6]$/.test(e.tagName) && e.offsetHeight > 240) wrong.push("a heading without end: " + told);
  }}
  return wrong;
}}"""
"""What bad text must never become."""

STYLED = """() => {
  const heading = document.querySelector('[data-testid="stHeading"] :is(h1, h2, h3)');
  return heading === null || getComputedStyle(heading).webkitLineClamp === "3";
}"""
"""Our style has arrived. The browser may load what draws it after what it is for."""

TOO_WIDE = """() => {
  const main = document.querySelector('[data-testid="stMain"]');
  return main.scrollWidth > main.clientWidth + 1;
}"""


@dataclass
class Visit:
    """A browser that goes through the pages, and what was wrong on them."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: exception {error}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"{self.page.url}: a dialog")
        await dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.wrong.append(f"{self.page.url}: fetched {request.url}")

    async def open(self, path: str, *wanted: str) -> None:
        """Go there, wait until all that is wanted can be read there as it is, and look for what is wrong."""
        await self.page.goto(self.url + path)
        await self.look(*wanted)

    async def look(self, *wanted: str) -> None:
        await self.reads(*wanted)
        await drawn(self.page)
        await self.page.wait_for_function(STYLED)
        self.wrong += [f"{self.page.url}: {one}" for one in await self.page.evaluate(WRONG)]
        for size in (PHONE, DESK):
            await self.page.set_viewport_size(size)
            if await self.page.evaluate(TOO_WIDE):
                self.wrong.append(f"{self.page.url}: wider than the window of {size['width']} pixels")

    async def reads(self, *wanted: str) -> None:
        missing, text = [*wanted], ""
        for _ in range(PATIENCE):
            text = await self.page.evaluate(TEXT)
            missing = [one for one in wanted if one not in text]
            if not missing:
                return
            await asyncio.sleep(0.2)
        for one in missing:
            named = text.find(one.split("<")[0])
            instead = text[named : named + len(one)] if named >= 0 else "nothing of it"
            self.wrong.append(f"{self.page.url} does not say {one}, but {instead}")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, Hostile]]:
    home = tmp_path_factory.mktemp("hostile") / "home"
    hostile = plant(home)
    studio = Studio.start(home)
    yield studio, hostile
    studio.stop()


@pytest.fixture
async def visit(planted: tuple[Studio, Hostile]) -> AsyncIterator[Visit]:
    async with launch() as browser:
        page = await browser.new_page(viewport=DESK)
        yield Visit(page, planted[0].url)


def all_of(*wheres: str) -> tuple[str, ...]:
    """The bad texts of these fields, whole."""
    return tuple(seen(said(where)) for where in wheres)


def begins(*wheres: str) -> tuple[str, ...]:
    """As much of them as stands where texts are cut."""
    return tuple(seen(said(where))[:45] for where in wheres)


LISTS: Mapping[str, tuple[str, ...]] = {
    "/": all_of("asks name", "writes name", "input", "step approve"),
    "/workflows": (*all_of("writes name", "changed", "fails name"), LONG),
    "/builder": all_of("writes name"),
    "/templates": (*all_of("template name", "template description", "template tag"), LONG),
    "/runs": (*all_of("writes name", "asks name"), LONG),
    "/accounts": (ACCOUNT,),
    "/map": all_of("writes name"),
}

ONE: Mapping[str, tuple[str, ...]] = {
    "/workflows?id=writes": all_of("writes name", "changed", "input title", "step mail"),
    "/workflows?id=lengthy": (LONG,),
    "/builder?id=writes&step=mail": all_of("writes name", "step mail", "note on the canvas"),
    f"/builder?id=draft&step={quote(said('step id'))}": (*all_of("draft name"), *begins("action")),
    "/builder?id=draft&view=settings": all_of("draft name", "tag", "input title", "input id", "output value"),
    "/builder?id=writes&view=json": ("writes name",),
    "/builder?id=writes&view=history": (*all_of("by", "note"), "<i>label</i> :red[label] **label**"),
    "/builder?id=lengthy&step=long": (LONG,),
    "/templates?id=evil": all_of("template name", "example", "example value", "variable title", "user text"),
    "/templates?id=evil&view=try": all_of("template name", "example value"),
    "/templates?id=evil&view=cases": begins("case", "expected"),
    "/templates?id=evil&view=history": all_of("by", "note"),
    "/templates?id=long": (LONG,),
    f"/accounts?change=telegram&name={quote(ACCOUNT)}": (ACCOUNT,),
}

WRITTEN: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "Mail": ("Sent", "input:", all_of("input")),
    "Pages": ("", "input:", all_of("input")),
    "Telegram": ("", "Sam Rivera", all_of("input")),
}
"""For a section of the practice services: the tab and the link that lead to what was written there."""

NOWHERE = ("runs?id", "workflows?id", "builder?id", "templates?id", "gallery?id", "accounts?add")

SEARCHED = (
    *("accounts?consent", "accounts?change=telegram&name", "practice?mail", "practice?repository", "gallery?find"),
    *("gallery?purpose", "workflows?find", "templates?find", "runs?text", "runs?status"),
)


async def test_every_list_and_every_page_of_one_thing(visit: Visit) -> None:
    for path, wanted in {**LISTS, **ONE}.items():
        await visit.open(path, *wanted)
    assert visit.wrong == [], "\n".join(visit.wrong)


async def test_every_run_and_each_of_its_steps(visit: Visit, planted: tuple[Studio, Hostile]) -> None:
    runs = planted[1].runs
    steps = all_of("writes name", "step mail", "step again")
    for path, wanted in {
        f"/runs?id={runs['writes']}&step=again": (*steps, *all_of("input")),
        f"/runs?id={runs['writes']}&step=found": steps,
        f"/runs?id={runs['fails']}": all_of("fails name", "step stop", "input"),
        f"/runs?id={runs['asks']}": all_of("asks name", "step approve", "step answer", "input"),
        f"/runs?id={runs['answered']}&step=approve": (*all_of("asks name"), *begins("comment", "who")),
        f"/runs?id={runs['preview']}": (*all_of("writes name", "input"), "Approve and send"),
        f"/runs?id={runs['lengthy']}": (LONG,),
    }.items():
        await visit.open(path, *wanted)
    assert visit.wrong == [], "\n".join(visit.wrong)


async def test_what_runs_wrote_to_the_practice_services(visit: Visit) -> None:
    page = visit.page
    for section, (tab, name, wanted) in WRITTEN.items():
        await visit.open(f"/practice?section={section}", *begins("input"))
        if tab:
            await page.get_by_role("tab", name=tab).click()
        await page.get_by_test_id("stMain").get_by_role("link", name=name).first.click()
        await visit.look(*wanted)
    assert visit.wrong == [], "\n".join(visit.wrong)


async def test_what_an_address_asks_for_and_is_not_there(visit: Visit) -> None:
    for place in NOWHERE:
        await visit.open(f"/{place}={quote(NOBODY)}", NOBODY)
    for place in SEARCHED:
        await visit.open(f"/{place}={quote(NOBODY)}")
    assert visit.wrong == [], "\n".join(visit.wrong)


async def test_a_bundle_is_looked_at_and_imported(visit: Visit, planted: tuple[Studio, Hostile]) -> None:
    await visit.open("/workflows", *all_of("writes name"))
    await visit.page.get_by_role("button", name="Import").click()
    await visit.page.locator("input[type=file]").set_input_files(planted[1].bundle)
    await visit.look(*all_of("imported name", "imported description", "template name"))
    await visit.page.get_by_role("button", name="Import", exact=True).last.click()
    await visit.page.wait_for_url("**/workflows?id=imported")
    await visit.look(*all_of("imported name", "imported description", "step one"))
    assert visit.wrong == [], "\n".join(visit.wrong)
