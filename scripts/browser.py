"""The Chromium that tests, screenshots and measurements use: found on this machine, else installed from its packages.

python -m scripts.browser --install    make sure that there is one, else say what to install and exit 1
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-noto-color-emoji")

# No sandbox: tests run as root in containers. The rest keeps Chromium from calling home.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

REMEDY = (
    "Tests need Chromium and found none. Install it (Debian: apt-get install chromium) or set CHROMIUM to its path."
)


def find() -> str | None:
    """The path of a Chromium or Chrome: the environment variable CHROMIUM, else the first of `NAMES` on the PATH."""
    named = os.environ.get("CHROMIUM")
    candidates = (named,) if named else NAMES
    return next((path for name in candidates if (path := shutil.which(name))), None)


def install() -> bool:
    """Install Chromium from the system's packages. False where that cannot be done: no root, or no apt-get."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    print("Installing Chromium from the system's packages ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    update = subprocess.run([apt, "update", "-qq"], env=quiet)
    if update.returncode != 0:
        return False
    command = [apt, "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    return subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL).returncode == 0


@asynccontextmanager
async def launch() -> AsyncIterator[Browser]:
    """A running Chromium without a window, closed at the end. Raises `RuntimeError` where there is none."""
    from playwright.async_api import async_playwright

    executable = find()
    if executable is None:
        raise RuntimeError(REMEDY)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*FLAGS])
        yield browser
        await browser.close()


async def first_paint(page: Page) -> float:
    """Seconds from the start of the navigation until the browser painted the first content of `page`.

    Source: https://www.w3.org/TR/paint-timing/ (first contentful paint).
    """
    return await page.evaluate(_FIRST_PAINT) / 1000


_FIRST_PAINT = """() => new Promise(resolve => {
    new PerformanceObserver((entries, observer) => {
        const [seen] = entries.getEntriesByName("first-contentful-paint")
        if (seen) { observer.disconnect(); resolve(seen.startTime) }
    }).observe({type: "paint", buffered: true})
})"""


if __name__ == "__main__":
    if find() is None and not ("--install" in sys.argv and install() and find()):
        raise SystemExit(REMEDY)
