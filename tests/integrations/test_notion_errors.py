"""What goes wrong between us and Notion, told in words that help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from integrations.notion import NotionAccount, Search, check, databases, search
from orchestrator.actions import AccountError, RateLimited, ServiceError, Unavailable
from tests.integrations.contract import Answer, OneAnswer
from tests.integrations.notion_wire import do

NOBODY_LISTENS = "http://127.0.0.1:9"
ASKED = Search(query="x")


@pytest.fixture
def service() -> Iterator[OneAnswer]:
    service = OneAnswer()
    yield service
    service.close()


@pytest.fixture
def account(service: OneAnswer) -> NotionAccount:
    return NotionAccount(base_url=service.url, token="x", name="work")


def refused(status: int, code: str, message: str = "No.", **headers: str) -> Answer:
    body = {"object": "error", "status": status, "code": code, "message": message}
    return Answer(status, json.dumps(body).encode(), headers=headers)


def test_a_wrong_token_asks_for_reconnecting(practice: Any) -> None:
    account = NotionAccount(base_url=f"{practice.url}/notion", token="wrong", name="work")

    for ask in (lambda: do(search, ASKED, account), lambda: databases(account), lambda: check(account)):
        with pytest.raises(AccountError, match="Reconnect the account 'work'"):
            ask()


@pytest.mark.parametrize("token", ["ntn_ä", "a\nb", "‹token›"])
def test_a_token_that_can_be_none_asks_for_reconnecting(token: str) -> None:
    with pytest.raises(AccountError, match="Reconnect the account 'practice'"):
        do(search, ASKED, NotionAccount(base_url=NOBODY_LISTENS, token=token))


def test_a_refused_connection_is_worth_another_try() -> None:
    account = NotionAccount(base_url=NOBODY_LISTENS, token="x")

    with pytest.raises(Unavailable, match="cannot be reached") as error:
        do(search, ASKED, account)
    assert error.value.retryable


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "3", 3.0),
        (429, "0.5", 0.5),
        (529, "7", 7.0),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        (429, "soon", None),
    ],
)
def test_a_limit_says_how_long_to_wait(
    service: OneAnswer, account: NotionAccount, status: int, header: str, seconds: float | None
) -> None:
    service.answer = refused(status, "rate_limited", **{"Retry-After": header})

    with pytest.raises(RateLimited, match="asks the account 'work' to slow down") as error:
        do(search, ASKED, account)
    assert error.value.retry_after == seconds


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", '{"code": "internal_server_error"}'])
def test_a_failing_notion_is_worth_another_try(
    service: OneAnswer, account: NotionAccount, status: int, body: str
) -> None:
    service.answer = Answer(status, body.encode())

    with pytest.raises(Unavailable, match=f"status {status}"):
        do(search, ASKED, account)


@pytest.mark.parametrize(
    ("status", "code", "kind", "told", "remedy"),
    [
        (403, "restricted_resource", ServiceError, "does not let the account 'work' do this: No", "Connections"),
        (404, "object_not_found", ServiceError, "does not show this to the account 'work': No", "Connections"),
        (400, "validation_error", ServiceError, "refuses what the account 'work' sends: No", "Change what the step"),
        (409, "conflict_error", Unavailable, "somebody changed the same thing", "Try again"),
    ],
)
def test_a_refusal_says_what_and_whose_and_what_to_do(
    service: OneAnswer, account: NotionAccount, status: int, code: str, kind: type, told: str, remedy: str
) -> None:
    service.answer = refused(status, code)

    with pytest.raises(kind, match=told) as error:
        do(search, ASKED, account)
    assert remedy in error.value.remedy
    assert error.value.retryable is (kind is Unavailable)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>Sign in</html>", "text/html"),
        Answer(200, b"{}"),
        Answer(200, b"[]"),
        Answer(200, b'"text"'),
        Answer(200, b'{"results": [1], "has_more": false, "next_cursor": null}'),
        Answer(200, b"\x00\xff\xfe"),
        Answer(404, b"<html>Not found</html>", "text/html"),
        Answer(403, b"<html>Blocked</html>", "text/html"),
        Answer(302, b"", headers={"Location": "http://127.0.0.1:9/"}),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r}",
)
def test_another_server_is_told_from_notion(service: OneAnswer, account: NotionAccount, answer: Answer) -> None:
    service.answer = answer

    with pytest.raises(Unavailable, match="is not Notion") as error:
        do(search, ASKED, account)
    assert "account 'work'" in error.value.remedy


@pytest.mark.parametrize("address", ["api.notion.com", "ftp://x", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="base_url"):
        NotionAccount(base_url=address, token="x")


def test_the_token_is_never_shown() -> None:
    account = NotionAccount(base_url=NOBODY_LISTENS, token="ntn_secret")

    with pytest.raises(Unavailable) as error:
        do(search, ASKED, account)
    assert "ntn_secret" not in f"{error.value!r} {error.value.as_dict()} {account!r}"
