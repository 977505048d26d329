"""Text from a language model, whichever it is."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from pydantic_core import PydanticCustomError

from integrations import _run_folder as run_folder
from integrations.provider.data import Misfit, problem, read
from integrations.provider.picture import data_url, is_picture, is_picture_file
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Message,
    ModelAnswer,
    ModelRequest,
    Params,
    Prompt,
    Result,
    ServiceError,
    field,
    safe_path,
)

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
PICTURE = "https://example.com/receipt.jpg"

ai = Connector(
    "ai",
    title="AI",
    icon=":material/auto_awesome:",
    description="Ask a language model: write, summarise, sort, answer.",
)


class Turn(BaseModel):
    """One message of an earlier conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["user", "assistant"]
    content: str


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
    answer_schema: dict[str, Any] | None = field(
        "Form of the answer",
        default=None,
        alias="schema",
        widget="json",
        description="A JSON Schema. The answer is then data, and stands under 'data'.",
        examples=[SCHEMA],
    )
    images: list[str] = field(
        "Pictures",
        default=[],
        description="Shown to the model: addresses that begin with https://, or files of the run, such as receipt.jpg.",
        examples=[[PICTURE]],
        max_length=20,
    )
    history: list[Turn] = field(
        "Conversation so far",
        default=[],
        widget="json",
        description="What was said before, the oldest first: each with a role, 'user' or 'assistant', and its content.",
        examples=[[{"role": "user", "content": "Hello."}, {"role": "assistant", "content": "Hello! What can I do?"}]],
        expert=True,
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
        if self.choices and self.answer_schema is not None:
            raise PydanticCustomError("two_forms", "Give allowed answers or a form of the answer, not both")
        return self

    @field_validator("answer_schema")
    @classmethod
    def _is_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        wrong = None if schema is None else problem(schema)
        if wrong:
            raise PydanticCustomError("no_schema", "This is no JSON Schema: {wrong}", {"wrong": wrong})
        return schema

    @field_validator("images")
    @classmethod
    def _are_pictures(cls, images: list[str]) -> list[str]:
        for image in images:
            if not is_picture(image) and not is_picture_file(safe_path(image)):
                raise PydanticCustomError(
                    "no_picture",
                    "'{start}' is no picture: give an address that begins with https://, "
                    "a file of the run, or data:image/png;base64,… (png, jpeg, gif or webp)",
                    {"start": image[:60]},
                )
        return images


class Generated(Result):
    """What the model answered."""

    text: str = field("Text", widget="markdown")
    data: Any = field("Data", default=None, description="The answer as data, where a form was asked for.")
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
        messages=_messages(p, prompt, tuple(_shown(image, call) for image in p.images)),
        model="",
        temperature=settings.get("temperature") if p.temperature is None else p.temperature,
        max_tokens=settings.get("max_tokens") if p.max_tokens is None else p.max_tokens,
        schema=p.answer_schema,
        choices=tuple(p.choices) if p.choices else None,
        timeout=call.timeout,
    )
    model = p.model or settings.get("model")
    if p.answer_schema is None:
        answer, data = call.generate(model, request), None
    else:
        answer, data = _filled(model, request, p.answer_schema, call)
    if answer.truncated:
        call.log("The answer reached its longest length and was cut off.")
    return Generated(
        text=answer.text,
        data=data,
        model=answer.model,
        note=answer.note,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=answer.cost,
        truncated=answer.truncated,
    )


def _filled(model: str | None, request: ModelRequest, schema: dict[str, Any], call: Call) -> tuple[ModelAnswer, Any]:
    """An answer and the data in it. A model that missed the form is told what is wrong, once. Raises `ServiceError`."""
    started = monotonic()
    first = call.generate(model, request)
    try:
        return first, read(first.text, schema)
    except Misfit as misfit:
        if first.truncated:
            raise _misfit(first, "it was cut off", "Allow more tokens in the step.") from None
        call.log(f"The answer has not the form that was asked for ({misfit}): the model was asked to correct it.")
        correction = f"That has not the form that was asked for: {misfit}. Answer again, with the corrected JSON alone."
    messages = (*request.messages, Message("assistant", first.text), Message("user", correction))
    left = max(1.0, request.timeout - (monotonic() - started))
    second = _sum(first, call.generate(model, replace(request, messages=messages, timeout=left)))
    try:
        return second, read(second.text, schema)
    except Misfit as misfit:
        raise _misfit(second, str(misfit), "Use another model, or a simpler form.") from None


def _misfit(answer: ModelAnswer, why: str, remedy: str) -> ServiceError:
    start = " ".join(answer.text.split())[:100]
    return ServiceError(
        f"'{answer.model}' did not answer in the form that was asked for: {why}. It began with '{start}'.",
        remedy=remedy,
    )


def _sum(first: ModelAnswer, second: ModelAnswer) -> ModelAnswer:
    """The second answer, with what both took."""
    costs = (first.cost, second.cost)
    return replace(
        second,
        input_tokens=first.input_tokens + second.input_tokens,
        output_tokens=first.output_tokens + second.output_tokens,
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
    )


def _shown(image: str, call: Call) -> str:
    """A picture as a provider takes it. Raises `ServiceError` for a file that is none."""
    if is_picture(image):
        return image
    shown = data_url(run_folder.read(call.folder(), image))
    if shown is None:
        raise ServiceError(
            f"'{image}' is no picture, whatever its name says.", remedy="Give a png, jpeg, gif or webp file."
        )
    return shown


def _messages(p: Generate, prompt: Prompt, images: tuple[str, ...]) -> tuple[Message, ...]:
    """Instructions, what was said before, and the prompt with its pictures."""
    system = tuple(message for message in prompt.messages if message.role == "system")
    before = tuple(Message(turn.role, turn.content) for turn in p.history)
    *asked, last = (message for message in prompt.messages if message.role != "system")
    return (*system, *before, *asked, replace(last, images=images))


def _prompt(p: Generate, call: Call) -> Prompt:
    prompt = call.prompt(p.template, p.variables) if p.template else Prompt((Message("user", p.prompt or ""),))
    if not p.system:
        return prompt
    others = tuple(message for message in prompt.messages if message.role != "system")
    return Prompt((Message("system", p.system), *others), prompt.settings)
