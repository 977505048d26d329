"""Draws what a waiting run asks, and takes the answer. The same on the run's page and on Home."""

from __future__ import annotations

import streamlit as st

from orchestrator.history import Question, RunView
from orchestrator.workflow_engine import WorkflowEngine
from studio.decisions import answer
from studio.failures import show_problems
from studio.forms import Field, collect
from studio.markup import literal, plain
from studio.names import in_words, names_for
from studio.output import show_note, show_value
from studio.plan_panels import show_write
from studio.plan_view import origins, write_view
from studio.question_view import AFTER_A_LOST_ANSWER, answer_field, asked_of, circumstances, write_request
from studio.run_view import model_note
from studio.widgets import ask

SHOWN = 20


def show_questions(run: RunView, engine: WorkflowEngine) -> None:
    """All that the steps of a run ask now."""
    questions = asked_of(run.questions)
    for question in questions[:SHOWN]:
        with st.container(border=True):
            show_question(question, run, engine)
    if len(questions) > SHOWN:
        st.caption(f"The next of {len(questions)} questions show as you answer these.")


def show_question(question: Question, run: RunView, engine: WorkflowEngine) -> None:
    """What is asked, what it is about, and the way to answer."""
    key = f"{question.run_id}:{question.step}:{question.item}"
    uses = next((step.uses for step in run.steps if step.id == question.step), "")
    names = names_for(uses, engine) if question.kind in ("effect", "unknown") else {}
    head, _, rest = in_words(question.message.strip(), names).partition("\n")
    st.markdown(f":violet[:material/contact_support:] **{plain(head)}**")
    if rest.strip():
        st.html(literal(rest.strip()))
    told = circumstances(question, run, st.context.timezone)
    if told:
        st.caption(plain(" · ".join(told)))
    if question.kind == "input":
        _take_value(question, key, engine)
        return
    show_note(model_note(run, question.show))
    if question.kind in ("effect", "unknown"):
        write = write_view(write_request(question), run)
        show_write(write, origins(run.plans, engine.registry), names=names, key=key)
    elif question.show not in (None, "", [], {}):
        show_value(question.show, key=f"show:{key}", studio_url=engine.settings.studio_url)
    if question.kind == "unknown":
        _take_choice(question, key, engine)
    else:
        _take_decision(question, key, engine)


def _take_choice(question: Question, key: str, engine: WorkflowEngine) -> None:
    # None of them stands out: only somebody who has looked at the service knows which is right.
    st.caption("Look at the service first: nobody else can tell whether it arrived.")
    with st.container(horizontal=True):
        for choice in AFTER_A_LOST_ANSWER:
            st.button(
                choice.label,
                icon=choice.icon,
                key=f"{choice.value}:{key}",
                on_click=answer,
                args=(question, choice.value, choice.done, engine),
            )


def _take_decision(question: Question, key: str, engine: WorkflowEngine) -> None:
    sends = question.kind == "effect"
    # Enter in the comment must not approve.
    with st.form(f"decide:{key}", enter_to_submit=False, border=False):
        st.text_input(
            "Comment",
            placeholder="Comment, if you like",
            key=f"comment:{key}",
            label_visibility="collapsed",
            max_chars=2000,
        )
        with st.container(horizontal=True):
            st.form_submit_button(
                "Send it" if sends else "Approve",
                type="primary",
                icon=":material/check:",
                key=f"yes:{key}",
                on_click=_decide,
                args=(question, key, True, engine),
            )
            st.form_submit_button(
                "Do not send" if sends else "Reject",
                icon=":material/close:",
                key=f"no:{key}",
                on_click=_decide,
                args=(question, key, False, engine),
            )


def _decide(question: Question, key: str, approved: bool, engine: WorkflowEngine) -> None:
    comment = str(st.session_state.get(f"comment:{key}") or "").strip()
    done = "Approved: the run goes on." if approved else "Rejected: this step does not happen."
    answer(question, {"approved": approved, "comment": comment}, done, engine)


def _take_value(question: Question, key: str, engine: WorkflowEngine) -> None:
    field = answer_field(question)
    with st.form(f"answer:{key}", enter_to_submit=False, border=False):
        ask([field], prefix=f"value:{key}")
        st.form_submit_button(
            "Send",
            type="primary",
            icon=":material/send:",
            key=f"send:{key}",
            on_click=_send,
            args=(question, field, key, engine),
        )
    show_problems(st.session_state.pop(f"problems:{key}", ()))


def _send(question: Question, field: Field, key: str, engine: WorkflowEngine) -> None:
    values, problems = collect([field], {field.name: st.session_state.get(f"value:{key}:{field.name}")})
    if problems:
        st.session_state[f"problems:{key}"] = problems
    else:
        answer(question, values[field.name], "Your answer was taken: the run goes on.", engine)
