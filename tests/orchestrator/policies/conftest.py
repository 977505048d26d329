"""A shop that answers as it is told to, a model with a price, and attempts at their actions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.accounts import Accounts
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Message,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Params,
    Plan,
    Price,
    Result,
    field,
)
from orchestrator.attempt import Attempt
from orchestrator.clock import ManualClock
from orchestrator.library import Library
from orchestrator.policies.target import Targets
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Step
from orchestrator.workflow_engine import WorkflowEngine

MODEL_ANSWER = 100
"""Tokens of each answer of the model, unless the request allows fewer."""


class Ware(Params):
    """Look at a ware, or order it."""

    ware: Any = field("Ware", default="tea")


class Seen(Result):
    ware: Any = field("Ware", default=None)
    number: int = field("How many calls the shop has had", default=0)


class Asked(Params):
    """Ask a model."""

    prompt: str = field("Prompt", default="hello")
    model: str | None = field("Model", default=None, picker="models")
    template: str | None = field("Template", default=None, picker="templates")
    max_tokens: int | None = field("Longest answer", default=None)
    think: float = field("Seconds before it asks", default=0.0)


class Said(Result):
    text: str = field("Text")
    input_tokens: int = field("Tokens read")
    output_tokens: int = field("Tokens written")


class Shop:
    """`troubles` are raised one after the other, before it answers. `hold` makes every call wait for `gate`."""

    def __init__(self, **limits: Any) -> None:
        self.troubles: list[Exception] = []
        self.calls: list[Any] = []
        self.orders: list[str] = []
        self.inside = self.most_inside = 0
        self.nap = 0.0
        self.gate = threading.Event()
        self.lock = threading.Lock()
        self.shop = Connector("shop", title="The shop", **limits)
        self.oracle = Connector("oracle", title="The oracle")
        self.dear = Connector("dear", title="A model without a price")
        self.chat = Connector("chat", title="Chat")
        self._declare_shop(self.shop)
        self._declare_models()

    @property
    def registry(self) -> Registry:
        return Registry([self.shop, self.oracle, self.dear, self.chat])

    def _served(self, ware: Any) -> Seen:
        with self.lock:
            self.calls.append(ware)
            number = len(self.calls)
            trouble = self.troubles.pop(0) if self.troubles else None
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        try:
            if self.nap:
                self.gate.wait(self.nap)
            if trouble:
                raise trouble
        finally:
            with self.lock:
                self.inside -= 1
        return Seen(ware=ware, number=number)

    def _declare_shop(self, shop: Connector) -> None:
        @shop.action("Look", effect="read", result=Seen)
        def look(p: Ware, account: Account, call: Call) -> Seen:
            return self._served(p.ware)

        @shop.action("Order", effect="write", result=Seen)
        def order(p: Ware, account: Account, call: Call) -> Seen:
            seen = self._served(p.ware)
            self.orders.append(call.key)
            return seen

        @order.preview
        def _(p: Ware, account: Account) -> Plan:
            return Plan(f"Order {p.ware}", {"ware": p.ware}, Seen(ware=p.ware))

        @order.find
        def _(p: Ware, account: Account, call: Call) -> Seen | None:
            return Seen(ware=p.ware) if call.key in self.orders else None

    def _declare_models(self) -> None:
        def generate(request: ModelRequest, account: Account, call: Call) -> ModelAnswer:
            text = "".join(message.content for message in request.messages)
            number = self._served(text).number
            written = min(MODEL_ANSWER, request.max_tokens or MODEL_ANSWER)
            return ModelAnswer(f"answer {number}", request.model, len(text) // 4, written)

        for connector in (self.oracle, self.dear):
            connector.generate(generate)
            connector.models(lambda account: [ModelInfo("small", "Small")])
        self.oracle.price(lambda model, account: Price(input=1_000, output=10_000))  # a cent for an answer's token

        @self.chat.action("Ask", effect="read", result=Said)
        def ask(p: Asked, account: Account, call: Call) -> Said:
            time.sleep(p.think)
            request = ModelRequest((Message("user", p.prompt),), "", max_tokens=p.max_tokens, timeout=call.timeout)
            answer = call.generate(p.model, request)
            return Said(text=answer.text, input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def open_shop() -> type[Shop]:
    """Opens a shop with limits: `open_shop(rate=2, burst=1, concurrency=1)`."""
    return Shop


@pytest.fixture
def registry(shop: Shop) -> Registry:
    return shop.registry


@pytest.fixture(scope="session")
def at_the_shop() -> Shop:
    """What attempts are made at that are never performed."""
    return Shop()


@pytest.fixture(scope="session")
def attempt(at_the_shop: Shop) -> Callable[..., Attempt]:
    """Builds an attempt: `attempt("shop.look", failures=2, retry=3)`. What it does not know itself is of the step."""

    def build(
        uses: str = "shop.look",
        *,
        clock: ManualClock | None = None,
        failures: int = 0,
        params: dict[str, Any] | None = None,
        shop: Shop = at_the_shop,
        **step: Any,
    ) -> Attempt:
        of_the_attempt = {
            name: step.pop(name) for name in ("model", "mode", "since", "budget", "limit") if name in step
        }
        facts: dict[str, Any] = {
            "run_id": "r",
            "fence": 1,
            "step": Step.model_validate({"id": "a", "uses": uses, **step}),
            "item": "",
            "number": failures + 1,
            "failures": failures,
            "key": "r-a",
            "action": shop.registry[uses],
            "params": params or {},
            "model": None,
            "may_have_happened": False,
            "mode": "run",
            "plan": None,
            "clock": clock or ManualClock(1000.0),
        }
        return Attempt(**(facts | of_the_attempt))

    return build


@pytest.fixture(scope="session")
def targets(at_the_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Targets:
    home: Path = tmp_path_factory.mktemp("targets")
    return Targets(Accounts(at_the_shop.registry, Settings.load(home=home), lambda: ""), Library(home))


@pytest.fixture
def run_in(settings: Settings, workflow: Any) -> Callable[..., Any]:
    """Runs steps at a shop to their end: `run_in(shop, {...}, budget={...})`; gives the result."""

    def run(shop: Shop, *steps: dict[str, Any], **keys: Any) -> Any:
        with WorkflowEngine(settings, registry=shop.registry) as engine:
            return engine.execute_workflow(workflow(*steps, **keys))

    return run
