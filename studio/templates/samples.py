"""The values that a template is shown and tried with: of an example, of a case, of a past run, or typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from orchestrator.template_usage import Given
from orchestrator.templates import Template
from orchestrator.workflow_engine import WorkflowEngine
from studio.failures import describe, show
from studio.forms import collect, template_fields
from studio.labels import distinct
from studio.markup import literal, plain
from studio.moments import moment
from studio.templates.draft import preview, sample_of
from studio.widgets import ask

SECONDS_KEPT = 30
MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """Values with a name. `key` tells it from others."""

    key: str
    label: str
    values: Mapping[str, Any]


def samples(template: Template, engine: WorkflowEngine) -> list[Sample]:
    """All that there is to fill it with; at least something."""
    own = [
        Sample(f"{kind}{number}", f"{kind}: {one.name or number + 1}", one.variables)
        for kind, rows in (("Example", template.examples), ("Case", template.cases))
        for number, one in enumerate(rows)
    ]
    past = [
        Sample(f"{one.run}.{one.step}.{one.item}", _past_label(one), one.variables)
        for one in _given(template.id, str(engine.settings.home), engine)[:MOST_RUNS]
    ]
    found = [*own, *past] or [Sample("names", "The names of the variables", {})]
    labels = distinct({sample.key: sample.label for sample in found})
    return [replace(sample, label=labels[sample.key]) for sample in found]


def choose_values(template: Template, engine: WorkflowEngine) -> dict[str, Any]:
    """The values that are chosen and typed."""
    known = {sample.key: sample for sample in samples(template, engine)}
    first = next(iter(known))
    chosen = first
    if len(known) > 1:
        chosen = st.selectbox(
            "Filled in with",
            list(known),
            format_func=lambda key: known[key].label if key in known else "",
            key=f"sample-of:{template.id}",
        )
    sample = known.get(chosen or first, known[first])
    fields = template_fields(template, sample_of(template, sample.values))
    with st.expander("Sample values", icon=":material/tune:"):
        answers = ask(fields, prefix=f"sample:{template.id}:{sample.key}")
    values, problems = collect(fields, answers)
    for problem in problems:
        st.warning(plain(str(problem)), icon=":material/build:")
    return values


def show_preview(template: Template, values: Mapping[str, Any]) -> None:
    """The messages as a model would get them."""
    shown = preview(template, values)
    if shown.trouble:
        show(describe(shown.trouble))
    for message in shown.messages:
        with st.container(border=True):
            st.badge(message.role.capitalize(), color="gray")
            st.html(literal(message.content))


def _past_label(given: Given) -> str:
    item = f", item {given.item}" if given.item else ""
    return f"Run of {given.workflow}, {moment(given.at, st.context.timezone)}: step {given.step}{item}"


@st.cache_data(ttl=SECONDS_KEPT, max_entries=100, show_spinner=False)
def _given(template: str, home: str, _engine: WorkflowEngine) -> list[Given]:
    """`home` keeps the runs of two engines apart."""
    return _engine.template_usage.given(template)
