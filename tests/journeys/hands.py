"""How a person presses what they see: with the mouse, or with nothing but the keyboard."""

from __future__ import annotations

from typing import Protocol

from playwright.async_api import Locator, Page, expect

FAR = 150
"""Presses of Tab after which something cannot be reached."""


class Press(Protocol):
    """Presses one thing on a page."""

    async def __call__(self, page: Page, target: Locator) -> None: ...


async def drawn(page: Page) -> None:
    """Wait until the page is as its script draws it: while that runs, what was there before may still stand beside what
    takes its place, under the same name. Call it once something that the script draws can be seen."""
    await expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


async def by_mouse(page: Page, target: Locator) -> None:
    await target.click()


async def by_keyboard(page: Page, target: Locator) -> None:
    await reach(page, target)
    await page.keyboard.press("Enter")


async def has_focus(target: Locator) -> bool:
    """It, or something in it."""
    return await target.evaluate("e => e.contains(e.getRootNode().activeElement)")


async def reach(page: Page, target: Locator) -> None:
    """Tab until it has the focus."""
    await drawn(page)
    await expect(target).to_be_visible()
    await expect(target).to_be_enabled()
    for _ in range(FAR):
        if await has_focus(target):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by Tab")


HANDS: dict[str, Press] = {"mouse": by_mouse, "keyboard": by_keyboard}
