"""The states of a state machine: who does each, how it is left, what it hands over.

States and transitions are added, named, led elsewhere and removed on the canvas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder.answers import answer_of
from studio.builder.edit import Draft, find_step, set_value
from studio.builder.expression_form import ExpressionForm
from studio.builder.outputs import output_fields
from studio.builder.variables import Known, reach_of
from studio.canvas import chosen_state
from studio.editing import Editing, change, cross
from studio.expression_field import Answer, expression_field
from studio.forms import text_of
from studio.markup import plain

FROM_BEFORE = re.compile(r"\b(last|role|index)\b")
"""Names whose values only a run knows."""


def states_form(editing: Editing, step: Mapping[str, Any], known: Known, engine: WorkflowEngine) -> None:
    """A form for the state that is chosen here or on the canvas."""
    states: Mapping[str, Any] = step["states"] if is_object(step.get("states")) else {}
    if not states:
        st.caption("It has no states yet: press **Add a state** in its box on the canvas.")
        return
    id = step["id"]
    chosen = chosen_state(f"builder:{editing.id}", id)
    names = list(states)
    # Another state that is chosen on the canvas is another field: it begins with that one.
    name = st.selectbox(
        "State", names, index=names.index(chosen) if chosen in names else 0, key=f"states:{editing.id}:{id}:{chosen}"
    )
    state = states.get(name)
    if name is None or not is_object(state):
        return

    def put(path: tuple[str, ...], value: Any) -> None:
        changed = set_in_state(editing.content, id, name, path, value)
        change(editing, changed, engine.workflow_versions)

    key = f"state:{editing.id}:{id}:{name}"
    # What leaves a state sees the steps in it, as what is looked at behind a body sees those of the body.
    as_body = set_value(editing.content, id, ("steps",), state.get("steps") or None)
    reach = reach_of(as_body, id, known, engine.registry, inside=True)
    expressions = _StateForm(f"{key}:expressions", reach, partial(cross, editing, engine.workflow_versions))
    _role(state, key, put)
    moves = state.get("transitions")
    if is_object(moves) and moves:
        _ways(editing, id, name, moves, key, expressions, engine)
        expressions.field(
            "The name of the way to take",
            text_of(state.get("choose")),
            lambda text: put(("choose",), text.strip() or None) or "",
            key=f"{key}:choose",
            hint="{{ steps.review.data.decision }}",
            help="When something else decides, such as a model. Empty: the first way that can be taken.",
        )
    else:
        st.caption("The machine ends here. Draw a line from it to another state to go on.")
    _limit(state, key, put)
    st.markdown("**What it hands over**", help="`last` in the next state; of the state that ends it, its output.")
    output_fields(state.get("output"), f"{key}:output", put, expressions)
    expressions.offer()


@dataclass(frozen=True, slots=True)
class _StateForm(ExpressionForm):
    """What the state before handed over is not known here: an expression with it is not wrong for that."""

    def field(self, label: str, text: str, take: Callable[[str], str], *, key: str, **look: Any) -> None:
        answer = answer_of(text, self.reach)
        if answer is not None and answer.kind == "wrong" and FROM_BEFORE.search(text):
            answer = Answer("waits", "It depends on the state before: its value shows in the run.")
        expression_field(label, text, take, key=key, form=self.id, answer=answer, crossed=self.crossed, **look)


def set_in_state(draft: Draft, step: str, state: str, path: tuple[str, ...], value: Any) -> Draft:
    """The draft with a value of a state, under a path of keys; None takes it away. A state that says nothing more is
    still a state."""
    states = (find_step(draft, step) or {}).get("states") or {}
    return set_value(draft, step, ("states",), {**states, state: set_value(states.get(state) or {}, None, path, value)})


def earlier(draft: Draft, step: str, state: str, move: str) -> Draft:
    """The draft with a transition before the one that stood before it: the first that can be taken is."""
    moves = ((find_step(draft, step) or {}).get("states") or {}).get(state, {}).get("transitions") or {}
    names = list(moves)
    at = names.index(move)
    if at:
        names[at - 1 : at + 1] = [move, names[at - 1]]
    return set_in_state(draft, step, state, ("transitions",), {name: moves[name] for name in names})


def _role(state: Mapping[str, Any], key: str, put: Any) -> None:
    own = f"{key}:role"
    st.session_state[own] = str(state.get("role") or "")
    st.text_input(
        "Who does it",
        key=own,
        placeholder="editor",
        help="`role` in its expressions, and a name in the history of the run.",
        on_change=lambda: put(("role",), st.session_state[own].strip() or None),
    )


def _limit(state: Mapping[str, Any], key: str, put: Any) -> None:
    own = f"{key}:limit"
    limit = state.get("limit")
    st.session_state[own] = limit if isinstance(limit, int) and not isinstance(limit, bool) else None
    st.number_input(
        "Entered at most",
        min_value=1,
        max_value=1000,
        step=1,
        key=own,
        placeholder="No limit",
        on_change=lambda: put(("limit",), st.session_state[own]),
    )


def _ways(
    editing: Editing,
    step: str,
    state: str,
    moves: Mapping[str, Any],
    key: str,
    expressions: ExpressionForm,
    engine: WorkflowEngine,
) -> None:
    """The condition of each transition, in the order in which they are tried."""
    for number, (move, transition) in enumerate(moves.items()):
        if not is_object(transition):
            continue

        def take(text: str, move: str = move) -> str:
            said = text.strip()
            meant: Any = {"true": True, "yes": True, "false": False, "no": False, "": None}.get(said.lower(), said)
            changed = set_in_state(editing.content, step, state, ("transitions", move, "if"), meant)
            change(editing, changed, engine.workflow_versions)
            return ""

        expressions.field(
            f"{move}, to {transition.get('to')}: only when",
            text_of(transition.get("if")),
            take,
            key=f"{key}:{move}:if",
            hint="Always",
        )
        if number and st.button(
            f"Try {plain(move)} earlier", icon=":material/arrow_upward:", key=f"{key}:{move}:up", type="tertiary"
        ):
            change(editing, earlier(editing.content, step, state, move), engine.workflow_versions)
            st.rerun()
