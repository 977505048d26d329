"""Files of workflows and templates that come in from outside, looked at before anything is saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from orchestrator.errors import InvalidWorkflow, PatchbayError, Problem
from orchestrator.library import Shelf, parse_text
from orchestrator.templates import Template
from orchestrator.workflow import Workflow

T = TypeVar("T", Workflow, Template)


@dataclass(frozen=True, slots=True)
class Incoming(Generic[T]):
    """What an upload holds. With `problems` there is no item. `taken` says that its id is in use."""

    item: T | None = None
    problems: tuple[Problem, ...] = ()
    taken: bool = False


Check = Callable[[dict[str, Any]], list[Problem]]


def incoming(data: bytes, shelf: Shelf[T], check: Check | None = None) -> Incoming[T]:
    """Read an uploaded file, JSON or YAML. `check` finds the mistakes that its shape alone does not show."""
    try:
        text = data.decode("utf-8-sig")
        problems = check(parse_text(text)) if check else []
        if problems:
            return Incoming(problems=tuple(problems))
        item = shelf.parse(text)
    except UnicodeDecodeError:
        no_text = Problem("not_text", "This is not a text file.", remedy="Choose a JSON or YAML file.")
        return Incoming(problems=(no_text,))
    except InvalidWorkflow as error:
        return Incoming(problems=error.problems)
    except PatchbayError as error:
        return Incoming(problems=(Problem(error.code, error.message, error.where, error.remedy),))
    return Incoming(item=item, taken=item.id in shelf.ids())


def copy_of(item: T, shelf: Shelf[T]) -> T:
    """The item under a free id and a name that says it is a copy."""
    update = {"id": shelf.free_id(item.id), "name": f"{item.title} (copy)"}
    return item.model_copy(update=update)
