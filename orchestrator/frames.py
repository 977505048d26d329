"""Where the steps of a run stand: frames, the steps in them, and the items of a step.

The steps of a workflow stand in one frame. A body (`group`, `loop_until`, `states`) has a frame of its own for each
item and round that it runs for. Where a frame stands is its path: "3.0" is round 0 of item 3. The item of a step is
that path, and its own number behind it when it has a `for_each`: so (step, item) says of what an event is, in loops in
loops too.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from orchestrator.data import is_list
from orchestrator.errors import ExpressionError
from orchestrator.graph import Body, Node
from orchestrator.history import StepStatus
from orchestrator.records import encode
from orchestrator.steps import KINDS, Round, RoundsKind


class ItemState:
    """One item of a `for_each`, or the step itself. `params` and `rounds` are those of a step with a body."""

    __slots__ = (
        "attempt", "error", "failures", "output", "params", "rounds", "send", "since", "status", "tried", "tries",
    )  # fmt: skip

    def __init__(self) -> None:
        self.status: StepStatus = "pending"
        self.attempt = 0
        self.tries = 0
        """The attempts that people are told of: one that only waited is forgotten when the next one begins."""
        self.tried = True
        self.failures = 0
        self.output: Any = None
        self.error: dict[str, Any] | None = None
        self.params: dict[str, Any] = {}
        self.rounds: list[Round] = []
        self.since: float | None = None
        """When the first attempt began."""
        self.send = False
        """Somebody said that its write did not happen and is to be sent."""


class StepState:
    """Where a step stands in its frame. `total` is the number of its items, None until it begins; `names` are their
    paths, that of the frame for the step itself."""

    __slots__ = (
        "active", "again", "blockers", "done", "ends_as", "error", "finished_at", "frame", "inside", "items",
        "names", "next", "node", "of", "reason", "started_at", "status", "total", "values",
    )  # fmt: skip

    def __init__(self, node: Node, frame: Frame) -> None:
        self.node = node
        self.frame = frame
        self.status: StepStatus = "pending"
        self.blockers = len(node.needs)
        self.items: dict[str, ItemState] = {}
        self.inside: dict[str, list[Frame]] = {}
        """The frames of its body, by item."""
        self.total: int | None = None
        self.names = [] if self.is_loop else [frame.path]
        self.next = 0
        self.active = 0
        self.done = 0
        self.ends_as: StepStatus = "succeeded"
        self.again: deque[str] = deque()
        self.values: list[Any] | None = None
        self.of: Mapping[str, str] = {}
        """The digests of the items that an earlier run did something for, by name."""
        self.error: dict[str, Any] | None = None
        self.reason: str | None = None
        self.started_at: float | None = None
        self.finished_at: float | None = None

    @property
    def id(self) -> str:
        return self.node.step.id

    @property
    def is_loop(self) -> bool:
        return self.node.items is not None

    @property
    def attempts(self) -> int:
        return max((item.tries for item in self.items.values()), default=0)

    @property
    def has_more(self) -> bool:
        """Whether an item is left that was never started. Items that an earlier run recorded are passed over."""
        names = self.names
        while self.next < len(names) and self._began(names[self.next]):
            self.next += 1
        return self.next < len(names)

    def _began(self, name: str) -> bool:
        """Not so of an item of which an earlier run recorded only rounds: it goes on with the next one."""
        item = self.items.get(name)
        return item is not None and item.status != "pending"

    def expand(self, count: int, of: Mapping[str, str]) -> None:
        """It has so many items."""
        path = self.frame.path
        self.total, self.of = count, of
        self.names = [f"{path}.{index}" if path else str(index) for index in range(count)]

    def to_start(self, room: int) -> list[str]:
        """The next items, at most `room`: those to be tried again first."""
        found = list(self.again)[:room]
        new = (name for name in islice(self.names, self.next, None) if not self._began(name))
        return [*found, *islice(new, room - len(found))]

    def values_of_loop(self) -> list[Any]:
        """The items of a `for_each`. The same every time, since what it refers to is recorded."""
        if self.values is None:
            assert self.node.items is not None
            values = self.node.items.render(self.frame.scope())
            if not is_list(values):
                raise ExpressionError(
                    f"'for_each' needs a list and got {type(values).__name__}.",
                    remedy="Point it at a list, such as {{ steps.mail.messages }}.",
                )
            if self.total not in (None, len(values)):
                raise ExpressionError(
                    f"'for_each' gives {len(values)} items now, and gave {self.total} when some of them were done.",
                    remedy="What was done belongs to another list: run the workflow again from the step that gives it.",
                )
            changed = [index for name, was in self.of.items() if digest(values[index := _index(name)]) != was]
            if changed:
                raise ExpressionError(
                    f"Item {min(changed) + 1} of 'for_each' is another one now than when it was done.",
                    remedy="Leave the items as they were that are done, or run the workflow again from the step that "
                    "gives the list.",
                )
            self.values = values
        return self.values  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportReturnType]

    def scope(self, item: str) -> dict[str, Any]:
        """What the expressions of the step see for one of its items."""
        scope = self.frame.scope()
        if not self.is_loop or item == self.frame.path:
            return scope
        index = _index(item)
        return {**scope, "item": self.values_of_loop()[index], "index": index, "parent": _outer(scope)}


class Frame:
    """Steps that run together. `running` counts the attempts that are under way in it, however deep."""

    __slots__ = (
        "begun", "body", "closed", "failure", "item", "key", "name", "outputs", "owner", "path", "ready", "running",
        "steps", "unfinished", "visible",
    )  # fmt: skip

    def __init__(
        self, body: Body, path: str = "", owner: StepState | None = None, item: str = "", name: str = ""
    ) -> None:
        self.body = body
        self.path = path
        self.owner = owner
        self.item = item
        self.name = name
        self.key = (owner.id if owner else "", path)
        self.steps = {id: StepState(node, self) for id, node in body.nodes.items()}
        self.outputs: dict[str, Any] = {}
        self.visible: dict[str, Any] | None = None
        self.ready: dict[str, None] = {id: None for id, step in self.steps.items() if step.blockers == 0}
        self.unfinished = len(self.steps)
        self.running = 0
        self.failure: dict[str, Any] | None = None
        self.begun = False
        self.closed = False

    @property
    def parent(self) -> Frame | None:
        return self.owner.frame if self.owner else None

    @property
    def is_over(self) -> bool:
        return self.unfinished == 0 or self.failure is not None

    @property
    def is_abandoned(self) -> bool:
        """Something further out failed: nothing starts here any more."""
        frame = self.parent
        while frame is not None:
            if frame.failure is not None or frame.closed:
                return True
            frame = frame.parent
        return False

    def scope(self) -> dict[str, Any]:
        """What the expressions of the frame see: the steps in it, and those further out that they refer to."""
        if self.visible is None:
            owner = self.owner
            if owner is None:  # a run that has not begun
                return {"inputs": {}, "steps": self.outputs, "run": {}}
            outer = owner.scope(self.item)
            known = outer["steps"]
            self.outputs = {**{id: known[id] for id in self.body.outside if id in known}, **self.outputs}
            self.visible = {**outer, "steps": self.outputs}
            if isinstance(KINDS[owner.node.step.uses], RoundsKind):
                rounds = owner.items[self.item].rounds
                self.visible |= {
                    "index": len(rounds),
                    "last": rounds[-1].output if rounds else None,
                    "role": owner.node.step.states[self.name].role if self.name else None,
                    "parent": _outer(outer),
                }
        return self.visible

    def close(self) -> None:
        """Nothing happens in it any more: what it knew is not held."""
        self.closed = True
        self.visible = None
        self.outputs = {}


def _index(item: str) -> int:
    """Which item of its loop one is, by its path."""
    return int(item.rpartition(".")[2])


def digest(item: Any) -> str:
    """Tells one item of a loop from another: of its JSON without secrets, 16 hex digits of the SHA-256."""
    return hashlib.sha256(encode(item).encode()).hexdigest()[:16]


def _outer(scope: dict[str, Any]) -> dict[str, Any]:
    """The item and number of the loop outside, as `parent` in the loop inside."""
    return {name: scope[name] for name in ("item", "index", "last", "parent") if name in scope}
