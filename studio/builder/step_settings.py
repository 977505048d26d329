"""How and when a step runs: its condition, loop, retries, limits, what happens when it fails, whose account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import every_step, set_value
from studio.builder.insert import inserted, picker
from studio.builder.variables import NOTHING, Variable, value_now, waits_for
from studio.editing import Editing, change
from studio.markup import plain

ON_ERROR = {"fail": "Stop the run", "continue": "Go on; the error is data for later steps"}


def step_settings(
    editing: Editing,
    step: Mapping[str, Any],
    found: Sequence[Variable],
    scope: Mapping[str, Any],
    engine: WorkflowEngine,
) -> None:
    """A field for each setting. What is at its default is not written into the file."""
    id = step["id"]
    row = _Row(editing, id, engine)
    _expression(row, "if", "Only when", "{{ steps.mail.messages | length > 0 }}", step, found, scope)
    _expression(row, "for_each", "Once for each of", "{{ steps.mail.messages }}", step, found, scope)
    if step.get("for_each") is not None:
        row.number(("concurrency",), "At the same time, at most", step.get("concurrency"), 4, whole=True)
    service = str(step.get("uses")).split(".")[0]
    names = [entry.name for entry in engine.accounts.list() if entry.connector == service]
    if names:
        row.choice(("account",), "Account", step.get("account"), {name: name for name in names}, "The default one")
    _retry(row, step)
    row.number(("timeout",), "Seconds that one try may take", step.get("timeout"), None)
    row.number(("deadline",), "Seconds for all tries together", step.get("deadline"), None)
    others = {one["id"]: f"Go to '{one.get('name') or one['id']}'" for one in every_step(editing.content)}
    others.pop(id, None)
    row.choice(("on_error",), "When it fails", step.get("on_error"), {**ON_ERROR, **others}, ON_ERROR["fail"])
    action = engine.registry.get(str(step.get("uses")))
    if action is not None and action.effect == "read":
        row.switch(
            ("cache",),
            "Take an earlier result when nothing changed",
            step.get("cache"),
            "For a day. The run shows which results were taken.",
        )


class _Row:
    """Widgets that write into one step of the draft."""

    def __init__(self, editing: Editing, step: str, engine: WorkflowEngine) -> None:
        self._editing = editing
        self._step = step
        self._engine = engine

    def key(self, path: tuple[str, ...]) -> str:
        return f"setting:{self._editing.id}:{self._step}:{'.'.join(path)}"

    def put(self, path: tuple[str, ...], value: Any) -> None:
        change(self._editing, set_value(self._editing.content, self._step, path, value), self._engine.workflow_versions)

    def number(
        self, path: tuple[str, ...], label: str, value: Any, default: Any, *, whole: bool = False, least: float = 0
    ) -> None:
        key = self.key(path)
        given = value if isinstance(value, int | float) and not isinstance(value, bool) else default
        st.session_state[key] = given if given is None or whole else float(given)
        st.number_input(
            label,
            min_value=int(least) if whole else float(least),
            step=1 if whole else None,
            key=key,
            placeholder="No limit" if default is None else None,
            on_change=self._take(path, default),
        )

    def choice(self, path: tuple[str, ...], label: str, value: Any, options: Mapping[str, str], otherwise: str) -> None:
        key = self.key(path)
        listed = {**options, **({str(value): str(value)} if value is not None and value not in options else {})}
        st.session_state[key] = value
        st.selectbox(
            label,
            list(listed),
            index=None,
            format_func=lambda name: listed.get(name, name),
            placeholder=otherwise,
            key=key,
            on_change=self._take(path, None),
        )

    def switch(self, path: tuple[str, ...], label: str, value: Any, help: str) -> None:
        key = self.key(path)
        st.session_state[key] = bool(value)
        st.toggle(label, key=key, help=help, on_change=self._take(path, False))

    def _take(self, path: tuple[str, ...], default: Any) -> Callable[[], None]:
        def take() -> None:
            said = st.session_state.get(self.key(path))
            if isinstance(said, float) and said.is_integer():
                said = int(said)
            self.put(path, None if said == default else said or None)

        return take


def _retry(row: _Row, step: Mapping[str, Any]) -> None:
    retry = step.get("retry")
    attempts = retry.get("attempts", 3) if isinstance(retry, dict) else retry
    path = ("retry", "attempts") if isinstance(retry, dict) else ("retry",)
    row.number(path, "Tries in all, with growing waits", attempts, 1, whole=True, least=1)


def _expression(
    row: _Row,
    name: str,
    label: str,
    example: str,
    step: Mapping[str, Any],
    found: Sequence[Variable],
    scope: Mapping[str, Any],
) -> None:
    key = row.key((name,))
    value = step.get(name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.session_state[key] = "" if value is None else str(value)
        st.text_input(
            label,
            key=key,
            placeholder=example,
            on_change=lambda: row.put((name,), _condition(st.session_state.get(key))),
        )
        picker(found, key, lambda path: row.put((name,), inserted("", path)))
    if isinstance(value, str) and "{{" in value:
        now, wrong = value_now(value, scope)
        if wrong and (earlier := waits_for(value, found, scope)):
            st.caption(f"Its value shows here once '{plain(earlier[0])}' has run.")
        elif wrong:
            st.caption(f":material/help: {plain(wrong)}")
        elif now is not NOTHING:
            said = f"{len(now)} items" if isinstance(now, list) else str(now)
            st.caption(f"= {plain(said[:160])}")


def _condition(said: str | None) -> Any:
    """ "true" and "false" are themselves, and no text."""
    text = (said or "").strip()
    return {"true": True, "false": False, "": None}.get(text.lower(), text)
