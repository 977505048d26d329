"""The test of an account: the cheapest real call, through the real SDK, and who one is."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.github import GitHubAccount, check
from orchestrator.actions import AccountError, Connector, Standing, Unavailable

WHO = {"github": "patchbay-practice", "gmail": "sam@lanternworks.example", "notion": "Patchbay practice"}
NOBODY_LISTENS = "http://127.0.0.1:9"


def connector_of(name: str) -> Connector:
    return getattr(importlib.import_module(f"integrations.{name}"), name)


def ask(name: str, base_url: str, token: str) -> str:
    connector = connector_of(name)
    account: Any = connector.account.model_validate({"name": "work", "base_url": base_url, "token": token})
    assert connector.check_function is not None
    said = connector.check_function(account)
    return said.who if isinstance(said, Standing) else said


@pytest.mark.parametrize("name", WHO)
def test_it_says_who_one_is(practice: Any, name: str) -> None:
    assert ask(name, f"{practice.url}/{name}", "practice").startswith(WHO[name])


@pytest.mark.parametrize("name", WHO)
def test_a_wrong_token_is_told(practice: Any, name: str) -> None:
    with pytest.raises(AccountError, match="'work'"):
        ask(name, f"{practice.url}/{name}", "a-wrong-token")


@pytest.mark.parametrize("name", WHO)
def test_a_service_that_does_not_answer_is_told(name: str) -> None:
    with pytest.raises(Unavailable):
        ask(name, NOBODY_LISTENS, "practice")


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("2027-01-31 10:00:00 UTC", 1_801_389_600.0),
        ("2027-01-31 12:00:00 +0200", 1_801_389_600.0),
        ("some day", None),
        (None, None),
    ],
)
def test_it_says_when_a_token_of_github_ends(
    practice: Any, server: tuple[str, list[ASGIApp]], said: str | None, ends: float | None
) -> None:
    """GitHub says so in a header; the practice token never ends, so one is put in on the way."""

    async def on_the_way(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and said is not None:
                header = (b"github-authentication-token-expiration", said.encode())
                message = {**message, "headers": [*message["headers"], header]}
            await send(message)

        await inner(scope, receive, told)

    _, apps = server
    inner = apps[-1]
    apps.append(on_the_way)
    values = {"name": f"work {said}", "base_url": f"{practice.url}/github", "token": "practice"}
    standing = check(GitHubAccount.model_validate(values))
    apps.remove(on_the_way)

    assert (standing.who, standing.expires) == (WHO["github"], ends)
