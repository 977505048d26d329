from __future__ import annotations

import pytest

from integrations.provider.failures import NO_IMAGES, TOO_LONG, retry_after


@pytest.mark.parametrize(
    "said",
    [
        "prompt is too long: 210000 tokens > 200000 maximum",
        "This endpoint's maximum context length is 8192 tokens.",
        "The input token count (2000000) exceeds the maximum number of tokens allowed",
        "The number of tokens to keep from the initial prompt is greater than the context length",
        "the request exceeds the available context size, try increasing it",
    ],
)
def test_a_prompt_that_is_too_long_is_recognised_in_the_words_of_many_servers(said: str) -> None:
    assert TOO_LONG.search(said)


@pytest.mark.parametrize("said", ["max_tokens is too large", "temperature is too high", "The name is too long"])
def test_other_limits_are_not_taken_for_it(said: str) -> None:
    assert not TOO_LONG.search(said)


@pytest.mark.parametrize(
    "said",
    [
        "No endpoints found that support image input",
        "This model does not support image input.",
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        "Image input modality is not enabled for this model",
        "Invalid content type. image_url is only supported by certain models.",
        "unknown variant `image_url`, expected `text`",
        "this model is missing data required for image input",
        "At most 0 image(s) may be provided in one prompt.",
    ],
)
def test_a_model_without_eyes_is_recognised_in_the_words_of_many_servers(said: str) -> None:
    assert NO_IMAGES.search(said)


@pytest.mark.parametrize("said", ["Could not process image", "The image format is not supported", "image is too big"])
def test_what_is_wrong_with_a_picture_is_not_taken_for_it(said: str) -> None:
    assert not NO_IMAGES.search(said)


@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", 7), ("0.5", 0.5), ("-3", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("", None)],
)
def test_the_wait_is_read_as_seconds_or_as_a_date(value: str, wait: float | None) -> None:
    assert retry_after({"retry-after": value}) == wait
    assert retry_after({}) is None
