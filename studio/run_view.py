"""What the page of a run says about it. Pure: a `RunView` in, words and numbers out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.data import is_object
from orchestrator.history import FINAL, EffectView, ItemView, RunSummary, RunView, StepView
from studio.markup import cell
from studio.moments import ago, count, duration, tokens, upcoming
from studio.remedies import Way, field_of, remedy_for
from studio.values import note_of, texts

NEEDS_A_PERSON_FOR = 7 * 86400
"""Seconds for which a failed run stays on the list of what needs a person."""

LEAST_QUOTED = 12
"""Characters: a shorter text is in another by chance."""

MESSAGE = 800
"""Characters of an error that are shown; all of it stands under the tries of its step."""


@dataclass(frozen=True, slots=True)
class Headline:
    """The line under a run's title: parts that people read with dots between."""

    status: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a run failed: what happened, at which step (None: before any), why that is likely, and what to do. `field` is
    the name of the field that is wrong, where that is known."""

    code: str
    happened: str
    step: StepView | None
    tries: int
    cause: str
    remedy: str
    ways: tuple[Way, ...]
    field: str | None


@dataclass(frozen=True, slots=True)
class EffectLine:
    """A write and whether it is sure that it happened. `word` stands in a badge that looks like `status`; `advice` is
    what that means, where it needs saying."""

    status: str
    word: str
    summary: str
    advice: str = ""
    link: str | None = None


def headline(run: RunView, now: float) -> Headline:
    summary = run.summary
    parts = [f"started {ago(summary.created_at, now)}", took(summary), tokens(run.usage)]
    return Headline(summary.status, tuple(part for part in parts if part))


def took(summary: RunSummary) -> str:
    """How long the run took. "" while it is on its way."""
    if summary.started_at is None or summary.finished_at is None:
        return ""
    return f"took {duration(summary.finished_at - summary.started_at)}"


def is_over(run: RunView) -> bool:
    return run.status in FINAL


def can_resume(run: RunView) -> bool:
    """Only a run that stopped before its end has something left to do. A preview that ended is looked at anew."""
    return run.status == "failed" or (run.status == "cancelled" and run.mode != "preview")


def is_still(run: RunView) -> bool:
    """Nothing moves: it is over, or waits. Then what the steps did can be shown in full."""
    return is_over(run) or run.status == "waiting"


def step_name(step: StepView) -> str:
    return step.name if step.name not in ("", step.id) else step.id.replace("_", " ").capitalize()


def result(run: RunView) -> dict[str, Any]:
    """What the run gave back, without the links that its effects show already."""
    made = {effect.link for effect in run.effects}
    return {
        name: value
        for name, value in (run.output or {}).items()
        if value is not None and not (isinstance(value, str) and value in made)
    }


def model_note(run: RunView, shown: Any) -> str | None:
    """What must be said about a model's text when some of it is in what is shown."""
    parts = list(texts(shown))
    whole = "\n".join(parts)
    for step in run.steps:
        for item in step.items:
            note = note_of(item.output)
            if note and any(text in parts or (len(text) >= LEAST_QUOTED and text in whole) for text in _written(item)):
                return note
    return None


def _written(item: ItemView) -> Iterator[str]:
    """The texts of a model's answer."""
    output = item.output
    about = {key: part for key, part in output.items() if key not in ("note", "model")} if is_object(output) else output
    return (text.strip() for text in texts(about) if text.strip())


def explanation(run: RunView) -> Explanation | None:
    """None unless the run failed."""
    if run.status != "failed":
        return None
    step = next((step for step in run.steps if step.status == "failed" and step.error), None)
    error: Mapping[str, Any] = run.summary.error or (step.error if step else None) or {}
    remedy = remedy_for(error)
    return Explanation(
        code=str(error.get("code")),
        happened=cell(error.get("message") or "The run stopped and gave no reason.", MESSAGE),
        step=step,
        tries=step.attempts if step else 0,
        cause=remedy.cause,
        remedy=cell(remedy.advice, MESSAGE),
        ways=remedy.ways,
        field=field_of(error),
    )


def first_choice(run: RunView) -> str | None:
    """The step to show when none was chosen: the failed one, else the running one, else the last that did something."""
    for status in ("failed", "running", "waiting"):
        found = next((step.id for step in run.steps if step.status == status), None)
        if found:
            return found
    done = [step for step in run.steps if step.status in ("succeeded", "planned")]
    last = max(done, key=lambda step: step.finished_at or 0.0, default=None)
    return last.id if last else next((step.id for step in run.steps), None)


TAKEN = {"pinned": "pinned: typed in, not run", "cached": "from the cache", "reused": "taken over, not done again"}
"""Where a result came from when the step did not run for it."""


def step_facts(step: StepView) -> list[str]:
    """What stands beside a step's name: duration, tries, items, tokens."""
    items = loop_items(step)
    facts = [
        duration(None if step.duration_ms is None else step.duration_ms / 1000),
        count(len(items), "item") if items else "",
        f"{step.attempts} tries" if step.attempts > 1 else "",
        tokens(step.usage),
        next((word for flag, word in TAKEN.items() if any(getattr(item, flag) for item in step.items)), ""),
    ]
    return [fact for fact in facts if fact]


def loop_items(step: StepView) -> list[ItemView]:
    """The items of a `for_each`; empty for a step that ran once."""
    return [item for item in step.items if item.item]


def pauses(step: StepView, now: float, timezone: str | None) -> list[str]:
    """What a step waits for and when it goes on, once each: "Nobody has answered yet. It looks again at 14:02."."""
    said = (item.waits_for(lambda at: upcoming(at, now, timezone)) for item in step.items)
    return list(dict.fromkeys(one for one in said if one))


def no_output(step: StepView) -> str:
    """What stands in the place of an output that is not there."""
    yet = {
        "planned": "Nothing yet: it is planned.",
        "waiting": "Nothing yet: it waits.",
        "running": "Nothing yet: it is on its way.",
    }
    return yet.get(step.status, "Nothing came out.")


def effect_line(effect: EffectView) -> EffectLine:
    if effect.status == "confirmed":
        return EffectLine("confirmed", "Done", effect.summary, link=effect.link)
    if effect.status == "failed":
        return EffectLine("failed", "Not done", effect.summary, "The service refused it: nothing was changed there.")
    return EffectLine(
        "sent",
        "Not confirmed",
        effect.summary,
        "It was sent, and no answer came back: it may have happened. Look there before you run this again.",
        link=effect.link,
    )


def failed_of_late(runs: Sequence[RunSummary], now: float) -> list[RunSummary]:
    """The failed runs, each the newest of its workflow: one that ran again since is settled, an old one forgotten."""
    newest: dict[str, RunSummary] = {}
    for run in sorted(runs, key=lambda run: run.created_at):
        newest[run.workflow_id] = run
    return [
        run
        for run in runs
        if run.status == "failed" and newest[run.workflow_id] is run and now - run.created_at < NEEDS_A_PERSON_FOR
    ]
