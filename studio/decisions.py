"""What a person decides about a run that waits. Each decision is a callback and ends with a notice.

A callback, because the script that follows may not draw the button any more: when it was decided elsewhere meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from orchestrator.errors import NotFound
from orchestrator.history import Question
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.notices import notice

PATIENCE = 2.0
"""Seconds within which a decision shows in the journal."""

OUTDATED = "This was decided already, in another window or by someone else. The page now shows how it stands."


def person() -> str:
    """Who decides: the name of whoever is signed in."""
    return str(st.user.get("name") or "you")


@guarded()
def approve_preview(question: Question, hash: str | None, engine: WorkflowEngine) -> None:
    """Let out exactly what was shown. Raises `InvalidInput` when that is not what the preview holds now."""
    _decide(
        question, engine, lambda: engine.approve(question.run_id, hash=hash, by=person()), "Approved: it goes out now."
    )


@guarded()
def reject_preview(question: Question, engine: WorkflowEngine) -> None:
    _decide(question, engine, lambda: engine.reject(question.run_id, by=person()), "Nothing was sent.")


@guarded()
def answer(question: Question, value: Any, done: str, engine: WorkflowEngine) -> None:
    """Answer a step's question; `done` is said when it was taken."""

    def give() -> None:
        engine.answer(question.run_id, question.step, value, item=question.item, by=person())

    _decide(question, engine, give, done)


def _decide(question: Question, engine: WorkflowEngine, act: Callable[[], None], done: str) -> None:
    try:
        act()
    except NotFound:
        notice(OUTDATED)
    else:
        notice(done)
        _until_heard(question, engine)


def _until_heard(question: Question, engine: WorkflowEngine) -> None:
    """Wait until the journal says so, or the page that comes next asks the same again."""
    end = time.monotonic() + PATIENCE
    while question in engine.run(question.run_id).questions and time.monotonic() < end:
        time.sleep(0.02)
