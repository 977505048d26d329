"""Keep a run within its workflow's `budget`: cost, tokens, wall time.

What a call to a model could cost at most is reserved before it goes out, and what it did cost is settled after (the
authorization and capture of a card payment), so that branches in parallel cannot go beyond the budget together.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import orjson

from orchestrator.actions import ModelAnswer, ModelRequest, Price
from orchestrator.attempt import Attempt, Failed, Limit, Outcome
from orchestrator.errors import AccountError, BudgetExceeded, RateLimited
from orchestrator.history import Usage
from orchestrator.policies.base import Log, Proceed
from orchestrator.workflow import BudgetLimits

ANSWER = 4096
"""Tokens that an answer may have when neither step nor template says. An answer without a bound has no price."""

BYTES_A_TOKEN = 3
"""English text has about four bytes a token, other scripts about three: three is on the safe side."""

MESSAGE = 8
"""Tokens that stand around the text of a message."""

PICTURE = 1_600
"""Tokens of a picture at most: larger ones are made smaller before the model sees them.
Source: platform.claude.com/docs/en/build-with-claude/vision; those of OpenAI and Gemini are fewer."""

FREE = (RateLimited, AccountError)
"""The errors of a call that is certainly not billed."""

DUST = 1e-9
"""US dollars that are lost in adding up parts of them."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that a call under way may use."""

    number: int
    most: Usage
    outside: Reservation | None = None
    """The same in the budget of the run around."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call does not fit. `may_fit_later`: when calls under way turn out to use less than was reserved for them."""

    error: BudgetExceeded
    may_fit_later: bool


class Budget:
    """What one run may still use. Thread-safe.

    `used` is what was used before this process took the run over; `started_at` is when the run began, seconds since
    1970. `outer` is the budget of the run that began this one and waits for it: what is used here is used there too.
    """

    def __init__(
        self, limits: BudgetLimits, started_at: float, used: Usage | None = None, outer: Budget | None = None
    ) -> None:
        self.limits = limits
        self._outer = outer
        self._used = used or Usage()
        self._started_at = started_at
        self._reserved: dict[int, Usage] = {}
        self._numbers = 0
        # One for all budgets in each other: who waits for room hears of it wherever it comes from.
        self._settled: threading.Condition = outer._settled if outer else threading.Condition()

    def left(self, now: float) -> dict[str, float]:
        """What is left of each limit, to begin another run with."""
        with self._settled:
            left: dict[str, float] = {}
            if self.limits.cost is not None:
                left["cost"] = self.limits.cost - (self._used.cost or 0.0)
            if self.limits.tokens is not None:
                left["tokens"] = self.limits.tokens - _tokens(self._used)
            if self.limits.seconds is not None:
                left["seconds"] = self._started_at + self.limits.seconds - now
            return {name: max(0, amount) for name, amount in left.items()}

    @property
    def used(self) -> Usage:
        return self._used

    @property
    def limit(self) -> Limit | None:
        """When the run's time is up."""
        seconds = self.limits.seconds
        if seconds is None:
            return None
        error = BudgetExceeded(
            f"The run took longer than the {seconds:g} seconds that its budget allows.",
            remedy="Raise 'seconds' under 'budget' in the workflow, or make its steps fewer or quicker.",
        )
        return Limit(self._started_at + seconds, error)

    def reserve(self, most: Usage) -> Reservation | Refusal:
        """Set aside the most that a call could use, or say why not."""
        with self._settled:
            refusal = self._refuse_cost(most) or self._refuse_tokens(most)
            if refusal:
                return refusal
            outside = self._outer.reserve(most) if self._outer else None
            if isinstance(outside, Refusal):
                return outside
            self._numbers += 1
            self._reserved[self._numbers] = most
            return Reservation(self._numbers, most, outside)

    def reserve_within(self, most: Usage, seconds: float) -> Reservation:
        """The same, but wait for calls under way, if they may leave enough. Blocks. Raises `BudgetExceeded`."""
        end = time.monotonic() + seconds
        with self._settled:
            while True:
                got = self.reserve(most)
                if isinstance(got, Reservation):
                    return got
                left = end - time.monotonic()
                if not got.may_fit_later or left <= 0:
                    raise got.error
                self._settled.wait(left)

    def settle(self, reservation: Reservation, actual: Usage | None) -> None:
        """Count what the call used. None when that is not known: then it counts as all that was reserved."""
        with self._settled:
            most = self._reserved.pop(reservation.number)
            self._used += most if actual is None else actual
            if self._outer and reservation.outside:
                self._outer.settle(reservation.outside, actual)
            self._settled.notify_all()

    def _refuse_cost(self, most: Usage) -> Refusal | None:
        if self.limits.cost is None:
            return None
        if most.cost is None:
            error = BudgetExceeded(
                "The workflow has a budget in dollars, and what this model costs is not known: it was not asked.",
                remedy="Choose a model with a known price, or limit 'tokens' instead of 'cost' under 'budget'.",
            )
            return Refusal(error, may_fit_later=False)
        reserved = sum(usage.cost or 0.0 for usage in self._reserved.values())
        used = self._used.cost or 0.0
        return _refusal("cost", _dollars, self.limits.cost + DUST, used, reserved, most.cost)

    def _refuse_tokens(self, most: Usage) -> Refusal | None:
        if self.limits.tokens is None:
            return None
        reserved = sum(_tokens(usage) for usage in self._reserved.values())
        return _refusal(
            "tokens", "{:,.0f} tokens".format, self.limits.tokens, _tokens(self._used), reserved, _tokens(most)
        )


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def _refusal(
    what: str, shown: Callable[[float], str], limit: float, used: float, reserved: float, most: float
) -> Refusal | None:
    if used + reserved + most <= limit:
        return None
    left = max(0.0, limit - used - reserved)
    under_way = f", {shown(reserved)} may be used by calls under way" if reserved else ""
    error = BudgetExceeded(
        f"This run may use {shown(limit)}: {shown(used)} are used{under_way}, {shown(left)} are left, and this call to "
        f"a model could use {shown(most)}. It was not made.",
        remedy=f"Raise '{what}' under 'budget' in the workflow, set a smaller 'max_tokens' in the step, "
        f"or use fewer or cheaper calls.",
    )
    return Refusal(error, may_fit_later=used + most <= limit)


def bounded(request: ModelRequest) -> ModelRequest:
    """The same request, its answer bounded."""
    return request if request.max_tokens else replace(request, max_tokens=ANSWER)


def most(request: ModelRequest, price: Price | None) -> Usage:
    """The most that a bounded request can use, its prompt by the rule of thumb of `BYTES_A_TOKEN`: to count exactly,
    one needs the tokenizer of each model."""
    text = sum(len(message.content.encode()) for message in request.messages)
    form = len(orjson.dumps([request.schema, request.choices])) if request.schema or request.choices else 0
    pictures = sum(len(message.images) for message in request.messages)
    tokens = math.ceil((text + form) / BYTES_A_TOKEN) + MESSAGE * len(request.messages) + PICTURE * pictures
    answer = request.max_tokens or ANSWER
    return Usage(tokens, answer, None if price is None else price.of(tokens, answer))


def spend(
    budget: Budget, request: ModelRequest, price: Price | None, ask: Callable[[ModelRequest], ModelAnswer]
) -> ModelAnswer:
    """Ask a model within the budget. Blocks while only calls under way stand in the way, at most for the request's
    own time. A call that broke off may be billed, and some servers do not say what an answer took: both count as all
    that was reserved. Raises `BudgetExceeded`."""
    request = bounded(request)
    reservation = budget.reserve_within(most(request, price), request.timeout)
    actual: Usage | None = None
    try:
        answer = ask(request)
        if answer.output_tokens:
            actual = Usage(answer.input_tokens, answer.output_tokens, answer.cost)
        return answer
    except FREE:
        actual = Usage()
        raise
    finally:
        budget.settle(reservation, actual)


class BudgetPolicy:
    """Starts no attempt when the run's time is up, and has a reading one end by then."""

    def applies(self, attempt: Attempt) -> bool:
        return attempt.budget is not None and attempt.budget.limits.seconds is not None

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        limit = attempt.budget.limit if attempt.budget else None
        if limit is None:
            return await proceed(attempt)
        return Failed(limit.error) if attempt.clock.now() >= limit.at else await proceed(attempt.within(limit))


def within(limits: BudgetLimits | None, left: Mapping[str, float]) -> BudgetLimits | None:
    """The limits of a run that may use no more than what is left to the run around it."""
    if not left:
        return limits
    own: dict[str, float] = limits.model_dump(exclude_none=True) if limits else {}
    both = {name: min(amount, own.get(name, amount)) for name, amount in left.items()}
    return (limits or BudgetLimits(cost=None, tokens=None, seconds=None)).model_copy(
        update={**own, **both}
    )  # nothing may be left: what no file may say
