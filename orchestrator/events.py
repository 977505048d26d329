"""What can happen to a run. A run is the list of its events; everything else about it is folded from them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

EventType = Literal[
    "run.started",  # {"inputs", "mode", "preview"?, "accounts"?, "plans"?, "only"?, "given"?, "deep"?}
    "run.proposed",  # {"hash", "until"}: a preview is complete and waits for approval
    "run.approved",  # {"hash", "by"}: the run goes on for real, with what the preview recorded
    "run.resumed",  # {"reason"}: another owner goes on; attempts that were under way start again
    "run.cancelling",  # no step starts any more
    "run.finished",  # {"status", "output"?, "error"?}
    "step.expanded",  # {"count", "of"?}: the items of a for_each are known; what those were that are done already
    "step.started",  # {"input"}: an attempt begins
    "step.round",  # {"round"}: a body has run; what it gave, and what is next
    "step.succeeded",  # {"output", "usage"?, "reused"?, "cached"?, "pinned"?, "supposed"?}
    "step.retrying",  # {"error", "until"}: an attempt failed, another comes at `until`
    "step.due",  # the wait of a retry is over
    "step.waiting",  # {"until", "question"?, "child"?}: for a time, for an answer, for another run
    "step.failed",  # {"error"}: no further attempt
    "step.skipped",  # {"reason"}
    "step.planned",  # {"plan"}: in a preview, a write that would go out
    "step.opened",  # {"reason"}: in a preview, what cannot be known before something was really sent
    "step.approved",  # {"plan", "by", "send"?}: a write that was asked about may go out
    "step.cancelled",
    "step.log",  # {"message"}
]


class Event(NamedTuple):
    """One fact about a run. `step`, `item` and `attempt` say of what; `at` is seconds since 1970, UTC. `item` is "" for
    a step that is no `for_each`, else the index of the item as text; in bodies, the path (`frames`).

    A tuple, since there are two for each item: a frozen dataclass takes three times as long."""

    type: EventType
    step: str = ""
    item: str = ""
    attempt: int = 0
    data: dict[str, Any] = {}  # noqa: RUF012 - nobody changes what happened
    at: float = 0.0
