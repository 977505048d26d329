"""Text from a language model, whichever it is."""

from __future__ import annotations

from typing import Any

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Message,
    ModelRequest,
    Params,
    Prompt,
    Result,
    field,
)

ai = Connector(
    "ai",
    title="AI",
    icon=":material/auto_awesome:",
    description="Ask a language model: write, summarise, sort, answer.",
)


class Generate(Params):
    """Ask a language model, in your own words or by a prompt template."""

    prompt: str | None = field(
        "Prompt", default=None, widget="multiline", description="What to ask. Or choose a template."
    )
    template: str | None = field("Prompt template", default=None, picker="templates")
    variables: dict[str, Any] = field(
        "Variables", default={}, widget="json", description="The values that the template is filled with."
    )
    system: str | None = field(
        "Instructions",
        default=None,
        widget="multiline",
        description="How the model should behave. Stands before the template's own.",
        expert=True,
    )
    model: str | None = field("Model", default=None, picker="models", description="Empty: the default model.")
    choices: list[str] | None = field(
        "Allowed answers",
        default=None,
        description="The answer is one of these.",
        examples=[["yes", "no"]],
        min_length=2,
    )
    temperature: float | None = field(
        "Temperature", default=None, description="0 is strict, 1 is free, 2 is wild.", expert=True, ge=0, le=2
    )
    max_tokens: int | None = field(
        "Longest answer", default=None, description="In tokens; 100 are about 75 words.", expert=True, ge=1, le=200_000
    )

    @model_validator(mode="after")
    def _one_source(self) -> Generate:
        if self.prompt and self.template:
            raise PydanticCustomError("two_prompts", "Give a prompt or a template, not both")
        if not self.prompt and not self.template:
            raise PydanticCustomError("no_prompt", "Give a prompt or choose a template")
        if self.variables and not self.template:
            raise PydanticCustomError(
                "no_template", "Variables fill a template: choose one, or write the values into the prompt"
            )
        return self


class Generated(Result):
    """What the model answered."""

    text: str = field("Text", widget="markdown")
    model: str = field("Model")
    note: str | None = field("Note", default=None, description="What to know about the model.")
    input_tokens: int = field("Tokens read", default=0)
    output_tokens: int = field("Tokens written", default=0)
    cost: float | None = field("Cost in US dollars", default=None)
    truncated: bool = field("Cut off", default=False, description="The answer reached its longest length.")


@ai.action("Ask a model", effect="read", result=Generated, timeout=120)
def generate(p: Generate, account: Account, call: Call) -> Generated:
    prompt = _prompt(p, call)
    settings = prompt.settings
    request = ModelRequest(
        messages=prompt.messages,
        model="",
        temperature=settings.get("temperature") if p.temperature is None else p.temperature,
        max_tokens=settings.get("max_tokens") if p.max_tokens is None else p.max_tokens,
        choices=tuple(p.choices) if p.choices else None,
        timeout=call.timeout,
    )
    answer = call.generate(p.model or settings.get("model"), request)
    if answer.truncated:
        call.log("The answer reached its longest length and was cut off.")
    return Generated(
        text=answer.text,
        model=answer.model,
        note=answer.note,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=answer.cost,
        truncated=answer.truncated,
    )


def _prompt(p: Generate, call: Call) -> Prompt:
    prompt = call.prompt(p.template, p.variables) if p.template else Prompt((Message("user", p.prompt or ""),))
    if not p.system:
        return prompt
    others = tuple(message for message in prompt.messages if message.role != "system")
    return Prompt((Message("system", p.system), *others), prompt.settings)
