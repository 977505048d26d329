"""A page that is opened by its own address: nothing is asked for in vain, and nothing twice."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, Response

from scripts.studio import Studio
from tests.conftest import Complaints

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


async def test_the_builder_at_its_own_address(studio: Studio, page: Page, complaints: Complaints) -> None:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    await page.goto(f"{studio.url}/builder?id=email_to_notion")
    await page.locator(".react-flow__node").first.wait_for(timeout=60_000)

    asked = [answer.url for answer in answers if answer.url.startswith("http")]
    assert complaints.lines == []
    assert len(asked) == len(set(asked))
    assert not any("editor" in url for url in asked), "the editor of the JSON view is loaded when that is opened"
    scripts = [answer for answer in answers if "/static/js/" in answer.url]
    assert {answer.headers.get("content-encoding") for answer in scripts} == {"gzip"}
