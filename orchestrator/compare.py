"""Two runs side by side, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.data import is_list, is_object
from orchestrator.history import RunView, StepView


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs. `path` leads to it: "messages[0].subject"; "" is the whole."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class StepComparison:
    """A step of either run. A status is None where the run has no such step; durations are milliseconds."""

    id: str
    status: tuple[str | None, str | None]
    duration_ms: tuple[float | None, float | None]
    input: tuple[Difference, ...]
    output: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        return self.status[0] == self.status[1] and not self.input and not self.output


@dataclass(frozen=True, slots=True)
class Comparison:
    """`steps` are in the order of the later run, those that only the earlier one has behind them."""

    before: str
    after: str
    status: tuple[str, str]
    inputs: tuple[Difference, ...]
    output: tuple[Difference, ...]
    steps: tuple[StepComparison, ...]


def compare(before: RunView, after: RunView) -> Comparison:
    """What differs between two runs."""
    first, second = ({step.id: step for step in view.steps} for view in (before, after))
    return Comparison(
        before=before.summary.id,
        after=after.summary.id,
        status=(before.status, after.status),
        inputs=tuple(differences(before.inputs, after.inputs)),
        output=tuple(differences(before.output, after.output)),
        steps=tuple(_step(id, first.get(id), second.get(id)) for id in dict.fromkeys([*second, *first])),
    )


def _step(id: str, before: StepView | None, after: StepView | None) -> StepComparison:
    return StepComparison(
        id=id,
        status=(before.status if before else None, after.status if after else None),
        duration_ms=(before.duration_ms if before else None, after.duration_ms if after else None),
        input=tuple(differences(_input(before), _input(after))),
        output=tuple(differences(before.output if before else None, after.output if after else None)),
    )


def _input(step: StepView | None) -> Any:
    if step is None:
        return None
    inputs = [item.input for item in step.items]
    return inputs if step.is_loop else inputs[0] if inputs else None


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """The innermost values that differ between two pieces of JSON data."""
    if before == after:
        return
    if is_object(before) and is_object(after):
        for key in dict.fromkeys([*before, *after]):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif is_list(before) and is_list(after) and len(before) == len(after):
        yield from _of_lists(before, after, path)
    else:
        yield Difference(path, before, after)


def _of_lists(before: Iterable[Any], after: Iterable[Any], path: str) -> Iterator[Difference]:
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        yield from differences(one, other, f"{path}[{index}]")
