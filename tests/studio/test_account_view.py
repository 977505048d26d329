"""The form of an account, and how accounts are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest

from integrations.gmail import gmail
from orchestrator.account_entries import AccountEntry
from orchestrator.actions import Account, Connector, SecretStr, field
from studio.account_view import DAY, account_fields, client_fields, in_days, state_of, without_defaults


class PostAccount(Account):
    token: SecretStr = field("Token", description="From the post.")
    way: Literal["air", "sea"] = field("Way", default="air")
    price: float | None = field("Price", default=None, expert=True)
    base_url: str = field("Address", default="https://post.example")
    studio_url: str = ""


POST = Connector("post", title="Post", account=PostAccount, practice={"token": "x", "studio_url": "{studio}"})


def kinds(fields: list[Any]) -> dict[str, str]:
    return {field.name: field.kind for field in fields}


def test_the_form_follows_from_the_model() -> None:
    simple, expert = account_fields(POST)

    assert kinds(simple) == {"token": "secret", "way": "choice"}
    assert kinds(expert) == {"price": "number", "base_url": "text"}
    assert (simple[0].required, simple[0].label, simple[0].help) == (True, "Token", "From the post.")


def test_of_an_account_that_is_there_the_secret_may_stay_as_it_is() -> None:
    simple, _ = account_fields(POST, {"way": "sea"})

    assert (simple[0].required, simple[1].initial) == (False, "sea")


def test_a_default_is_not_kept() -> None:
    assert without_defaults(POST, {"token": "t", "way": "air", "base_url": "http://other"}) == {
        "token": "t",
        "base_url": "http://other",
    }


def test_how_an_account_is_told() -> None:
    entry = AccountEntry("post", "work", "saved", True)
    tested = AccountEntry("post", "work", "saved", True, "", 1000.0, True, "sam")

    assert state_of(entry, 0) == "Not tested yet."
    assert state_of(tested, 1120) == "It works: sam (tested 2 min ago)"
    assert state_of(replace(tested, expires_at=1120 + 2.5 * DAY), 1120).endswith("ago). Its key ends in 2 days.")
    assert state_of(replace(tested, expires_at=1000.0), 1120) == "Its key ended 2 min ago."
    refused = replace(tested, works=False, said="It says no.")
    assert state_of(refused, 1120) == "It does not work (tested 2 min ago): It says no."


@pytest.mark.parametrize(("days", "words"), [(0.9, "today"), (1.2, "tomorrow"), (2.9, "in 2 days")])
def test_how_far_away_an_end_is(days: float, words: str) -> None:
    assert in_days(days * DAY) == words


def test_what_is_asked_before_a_person_is_sent_to_allow_access(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds(client_fields(gmail)) == {"client_id": "text", "client_secret": "secret"}
    assert client_fields(POST) == []
    monkeypatch.setenv("PATCHBAY_GOOGLE_CLIENT_ID", "id")
    monkeypatch.setenv("PATCHBAY_GOOGLE_CLIENT_SECRET", "secret")
    assert client_fields(gmail) == []
