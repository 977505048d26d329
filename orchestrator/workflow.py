"""A workflow file: the frozen model of it, reading and writing it, its JSON Schema, its format migrations."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, NewType

import orjson
from pydantic import BeforeValidator, Field, PrivateAttr, StringConstraints, WithJsonSchema

from orchestrator.data import is_object
from orchestrator.model import Model
from orchestrator.triggers.definition import Trigger

FORMAT = 1
"""The format that this Patchbay writes. Older ones are migrated when read."""

WorkflowId = NewType("WorkflowId", str)
StepId = NewType("StepId", str)
RunId = NewType("RunId", str)
WorkflowHash = NewType("WorkflowHash", str)

FileId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
"""The id of a workflow, template or role. It is a file name too, so it can name no folder."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
"""A name that an expression can spell: of a step, an input, an output."""


class Input(Model):
    """One value that a run is given."""

    type: Literal["string", "number", "integer", "boolean", "list", "object"] = "string"
    title: str = ""
    description: str = ""
    default: Any = Field(None, description="The value when none is given. An input without one is required.")
    choices: tuple[Any, ...] = Field((), description="The only values allowed.")
    picker: str | None = Field(None, description="A list to choose from: 'notion.databases', 'models', 'templates'.")
    multiline: bool = Field(False, description="Show a large text box.")

    @property
    def required(self) -> bool:
        return "default" not in self.model_fields_set


class Retry(Model):
    """Try a failed step again, waiting longer each time: backoff x 2^(attempt - 1) seconds, with full jitter."""

    attempts: int = Field(3, ge=1, le=100, description="Tries in all, the first one included.")
    backoff: float = Field(1.0, ge=0, le=3600, description="Seconds before the second try, doubled for each further.")
    max_delay: float = Field(
        60.0,
        ge=0,
        le=86400,
        description="The longest wait between two tries, in seconds. A service that asks for a longer one gets it, "
        "up to a day.",
    )
    on: tuple[str, ...] | None = Field(
        None,
        description="Which errors to try again after: 'timeout', 'unavailable', 'rate_limited', 'circuit_open'. "
        "All of them when not given; an error that trying again cannot mend is never tried again.",
    )


def _as_retry(value: Any) -> Any:
    if is_object(value):
        yes: Any = True  # YAML 1.1 reads the key `on` as that
        return {"on" if key == yes else key: given for key, given in value.items()}
    return {"attempts": value} if isinstance(value, int) else value


DAY = 86400.0
"""Seconds. How long `cache: true` keeps a result."""


def _as_seconds(value: Any) -> Any:
    return (DAY if value else None) if isinstance(value, bool) else value


Cache = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(_as_seconds),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "boolean"}, {"type": "null"}]}),
]


class BudgetLimits(Model):
    """The most that one run may use. What is not given is not limited."""

    cost: float | None = Field(
        None, gt=0, description="US dollars for language models. A model whose price is not known is then not asked."
    )
    tokens: int | None = Field(None, gt=0, description="Tokens that language models read and write.")
    seconds: float | None = Field(
        None, gt=0, description="Wall time since the run's start, with all its waits, those for people too."
    )


class Approve(Model):
    """Ask a person before the write of a step goes out, showing what would be sent."""

    message: str = Field("", description="What is asked. Empty: whether this may go out.")
    who: str = Field("", description="Who is asked. Empty: anyone who may open the studio.")
    within: float | None = Field(None, gt=0, description="Seconds that there are to answer. Without it, no limit.")
    otherwise: Literal["reject", "approve"] = Field("reject", description="What it comes to when nobody answers.")


def _as_approve(value: Any) -> Any:
    if not (value is None or isinstance(value, bool | Approve) or is_object(value)):
        raise ValueError("it is `true`, or an object with a message")
    return ({} if value else None) if isinstance(value, bool) else value


class Transition(Model):
    """A way out of a state."""

    to: Identifier = Field(description="The state that it leads to.")
    if_: str | bool | None = Field(None, alias="if", description="It can be taken only when this is true.")


class State(Model):
    """One state of a `states` step. Without transitions it is a final one."""

    role: str = Field("", description="Who does it: `role` in its expressions, and in the history of handoffs.")
    steps: tuple[Step, ...] = ()
    output: dict[Identifier, Any] | None = Field(None, description="What it hands over: `last` in the next state.")
    choose: str | None = Field(
        None, description="The name of the transition to take. Without it, the first one that can be taken."
    )
    transitions: dict[Identifier, Transition] = Field(default_factory=dict[str, Transition])
    limit: int | None = Field(None, ge=1, le=1000, description="How often it may be entered.")


class Step(Model):
    """One step: an action, what it is given, and when it runs."""

    id: Identifier
    uses: str = Field(description="The action: 'gmail.search_messages'.")
    name: str = Field("", description="What people see. The id when empty.")
    with_: dict[str, Any] = Field(
        default_factory=dict[str, Any], alias="with", description="The action's parameters; `{{ }}` allowed."
    )
    account: str | None = Field(
        None,
        min_length=1,
        description="The name of the account to act as: 'work'. Without it, the default one of the service.",
    )
    needs: tuple[str, ...] = Field(
        (), description="Steps to wait for, besides those that expressions refer to; 'ID.way' for a way of a branch."
    )
    if_: str | bool | None = Field(
        None, alias="if", description="Run only when this is true. Without it, a step whose needs were skipped is too."
    )
    for_each: str | list[Any] | None = Field(
        None, description="Run once for each item of this list, as `item` and `index`; the result is a list."
    )
    concurrency: int = Field(4, ge=1, le=1000, description="How many items of a `for_each` run at a time.")
    steps: tuple[Step, ...] = Field((), description="The body of a `group` or `loop_until`: the steps that it runs.")
    output: dict[Identifier, Any] | None = Field(
        None, description="What the body gives each time; without it, the outputs of its steps by their ids."
    )
    states: dict[Identifier, State] = Field(default_factory=dict[str, State], description="The states of `states`.")
    retry: Annotated[Retry | None, BeforeValidator(_as_retry)] = None
    timeout: float | None = Field(None, gt=0, le=86400, description="Seconds that one try may take.")
    deadline: float | None = Field(
        None, gt=0, description="Seconds that all tries may take, with the waits between them, counted from the first."
    )
    cache: Cache = Field(
        None,
        description="Take the result of an earlier run when action, account, parameters, model and template are the "
        "same: for so many seconds, or `true` for a day. Only for steps that read.",
    )
    approve: Annotated[Approve | None, BeforeValidator(_as_approve)] = Field(
        None, description="Ask a person before its write goes out: `true`, or what is asked. Only for steps that write."
    )
    on_error: str = Field(
        "fail", description="'fail' the run, 'continue' with `steps.ID.error`, or the id of a step to go to."
    )


class Workflow(Model):
    """A workflow, as its file says it."""

    format: Literal[1] = FORMAT
    id: FileId
    name: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    inputs: dict[Identifier, Input] = Field(default_factory=dict[str, Input])
    steps: tuple[Step, ...] = Field(min_length=1)
    output: dict[Identifier, Any] = Field(default_factory=dict[str, Any], description="What a run gives back.")
    budget: BudgetLimits | None = Field(None, description="The most that one run may cost and take.")
    triggers: dict[Identifier, Trigger] = Field(
        default_factory=dict[str, Trigger],
        description="What starts it by itself, once somebody has switched that on. Never changes what runs.",
    )
    layout: dict[str, Any] = Field(
        default_factory=dict[str, Any], description="Where the canvas draws each step. Never changes what runs."
    )

    _variables: dict[str, Any] = PrivateAttr(default_factory=dict[str, Any])

    @property
    def title(self) -> str:
        return self.name or self.id

    @property
    def variables(self) -> dict[str, Any]:
        """Values for the inputs of the next run, for use as a library. They are no part of the file."""
        return self._variables

    @cached_property
    def hash(self) -> WorkflowHash:
        """Identifies what runs: 16 hex digits of the SHA-256 of the content without `layout` and `triggers`."""
        content = self.model_dump(mode="json", by_alias=True, exclude={"layout", "triggers"}, exclude_defaults=True)
        return WorkflowHash(hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16])

    def dump(self) -> dict[str, Any]:
        """The content of the file, without what is at its default."""
        content = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {"format": FORMAT, **content}

    @cached_property
    def stored(self) -> str:
        """The content as the journal keeps it with a run: made once for all runs of it."""
        return orjson.dumps(self.dump(), option=orjson.OPT_NON_STR_KEYS).decode()

    def to_json(self) -> str:
        """The text of the file, made to be read in a diff."""
        return json.dumps(self.dump(), indent=2, ensure_ascii=False) + "\n"


def new_run_id(now: float) -> RunId:
    """An id that sorts by time: 45 bits of milliseconds since 1970 and 45 random ones, in base 32, 18 characters."""
    number = (int(now * 1000) << 45) | secrets.randbits(45)
    return RunId("".join(ALPHABET[(number >> shift) & 31] for shift in range(85, -1, -5)))


ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"

Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: tuple[Migration, ...] = ()
"""MIGRATIONS[n] turns format n + 1 into format n + 2. Append only."""


def migrate(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same workflow in today's format. A format that is not a known number is left for validation to refuse."""
    migrated = dict(content)
    version = migrated.get("format", FORMAT)
    if isinstance(version, int) and 1 <= version < FORMAT:
        for migration in MIGRATIONS[version - 1 :]:
            migrated = migration(migrated)
        migrated["format"] = FORMAT
    return migrated


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of a workflow file (`workflows/schema.json`)."""
    schema = Workflow.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Patchbay workflow"}
