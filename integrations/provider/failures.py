"""What goes wrong at a model provider, in words for a person. Each function gives the error to be raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from time import time

from integrations.provider.account import ModelAccount
from orchestrator.actions import AccountError, ModelInfo, ModelRequest, RateLimited, ServiceError, Unavailable

TOO_LONG = re.compile(
    r"context (length|window|size)|(prompt|input|request) is too long|input token count|too many (input )?tokens"
    r"|exceeds the (maximum|available) (number of tokens|context)",
    re.IGNORECASE,
)
"""How servers say that a prompt is too long, where no code tells."""
NO_IMAGES = re.compile(
    r"(image|vision|multimodal)([ _](input|content|url))?s?( modality)?( is| are)? (not |un)(supported|enabled)"
    r"|(not|n't|endpoints found that) support (image|vision|multimodal)"
    r"|only supports? text|image_url is only supported by|unknown variant `image_url"
    r"|missing data required for image input|at most 0 image",
    re.IGNORECASE,
)
"""How servers say that a model takes no pictures."""


def wrong_key(account: ModelAccount) -> AccountError:
    return AccountError(
        f"{account.place} did not accept the API key of the account '{account.name}'.",
        remedy=account.remedy("api_key"),
    )


def not_allowed(account: ModelAccount, said: str) -> AccountError:
    return AccountError(
        f"{account.place} does not allow this to the account '{account.name}': {_sentence(said)}",
        remedy="Choose another model, or allow it to the key there.",
    )


def no_credit(account: ModelAccount) -> AccountError:
    return AccountError(
        f"{account.place}: the credit of the account '{account.name}' is used up, or its limit is reached.",
        remedy="Add credit or raise the limit there, or use another key.",
    )


def limited(account: ModelAccount, wait: float | None) -> RateLimited:
    return RateLimited(
        f"{account.place} allows no more requests for now.",
        remedy="Wait a little, or run fewer at a time.",
        retry_after=wait,
    )


def overloaded(account: ModelAccount, wait: float | None = None) -> Unavailable:
    return Unavailable(
        f"{account.place} is overloaded: too many people use it right now.",
        remedy="Try again in a minute, or use another model.",
        retry_after=wait,
    )


def failing(account: ModelAccount, status: int | str) -> Unavailable:
    return Unavailable(f"{account.place} failed (status {status}).", remedy="Try again in a minute.")


def unreachable(account: ModelAccount) -> Unavailable:
    return Unavailable(
        f"Nothing answers at {account.address}.",
        remedy=f"Check the network and that the server runs. {account.remedy('base_url')}",
    )


def too_slow(account: ModelAccount, request: ModelRequest) -> Unavailable:
    return Unavailable(
        f"{account.place} did not finish within {request.timeout:g} seconds.",
        remedy="Give the step more time, or use a faster model.",
    )


def broke_off(account: ModelAccount, said: str = "") -> Unavailable:
    words = f"broke off: {_sentence(said)}" if said else "broke off in the middle of its answer."
    return Unavailable(f"{account.place} {words}", remedy="Try again.")


def unknown_model(account: ModelAccount, model: str, listed: Callable[[], Iterable[ModelInfo]]) -> ServiceError:
    """`listed` fetches the models that there are, to name the nearest."""
    try:
        near = get_close_matches(model, [info.id for info in listed()], n=1)
    except ServiceError:
        near = []
    meant = f" Did you mean '{near[0]}'?" if near else ""
    return ServiceError(
        f"{account.place} has no model '{model}'.{meant}",
        remedy=f"Choose another model. {account.remedy('base_url')}",
    )


def too_long() -> ServiceError:
    return ServiceError(
        "The prompt is too long for the model.", remedy="Shorten the text, or use a model that reads more."
    )


def withheld(account: ModelAccount, why: str = "") -> ServiceError:
    reason = f" ({' '.join(why.split())[:200]})" if why else ""
    return ServiceError(
        f"{account.place} withheld the answer: its content filter{reason}.",
        remedy="Change the prompt, or use another model.",
    )


def no_images(model: str) -> ServiceError:
    return ServiceError(
        f"The model '{model}' takes no pictures.", remedy="Choose a model that does, or leave the pictures out."
    )


def no_answer(model: str) -> ServiceError:
    return ServiceError(
        f"'{model}' used up the tokens it may answer with before it came to an answer.",
        remedy="Allow more tokens in the step.",
    )


def strange(account: ModelAccount, api: str, hint: str = "") -> ServiceError:
    return ServiceError(
        f"{account.place} answers, but not as the {api} API does.",
        remedy=f"{account.remedy('base_url')} {hint}".strip(),
    )


def no_models(account: ModelAccount) -> ServiceError:
    return ServiceError(f"{account.place} has no model.", remedy="Load a model there, then try again.")


def refused(account: ModelAccount, request: ModelRequest, model: str, status: int, said: str) -> ServiceError:
    """A request that was refused for a reason which only its words tell."""
    if status == 413 or TOO_LONG.search(said):
        return too_long()
    if has_images(request) and NO_IMAGES.search(said):
        return no_images(model)
    return ServiceError(
        f"{account.place} refused the request (status {status}): {_sentence(said)}",
        remedy="Change the step's settings, or use another model.",
    )


def has_images(request: ModelRequest) -> bool:
    return any(message.images for message in request.messages)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After`: a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None


def _sentence(said: str) -> str:
    words = " ".join(said.split())[:300] or "no reason given"
    return words if words.endswith((".", "!", "?")) else f"{words}."
