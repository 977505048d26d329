"""Model servers on this machine that are found by themselves: Ollama, LM Studio, llama.cpp.

They are looked for on their own port of the loopback address alone, and asked for their models in the OpenAI API:
https://docs.ollama.com/openai, https://lmstudio.ai/docs/developer/openai-compat,
https://github.com/ggml-org/llama.cpp/tree/master/tools/server
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Lock, Thread
from time import monotonic
from typing import ClassVar, Literal

from pydantic import model_validator

from integrations.openai import OpenAIAccount, complete
from integrations.openai import models as models_of
from orchestrator.actions import (
    Account,
    AccountError,
    Call,
    Connector,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    SecretStr,
)

HOST = "127.0.0.1"
PATIENCE = 0.2
"""Seconds that a look may take in all."""
KEPT = 30.0
"""Seconds for which it is believed."""
LONGEST = 1_000_000
"""Bytes of a list of models; more than that is something else."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A program that serves models, and the port that it takes when nobody says another."""

    id: str
    title: str
    port: int

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/v1"


OLLAMA = Kind("ollama", "Ollama", 11434)
LM_STUDIO = Kind("lm_studio", "LM Studio", 1234)
LLAMA_CPP = Kind("llama_cpp", "llama.cpp", 8080)


class Lookout:
    """Knows which servers run. Looks again when what it knows is too old; a port where nothing listens
    answers at once, so that no server costs no time."""

    def __init__(self, *kinds: Kind, kept: float = KEPT) -> None:
        """`kept`: seconds for which a look is believed."""
        self.kinds = kinds
        self._kept = kept
        self._lock = Lock()
        self._until = 0.0
        self._found: frozenset[Kind] = frozenset()

    def sees(self, kind: Kind) -> bool:
        with self._lock:
            if monotonic() >= self._until:
                self._found = self._look()
                self._until = monotonic() + self._kept
            return kind in self._found

    def _look(self) -> frozenset[Kind]:
        deadline = monotonic() + PATIENCE
        found: list[Kind] = []
        # A program that says nothing may hold its thread up, but neither us nor the end of the process.
        looks = [Thread(target=_look_at, args=(kind, found), daemon=True) for kind in self.kinds]
        for look in looks:
            look.start()
        for look in looks:
            look.join(max(0.0, deadline - monotonic()))
        return frozenset(found)


def _look_at(kind: Kind, found: list[Kind]) -> None:
    if _serves_models(kind):
        found.append(kind)


def _serves_models(kind: Kind) -> bool:
    """Whether the server at that port lists at least one model. Another program that happens to be there does not."""
    connection = HTTPConnection(HOST, kind.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/v1/models")
        reply = connection.getresponse()
        listed = json.loads(reply.read(LONGEST))["data"] if reply.status == 200 else []
        return isinstance(listed, list) and any(isinstance(model, Mapping) and "id" in model for model in listed)
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def provider(kind: Kind, lookout: Lookout) -> Connector:
    """A server as a model provider. It has an account while it runs, and nobody connects one."""

    class Server(OpenAIAccount):
        """Where it is asked, in the OpenAI API."""

        connector: ClassVar[str] = kind.id
        service: ClassVar[str] = kind.title
        official: ClassVar[str] = kind.address
        official_model: ClassVar[str] = ""

        def remedy(self, name: Literal["api_key", "base_url"]) -> str:
            if name == "api_key":
                return f"Connect it as 'OpenAI and compatible', with its key and the address {kind.address}."
            return f"Start {kind.title} again and load a model there, or choose another model."

    class Found(Account):
        """Says that the server runs. Raises `AccountError` where it does not."""

        @model_validator(mode="after")
        def _runs(self) -> Found:
            if not lookout.sees(kind):
                raise AccountError(
                    f"{kind.title} does not run on this machine.",
                    remedy=f"Start it and load a model there. It is looked for at {kind.address}.",
                )
            return self

    connector = Connector(
        kind.id,
        title=kind.title,
        icon=":material/computer:",
        description=f"Language models on this machine, served by {kind.title}. Found by itself while it runs.",
        account=Found,
    )
    server = Server(name=kind.title, base_url=kind.address, api_key=SecretStr("sk-local"))

    @connector.generate
    def generate(request: ModelRequest, account: Account, call: Call) -> ModelAnswer:
        return complete(request, server, call)

    @connector.price
    def price(model: str, account: Account) -> Price:
        return Price(0, 0)

    @connector.models
    def models(account: Account) -> list[ModelInfo]:
        return [ModelInfo(info.id, info.title, note="on this machine") for info in models_of(server)]

    return connector


_lookout = Lookout(OLLAMA, LM_STUDIO, LLAMA_CPP)
ollama = provider(OLLAMA, _lookout)
lm_studio = provider(LM_STUDIO, _lookout)
llama_cpp = provider(LLAMA_CPP, _lookout)
