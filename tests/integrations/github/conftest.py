"""Practice GitHub, held to GitHub's own description of its API, and who asks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from github import Auth, Github
from starlette.types import ASGIApp

from integrations.github import GitHubAccount
from tests.integrations.conftest import Practice
from tests.integrations.schemas.github_contract import described


@pytest.fixture
def practice(server: tuple[str, list[ASGIApp]], sample: Path) -> Iterator[Practice]:
    with described(server, sample) as practice:
        yield practice


@pytest.fixture
def account(practice: Practice) -> GitHubAccount:
    return GitHubAccount(base_url=f"{practice.url}/github", token="practice")


@pytest.fixture
def sdk(practice: Practice) -> Iterator[Github]:
    client = Github(
        base_url=f"{practice.url}/github",
        auth=Auth.Token("practice"),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    yield client
    client.close()
