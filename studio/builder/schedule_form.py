"""The form of a schedule: how often, at what time, in which time zone, and what about missed times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from orchestrator.triggers.definition import Schedule
from studio.builder import trigger_view as view
from studio.builder.trigger_draft import TriggerDraft


class ScheduleForm:
    def __init__(self, draft: TriggerDraft) -> None:
        self._draft = draft

    def show(self) -> None:
        often = view.Often.of(self._draft.trigger)
        with st.container(horizontal=True):
            self._often(often)
            if often.how != "every":
                self._zone()
        if isinstance(self._draft.definition, Schedule):
            st.caption("Next: " + " · ".join(view.coming(self._draft.definition)))
        else:
            st.caption(":red[That is no time yet: look at the problems below.]")
        with st.container(horizontal=True, gap="large"):
            missed = {"latest": "Run once for the latest", "skip": "Leave them out"}
            self._choice("catch_up", "Times that were missed while nothing ran", missed)
            busy = {"skip": "Leave this time out", "allow": "Run beside it"}
            self._choice("overlap", "When its run before is not over yet", busy)

    def _often(self, often: view.Often) -> None:
        def take(name: str, key: str) -> Callable[[], None]:
            return lambda: self._set_often(replace(often, **{name: st.session_state[key]}))

        def fill(name: str, value: Any) -> dict[str, Any]:
            key = self._draft.key(name)
            st.session_state[key] = value
            return {"key": key, "on_change": take(name, key)}

        st.selectbox("How often", list(view.HOW), format_func=view.HOW.__getitem__, width=220, **fill("how", often.how))
        if often.how in ("weekdays", "daily", "weekly", "monthly"):
            st.time_input("At", step=300, width=130, **fill("at", often.at))
        if often.how == "weekly":
            days = range(1, 8)
            st.selectbox(
                "On", days, format_func=lambda day: view.WEEKDAYS[day - 1], width=160, **fill("weekday", often.weekday)
            )
        if often.how == "monthly":
            st.number_input("Day of the month", 1, 31, width=160, **fill("day", often.day))
        if often.how == "hourly":
            key = self._draft.key("minute")
            st.session_state[key] = often.at.minute
            st.number_input(
                "Minutes past the hour",
                0,
                59,
                width=180,
                key=key,
                on_change=lambda: self._set_often(replace(often, at=time(0, st.session_state[key]))),
            )
        if often.how == "every":
            st.number_input("Minutes", 0.5, step=1.0, format="%g", width=160, **fill("minutes", float(often.minutes)))
        if often.how == "cron":
            st.text_input(
                "Minute, hour, day, month, weekday", placeholder="0 8 * * 1-5", width=260, **fill("cron", often.cron)
            )

    def _set_often(self, often: view.Often) -> None:
        self._draft.put_all({"cron": None, "every": None, **often.keys()})

    def _zone(self) -> None:
        key = self._draft.key("timezone")
        now = self._draft.trigger.get("timezone") or "UTC"
        st.session_state[key] = now
        zones = sorted(available_timezones() | {str(now)})
        st.selectbox(
            "Time zone",
            zones,
            key=key,
            width=220,
            on_change=lambda: self._draft.put(("timezone",), st.session_state[key]),
        )

    def _choice(self, name: str, label: str, options: Mapping[str, str]) -> None:
        key, default = self._draft.key(name), next(iter(options))
        st.session_state[key] = self._draft.trigger.get(name) or default

        def take() -> None:
            said = st.session_state[key]
            self._draft.put((name,), None if said == default else said)

        st.radio(label, list(options), format_func=options.__getitem__, key=key, horizontal=True, on_change=take)
