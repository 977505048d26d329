"""What holds for every model provider: errors in our words, time that is kept, secrets that stay hidden."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator import masking
from orchestrator.account_fields import own_fields, secret_fields
from orchestrator.actions import AccountError, Connector, Message, ModelRequest, RateLimited, ServiceError, Unavailable
from orchestrator.errors import PatchbayError
from orchestrator.registry import Registry
from tests.integrations.contract import SECRET, Answer, OneAnswer, body
from tests.integrations.model_server import Watcher

PROVIDERS = Registry.discover().providers()
REMOTE = [connector for connector in PROVIDERS.values() if own_fields(connector)]
"""Those that one connects to. The others are on this machine, and have tests of their own."""

remote = pytest.mark.parametrize("provider", REMOTE, ids=lambda connector: connector.id)
ANSWERS: dict[str, tuple[int | None, type[PatchbayError]]] = {
    "401": (401, AccountError),
    "403": (403, AccountError),
    "404": (404, ServiceError),
    "409": (409, ServiceError),
    "422": (422, ServiceError),
    "429": (429, RateLimited),
    "500": (500, Unavailable),
    "a web page": (None, ServiceError),
    "a dropped connection": (0, Unavailable),
}


def said(kind: str) -> Answer:
    status = ANSWERS[kind][0]
    if status is None:
        return Answer(200, b"<html>Sign in</html>", "text/html")
    if status == 0:
        return Answer(drops=True)
    words = f"No, {SECRET}"
    # Each reads of this what it knows: OpenAI and Anthropic `message`, Gemini `code`, `status` and `message`.
    error = {"code": status, "message": words, "status": "REFUSED"}
    return Answer(status, body({"error": error}), headers={"Retry-After": "7"} if status == 429 else {})


def account_of(provider: Connector, url: str) -> Any:
    secrets = dict.fromkeys(secret_fields(provider), SECRET)
    return provider.account.model_validate({"name": "work", "base_url": url, "model": "small", **secrets})


def ask(provider: Connector, url: str, timeout: float = 10.0) -> Any:
    assert provider.generate_function is not None
    request = ModelRequest((Message("user", "Hello"),), "small", timeout=timeout)
    return provider.generate_function(request, account_of(provider, url), Watcher().call)


@pytest.fixture(scope="module")
def service() -> Iterator[OneAnswer]:
    service = OneAnswer()
    yield service
    service.close()


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda connector: connector.id)
def test_it_answers_lists_its_models_and_knows_their_price(provider: Connector) -> None:
    assert provider.generate_function
    assert provider.models_function
    assert provider.price_function


@remote
def test_its_account_can_be_tested(provider: Connector) -> None:
    assert provider.check_function


@remote
@pytest.mark.parametrize("kind", ANSWERS)
class TestWhatGoesWrong:
    def test_with_an_answer_is_told_in_our_words_with_what_to_do(
        self, provider: Connector, service: OneAnswer, kind: str
    ) -> None:
        masking.know(self, {SECRET})
        service.answer = said(kind)
        with pytest.raises(ANSWERS[kind][1]) as raised:
            ask(provider, service.url)
        ensure_told(raised.value)

    def test_with_the_test_of_its_account_too(self, provider: Connector, service: OneAnswer, kind: str) -> None:
        masking.know(self, {SECRET})
        service.answer = said(kind)
        assert provider.check_function is not None
        with pytest.raises(ServiceError) as raised:
            provider.check_function(account_of(provider, service.url))
        ensure_told(raised.value)


def ensure_told(error: Any) -> None:
    assert error.message
    assert error.remedy
    assert SECRET not in f"{error} {error.as_dict()}"
    if isinstance(error, RateLimited):
        assert error.retry_after == 7


@remote
def test_one_that_never_answers_is_given_up_in_time(provider: Connector, service: OneAnswer) -> None:
    service.answer = Answer(hangs=True)
    started = time.monotonic()
    with pytest.raises(Unavailable) as raised:
        ask(provider, service.url, timeout=0.3)
    assert time.monotonic() - started < 10
    assert raised.value.remedy
    service.let_go()
