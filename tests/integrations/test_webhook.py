"""Signatures of requests to webhooks, held to the examples of those who thought them out."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from integrations.webhook import TOLERANCE, WebhookAccount, verify
from orchestrator.actions import Unsigned

# docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, "Testing the webhook payload validation"
GITHUB = WebhookAccount.model_validate({"secret": "It's a Secret to Everybody"})
HELLO = b"Hello, World!"
SIGNED = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}

# The example of the libraries in github.com/standard-webhooks/standard-webhooks
STANDARD = WebhookAccount.model_validate({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "convention": "standard"})
AT = 1614265330
TEST = b'{"test": 2432232314}'
MESSAGE = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OF_SVIX = {name.replace("webhook-", "svix-"): value for name, value in MESSAGE.items()}


def test_takes_the_example_of_github() -> None:
    assert verify(GITHUB, SIGNED, HELLO, 0) == ""
    assert verify(GITHUB, {**SIGNED, "x-github-delivery": "72d3162e"}, HELLO, 0) == "72d3162e"


@pytest.mark.parametrize("headers", [MESSAGE, OF_SVIX], ids=["standard", "svix"])
@pytest.mark.parametrize("off", [-TOLERANCE, 0, TOLERANCE])
def test_takes_the_example_of_standard_webhooks(headers: dict[str, str], off: int) -> None:
    assert verify(STANDARD, headers, TEST, AT + off) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_one_of_several_signatures_is_enough() -> None:
    """While a service changes its secret, it signs with both."""
    several = f"v1,AAAA v1a,xyz {MESSAGE['webhook-signature']} v2,g0hM"
    assert verify(STANDARD, {**MESSAGE, "webhook-signature": several}, TEST, AT)


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, HELLO),
        (SIGNED, HELLO + b"!"),
        ({"x-hub-signature-256": SIGNED["x-hub-signature-256"].removeprefix("sha256=")}, HELLO),
        ({"x-hub-signature-256": "sha256="}, HELLO),
        ({"x-hub-signature-256": "sha256=ä"}, HELLO),
        ({"x-hub-signature": SIGNED["x-hub-signature-256"]}, HELLO),
    ],
)
def test_refuses_what_is_not_signed_as_github_does(headers: dict[str, str], content: bytes) -> None:
    with pytest.raises(Unsigned) as raised:
        verify(GITHUB, headers, content, 0)
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("changed", "now"),
    [
        ({}, AT + TOLERANCE + 1),
        ({}, AT - TOLERANCE - 1),
        ({"webhook-timestamp": str(AT + 1)}, AT),
        ({"webhook-timestamp": "now"}, AT),
        ({"webhook-timestamp": "-1"}, AT),
        ({"webhook-timestamp": "9" * 400}, AT),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, AT),
        ({"webhook-id": "msg_other"}, AT),
        ({"webhook-id": ""}, AT),
        ({"webhook-signature": ""}, AT),
        ({"webhook-signature": "v1,"}, AT),
        ({"webhook-signature": "v1"}, AT),
        ({"webhook-signature": MESSAGE["webhook-signature"].removeprefix("v1,")}, AT),
        ({"webhook-signature": MESSAGE["webhook-signature"].replace("v1,", "v1a,")}, AT),
    ],
)
def test_refuses_what_is_not_signed_as_standard_webhooks_say(changed: dict[str, str], now: float) -> None:
    with pytest.raises(Unsigned) as raised:
        verify(STANDARD, {**MESSAGE, **changed}, TEST, now)
    assert raised.value.remedy


@pytest.mark.parametrize(
    "values",
    [
        {"secret": ""},
        {"secret": "  "},
        {"secret": "whsec_", "convention": "standard"},
        {"secret": "whsec_not base64!", "convention": "standard"},
        {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_when_it_is_typed_in(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WebhookAccount.model_validate(values)
