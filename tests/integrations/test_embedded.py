"""The real model, loaded once for all tests. What it says is not looked at: only what can be relied on."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from integrations.embedded import NOTE, fit, generate, load, models
from integrations.provider.data import read
from orchestrator.actions import Account, Call, Message, ModelAnswer, ModelRequest, Prompt, ServiceError
from tests.integrations.model_server import DOT

pytestmark = pytest.mark.timeout(300)  # it answers in two seconds on a machine that does nothing else

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Watcher:
    shown: list[str] = field(default_factory=list)

    def log(self, call: Call, message: str) -> None: ...

    def stream(self, call: Call, text: str) -> None:
        self.shown.append(text)

    def prompt(self, template: str, variables: Mapping[str, Any]) -> Prompt:
        raise NotImplementedError

    def generate(self, call: Call, model: str | None, request: ModelRequest) -> ModelAnswer:
        raise NotImplementedError


def ask(prompt: str, watcher: Watcher | None = None, **settings: Any) -> ModelAnswer:
    request = ModelRequest((Message("user", prompt),), "", **settings)
    return generate(request, Account(), Call("run", "step", "key", watcher or Watcher()))


def test_it_answers_with_its_label() -> None:
    watcher = Watcher()
    answer = ask("What is a lamp? Answer in one sentence.", watcher)
    assert answer.text.endswith(".")
    assert "".join(watcher.shown).strip() == answer.text
    assert (answer.note, answer.cost, answer.truncated) == (NOTE, 0.0, False)
    assert answer.input_tokens > 10
    assert answer.output_tokens > 3


def test_the_same_question_has_the_same_answer() -> None:
    assert ask("What is a lamp? Answer in one sentence.").text == ask("What is a lamp? Answer in one sentence.").text


def test_it_obeys_the_choices() -> None:
    assert ask("My parcel came broken.", choices=("praise", "complaint", "question")).text in {
        "praise",
        "complaint",
        "question",
    }


def test_it_is_held_to_a_form() -> None:
    schema = {
        "type": "object",
        "properties": {"angry": {"type": "boolean"}, "about": {"type": "string", "maxLength": 40}},
        "required": ["angry", "about"],
        "additionalProperties": False,
    }
    answer = ask("My lamp came broken. I am very unhappy!", schema=schema)
    data = read(answer.text, schema)
    assert isinstance(data["angry"], bool)
    assert len(data["about"]) <= 40


def test_it_says_that_it_takes_no_pictures() -> None:
    request = ModelRequest((Message("user", "What is it?", (DOT,)),), "")
    with pytest.raises(ServiceError, match="takes no pictures"):
        generate(request, Account(), Call("run", "step", "key", Watcher()))


def test_an_answer_that_is_cut_is_marked_and_ends_with_a_sentence() -> None:
    answer = ask("Tell me about the history of lamps.", max_tokens=60)
    assert answer.truncated
    assert answer.text.endswith(".")


def test_a_prompt_that_is_too_long_loses_its_middle() -> None:
    text = "It begins here. " + "The lamp is on the table. " * 3000 + "It ends here."
    request = ModelRequest((Message("system", "Be brief."), Message("user", text)), "", max_tokens=50)
    system, user = fit(request, load()).messages
    assert system == request.messages[0]
    assert user.content.startswith("It begins here. The lamp")
    assert user.content.endswith("the table. It ends here.")
    assert 4000 < len(user.content) < 12_000


def test_a_prompt_that_fits_stays_as_it_is() -> None:
    request = ModelRequest((Message("user", "Hello"),), "", max_tokens=50)
    assert fit(request, load()) is request


def test_a_prompt_that_cannot_be_cut_is_refused() -> None:
    request = ModelRequest(tuple(Message("user", "Hello there. " * 5) for _ in range(200)), "", max_tokens=50)
    with pytest.raises(ServiceError, match="too long for the practice model"):
        fit(request, load())


def test_it_is_loaded_once_however_many_ask() -> None:
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: load(), range(4)))
    assert all(server is loaded[0] for server in loaded)


def test_only_this_process_may_ask_it() -> None:
    address = load().base_url.removesuffix("/v1")
    request = urllib.request.Request(f"{address}/v1/chat/completions", b'{"messages": []}')
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request)


def test_it_lists_itself_as_a_practice_model() -> None:
    [info] = models(Account())
    assert (info.id, info.note) == ("smollm2-135m-instruct", NOTE)


SCRIPT = """
import contextlib, os, signal, sys, threading
from integrations.embedded import generate
from orchestrator.actions import Account, Call, Message, ModelRequest, ServiceError

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may have it ignored

class Services:
    def log(self, call, message): ...
    def stream(self, call, text):
        if sys.argv[1] == "interrupted":
            os.kill(os.getpid(), signal.SIGINT)
        started.set()

started = threading.Event()
question = Message("user", "Tell me about the history of lamps.")
request = ModelRequest((question,), "", max_tokens=5 if sys.argv[1] == "end" else 300)

def ask():
    with contextlib.suppress(ServiceError):
        generate(request, Account(), Call("run", "step", "key", Services()))

if sys.argv[1] == "busy":
    threading.Thread(target=ask, daemon=True).start()
    started.wait()
else:
    ask()
"""


@pytest.mark.parametrize(("way", "code"), [("end", 0), ("busy", 0), ("interrupted", -2)])
def test_the_process_ends_cleanly_and_prints_nothing(way: str, code: int) -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way], capture_output=True, text=True, env=environment, timeout=250
    )
    assert done.returncode == code
    assert done.stdout == ""
    assert "KeyboardInterrupt" in done.stderr if way == "interrupted" else done.stderr == ""
