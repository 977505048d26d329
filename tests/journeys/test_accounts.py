"""Connecting an account of Google in a real browser: consent at Google's page, and back in the studio."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from integrations.practice.google_oauth import CLIENT_ID, CLIENT_SECRET
from orchestrator.practice import PracticeServer
from scripts.studio import Studio
from tests.conftest import Complaints

pytestmark = [pytest.mark.timeout(180), pytest.mark.long]


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What stands in for Google, on an address of its own."""
    server = PracticeServer(tmp_path_factory.mktemp("google"), "http://studio.test")
    yield server.url
    server.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, google: str) -> Iterator[Studio]:
    """A studio whose Google is the one of these tests."""
    folder = tmp_path_factory.mktemp("studio")
    addresses = {"GOOGLE_OAUTH": "google_oauth", "GMAIL": "gmail", "DRIVE": "drive"}
    lines = [f"PATCHBAY_{name}_BASE_URL={google}/{path}" for name, path in addresses.items()]
    (folder / ".env").write_text("\n".join(lines))
    running = Studio.start(folder / "home")
    yield running
    running.stop()


async def fill_in(page: Page, studio: Studio, service: str) -> None:
    await page.goto(studio.url)
    await page.get_by_test_id("stSidebar").get_by_role("link", name="Accounts").click()
    card = page.get_by_test_id("stVerticalBlock").filter(has=page.get_by_text(service, exact=True)).last
    await card.get_by_role("link", name="Connect").click()
    await page.get_by_role("textbox", name="Client id").first.fill(CLIENT_ID)
    await page.get_by_role("textbox", name="Client secret").first.fill(CLIENT_SECRET)
    await page.get_by_role("button", name="Continue with Google").click()
    await expect(page.get_by_role("link", name="Open Google")).to_be_visible()


async def answer(page: Page, button: str) -> Page:
    """Open Google's page in its own tab, press a button there, and give the tab once it is back in the studio."""
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Open Google").click()
    tab = await opened.value
    await expect(tab.get_by_text("Patchbay wants access to your account")).to_be_visible()
    await tab.get_by_role("button", name=button).click()
    await expect(tab.get_by_role("heading", name="Accounts", exact=True)).to_be_visible()
    return tab


async def test_a_mailbox_is_connected_by_a_click_at_google(studio: Studio, page: Page, complaints: Complaints) -> None:
    await fill_in(page, studio, "Gmail")

    tab = await answer(page, "Allow")

    await expect(tab.get_by_text("'work' works: sam")).to_be_visible()
    await expect(page.get_by_text("'work' works: sam")).to_be_visible()
    card = page.locator(".st-key-account-gmail-work")
    await expect(card).to_contain_text("Works")
    await expect(page.get_by_test_id("stMain")).to_contain_text("Its key ends in 6 days")
    assert CLIENT_SECRET not in await page.content() + await tab.content()
    assert CLIENT_SECRET not in studio.log.read_text()
    assert complaints.lines == []


async def test_whoever_does_not_allow_it_is_told_that_nothing_changed(
    studio: Studio, page: Page, complaints: Complaints
) -> None:
    await fill_in(page, studio, "Google Drive")

    tab = await answer(page, "Cancel")

    await expect(tab.get_by_text("you did not allow it")).to_be_visible()
    await expect(tab.get_by_text("Nothing was changed")).to_be_visible()
    await tab.get_by_role("link", name="Begin again").click()
    await expect(tab.get_by_role("button", name="Continue with Google")).to_be_visible()
    assert complaints.lines == []
