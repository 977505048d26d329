"""How and when a step runs: its condition, loop, retries, limits, what happens when it fails, whose account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from orchestrator.data import is_list, is_object
from orchestrator.errors import InvalidInput, Problem
from orchestrator.workflow import DAY
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder import widget_state
from studio.builder.accepted import refused
from studio.builder.account_field import account_field
from studio.builder.edit import every_step, set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.outputs import output_fields
from studio.builder.variables import nearest_list
from studio.editing import Editing, change
from studio.forms import Field, text_of, value_of
from studio.markup import capital, plain

UNANSWERED = {"reject": "It is not sent, and the step fails", "approve": "It is sent"}
AGAIN = {
    "timeout": "It took too long",
    "unavailable": "The service did not answer",
    "rate_limited": "The service asked to wait",
    "circuit_open": "The service had failed too often",
}
"""The errors that trying again may mend, as people call them."""

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
    some = nearest_list(expressions.reach)
    row.expression(expressions, "if", "Only when", f"{{{{ {some} | length > 0 }}}}", step, _condition)
    row.expression(expressions, "for_each", "Once for each of", f"{{{{ {some} }}}}", step, _items)
    if step.get("for_each") is not None:
        row.number(("concurrency",), "At the same time, at most", step.get("concurrency"), 4, whole=True, least=1)
    uses = str(step.get("uses"))
    unfit = refused(uses, engine)
    if "account" not in unfit:
        account_field(uses.split(".")[0], step.get("account"), row.key(("account",)), row.put, engine)
    if "retry" not in unfit:
        _retry(row, step)
    if "timeout" not in unfit:
        row.number(("timeout",), "Seconds that one try may take", step.get("timeout"))
    if "deadline" not in unfit:
        row.number(("deadline",), "Seconds for all tries together", step.get("deadline"))
    others = {one["id"]: f"Go to '{one.get('name') or one['id']}'" for one in every_step(editing.content)}
    others.pop(id, None)
    row.choice(("on_error",), "When it fails", step.get("on_error"), {**ON_ERROR, **others}, ON_ERROR["fail"])
    if "cache" not in unfit:
        row.switch(
            ("cache",),
            "Take an earlier result when nothing changed",
            step.get("cache"),
            "For a day, unless you say otherwise. The run shows which results were taken.",
        )
        if step.get("cache"):
            _cache(row, step["cache"])
    if "approve" not in unfit:
        _approve(row, expressions, step)
    for name, problem in unfit.items():
        if name in step:
            row.unfit(name, problem)
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
        self,
        path: tuple[str, ...],
        label: str,
        value: Any,
        default: Any = None,
        *,
        whole: bool = False,
        least: float = 0.1,
        hint: str = "No limit",
        put: Callable[[Any], None] | None = None,
    ) -> None:
        """`put` takes what was typed where more than one value of the draft comes of it."""
        key = self.key(path)
        given = value if isinstance(value, int | float) and not isinstance(value, bool) else default
        st.session_state[key] = given if given is None or whole else float(given)
        st.number_input(
            label,
            min_value=int(least) if whole else float(least),
            value=None,
            step=1 if whole else None,
            format=None if whole else "%g",
            key=key,
            placeholder=hint if default is None else None,
            on_change=self._take(path, default, put),
        )

    def unfit(self, name: str, problem: Problem) -> None:
        """What stands in the file and does nothing: why, and the way out."""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":orange[{plain(capital(problem.message))}] {plain(problem.remedy)}", width="stretch")
            st.button(
                f"Remove '{name}'",
                icon=":material/delete:",
                key=f"remove:{self.key((name,))}",
                on_click=self.put,
                args=((name,), None),
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
        widget_state.show(key, bool(value))
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

    def _take(
        self, path: tuple[str, ...], default: Any, put: Callable[[Any], None] | None = None
    ) -> Callable[[], None]:
        def take() -> None:
            said = st.session_state.get(self.key(path))
            if isinstance(said, float) and said.is_integer():
                said = int(said)
            meant = None if said == default else said
            if put is None:
                self.put(path, meant)
            else:
                put(meant)

        return take


def _retry(row: _Row, step: Mapping[str, Any]) -> None:
    retry = step.get("retry")
    given: Mapping[str, Any] = retry if is_object(retry) else {} if retry is None else {"attempts": retry}
    attempts = given.get("attempts", 1 if retry is None else 3)

    def put(name: str, value: Any) -> None:
        kept = {key: known for key, known in {"attempts": attempts, **given, name: value}.items() if known is not None}
        row.put(("retry",), kept if "attempts" in kept else None)

    def number(name: str, label: str, hint: str) -> None:
        row.number(("retry", name), label, given.get(name), least=0, hint=hint, put=partial(put, name))

    tries = "Tries in all, with growing waits"
    row.number(("retry", "attempts"), tries, attempts, 1, whole=True, least=1, put=partial(put, "attempts"))
    if retry is None:
        return
    with st.expander("Its waits", icon=":material/hourglass_empty:", expanded=len(given) > 1):
        number("backoff", "Seconds before the second try; then doubled", "1")
        number("max_delay", "Seconds that a wait has at most", "60")
        key, listed = row.key(("retry", "on")), given.get("on")
        st.session_state[key] = [str(code) for code in listed] if is_list(listed) else []
        st.multiselect(
            "Try again only when",
            list(dict.fromkeys([*AGAIN, *st.session_state[key]])),
            format_func=lambda code: AGAIN.get(code, code),
            key=key,
            placeholder="Whatever may pass by itself",
            on_change=lambda: put("on", st.session_state[key] or None),
        )


def _cache(row: _Row, cache: Any) -> None:
    key = row.key(("cache", "hours"))
    st.session_state[key] = cache / 3600 if isinstance(cache, int | float) and not isinstance(cache, bool) else 24.0

    def take() -> None:
        seconds = round((st.session_state[key] or 24) * 3600)
        row.put(("cache",), True if seconds == DAY else seconds)

    st.number_input("Hours that a result is good for", min_value=0.1, step=1.0, format="%g", key=key, on_change=take)


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
    who = key("who")
    st.session_state[who] = str(given.get("who") or "")
    st.text_input(
        "Who is asked",
        key=who,
        placeholder="Anyone who may open the studio",
        help="It is shown beside the question. Whoever may open the studio can answer.",
        on_change=lambda: put("who", st.session_state[who].strip()),
    )
    within, otherwise = given.get("within"), key("otherwise")
    st.session_state[key("within")] = within / 60 if isinstance(within, int | float) else None
    st.number_input(
        "Minutes that there are to answer",
        min_value=1.0,
        value=None,
        step=1.0,
        format="%g",
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
