"""Cases: values, what is expected of the answer to them, and which versions and models do as expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from orchestrator.cases import Case, Expectation
from orchestrator.errors import PatchbayError
from orchestrator.templates import Template
from orchestrator.trials import Tried
from orchestrator.workflow_engine import WorkflowEngine
from studio.editing import Editing, change
from studio.forms import collect, template_fields
from studio.labels import distinct
from studio.markup import capital, cell, plain
from studio.popovers import popover, shut
from studio.templates.choices import Plan, begin_button, choose_judge, choose_models, trial_id
from studio.templates.draft import sample_of
from studio.templates.results import answer_cards, last_trial
from studio.templates.results_view import WORDS, conclusion, expectation_words, pass_table, scores
from studio.templates.samples import samples
from studio.templates.try_panel import DRAFT, version_name
from studio.turns import saw, token
from studio.widgets import ask

MOST_VERSIONS = 3
OFFERED = 20
"""Versions to choose from."""

HINTS = {
    "contains": "Large and small letters are the same.",
    "matches": "A regular expression, such as \\d{2}:\\d{2}",
    "equals": "All of the answer; spaces around it do not count.",
    "judge": "A question with yes or no, such as: Does it name the day of the delivery?",
}


def cases_panel(editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    writing, running = st.columns([2, 3], gap="medium")
    with writing:
        st.subheader("Cases", anchor=False)
        if not template.cases:
            st.caption("A case is a set of values and what you expect of the answer. Add one, and see what passes.")
        form = token(editing, "cases")
        for number, case in enumerate(template.cases):
            _case(number, case, form, editing, template, engine)
        _add(editing, template, engine)
    with running:
        st.subheader("What passes", anchor=False)
        _run(editing, template, engine)


def _case(number: int, case: Case, form: str, editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    chosen = f"case:{editing.id}"
    is_open = st.session_state.get(chosen) == number
    name = case.name or f"Case {number + 1}"
    with st.container(border=True, gap="small"):
        head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
        head.markdown(f"**{plain(cell(name, 60))}**", width="content")
        pressed = head.button(
            "Close" if is_open else "Change",
            icon=":material/expand_less:" if is_open else ":material/edit:",
            help=f"{'Close' if is_open else 'Change'} the case {plain(cell(name, 60))}",
            type="tertiary",
            key=f"open-case:{number}",
        )
        if pressed:
            st.session_state[chosen] = None if is_open else number
            st.rerun()
        st.caption(plain(_summary(case)))
        if is_open:
            _form(case, f"{editing.id}:{number}:{form}", editing, template, engine)


def _form(case: Case, key: str, editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    name = st.text_input("Name", case.name, key=f"case-name:{key}")
    sample = sample_of(template, case.variables)
    fields = template_fields(template, sample)
    values, problems = collect(fields, ask(fields, prefix=f"case-value:{key}"))
    for problem in problems:
        st.warning(plain(str(problem)), icon=":material/build:")
    said = sample if problems else _blanks(template) | values
    if (name, said) != (case.name, sample):  # what stands in the place of a missing value is no change
        edited = case.model_copy(update={"name": name or "", "variables": said})
        if _keep([edited if one is case else one for one in template.cases], editing, engine):
            saw(editing, "cases")
            st.rerun()
    _expectations(case, key, editing, template, engine)
    if st.button("Delete this case", icon=":material/delete:", type="tertiary", key=f"delete-case:{key}"):
        st.session_state[f"case:{editing.id}"] = None
        _keep([one for one in template.cases if one is not case], editing, engine)
        st.rerun()


def _blanks(template: Template) -> dict[str, Any]:
    """What a field that was emptied says. One for a number says nothing."""
    empty: dict[str, Any] = {"string": "", "list": [], "object": {}}
    return {name: empty[one.type] for name, one in template.variables.items() if one.type in empty}


def _expectations(case: Case, key: str, editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    st.caption("The answer should be so:")
    for number, one in enumerate(case.expect):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(capital(expectation_words(one))), width="stretch")
            if st.button(":material/close:", help="Take it out", type="tertiary", key=f"drop:{key}:{number}"):
                left = [other for other in case.expect if other is not one]
                _keep(_with(case, left, template), editing, engine)
                st.rerun()
    kind = st.selectbox("The answer…", list(WORDS), format_func=lambda one: f"… {WORDS[one]}", key=f"kind:{key}")
    typed = f"value:{key}:{kind}"
    if kind != "json":
        label = "Question" if kind == "judge" else "Pattern" if kind == "matches" else "Text"
        st.text_input(label, help=HINTS.get(kind), placeholder=HINTS.get(kind), key=typed)
    wrong = f"wrong:{key}"

    def add() -> None:
        try:
            new = Expectation.model_validate({"kind": kind, "value": st.session_state.get(typed) or ""})
        except ValidationError as error:
            st.session_state[wrong] = plain(capital(error.errors()[0]["msg"])) + "."
            return
        _keep(_with(case, [*case.expect, new], template), editing, engine)

    # Called before the page is drawn again: a field above it that says something new draws the page anew, and a press
    # that is only looked for here is then lost.
    st.button("Expect this", icon=":material/add:", key=f"expect:{key}", on_click=add)
    if said := st.session_state.pop(wrong, ""):
        st.warning(said, icon=":material/build:")


def _with(case: Case, expected: Sequence[Expectation], template: Template) -> list[Case]:
    edited = case.model_copy(update={"expect": tuple(expected)})
    return [edited if one is case else one for one in template.cases]


def _add(editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    place = popover("Add a case", icon=":material/add:", key="add-case")
    if not place.open:
        return
    with place:
        known = {sample.key: sample for sample in samples(template, engine)}
        chosen = st.selectbox(
            "With the values of",
            list(known),
            format_func=lambda key: known[key].label if key in known else "",
            key="case-from",
        )
        name = st.text_input("Name", key="case-new-name", placeholder=f"Case {len(template.cases) + 1}")
        if st.button("Add", type="primary", key="case-add") and chosen:
            values = sample_of(template, known[chosen].values)
            case = Case(name=name or f"Case {len(template.cases) + 1}", variables=values)
            _keep([*template.cases, case], editing, engine)
            st.session_state[f"case:{editing.id}"] = len(template.cases)
            shut("add-case")
            st.rerun()


def _keep(cases: Sequence[Case], editing: Editing, engine: WorkflowEngine) -> bool:
    """Whether the draft says something else now."""
    content: dict[str, Any] = {key: value for key, value in editing.content.items() if key != "cases"}
    if cases:
        content["cases"] = [case.model_dump(mode="json", exclude_defaults=True) for case in cases]
    before = editing.turn
    change(editing, content, engine.template_versions)
    return editing.turn != before


def _summary(case: Case) -> str:
    values = ", ".join(cell(value, 40) for value in case.variables.values())
    expected = "; ".join(expectation_words(one) for one in case.expect) or "nothing expected yet"
    return cell(f"{values} → {expected}", 160)


def _run(editing: Editing, template: Template, engine: WorkflowEngine) -> None:
    models = choose_models(template, engine)
    variants = _choose_versions(editing, template, engine)
    judges = any(one.kind == "judge" for case in template.cases for one in case.expect)
    judge = choose_judge(engine) if judges else None
    plan = Plan("cases", template, variants, models, template.cases, judge)
    begin_button(plan, engine)
    last_trial(trial_id("cases", template.id), template, _results, engine)


def _choose_versions(editing: Editing, template: Template, engine: WorkflowEngine) -> dict[str, Template]:
    """The draft and versions before it, by name."""
    versions = engine.template_versions
    numbers = [one.number for one in versions.history(editing.id)[:OFFERED]] if editing.base else []
    now = version_name(editing)
    known = {f"Version {number}": number for number in numbers} | {now: 0}
    names = [now, *(name for name in known if name != now)]
    chosen = st.multiselect(
        "Versions",
        names,
        default=names[: 2 if editing.is_changed else 1],
        max_selections=MOST_VERSIONS,
        placeholder="Choose one to three",
        key=f"versions:{editing.id}:{editing.base}:{editing.is_changed}",
    )
    found: dict[str, Template] = {}
    for name in chosen:
        try:
            found[name] = template if name == now else versions.shelf.parse(versions.text(editing.id, known[name]))
        except PatchbayError as error:
            st.warning(plain(f"{name} cannot be read: {error.message}"), icon=":material/build:")
    return found


def _results(found: list[Tried]) -> None:
    totals = scores(found)
    variants = list(dict.fromkeys(variant for variant, _ in totals))
    if variants[0] == DRAFT and variants[1:] and (said := conclusion(totals, DRAFT, variants[1])):
        st.info(plain(said), icon=":material/balance:")
    st.html(pass_table(found))
    names = distinct({one.ask.case: one.ask.name or f"Case {one.ask.case + 1}" for one in found})
    case = st.selectbox("Look at the answers to", list(names), format_func=lambda number: names.get(number, ""))
    answer_cards([one for one in found if one.ask.case == case])
