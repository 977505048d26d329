"""Policies: what stands around an attempt at a step. One middleware a file.

The outermost policy is called first and calls `proceed` for the next one; the innermost `proceed` is the action. An
attempt that no policy applies to pays nothing for them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from orchestrator.attempt import Attempt, Outcome
from orchestrator.policies.base import Policy, Proceed
from orchestrator.policies.retry import RetryPolicy
from orchestrator.policies.timeout import TimeoutPolicy

DEFAULT: tuple[Policy, ...] = (RetryPolicy(), TimeoutPolicy())
"""From the outermost to the innermost."""


def around(policies: Sequence[Policy], attempt: Attempt, action: Proceed) -> Awaitable[Outcome]:
    """Run the action inside the policies that apply to this attempt."""
    proceed = action
    for policy in reversed(policies):
        if policy.applies(attempt):
            proceed = _inside(policy, proceed)
    return proceed(attempt)


def _inside(policy: Policy, proceed: Proceed) -> Proceed:
    return lambda attempt: policy.around(attempt, proceed)
