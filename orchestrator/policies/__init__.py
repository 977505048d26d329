"""Policies: what stands around an attempt at a step. One middleware a file.

The outermost policy is called first and calls `proceed` for the next one; the innermost `proceed` is the action. An
attempt that no policy applies to pays nothing for them. The order, from the outermost, is that of `Performer`:

    deadline, budget      until when it must be over: whatever waits or takes time further inside ends by then
    cache                 a result that is known needs none of the rest
    retry                 sees what came of all that is further inside
    breaker               asks nothing of an account whose service is down; what waits for its turn is not asked yet
    rate_limit            when it may go out; the wait is no part of the attempt's own time
    timeout               the attempt's own time
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from orchestrator.attempt import Attempt, Outcome
from orchestrator.policies.base import Log, Policy, Proceed

__all__ = ["Log", "Policy", "Proceed", "around"]


def around(policies: Sequence[Policy], attempt: Attempt, action: Proceed, log: Log) -> Awaitable[Outcome]:
    """Run the action inside the policies that apply to this attempt."""
    proceed = action
    for policy in reversed(policies):
        if policy.applies(attempt):
            proceed = _inside(policy, proceed, log)
    return proceed(attempt)


def _inside(policy: Policy, proceed: Proceed, log: Log) -> Proceed:
    return lambda attempt: policy.around(attempt, proceed, log)
