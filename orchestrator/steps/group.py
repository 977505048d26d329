"""`group`: steps that belong together, run once, or once for each item of a `for_each`."""

from __future__ import annotations

from pydantic import ConfigDict

from orchestrator.actions import Params, Result
from orchestrator.steps.kind import BodyKind


class Grouping(Params):
    """Run the `steps` inside, once or for each item of `for_each`. A group can stand in a group: loops in loops."""


class Gathered(Result):
    """What `output` says, or the outputs of the steps inside by their ids."""

    model_config = ConfigDict(extra="allow")


class Group(BodyKind[Grouping]):
    id = "group"
    title = "Group"
    params = Grouping
    result = Gathered
