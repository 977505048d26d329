"""The form of a poll: what it looks at, how often, and what tells one item from all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput, PatchbayError
from orchestrator.triggers.definition import Ask
from studio.builder import trigger_view as view
from studio.builder.account_field import account_field
from studio.builder.answers import is_expression
from studio.builder.fields import Param, params_of, pickers_of
from studio.builder.param_form import meant, widget
from studio.builder.trigger_draft import TriggerDraft
from studio.builder.trigger_expressions import TriggerExpressions
from studio.failures import describe, show
from studio.forms import text_of
from studio.markup import plain
from studio.pickers import lists_of


class PollForm:
    def __init__(self, draft: TriggerDraft) -> None:
        self._draft = draft

    def show(self) -> None:
        asked = self._draft.trigger.get("ask")
        ask: Mapping[str, Any] = asked if is_object(asked) else {}
        uses = str(ask.get("uses") or "")
        known = self._draft.engine.registry.get(uses)
        with st.container(horizontal=True):
            self._choose(uses)
            self._minutes()
        if known is None:
            return
        account_field(
            known.connector.id, ask.get("account"), self._draft.key("ask", "account"), self._put_ask, self._draft.engine
        )
        self._params({"uses": uses, "with": ask.get("with") or {}})
        looked = st.session_state.get(self._draft.key("looked"))
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                "Look now", icon=":material/search:", key=self._draft.key("look"), help="It only looks: nothing runs."
            ):
                self._look(ask)
                looked = st.session_state.get(self._draft.key("looked"))
            if looked is not None:
                count = len(view.items_of(self._draft.trigger, looked))
                st.caption(f"{count} {'item is' if count == 1 else 'items are'} there now.", width="content")
        self._apart(uses, looked)

    def _choose(self, uses: str) -> None:
        registry, key = self._draft.engine.registry, self._draft.key("ask", "uses")
        actions = view.reading_actions(registry)
        if uses:  # it was written as JSON, or its connector is gone
            actions.setdefault(uses, view.called(registry[uses]) if uses in registry else uses)
        st.session_state[key] = uses or None

        def choose() -> None:
            chosen = st.session_state[key]
            if chosen in registry:
                self._draft.put_all(view.asking(chosen, registry))
                st.session_state.pop(self._draft.key("looked"), None)

        st.selectbox(
            "Look at",
            sorted(actions, key=actions.__getitem__),
            format_func=actions.__getitem__,
            placeholder="Choose what to look at",
            key=key,
            width=340,
            on_change=choose,
        )

    def _put_ask(self, path: tuple[str, ...], value: Any) -> None:
        self._draft.put(("ask", *path), value)

    def _apart(self, uses: str, looked: Any) -> None:
        """Filled in when something was chosen, so it is folded away until it is not as it was then."""
        registry = self._draft.engine.registry
        begun = view.asking(uses, registry)
        own = any(self._draft.trigger.get(name) != begun[name] for name in ("items", "identity"))
        with st.expander("How new items are told from known ones", icon=":material/tune:", expanded=own):
            reach = view.of_a_look(self._draft.trigger, looked, registry)
            expressions = TriggerExpressions(self._draft.key("poll"), reach, self._draft.cross, looked is not None)
            for name, label, hint in (
                ("items", "The list in what it gives", "{{ result.messages }}"),
                ("identity", "What tells one item from all others", "{{ item.id }}"),
            ):
                expressions.field(
                    label,
                    text_of(self._draft.trigger.get(name)),
                    self._taker(name),
                    key=self._draft.key(name),
                    hint=hint,
                    required=True,
                )
            expressions.offer()

    def _minutes(self) -> None:
        key, seconds = self._draft.key("every"), self._draft.trigger.get("every")
        st.session_state[key] = (seconds if isinstance(seconds, int | float) else 300) / 60

        def take() -> None:
            self._draft.put(("every",), round((st.session_state[key] or 5) * 60))

        st.number_input("Every so many minutes", 0.5, step=1.0, format="%g", key=key, width=190, on_change=take)

    def _params(self, ask: Mapping[str, Any]) -> None:
        lists = lists_of(pickers_of(str(ask["uses"]), self._draft.engine.registry), self._draft.engine)
        params = params_of(ask, self._draft.engine.registry, lists)
        for param in params:
            if not param.expert:
                self._param(param)
        expert = [param for param in params if param.expert]
        if expert:
            with st.expander("More", icon=":material/tune:", expanded=any(param.value is not None for param in expert)):
                for param in expert:
                    self._param(param)

    def _param(self, param: Param) -> None:
        path = ("ask", *param.path)
        key = self._draft.key(*path)

        def take() -> None:
            said = st.session_state.get(key)
            try:
                if is_expression(said):
                    raise InvalidInput(
                        "A look comes before any run: there is nothing yet that {{ … }} could stand for.",
                        remedy="Type the value itself.",
                    )
                self._draft.put(path, meant(param, said))
            except InvalidInput as error:
                st.session_state[f"{key}:wrong"] = f"{error.message} {error.remedy}"

        if param.takes_text:
            st.session_state[key] = text_of(param.value)
            label = plain(param.field.label) + (" :red[\\*]" if param.field.required else "")
            hint = param.example or text_of(param.default)
            typed = st.text_input if param.field.kind == "text" else st.text_area
            typed(label, key=key, placeholder=hint, help=plain(param.field.help) or None, on_change=take)
        else:
            widget(param, key, take)
        if wrong := st.session_state.pop(f"{key}:wrong", ""):
            st.caption(f":red[{plain(wrong)}]")

    def _look(self, ask: Mapping[str, Any]) -> None:
        try:
            found = self._draft.engine.look(self._draft.editing.id, self._draft.id, Ask.model_validate(dict(ask)))
        except PatchbayError as error:
            show(describe(error))
        else:
            st.session_state[self._draft.key("looked")] = found

    def _taker(self, *path: str) -> Callable[[str], str]:
        def take(text: str) -> str:
            self._draft.put(path, text.strip())
            return ""

        return take
