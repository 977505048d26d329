"""What a trial is made of: which models are asked, who judges, what it can cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from orchestrator.cases import Case
from orchestrator.errors import PatchbayError
from orchestrator.templates import Template
from orchestrator.trials import Ask, asks_of, begin, estimate
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import guarded
from studio.labels import distinct
from studio.markup import plain
from studio.pickers import models, titles_of_models
from studio.templates.results import digest
from studio.templates.results_view import estimate_words

MOST_MODELS = 4


def choose_models(template: Template, engine: WorkflowEngine) -> list[str]:
    """One to four of those that can be used now."""
    options = distinct(dict(models(engine)))
    first = default_model(template.model.model, list(options), engine)
    return st.multiselect(
        "Models",
        list(options),
        default=[first] if first else [],
        format_func=lambda name: options.get(name, name),
        max_selections=MOST_MODELS,
        placeholder="Choose one to four",
        key=f"models:{template.id}",
    )


def choose_judge(engine: WorkflowEngine) -> str | None:
    options = distinct(dict(models(engine)))
    first = default_model(None, list(options), engine)
    return st.selectbox(
        "Who judges",
        list(options),
        index=list(options).index(first) if first else None,
        format_func=lambda name: options.get(name, name),
        help="The model that is asked whether an answer is right. One that you know to be good.",
        key="judge",
    )


def default_model(wanted: str | None, names: Sequence[str], engine: WorkflowEngine) -> str | None:
    """The one of these that answers when nothing else is said."""
    try:
        connector, model = engine.accounts.model(wanted)
    except PatchbayError:
        return next(iter(names), None)
    of_it = [name for name in names if name.partition(":")[0] == connector.id]
    exact = f"{connector.id}:{model}"
    return exact if exact in of_it else next(iter([*of_it, *names]), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A trial that may begin. `template` is what stands in the editor."""

    kind: Literal["try", "cases"]
    template: Template
    variants: Mapping[str, Template]
    models: Sequence[str]
    cases: Sequence[Case]
    judge: str | None


def begin_button(plan: Plan, engine: WorkflowEngine) -> None:
    """What it can cost, and the button that begins."""
    asks: list[Ask] = []
    if not plan.models:
        said = "Choose at least one model."
    elif not plan.variants:
        said = "Choose at least one version."
    elif not plan.cases:
        said = "Add a case first."
    else:
        try:
            asks = asks_of(plan.variants, plan.models, plan.cases)
            told, titles = estimate(asks, plan.judge, engine.accounts), titles_of_models(engine)
            said = estimate_words(replace(told, unpriced=tuple(titles.get(one, one) for one in told.unpriced)))
        except PatchbayError as error:
            asks, said = [], f"{error.message} {error.remedy}"
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Try it" if plan.kind == "try" else "Run the cases"
        key = f"begin-{plan.kind}"
        if st.button(label, type="primary", icon=":material/play_arrow:", key=key, disabled=not asks):
            _begin(plan, asks, engine)
        st.caption(plain(said), width="content")


@guarded()
def _begin(plan: Plan, asks: Sequence[Ask], engine: WorkflowEngine) -> None:
    name = f"{'Cases of' if plan.kind == 'cases' else 'Try'} {plan.template.title}"
    begin(name, trial_id(plan.kind, plan.template.id), asks, plan.judge, engine, of=digest(plan.template))
    st.rerun()


def trial_id(kind: str, template: str) -> str:
    """The id that the trials of a template are found by among the runs."""
    return f"{kind}-{template}"[:64]
