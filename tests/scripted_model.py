"""A model provider whose models do as they are told, at a price."""

from __future__ import annotations

import threading

from orchestrator.actions import (
    Account,
    Call,
    Connector,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    ServiceError,
)

PRICE = Price(input=10.0, output=20.0)


class ScriptedModels:
    """Of the models, "loud" repeats the question in capitals, "broken" fails, and "plain" repeats it as it is. One that
    is asked to choose says "yes" when the question says "TRUE" somewhere. `asked` is all that was sent. While `gate` is
    not set, none answers."""

    def __init__(self) -> None:
        self.asked: list[ModelRequest] = []
        self.gate = threading.Event()
        self.gate.set()
        self.connector = Connector("scripted", title="Scripted")
        self._declare(self.connector)

    def _declare(self, connector: Connector) -> None:
        @connector.generate
        def generate(request: ModelRequest, account: Account, call: Call) -> ModelAnswer:
            self.asked.append(request)
            assert self.gate.wait(20)
            if request.model == "broken":
                raise ServiceError("The model is out of order.", remedy="Choose another one.")
            question = request.messages[-1].content
            text = question.upper() if request.model == "loud" else question
            if request.choices:
                text = "yes" if "TRUE" in question else "no"
            return ModelAnswer(text, request.model, input_tokens=10, output_tokens=5)

        @connector.models
        def models(account: Account) -> list[ModelInfo]:
            return [ModelInfo(name, name.capitalize()) for name in ("plain", "loud", "broken", "free")]

        @connector.price
        def price(model: str, account: Account) -> Price | None:
            return None if model == "free" else PRICE
