"""Random workflows that are valid: steps that refer to each other, in bodies in bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from orchestrator.workflow import Workflow

Step = dict[str, Any]

DEEPEST = 3
VALUES = st.one_of(
    st.integers(-5, 5),
    st.booleans(),
    st.text("aé\"{}'", max_size=4).filter(lambda text: "{{" not in text and "{%" not in text and "{#" not in text),
    st.lists(st.integers(0, 3), max_size=3),
)


@dataclass
class _Frame:
    """The steps of one body that later ones can refer to."""

    deep: int
    steps: list[Step] = field(default_factory=list[Step])


class _Writer:
    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def frame(self, deep: int, most: int) -> list[Step]:
        frame = _Frame(deep)
        for _ in range(self.draw(st.integers(1, most))):
            self.step(frame)
        return frame.steps

    def step(self, frame: _Frame) -> None:
        kinds = ["echo", "echo", "set", "branch", "wait", "fail", "boom"]
        if frame.deep < DEEPEST:
            kinds += ["group", "group", "loop_until"]
        kind = self.draw(st.sampled_from(kinds))
        id = f"s{self.count}"
        self.count += 1
        step: Step = {"id": id, **getattr(self, f"_{kind}")(frame)}
        if kind != "branch" and self.draw(st.integers(0, 4)) == 0:
            step["for_each"] = self.draw(st.lists(st.integers(0, 9), max_size=3))
            step["concurrency"] = self.draw(st.integers(1, 3))
        if frame.steps and self.draw(st.integers(0, 2)) == 0:
            step["needs"] = [self.need(frame)]
        if self.draw(st.integers(0, 5)) == 0:
            step["if"] = self.condition(frame)
        if kind in ("fail", "boom") or self.draw(st.integers(0, 3)) == 0:
            step["on_error"] = self.draw(st.sampled_from(["continue", "continue", "continue", "fail"]))
        frame.steps.append(step)
        if kind in ("fail", "boom") and self.draw(st.booleans()):  # a step that its error leads to
            handler = f"s{self.count}"
            self.count += 1
            step["on_error"] = handler
            frame.steps.append(
                {"id": handler, "uses": "board.echo", "with": {"x": f"{{{{ steps.{id}.error.message }}}}"}}
            )

    def need(self, frame: _Frame) -> str:
        other = self.draw(st.sampled_from(frame.steps))
        way = f".{self.draw(st.sampled_from(['yes', 'no']))}" if other["uses"] == "branch" else ""
        return f"{other['id']}{way}"

    def condition(self, frame: _Frame) -> Any:
        if not frame.steps or self.draw(st.booleans()):
            return self.draw(st.booleans())
        return f"{{{{ steps.{self.draw(st.sampled_from(frame.steps))['id']} is mapping }}}}"

    def value(self, frame: _Frame) -> Any:
        """A value, or what a step before gave."""
        if not frame.steps or self.draw(st.booleans()):
            return self.draw(VALUES)
        return f"{{{{ steps.{self.draw(st.sampled_from(frame.steps))['id']} }}}}"

    def _echo(self, frame: _Frame) -> Step:
        return {"uses": "board.echo", "with": {"x": self.value(frame)}}

    def _boom(self, frame: _Frame) -> Step:
        return {"uses": "board.boom", "with": {"x": self.value(frame)}}

    def _set(self, frame: _Frame) -> Step:
        return {"uses": "set", "with": {"values": {"v": self.value(frame)}}}

    def _branch(self, frame: _Frame) -> Step:
        return {"uses": "branch", "with": {"condition": self.condition(frame)}}

    def _wait(self, frame: _Frame) -> Step:
        return {"uses": "wait", "with": {"seconds": 0}}

    def _fail(self, frame: _Frame) -> Step:
        return {"uses": "fail", "with": {"message": "no"}}

    def _group(self, frame: _Frame) -> Step:
        return {"uses": "group", "steps": self.frame(frame.deep + 1, 3)}

    def _loop_until(self, frame: _Frame) -> Step:
        until = self.draw(st.sampled_from(["{{ index >= 1 }}", "{{ last is mapping }}", False]))
        steps = self.frame(frame.deep + 1, 2)
        return {"uses": "loop_until", "with": {"until": until, "limit": self.draw(st.integers(1, 3))}, "steps": steps}


@st.composite
def workflows(draw: Any) -> Workflow:
    """Its output is that of all its steps."""
    steps = _Writer(draw).frame(0, 6)
    output = {step["id"]: f"{{{{ steps.{step['id']} }}}}" for step in steps}
    return Workflow.model_validate({"id": "random", "steps": steps, "output": output})
