"""End a step that takes too long, all its tries and waits together.

`timeout` is for one try and `deadline` for all of them, the word that gRPC and the SRE book have for a limit that
spans retries and is handed on to whatever is called ("Site Reliability Engineering", 2016, ch. 22, "Deadline
propagation"; https://grpc.io/docs/guides/deadlines). Here it is handed on as `Attempt.limit`.
"""

from __future__ import annotations

from orchestrator.attempt import Attempt, Failed, Limit, Outcome
from orchestrator.errors import DeadlineExceeded
from orchestrator.policies.base import Log, Proceed


class DeadlinePolicy:
    """Starts no attempt after the step's `deadline`, and has a reading one end by it. A write that is under way is
    waited for."""

    def applies(self, attempt: Attempt) -> bool:
        return attempt.step.deadline is not None

    async def around(self, attempt: Attempt, proceed: Proceed, log: Log) -> Outcome:
        deadline, now = attempt.step.deadline, attempt.clock.now()
        assert deadline is not None
        error = DeadlineExceeded(
            f"The step took longer than {deadline:g} seconds, all its tries and waits together.",
            remedy="Give it a longer 'deadline', or fewer or quicker tries.",
        )
        limit = Limit((now if attempt.since is None else attempt.since) + deadline, error)
        return Failed(error) if now >= limit.at else await proceed(attempt.within(limit))
