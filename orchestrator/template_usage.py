"""Which workflows use a template, how often they ran, what a call of it costs, and what it was last given."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import sqlalchemy as sa
from pydantic import ValidationError

from orchestrator.data import is_object
from orchestrator.errors import NotFound
from orchestrator.graph import bodies_of
from orchestrator.history import Usage
from orchestrator.journal import Journal
from orchestrator.library import Library
from orchestrator.registry import Registry
from orchestrator.schema import EVENTS, RUNS
from orchestrator.stores.files import REFERENCE
from orchestrator.stores.store import Store
from orchestrator.workflow import Step, Workflow

KEPT = 30.0
"""Seconds that counts are taken as they are."""

LOOKED_BACK = 1_000
"""The newest runs among which calls are looked for."""

SAMPLED = 100
"""Runs whose calls the mean is of."""

GIVEN = 8
"""Runs whose values are offered."""


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """`workflows` are the ids of those that name it now; `runs` is how many runs there were of any version that did.
    `calls` are the last ones that are known of, and `used` what they took together."""

    workflows: tuple[str, ...] = ()
    runs: int = 0
    calls: int = 0
    used: Usage = field(default_factory=Usage)

    @property
    def mean_cost(self) -> float | None:
        """US dollars a call. None when there was none, or no price is known."""
        return None if self.used.cost is None or not self.calls else self.used.cost / self.calls

    @property
    def mean_tokens(self) -> float | None:
        return (self.used.input_tokens + self.used.output_tokens) / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Given:
    """What a step of a run filled a template with, at `at`, in seconds since 1970."""

    run: str
    workflow: str
    step: str
    item: str
    at: float
    variables: dict[str, Any]


NOT_USED = TemplateUse()


def templates_of(workflow: Workflow, registry: Registry) -> dict[str, tuple[str, ...]]:
    """The steps that name a template, by its id, wherever they stand. One that an expression computes is known only in
    a run."""
    found: dict[str, tuple[str, ...]] = {}
    for step in _every(workflow.steps):
        action = registry.get(step.uses)
        for name, info in (action.params.model_fields if action else {}).items():
            extra = info.json_schema_extra
            value = step.with_.get(name)
            if is_object(extra) and extra.get("picker") == "templates" and isinstance(value, str) and "{{" not in value:
                found[value] = (*found.get(value, ()), step.id)
    return found


def _every(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for body in bodies_of(step).values():
            yield from _every(body)


class TemplateUsage:
    """Thread-safe. Counts are as old as `KEPT` seconds at most. Raises `StoreError` where the store does."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        library: Library,
        registry: Registry,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._journal = journal
        self._library = library
        self._registry = registry
        self._now = now
        self._versions: dict[str, dict[str, tuple[str, ...]]] = {}
        """What each version that ran names: a version never changes."""
        self._lock = threading.Lock()
        self._counted: tuple[float, dict[str, TemplateUse]] | None = None

    def of(self, template: str) -> TemplateUse:
        return self.all().get(template, NOT_USED)

    def all(self) -> dict[str, TemplateUse]:
        """By template; one that nothing uses is left out."""
        with self._lock:
            if self._counted is None or self._now() - self._counted[0] > KEPT:
                self._counted = (self._now(), self._count())
            return self._counted[1]

    def given(self, template: str) -> list[Given]:
        """What it was filled with in its newest runs, newest first."""
        found: list[Given] = []
        seen = 0
        for run, hash, name in self._newest():
            steps = self._named(hash).get(template)
            if steps and seen < GIVEN:
                seen += 1
                found += [
                    Given(run, name, event.step, event.item, event.at, values)
                    for _, event in self._journal.events(run)
                    if event.type == "step.started" and event.step in steps
                    if is_object(values := event.data["input"].get("variables"))
                ]
        return sorted(found, key=lambda given: -given.at)

    def _count(self) -> dict[str, TemplateUse]:
        workflows = self._in_library()
        runs: dict[str, int] = {}
        query = sa.select(RUNS.c.workflow_hash, sa.func.count()).group_by(RUNS.c.workflow_hash)
        with self._store.read() as connection:
            for hash, number in connection.execute(query):
                for template in self._named(hash):
                    runs[template] = runs.get(template, 0) + number
        calls = self._calls()
        return {
            template: TemplateUse(
                tuple(workflows.get(template, ())), runs.get(template, 0), *calls.get(template, (0, Usage()))
            )
            for template in workflows.keys() | runs.keys()
        }

    def _in_library(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for entry in self._library.workflows.list():
            if entry.error is None:
                workflow = self._library.workflows.load(entry.id)
                for template in self._named(workflow.hash, workflow):
                    found.setdefault(template, []).append(entry.id)
        return found

    def _calls(self) -> dict[str, tuple[int, Usage]]:
        """How many calls are known of in the newest runs, and what they took."""
        runs = {run: named for run, hash, _ in self._newest() if (named := self._named(hash))}
        sampled = dict(list(runs.items())[:SAMPLED])
        steps = {step for named in sampled.values() for each in named.values() for step in each}
        query = sa.select(EVENTS.c.run_id, EVENTS.c.step, EVENTS.c.data).where(
            EVENTS.c.run_id.in_(sampled), EVENTS.c.type == "step.succeeded", EVENTS.c.step.in_(steps)
        )
        found: dict[str, tuple[int, Usage]] = {}
        with self._store.read() as connection:
            for run, step, data in connection.execute(query):
                usage = None if data.startswith(REFERENCE) else orjson.loads(data).get("usage")
                for template, named in sampled[run].items():
                    if usage and step in named:
                        calls, used = found.get(template, (0, Usage()))
                        found[template] = (calls + 1, used + Usage(**usage))
        return found

    def _newest(self) -> list[tuple[str, str, str]]:
        """Id, version and workflow of the newest runs."""
        query = sa.select(RUNS.c.id, RUNS.c.workflow_hash, RUNS.c.workflow_name)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc()).limit(LOOKED_BACK))
            return [(row.id, row.workflow_hash, row.workflow_name) for row in rows]

    def _named(self, hash: str, workflow: Workflow | None = None) -> Mapping[str, tuple[str, ...]]:
        """What a version names. One that cannot be read any more names nothing."""
        known = self._versions.get(hash)
        if known is None:
            try:
                known = templates_of(workflow or Workflow.model_validate(self._journal.workflow(hash)), self._registry)
            except (NotFound, ValidationError):
                known = {}
            self._versions[hash] = known
        return known
