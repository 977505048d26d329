"""The canvas that edits a workflow: steps as boxes, what they wait for as lines.

    event = hear(draft, key="builder")  # before anything is drawn that shows the draft, or that acts on it
    if event and event.draft is not None:
        draft = keep(event.draft)
    if event and event.selected: ...    # show the settings of that step
    canvas(draft, catalog_of(registry), key="builder", problems=engine.check(draft), status=marks_of(run))

The draft is the JSON of a workflow file and the only truth: the canvas reads its lines out of `needs`, `on_error`,
the ways of branches and the expressions, edits those, and keeps places and notes under `layout`
(`{"steps": {ID: [x, y]}, "notes": [{"text", "at": [x, y]}]}`), where nothing changes what runs. It adds no key that
a person has no use for: a workflow that nobody moved has no layout and is laid out anew each time.

The page may change the draft too (forms, the JSON tab, another version): it hands the changed one over. The canvas
takes it up as one edit more, so that Ctrl+Z goes back behind it. Edits that cross on their way are put together in
the browser, step by step and key by key; where both sides changed one value, the canvas's stands, and where the other
side was somebody else, a person is asked.

Sources: `studio/frontend/src/draft/` (edits as pure functions), `studio/frontend/src/builder/` (what is seen).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NotRequired, TypedDict

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import Problem
from orchestrator.history import RunView, StepView
from orchestrator.registry import Registry
from orchestrator.steps import KINDS
from orchestrator.steps.kind import FLOW
from studio.components import declare
from studio.status import LOOKS
from studio.workflow_view import KIND_ICONS


class CatalogAction(TypedDict):
    """A kind of step. `uses` is what the file calls it; `icon` a Streamlit icon (":material/mail:")."""

    uses: str
    title: str
    description: str
    icon: str
    writes: bool


class CatalogGroup(TypedDict):
    """The actions of one connector, as the palette shows them."""

    id: str
    title: str
    icon: str
    actions: list[CatalogAction]


class BoxChange(TypedDict):
    """How a box differs between two versions. `fields` counts what differs in it."""

    kind: Literal["added", "removed", "changed", "moved"]
    fields: int


class Comparison(TypedDict):
    """What a workflow is compared with, and how its boxes differ: by the ids of steps, and "step:state" for states."""

    before: Mapping[str, Any]
    changes: Mapping[str, BoxChange]


class Mark(TypedDict):
    """How a step fared in a run. `seconds` is how long it took, `done` of `total` its items, `cached` how many of them
    were taken from the cache, `cost` in US dollars."""

    status: str
    seconds: NotRequired[float | None]
    done: NotRequired[int]
    total: NotRequired[int]
    cached: NotRequired[int]
    cost: NotRequired[float | None]
    error: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class CanvasEvent:
    """What a person did since the script run before.

    `draft` is the whole workflow as it is now, None when it did not change. `selected` is the step that is chosen now,
    or whose state is, None when none is or several are. `opened` says that it was opened (Enter, double
    click): show its settings. `crossed` says that `draft` stands over something that somebody else had changed before
    the browser knew of it.
    """

    draft: dict[str, Any] | None
    selected: str | None
    opened: bool
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class _Met:
    """What the page and the browser told each other so far. `revision` counts the page's changes of the draft, `seen`
    is the number of the browser's latest edit; `state` is that of the selected step; `asked` is the step that the page
    chose last, `choice` counts how often it chose, `heard` is when the browser last told which one is chosen."""

    session: str
    draft: Any
    revision: int = 0
    seen: int = 0
    selected: str | None = None
    state: str | None = None
    asked: str | None = None
    choice: int = 0
    heard: float = 0

    @property
    def token(self) -> str:
        """Names a revision of this session: a browser may come back to another one."""
        return f"{self.session}:{self.revision}"


def hear(draft: Mapping[str, Any], *, key: str, session: str = "", selected: str | None = None) -> CanvasEvent | None:
    """What a person did on the canvas `key` since this was asked last; None when that is nothing.

    `draft`, `session` and `selected` are as the page knows them, as for `canvas`. A page that draws an event's `draft`
    keeps it; one that draws another takes it back.
    """
    met, event = _browser_said(_met(draft, key, session, selected), st.session_state.get(key))
    st.session_state[f"{key}:met"] = met
    return event


def canvas(
    draft: Mapping[str, Any],
    catalog: Sequence[CatalogGroup],
    *,
    key: str,
    session: str = "",
    status: Mapping[str, Mark] | None = None,
    selected: str | None = None,
    problems: Iterable[Problem] = (),
    read_only: bool = False,
    compare: Comparison | None = None,
    height: int = 640,
) -> None:
    """Draw the canvas. What a person does on it is heard by `hear`.

    `draft` is the content of a workflow file, right or not: what has no shape that can be drawn is left out, and never
    lost. `session` is another one when the draft is somebody else's. `status` marks steps by their ids (`marks_of`),
    `problems` puts a sign on theirs. `selected` chooses a step when it is another one than before: the way from a
    problem to its step. With `compare`, what differs from another version is marked, and what that one had besides is
    drawn where it stood, to be looked at alone. `height` is in pixels.

    Use another `key` for another workflow: history, selection and view belong to it.
    """
    st.session_state[f"{key}:met"] = met = _met(draft, key, session, selected)
    _builder(
        key=key,
        data={
            "draft": met.draft,
            "revision": met.token,
            "seen": met.seen,
            "catalog": list(catalog),
            "status": dict(status or {}),
            "looks": {name: asdict(look) for name, look in LOOKS.items()},
            "problems": [{"step": problem.where.step, "message": _sentence(problem)} for problem in problems],
            "selected": met.selected,
            "choice": met.choice,
            "readOnly": read_only or compare is not None,
            "compare": compare,
            "height": height,
        },
        on_edit_change=_ignore,
        on_selected_change=_ignore,
    )


def _met(draft: Mapping[str, Any], key: str, session: str, selected: str | None) -> _Met:
    draft = json.loads(json.dumps(draft))
    met = st.session_state.get(f"{key}:met") or _Met(session or secrets.token_hex(4), draft, selected=selected)
    return _page_said(met, session or met.session, draft, selected)


def _page_said(met: _Met, session: str, draft: Any, selected: str | None) -> _Met:
    """A draft that is not the one that is known was changed by the page; so with the step that is chosen."""
    if draft != met.draft:
        met = replace(met, draft=draft, session=session, revision=met.revision + 1)
    if selected is not None and selected not in (met.asked, met.selected):
        met = replace(met, selected=selected, state=None, choice=met.choice + 1)
    return replace(met, asked=selected)


def _browser_said(met: _Met, state: Any) -> tuple[_Met, CanvasEvent | None]:
    """What is new in the component's state. An edit that was made on an older revision is none: the browser learns of
    the newer one, puts both together and tells again."""
    told = (state or {}).get("edit") or {}
    chosen = (state or {}).get("selected") or {}
    edit: Any = told.get("draft")
    is_new = is_object(edit) and told.get("base") == met.token and told.get("number", 0) > met.seen
    if is_new:
        met = replace(met, draft=edit, seen=told["number"])
    crossed = is_new and bool(told.get("crossed"))
    if chosen.get("at", 0) == met.heard:
        return met, CanvasEvent(edit, met.selected, opened=False, crossed=crossed) if is_new else None
    met = replace(met, selected=chosen["step"], state=chosen.get("state"), heard=chosen["at"])
    return met, CanvasEvent(edit if is_new else None, met.selected, opened=chosen["opened"], crossed=crossed)


def chosen_state(key: str, step: str) -> str | None:
    """The state of a state machine that is chosen on the canvas `key`."""
    met: _Met | None = st.session_state.get(f"{key}:met")
    return met.state if met and met.selected == step else None


def catalog_of(registry: Registry) -> list[CatalogGroup]:
    """All kinds of steps for the palette: those of Patchbay itself, then each connector's, by title."""
    own = CatalogGroup(
        id=FLOW.id,
        title=FLOW.title,
        icon=FLOW.icon,
        actions=[
            _entry(id, kind.title, kind.description, KIND_ICONS.get(id, FLOW.icon), False) for id, kind in KINDS.items()
        ],
    )
    others = [
        CatalogGroup(
            id=connector.id,
            title=connector.title,
            icon=connector.icon,
            actions=[
                _entry(action.id, action.title, action.description, connector.icon, action.effect != "read")
                for action in connector.actions.values()
            ],
        )
        for connector in registry.connectors.values()
        if connector.actions
    ]
    return [own, *sorted(others, key=lambda group: group["title"].lower())]


def _entry(uses: str, title: str, description: str, icon: str, writes: bool) -> CatalogAction:
    return CatalogAction(uses=uses, title=title, description=" ".join(description.split()), icon=icon, writes=writes)


def marks_of(run: RunView) -> dict[str, Mark]:
    """How each step of a run fared, by its id."""
    return {step.id: _mark(step) for step in run.steps}


def _mark(step: StepView) -> Mark:
    items = [item for item in step.items if item.item] or list(step.items)
    milliseconds = step.duration_ms
    return Mark(
        status=step.status,
        seconds=None if milliseconds is None else milliseconds / 1000,
        done=sum(item.finished_at is not None for item in items),
        total=len(items),
        cached=sum(item.cached for item in items),
        cost=step.usage.cost,
        error=(step.error or {}).get("message"),
    )


def _sentence(problem: Problem) -> str:
    return f"{problem.message} {problem.remedy}".strip()


def _ignore() -> None:
    """Streamlit keeps the state of a component only under names that have a callback."""


_builder = declare("builder")
