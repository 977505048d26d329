"""Try: the draft asked of one to four models, side by side."""

from __future__ import annotations

import streamlit as st

from orchestrator.cases import Case
from orchestrator.templates import Template
from orchestrator.workflow_engine import WorkflowEngine
from studio.editing import Editing
from studio.templates.choices import Plan, begin_button, choose_models, trial_id
from studio.templates.results import answer_cards, last_trial
from studio.templates.samples import choose_values, show_preview

DRAFT = "The draft"


def version_name(editing: Editing) -> str:
    """What stands in the editor, in words."""
    return DRAFT if editing.is_changed else f"Version {editing.base}"


def try_panel(editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    asking, answers = st.columns([2, 3], gap="medium")
    with asking:
        models = choose_models(template, engine)
        values = choose_values(template, engine)
        case = Case(name="", variables=values)
        plan = Plan("try", template, {version_name(editing): template}, models, [case], None)
        begin_button(plan, engine)
        with st.expander("What is asked", icon=":material/visibility:"):
            show_preview(template, values)
    with answers:
        last_trial(trial_id("try", template.id), template, answer_cards, engine)
