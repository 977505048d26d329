"""The form of a poll: what it looks at, how often, and what tells one item from all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput, PatchbayError
from orchestrator.triggers.definition import Ask
from studio.builder import trigger_view as view
from studio.builder.fields import params_of, pickers_of
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
        actions = view.reading_actions(self._draft.engine.registry)
        uses, key = str(ask.get("uses") or ""), self._draft.key("uses")
        st.session_state[key] = uses if uses in actions else None

        def choose() -> None:
            chosen = st.session_state[key]
            if chosen:
                self._draft.put_all(view.asking(chosen, self._draft.engine.registry))

        with st.container(horizontal=True):
            st.selectbox(
                "Look at",
                list(actions),
                format_func=actions.__getitem__,
                placeholder="What is to be looked at?",
                key=key,
                width=340,
                on_change=choose,
            )
            self._minutes()
        if uses not in actions:
            return
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
        reach = view.of_a_look(self._draft.trigger, looked, self._draft.engine.registry)
        expressions = TriggerExpressions(self._draft.key("poll"), reach, looked is not None)
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

        st.number_input("Every so many minutes", 0.5, step=1.0, key=key, width=190, on_change=take)

    def _params(self, ask: Mapping[str, Any]) -> None:
        lists = lists_of(pickers_of(str(ask["uses"]), self._draft.engine.registry), self._draft.engine)
        for param in params_of(ask, self._draft.engine.registry, lists):
            if param.expert:
                continue
            path = ("ask", *param.path)
            key = self._draft.key(*path)

            def take(param: Any = param, key: str = key, path: tuple[str, ...] = path) -> None:
                try:
                    self._draft.put(path, meant(param, st.session_state.get(key)))
                except InvalidInput as error:
                    st.session_state[f"{key}:wrong"] = f"{error.message} {error.remedy}"

            if param.takes_text:
                st.session_state[key] = text_of(param.value)
                label = plain(param.field.label) + (" :red[\\*]" if param.field.required else "")
                hint = param.example or text_of(param.default)
                st.text_input(label, key=key, placeholder=hint, help=plain(param.field.help) or None, on_change=take)
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
