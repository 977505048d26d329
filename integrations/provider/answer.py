"""An answer as it comes, put together and shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from integrations.provider import failures
from integrations.provider.account import ModelAccount
from integrations.provider.form import chosen
from orchestrator.actions import Call, ModelAnswer, ModelRequest, ServiceError

End = Literal["done", "length", "withheld"]
"""Why an answer is over: it is done, reached its longest length, or was stopped by a filter."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event of a stream says; what is None it does not say. `why` says why it was withheld. Tokens and cost
    are those of the whole call so far."""

    text: str = ""
    end: End | None = None
    why: str = ""
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


def gather(
    pieces: Iterable[Piece],
    request: ModelRequest,
    account: ModelAccount,
    call: Call,
    model: str,
    strange: ServiceError,
) -> ModelAnswer:
    """Show the pieces as they come and give the whole answer. `strange` is raised where nothing like an answer came.
    Raises `ServiceError` and its kinds, and whatever the pieces raise."""
    deadline = monotonic() + request.timeout
    parts: list[str] = []
    last = Piece()
    tokens_in = tokens_out = 0
    cost = None
    for piece in pieces:
        if monotonic() > deadline:
            raise failures.too_slow(account, request)
        model = piece.model or model
        tokens_in = tokens_in if piece.input_tokens is None else piece.input_tokens
        tokens_out = tokens_out if piece.output_tokens is None else piece.output_tokens
        cost = cost if piece.cost is None else piece.cost
        last = piece if piece.end and last.end != "withheld" else last
        if piece.text:
            parts.append(piece.text)
            if not request.choices:
                call.stream(piece.text)
    text = "".join(parts)
    if last.end is None:
        raise failures.broke_off(account) if parts else strange
    if last.end == "withheld":
        raise failures.withheld(account, last.why)
    truncated = last.end == "length"
    if truncated and (not text or request.choices):
        raise failures.no_answer(model)
    if request.choices:
        text = chosen(text, request.choices, model)
        call.stream(text)
    return ModelAnswer(text, model, tokens_in, tokens_out, cost=cost, truncated=truncated)


def summed_up(account: ModelAccount, models: int) -> str:
    """What a test of the account tells where the service says nothing of who one is."""
    return f"{account.place} · " + ("1 model" if models == 1 else f"{models} models")
