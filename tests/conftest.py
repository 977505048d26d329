"""What all tests share: an environment that is nobody's own, a real studio, a real browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from integrations.practice import create_app
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from scripts import browser as chromium
from scripts.postgres import Postgres
from scripts.studio import OURS, Studio
from tests.schemas import Schemas

# Tests load a lot, and start many processes that do: none compiles again what another one has compiled.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says what else the machine does. The suite says the same each time; to look further:
# `make test ARGS="--hypothesis-profile=explore tests/properties"`.
hypothesis.settings.register_profile("patchbay", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("patchbay")

PATIENCE = 30_000
"""Milliseconds that a page may take to show what it is to show, on a machine that does much else."""

expect.set_options(timeout=PATIENCE)

SCRIPT = 50
"""Seconds that the script of a page may take there: Streamlit's own tests give one 3, and the first loads a lot."""


@pytest.fixture(autouse=True)
def nobodys_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, the keys or the `.env` of whoever runs it, and none writes to the program's folder."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh PATCHBAY_HOME. It does not exist yet, as on a first start."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PATCHBAY_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which nothing happened but that its databases were made: the tables of the store, the sample of the
    practice services. That takes longer than most tests do, so tests begin with a copy."""
    home = tmp_path_factory.mktemp("blank") / "home"
    open_store(Settings(home=home, database_url=None)).close()
    create_app(home / "practice.db", "http://studio.test").state.store.close()
    return home


@pytest.fixture
def made_home(blank: Path, tmp_path: Path) -> Path:
    """A fresh PATCHBAY_HOME whose databases are made."""
    home = tmp_path / "home"
    home.mkdir()
    for file in blank.glob("*.db"):
        shutil.copyfile(file, home / file.name)
    return home


@pytest.fixture
def sample(blank: Path, tmp_path: Path) -> Path:
    """The database of practice services at which nobody did anything yet."""
    return shutil.copyfile(blank / "practice.db", tmp_path / "practice.db")


MEMORY = Path("/dev/shm")
ROOM = 2_000_000_000
"""Bytes that the files of a PostgreSQL may come to."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One private PostgreSQL for all tests of a process. A test that stops it starts its own. Its files are in memory
    where there is room: most of a test's time would go into making its tables on the disk."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    server = Postgres(MEMORY) if roomy else Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def schemas(postgres: Postgres) -> Iterator[Schemas]:
    known = Schemas(postgres)
    yield known
    known.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Settings of a store in which nothing is. A test that asks for it runs on each kind."""
    if request.param == "sqlite":
        yield {}
        return
    schemas: Schemas = request.getfixturevalue("schemas")
    with schemas.empty() as url:
        yield {"database_url": url}


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One running studio for all tests that only add to it. A test that stops it or needs it empty starts its own."""
    running = Studio.start(tmp_path_factory.mktemp("studio") / "home")
    yield running
    running.stop()


@dataclass
class Complaints:
    """What a page complained of: errors in its console, exceptions in its scripts, answers that are errors."""

    lines: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.lines.append(f"exception: {error}"))
        page.on(
            "response",
            lambda answer: self.lines.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.lines.append(f"console: {message.text}")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    # The async API: the sync one keeps an event loop running in this thread, in which no async test could run.
    async with chromium.launch() as launched:
        yield launched


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield await context.new_page()
    await context.close()


@pytest.fixture
def complaints(page: Page) -> Complaints:
    """What `page` complains of, from now on."""
    heard = Complaints()
    heard.watch(page)
    return heard
