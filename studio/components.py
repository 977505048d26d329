"""Components of the studio that are drawn in the browser: the graph of a run and the text editor. `canvas` is a third.

Their sources lie in `studio/frontend/`, the built bundles in `studio/assets/`, which the app serves under `/assets`.
Streamlit is handed a shim alone, so that no bundle travels with the data of each script run.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NotRequired, Protocol, TypedDict

import streamlit as st

from orchestrator.history import RunView, StepView
from studio.scripts import bundle
from studio.status import LOOKS


class CanvasStep(TypedDict):
    """A box of the graph. `icon` is a Streamlit icon (":material/mail:") or an emoji; `action` is what people read
    under the name, the id in `uses` when it is missing. `note` is shown beside what a model writes in this step."""

    id: str
    name: str
    uses: str
    needs: Sequence[str]
    icon: NotRequired[str]
    action: NotRequired[str]
    note: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class CanvasEvents:
    """What happened on the canvas since the last script run. `selected` is the step that a person chose; `news` is the
    run's status when the run was over, began to wait or went on. Else they are None."""

    selected: str | None
    news: str | None


class EditorProblem(TypedDict):
    """A mistake to mark in the editor. `line` counts from 1; without it the mark stands at the first line."""

    message: str
    line: NotRequired[int | None]
    severity: NotRequired[Literal["error", "warning", "info"]]


def canvas(
    steps: Sequence[CanvasStep],
    *,
    key: str,
    revision: str | int = "",
    live: str | None = None,
    status: dict[str, Any] | None = None,
    selected: str | None = None,
    height: int = 420,
) -> CanvasEvents:
    """The graph of a workflow, coloured by a run.

    `revision` names the graph: the boxes are laid out anew only when it changes. `live` is the path of a run's
    WebSocket ("/api/runs/ID/live"): the canvas then redraws itself without a script run, until the run is over. It
    asks for one, with `news`, when the run is over, waits for something else or goes on. `status` is a snapshot as that
    socket sends it (`run_status`), shown until a newer one comes. `selected` is the box that the page has chosen; what
    a person chose since the last script run goes before it. `height` is the least, in pixels: a graph that needs more
    gets it.
    """
    known = {step["id"] for step in steps}
    choice = st.session_state.get(key, {}).get("selected") or NOTHING_CHOSEN
    is_new = choice["id"] in known and choice != st.session_state.get(f"{key}-chosen")
    state = _canvas(
        key=key,
        data={
            "revision": str(revision),
            "steps": [dict(step) for step in steps],
            "live": live,
            "status": status,
            "selected": choice["id"] if is_new or selected is None else selected,
            "height": height,
            "looks": {name: asdict(look) for name, look in LOOKS.items()},
        },
        on_selected_change=_ignore,
        on_news_change=_ignore,
    )
    # Only now: a script run can be broken off where something is drawn, and the next one is to hear of it.
    st.session_state[f"{key}-chosen"] = choice
    return CanvasEvents(selected=choice["id"] if is_new else None, news=state.news)


NOTHING_CHOSEN: dict[str, Any] = {"id": None, "at": 0}
"""As the browser tells of a choice: which box, and when, so that the same one can be chosen again."""


def run_status(run: RunView) -> dict[str, Any]:
    """The snapshot of a run for `canvas(status=...)`, in the shape that the run's WebSocket sends."""
    summary = run.summary
    return {
        "run": {
            "id": summary.id,
            "status": summary.status,
            "started_at": summary.started_at,
            "finished_at": summary.finished_at,
            "error": summary.error,
        },
        "steps": {step.id: _step_status(step) for step in run.steps},
        "text": {},
        "at": time.time(),
    }


def _step_status(step: StepView) -> dict[str, Any]:
    items = [item for item in step.items if item.item]
    return {
        "status": step.status,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "attempts": step.attempts,
        "done": sum(item.finished_at is not None for item in items),
        "total": len(items),
        "error": step.error,
        "waits_for": next((item.error["message"] for item in step.items if item.until and item.error), None),
    }


def editor(
    value: str,
    *,
    key: str,
    revision: str | int = "",
    language: Literal["json", "jinja", "text"] = "json",
    label: str = "Text",
    height: int = 320,
    problems: Sequence[EditorProblem] = (),
    crossed: Callable[[], None] = lambda: None,
) -> str:
    """A text editor. Returns the text as it stands now: what was typed, else `value`.

    `value` is taken up when `revision` changes and never between, so that nobody's typing is overwritten: give another
    revision for another file, and after each change to the text that a person did not type. JSON is checked as it is
    typed; `problems` are marked besides. `label` is what a screen reader says. `height` is in pixels. `crossed` is
    called before a text is given that was typed while the server was away, and `value` became another meanwhile.
    """
    text = typed(value, key=key, revision=revision, crossed=crossed)
    _editor(
        key=key,
        data={
            "id": key,
            "value": text,
            "revision": _base(key, revision),
            "seen": _edit(key)["number"],
            "language": language,
            "label": label,
            "problems": [dict(problem) for problem in problems],
            "height": height,
        },
        on_edit_change=_ignore,
    )
    return text


def typed(value: str, *, key: str, revision: str | int = "", crossed: Callable[[], None] = lambda: None) -> str:
    """What `editor` gives for the same arguments, before it is drawn: for what stands above it and acts on the text."""
    edit = _edit(key)
    if edit["base"] != _base(key, revision):
        return value
    if edit["crossed"] and st.session_state.get(f"{key}:crossed") != edit["number"]:
        st.session_state[f"{key}:crossed"] = edit["number"]
        crossed()
    return edit["text"]


def _base(key: str, revision: str | int) -> str:
    """Names a revision of this session: a browser may come back to another one."""
    return f"{st.session_state.setdefault(f'{key}:session', secrets.token_hex(4))}:{revision}"


class _Edit(TypedDict):
    """What a person typed. `base` is the revision that it was typed over; `number` counts from 1."""

    text: str
    number: int
    base: str
    crossed: bool


NOTHING_TYPED = _Edit(text="", number=0, base="", crossed=False)


def _edit(key: str) -> _Edit:
    return (st.session_state.get(key) or {}).get("edit") or NOTHING_TYPED


def _ignore() -> None:
    """Streamlit keeps the state of a component only under names that have a callback."""


class Component(Protocol):
    """Draws a component with what its bundle is to know, and gives what it tells. Callbacks are `on_NAME_change`."""

    def __call__(self, *, key: str, data: Mapping[str, Any], **callbacks: Callable[[], None]) -> Any: ...


def declare(name: str) -> Component:
    """The component whose bundle is `studio/assets/NAME.js`."""
    # The function waits, not the module: the fields of a form import it at once, and Safari hands a module that waits
    # to all but the first of them unfinished (https://bugs.webkit.org/show_bug.cgi?id=242740).
    mount = st.components.v2.component(
        f"patchbay_{name}",
        js=f"""
const loading = import(new URL("{bundle(name)}", location.origin).href);
export default async (args) => (await loading).default({{...args, data: args.data[0]}});
""",
    )

    def component(*, key: str, data: Mapping[str, Any], **callbacks: Callable[[], None]) -> Any:
        # In an object Streamlit looks for tables, and loads pandas for that: 70 MB, and a quarter of a second once.
        return mount(key=key, data=[data], **callbacks)

    return component


_canvas = declare("canvas")
_editor = declare("editor")
