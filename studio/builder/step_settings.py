"""How and when a step runs: its condition, loop, retries, limits, what happens when it fails, whose account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.edit import every_step, set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.outputs import output_fields
from studio.editing import Editing, change
from studio.forms import Field, text_of, value_of

UNANSWERED = {"reject": "It is not sent, and the step fails", "approve": "It is sent"}
ON_ERROR = {"fail": "Stop the run", "continue": "Go on; the error is data for later steps"}


def step_settings(
    editing: Editing,
    step: Mapping[str, Any],
    expressions: ExpressionForm,
    inside: ExpressionForm | None,
    engine: WorkflowEngine,
) -> None:
    """A field for each setting. What is at its default is not written into the file. `inside` is for what is looked at
    when the steps inside it have run; None for a step that has none."""
    id = step["id"]
    row = _Row(editing, id, engine)
    row.expression(expressions, "if", "Only when", "{{ steps.mail.messages | length > 0 }}", step, _condition)
    row.expression(expressions, "for_each", "Once for each of", "{{ steps.mail.messages }}", step, _items)
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
    if action is not None and action.effect != "read":
        _approve(row, expressions, step)
    if inside is not None:
        st.markdown("**What it gives each time**", help="Without any, the outputs of the steps inside it.")
        output_fields(step.get("output"), row.key(("output",)), row.put, inside)
        inside.offer()
    expressions.offer()


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

    def expression(
        self,
        expressions: ExpressionForm,
        name: str,
        label: str,
        hint: str,
        step: Mapping[str, Any],
        meant: Callable[[str], Any],
    ) -> None:
        def take(text: str) -> str:
            try:
                self.put((name,), meant(text))
            except InvalidInput as error:
                return f"{error.message} {error.remedy}"
            return ""

        expressions.field(label, text_of(step.get(name)), take, key=self.key((name,)), hint=hint)

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


def _approve(row: _Row, expressions: ExpressionForm, step: Mapping[str, Any]) -> None:
    asked = step.get("approve")
    help = "It shows the very mail, page or issue, and sends nothing before somebody says yes."
    row.switch(("approve",), "Ask a person before it goes out", asked, help)
    if not asked:
        return
    given: Mapping[str, Any] = asked if is_object(asked) else {}

    def put(name: str, value: Any) -> str:
        kept = {key: known for key, known in {**given, name: value}.items() if known not in (None, "")}
        row.put(("approve",), kept or True)
        return ""

    def key(name: str) -> str:
        return row.key(("approve", name))

    message = text_of(given.get("message"))
    expressions.field(
        "What is asked", message, lambda text: put("message", text), key=key("message"), hint="May this go out?"
    )
    within, otherwise = given.get("within"), key("otherwise")
    st.session_state[key("within")] = within / 60 if isinstance(within, int | float) else None
    st.number_input(
        "Minutes that there are to answer",
        min_value=1.0,
        value=None,
        placeholder="No limit",
        key=key("within"),
        on_change=lambda: put("within", (st.session_state[key("within")] or 0) * 60 or None),
    )
    if within is None:
        return
    st.session_state[otherwise] = given.get("otherwise") or "reject"
    st.radio(
        "When nobody answers in time",
        list(UNANSWERED),
        format_func=UNANSWERED.__getitem__,
        key=otherwise,
        on_change=lambda: put("otherwise", None if st.session_state[otherwise] == "reject" else "approve"),
    )


def _condition(said: str) -> Any:
    """What is always so, or never, is no text."""
    text = said.strip()
    return {"true": True, "yes": True, "false": False, "no": False, "": None}.get(text.lower(), text)


def _items(said: str) -> Any:
    """A list can be typed as it is. Raises `InvalidInput`."""
    text = said.strip()
    if text.startswith("["):
        return value_of(Field("for_each", "Once for each of", "json", required=False), text)
    return text or None
