"""Secrets are hidden in whatever way they are written, and nothing else is."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import masking
from orchestrator.errors import ServiceError
from orchestrator.masking import BEGINNING, MASK, SHORTEST, Masker

SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="•"), min_size=8, max_size=60).filter(
    lambda text: len(text.strip()) >= SHORTEST + 2 and text == text.strip()
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=20)

WRITTEN: dict[str, Callable[[str, str, str], str]] = {
    "as it is": lambda before, secret, after: before + secret + after,
    "in a path": lambda before, secret, after: f"https://x.example/bot{quote(secret)}/{quote(after)}",
    "in a query": lambda before, secret, after: "?" + urlencode({"a": before, "key": secret, "b": after}),
    "percent-encoded": lambda before, secret, after: quote(before + secret + after, safe=""),
    "in a form": lambda before, secret, after: quote_plus(before + " " + secret),
    "in JSON": lambda before, secret, after: json.dumps({before: secret + after}),
    "in readable JSON": lambda before, secret, after: json.dumps({before: [secret, after]}, ensure_ascii=False),
    "in JSON in JSON": lambda before, secret, after: json.dumps({"body": json.dumps({before: secret + after})}),
    "in HTML": lambda before, secret, after: f"<p>{html.escape(before + secret + after)}</p>",
    "base64": lambda before, secret, after: base64.b64encode((before + secret + after).encode()).decode(),
    "base64 for URLs": lambda before, secret, after: base64.urlsafe_b64encode((before + secret).encode()).decode(),
    "base64 in a query": lambda before, secret, after: quote(
        base64.b64encode((before + secret + after).encode()).decode(), safe=""
    ),
}


def traces(secret: str) -> set[str]:
    """What must not be left of a secret: itself, in every way to write it that has a decoder of its own."""
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], html.escape(secret)}


@pytest.mark.parametrize("way", WRITTEN)
@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_a_secret_is_hidden_however_it_is_written(way: str, secret: str, before: str, after: str) -> None:
    text = WRITTEN[way](before, secret, after)
    masked = Masker([secret]).mask(text)

    assert MASK in masked
    assert not [trace for trace in traces(secret) if trace in masked]
    if way in ("base64", "base64 for URLs"):
        before_it = masked.partition(MASK)[0]
        shown = base64.urlsafe_b64decode(before_it[: len(before_it) // 4 * 4]).decode(errors="ignore")
        assert secret[:BEGINNING] not in shown.removeprefix(before)


@pytest.mark.parametrize("way", WRITTEN)
@given(secret=SECRETS, before=AROUND, after=AROUND)
def test_it_is_hidden_in_the_data_of_an_event_which_stays_json(way: str, secret: str, before: str, after: str) -> None:
    text = WRITTEN[way](before, secret, after)
    whole = orjson.dumps({"output": {"text": [text], text: 1}}).decode()

    data = orjson.loads(Masker([secret]).mask_json(whole))

    masked = Masker([secret]).mask(text)
    assert data == {"output": {"text": [masked], masked: 1}}


@given(
    secrets=st.lists(SECRETS, max_size=5),
    value=st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.sampled_from("abc •"), max_size=30),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.sampled_from("abc "), max_size=5), inner),
    ),
)
def test_what_holds_no_secret_is_given_back_as_it_is(secrets: list[str], value: object) -> None:
    masker = Masker(secret for secret in secrets if any(letter not in 'abc 0123456789-\\"n' for letter in secret))
    text = orjson.dumps({"output": value}).decode()

    assert masker.mask_json(text) is text


def test_a_number_that_is_a_secret_is_hidden_and_the_rest_is_still_json() -> None:
    assert orjson.loads(Masker(["12345678"]).mask_json('{"pin":12345678,"n":1234567}')) == {"pin": MASK, "n": 1234567}


def test_what_is_too_short_for_a_secret_spoils_no_text() -> None:
    assert Masker(["a", "on", ""]).mask("a text on something") == "a text on something"


def test_of_two_secrets_that_begin_alike_the_whole_one_is_hidden() -> None:
    assert Masker(["token-one", "token-one-and-more"]).mask("x token-one-and-more y") == f"x {MASK} y"


def test_the_parts_of_a_key_file_and_of_a_pair_are_secrets_too() -> None:
    lines = ["MIIEvQIBADANBgkqhkiG9w0B", "AQEFAASCBKcwggSjAgEAAoI9"]
    key = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(lines) + "\n-----END PRIVATE KEY-----\n"
    masker = Masker([key, "123456:AAEhBP0av28aZzVlqLcPkqBB8A"])

    assert masker.mask(" ".join(lines)) == f"{MASK} {MASK}"
    assert masker.mask("AAEhBP0av28aZzVlqLcPkqBB8A") == MASK
    assert masker.mask("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


@given(secret=SECRETS, before=AROUND, cuts=st.lists(st.integers(0, 90), max_size=6))
def test_a_text_that_comes_piece_by_piece_shows_no_beginning_of_a_secret(
    secret: str, before: str, cuts: list[int]
) -> None:
    masker, whole = Masker([secret]), f"{before} {secret} the end"

    for cut in [*cuts, len(before) + 1 + len(secret) // 2, len(whole)]:
        shown = masker.mask_unfinished(whole[:cut])
        assert secret not in shown
        begun = cut - len(before) - 1
        if BEGINNING <= begun < len(secret) and secret[:begun] not in before:
            assert not shown.endswith(secret[:begun])


def test_an_error_tells_no_secret() -> None:
    class Owner:
        pass

    owner = Owner()
    masking.know(owner, ["hunter2-hunter2"])
    error = ServiceError("It refused hunter2-hunter2.", remedy="Ask for hunter2-hunter2 again.")

    assert "hunter2" not in f"{error!r} {error} {error.as_dict()}"
