"""Somebody changes a template, compares two models, checks the change by a case, publishes it, and goes back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from scripts.studio import Studio
from tests.conftest import Complaints
from tests.integrations.model_server import serving
from tests.journeys.hands import drawn

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

WAITS = 30_000
"""Milliseconds that a person is patient for, on a machine that does other things too."""


async def listed(request: Request) -> JSONResponse:
    models = [{"id": name, "object": "model", "created": 1, "owned_by": "us"} for name in ("quiet", "loud")]
    return JSONResponse({"object": "list", "data": models})


async def chat(request: Request) -> StreamingResponse:
    """ "loud" gives the instructions back in capitals, "quiet" as they are."""
    body = await request.json()
    text = body["messages"][0]["content"]
    said = text.upper() if body["model"] == "loud" else text
    head: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    parts = [
        {"choices": [{"index": 0, "delta": {"content": said}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}},
    ]
    lines = [f"data: {json.dumps(head | part)}\n\n" for part in parts]
    return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


@pytest.fixture
def studio_with_models(tmp_path: Path) -> Iterator[Studio]:
    """A studio of its own, that knows a server with two models."""
    app = Starlette(routes=[Route("/v1/models", listed), Route("/v1/chat/completions", chat, methods=["POST"])])
    with serving(app) as url:
        (tmp_path / ".env").write_text(f"PATCHBAY_OPENAI_BASE_URL={url}/v1\nPATCHBAY_OPENAI_MODEL=quiet\n", "utf-8")
        studio = Studio.start(tmp_path / "home")
        yield studio
        studio.stop()


async def test_a_template_is_changed_compared_checked_published_and_had_again(
    studio_with_models: Studio, page: Page, complaints: Complaints
) -> None:
    studio = studio_with_models
    await page.goto(f"{studio.url}/templates")
    await page.get_by_role("searchbox", name="Search").fill("mail sentences")
    card = page.locator(".st-key-card-email_summary")
    await expect(page.locator(".st-key-card-code_review")).to_have_count(0, timeout=WAITS)
    await drawn(page)  # until then the link in the card is still that of the card that stood there before
    await card.get_by_role("link", name="Open").click()

    text = page.get_by_role("textbox", name="System text")
    await text.click(timeout=WAITS)
    await page.keyboard.press("Control+End")
    await page.keyboard.type(" Name the day.")
    await expect(page.get_by_text("Draft, kept")).to_be_visible(timeout=WAITS)
    await page.reload()
    await expect(page.get_by_test_id("stMain")).to_contain_text("person pronouns. Name the day.", timeout=WAITS)

    await drawn(page)
    await page.get_by_role("radio", name="Try").click()
    await page.get_by_role("combobox", name="Models").click()
    await page.get_by_role("option", name="loud").click()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.get_by_text(re.compile("NAME THE DAY"))).to_be_visible(timeout=WAITS)
    await expect(page.get_by_text("10 tokens")).to_have_count(2, timeout=WAITS)

    await page.get_by_role("radio", name="Cases").click()
    await page.get_by_role("button", name="Add a case").click()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("button", name="Expect this")).to_be_visible()
    await expect(page.get_by_role("button", name="Add", exact=True)).to_be_hidden()
    await drawn(page)
    await page.get_by_label("Text", exact=True).fill("name the day")
    await page.get_by_label("Text", exact=True).press("Enter")
    await page.get_by_role("button", name="Expect this").click()
    await expect(page.get_by_text("Contains “name the day”", exact=True)).to_be_visible(timeout=WAITS)
    await page.get_by_role("button", name="Run the cases").click()
    await expect(page.get_by_text("The draft does better than Version 1, 1 of 1 instead of 0")).to_be_visible(
        timeout=WAITS
    )

    await page.get_by_role("button", name="Publish").click()
    await page.get_by_label("What did you change, and why?").fill("It names the day.", timeout=WAITS)
    await page.get_by_label("What did you change, and why?").press("Tab")
    await page.get_by_role("button", name="Publish", exact=True).last.click()
    await expect(page.get_by_text("Version 2 is published")).to_be_visible(timeout=WAITS)
    file = studio.home / "templates" / "email_summary.json"
    saved = json.loads(file.read_text("utf-8"))
    assert saved["system"].endswith(" Name the day.")
    assert saved["cases"][0]["expect"] == [{"kind": "contains", "value": "name the day"}]

    await page.get_by_role("radio", name="History").click()
    await expect(page.locator("ins")).to_contain_text("Name the day.", timeout=WAITS)
    await page.get_by_text("Version 1", exact=True).first.click()
    await page.get_by_role("button", name="Restore this version").click()
    await expect(page.get_by_text("Version 3 is published")).to_be_visible(timeout=WAITS)
    assert not json.loads(file.read_text("utf-8"))["system"].endswith(" Name the day.")
    # Opened by its own address, a page first asks below itself for Streamlit's files, and is told that none are there.
    assert [line for line in complaints.lines if line.startswith("exception")] == []
