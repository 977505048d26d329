"""What starts the workflow by itself: its triggers as forms, and switching them on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import streamlit as st

from orchestrator.data import is_object
from orchestrator.errors import InvalidInput, PatchbayError
from orchestrator.triggers.definition import Poll, Schedule, Webhook
from orchestrator.triggers.schedule import every, in_words
from orchestrator.triggers.triggers import TriggerView
from orchestrator.workflow_engine import WorkflowEngine
from studio.builder import trigger_view as view
from studio.builder import widget_state
from studio.builder.account_field import account_field
from studio.builder.edit import set_value
from studio.builder.poll_form import PollForm
from studio.builder.schedule_form import ScheduleForm
from studio.builder.trigger_draft import TriggerDraft
from studio.builder.trigger_expressions import TriggerExpressions
from studio.editing import Editing, change
from studio.failures import guarded
from studio.forms import Field, text_of, value_of, words
from studio.markup import code, plain
from studio.moments import moment
from studio.notices import notice
from studio.routes import link

METHODS = ("POST", "PUT", "GET")


def triggers_panel(editing: Editing, engine: WorkflowEngine) -> None:
    st.caption(
        "A workflow runs when somebody presses Run. A trigger starts it by itself: at a time, when another service "
        "calls it, or when something new is there. It fires only once it is switched on here, and only what is "
        "published."
    )
    declared = editing.content.get("triggers")
    triggers: Mapping[str, Any] = declared if is_object(declared) else {}
    for id, trigger in triggers.items():
        if is_object(trigger):
            _Form(editing, id, trigger, engine).show()
    st.markdown("**Add a trigger**")
    with st.container(horizontal=True):
        for kind, (title, icon, help) in view.KINDS.items():
            if st.button(title, icon=icon, help=help, key=f"add-trigger:{kind}"):
                begun = view.begun(kind, st.context.timezone)
                content = set_value(editing.content, None, ("triggers", view.free_name(kind, triggers)), begun)
                change(editing, content, engine.workflow_versions)
                st.rerun()


class _Form(TriggerDraft):
    """The form of one trigger of the draft."""

    def show(self) -> None:
        published = self._published()
        is_on = published is not None and published.switch.is_on
        title, icon, _ = view.KINDS.get(self.kind, ("Trigger", ":material/bolt:", ""))  # type: ignore[call-overload]
        what = self._what()
        with st.container(border=True, key=f"trigger-{self.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{icon} **{plain(what[:1].upper() + what[1:] if what else title)}**", width="content")
                st.caption(code(self.id), width="content")
                if is_on:
                    st.badge("On", icon=":material/bolt:", color="green")
                st.space("stretch")
                if st.button(":material/delete:", key=self.key("remove"), help="Remove this trigger", type="tertiary"):
                    self.put((), None)
                    st.rerun()
            match self.kind:
                case "schedule":
                    ScheduleForm(self).show()
                case "webhook":
                    self._webhook()
                case "poll":
                    PollForm(self).show()
            self._inputs()
            self._switch(published)

    def _what(self) -> str:
        """What it waits for; "" where its kind says it all."""
        match self.definition:
            case Schedule() as definition:
                return in_words(definition)
            case Poll() as definition if definition.ask.uses in self.engine.registry:
                return f"{view.called(self.engine.registry[definition.ask.uses])}, {every(definition.every)}"
            case _:
                return ""

    def _published(self) -> TriggerView | None:
        """The trigger as it stands in the published version, if it does."""
        try:
            return self.engine.triggers.get(self.editing.id, self.id)
        except PatchbayError:
            return None

    # --- by whom

    def _webhook(self) -> None:
        key = self.key("method")
        st.session_state[key] = self.trigger.get("method") or "POST"

        def take() -> None:
            self.put(("method",), None if st.session_state[key] == "POST" else st.session_state[key])

        with st.container(horizontal=True):
            st.segmented_control("Called by", METHODS, key=key, required=True, on_change=take)
            st.text_input(
                "An example of what comes",
                value=view.EXAMPLE,
                key=self.key("example"),
                help="JSON or text. Below, it shows what your expressions give; nothing else comes of it.",
                width="stretch",
            )
        self._signed()

    def _signed(self) -> None:
        """Whom it listens to."""
        connectors = {
            id: f"Who signs with a {connector.title.lower()}"
            for id, connector in self.engine.registry.connectors.items()
            if connector.verify_function is not None
        }
        signed, key = self.trigger.get("signed_by"), self.key("signed_by")
        if not connectors and signed is None:
            return
        st.session_state[key] = signed

        def take() -> None:
            # An account is one of this connector alone.
            self.put_all({"signed_by": st.session_state[key], "account": None})

        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "Whom it listens to",
                list(dict.fromkeys([*connectors, *([signed] if signed is not None else [])])),
                index=None,
                format_func=lambda id: connectors.get(id, str(id)),
                placeholder="Whoever knows its address",
                key=key,
                width=340,
                on_change=take,
            )
            if signed is not None:
                with st.container(width=260):
                    account_field(str(signed), self.trigger.get("account"), self.key("account"), self.put, self.engine)
                link("Its secret, under Accounts", "accounts", ":material/key:")

    def _example(self) -> str:
        return str(st.session_state.get(self.key("example"), view.EXAMPLE))

    def _address(self, published: TriggerView) -> None:
        if not published.path or not published.switch.is_on:
            return
        url = self.engine.settings.studio_url + published.path
        st.caption("Its address. Whoever knows it can start this workflow: keep it to yourself.")
        st.code(url, language=None, wrap_lines=True)
        method = self.trigger.get("method") or "POST"
        example = shlex.quote(self._example())
        body = "" if method == "GET" else f" -H 'Content-Type: application/json' -d {example}"
        st.code(f"curl -X {method} {shlex.quote(url)}{body}", language="bash", wrap_lines=True)
        if st.button(
            "New address", icon=":material/autorenew:", key=self.key("renew"), help="The old one ends at once."
        ):
            with guarded():
                self.engine.triggers.renew_address(self.editing.id, self.id)
                notice("It has a new address. The old one is nobody's.")
                st.rerun()

    # --- what a run is given

    def _inputs(self) -> None:
        declared = self.editing.content.get("inputs")
        if not is_object(declared) or not declared:
            return
        st.markdown("**What the run is given**", help="An input that is left empty has its own default.")
        now = self.trigger.get("with")
        values: Mapping[str, Any] = now if is_object(now) else {}
        looked = st.session_state.get(self.key("looked"))
        reach = view.given(self.id, self.trigger, looked, _json_or_text(self._example()))
        is_known = self.kind != "poll" or looked is not None
        expressions = TriggerExpressions(self.key("inputs"), reach, self.cross, is_known)
        for name, one in declared.items():
            known: Mapping[str, Any] = one if is_object(one) else {}
            required = "default" not in known
            hint = "" if required else text_of(known.get("default"))
            label = str(known.get("title") or words(name))
            take = self._input_taker(name, label, str(known.get("type", "string")))
            expressions.field(
                label, text_of(values.get(name)), take, key=self.key("with", name), hint=hint, required=required
            )
        expressions.offer()

    def _input_taker(self, name: str, label: str, type_: str) -> Callable[[str], str]:
        kinds: dict[str, Any] = {"string": "text", "number": "number", "integer": "integer", "boolean": "boolean"}

        def take(text: str) -> str:
            try:
                is_plain = type_ == "string" or "{{" in text or not text.strip()
                value = text if is_plain else value_of(Field(name, label, kinds.get(type_, "json"), False), text)
                self.put(("with", name), value if value != "" else None)
            except InvalidInput as error:
                return f"{error.message} {error.remedy}"
            return ""

        return take

    # --- on and off

    @guarded()
    def _switch(self, published: TriggerView | None) -> None:
        if published is None:
            st.caption(":material/publish: Publish the workflow to switch this on.")
            return
        switch, key = published.switch, self.key("on")
        widget_state.show(key, switch.is_on)
        st.toggle("Switched on", key=key, on_change=lambda: self._turn(published))
        if published.definition != self.definition:
            st.caption(":material/publish: The published version is another one: it holds until you publish this.")
        st.caption(what_happens(published, self.engine))
        if isinstance(published.definition, Schedule) or self.kind == "poll":
            self._times(published)
        else:
            self._address(published)
        if switch.said:
            st.warning(plain(switch.said), icon=":material/info:")
        if switch.run_id:
            with st.container(horizontal=True, vertical_alignment="center"):
                at = moment(switch.fired_at, st.context.timezone) if switch.fired_at else ""
                st.caption(f"It fired last on {at}." if at else "It fired.", width="content")
                link("Its run", "runs", ":material/arrow_forward:", id=switch.run_id)

    def _times(self, published: TriggerView) -> None:
        if published.switch.is_on and published.switch.next_at:
            what = "It looks next" if isinstance(published.definition, Poll) else "It runs next"
            st.caption(f":material/schedule: {what} on {moment(published.switch.next_at, st.context.timezone)}.")

    def _turn(self, published: TriggerView) -> None:
        with guarded():
            if st.session_state[self.key("on")]:
                self.engine.triggers.switch_on(published.workflow, published.id)
                notice("It is on.")
            else:
                self.engine.triggers.switch_off(published.workflow, published.id)
                notice("It is off: it starts nothing any more.")


def what_happens(published: TriggerView, engine: WorkflowEngine) -> str:
    """What comes of switching it on, or of its being on: when it runs, and in whose name."""
    begins = "While the studio is up" if published.switch.is_on else "Once it is on, and while the studio is up"
    match published.definition:
        case Schedule() as definition:
            when = in_words(definition)
        case Webhook():
            when = "for each request to its address"
        case Poll() as definition:
            when = f"for each new item, looking {every(definition.every)}; what is there at first only counts as seen"
    names: list[str] = []
    is_live = False
    with suppress(PatchbayError):  # the problems of the workflow are told elsewhere
        for connector in engine.connectors_of(engine.load_workflow(published.workflow)):
            if engine.accounts.has(connector.id):
                account = engine.accounts.get(connector.id).name
                names.append(f"{connector.title} ({account})")
                is_live |= engine.accounts.is_live(connector.id, account)
    whose = f" It acts as {', '.join(names)}." if names else ""
    waits = is_live and engine.settings.preview_first
    first = " The first run of a version waits for your approval, as a preview." if waits else ""
    return plain(f"{begins}, it runs by itself {when}.{whose}{first}")


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
