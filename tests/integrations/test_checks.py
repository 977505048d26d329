"""The test of an account: the cheapest real call, through the real SDK, and who one is."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from orchestrator.actions import AccountError, Connector, Unavailable

WHO = {"github": "patchbay-practice", "gmail": "sam@lanternworks.example", "notion": "Patchbay practice"}
NOBODY_LISTENS = "http://127.0.0.1:9"


def connector_of(name: str) -> Connector:
    return getattr(importlib.import_module(f"integrations.{name}"), name)


def ask(name: str, base_url: str, token: str) -> str:
    connector = connector_of(name)
    account: Any = connector.account.model_validate({"name": "work", "base_url": base_url, "token": token})
    assert connector.check_function is not None
    return connector.check_function(account)


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
