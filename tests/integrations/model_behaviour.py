"""How every model provider behaves that is reached over the network, whatever its API looks like.

A test module serves the API on loopback, where each model is one way in which it can behave, gives it as the fixture
`server`, and takes these tests over: `class TestClaude(Behaviour)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.actions import (
    AccountError,
    Connector,
    Message,
    ModelAnswer,
    ModelRequest,
    SecretStr,
    ServiceError,
    Unavailable,
)
from tests.integrations.loopback import NOWHERE
from tests.integrations.model_server import DOT, Watcher

WRONG: tuple[tuple[str, type[ServiceError], str], ...] = (
    ("used-up", ServiceError, "used up the tokens"),
    ("broken", Unavailable, "broke off in the middle"),
    ("stumbles", Unavailable, "overloaded"),
    ("spent", AccountError, "credit of the account 'work' is used up, or its limit"),
    ("forbidden", AccountError, "does not allow this to the account 'work': not for you"),
    ("busy", Unavailable, "overloaded"),
    ("down", Unavailable, "failed .status 500"),
    ("lost", Unavailable, "failed .status 502"),
    ("too-long", ServiceError, "prompt is too long"),
    ("picky", ServiceError, "refused the request .status 400.: bad thing"),
)


@dataclass
class Server:
    """`module` is the provider's, `key` the one that opens, `bodies` what was asked."""

    module: ModuleType
    url: str
    key: str
    bodies: list[dict[str, Any]]

    @property
    def provider(self) -> Connector:
        return getattr(self.module, self.module.__name__.rpartition(".")[2])

    @property
    def account(self) -> Any:
        return self.with_key(self.key)

    def with_key(self, key: str) -> Any:
        return self.provider.account.model_validate({"name": "work", "base_url": self.url, "api_key": SecretStr(key)})

    def ask(self, model: str, watcher: Watcher | None = None, *said: Message, **settings: Any) -> ModelAnswer:
        request = ModelRequest(said or (Message("user", "Hello"),), model, **settings)
        return self.module.generate(request, self.account, (watcher or Watcher()).call)

    def refuses(self, model: str, kind: type[ServiceError], says: str) -> None:
        """Asked, it raises just this, with what to do."""
        with pytest.raises(ServiceError, match=says) as caught:
            self.ask(model)
        assert type(caught.value) is kind
        assert caught.value.remedy


class Behaviour:
    def test_thoughts_are_no_part_of_the_answer(self, server: Server) -> None:
        assert server.ask("thinker").text == "Yes."

    def test_a_choice_comes_without_its_envelope(self, server: Server) -> None:
        watcher = Watcher()
        assert server.ask("chooser", watcher, choices=("yes", "no")).text == "yes"
        assert watcher.shown == ["yes"]

    def test_an_answer_that_reached_its_length_is_marked(self, server: Server) -> None:
        assert server.ask("long").truncated
        assert not server.ask("good").truncated

    @pytest.mark.parametrize(("model", "kind", "says"), WRONG, ids=[row[0] for row in WRONG])
    def test_what_goes_wrong_is_said_in_plain_words(
        self, server: Server, model: str, kind: type[ServiceError], says: str
    ) -> None:
        server.refuses(model, kind, says)

    def test_what_is_not_its_api_is_told_from_it(self, server: Server) -> None:
        server.refuses("page", ServiceError, f"not as the {server.provider.title} API does")

    def test_a_model_without_eyes_says_so(self, server: Server) -> None:
        with pytest.raises(ServiceError, match="'blind' takes no pictures"):
            server.ask("blind", None, Message("user", "What is it?", (DOT,)))

    @pytest.mark.parametrize("model", ["asleep", "dripping"])
    def test_an_answer_has_to_be_finished_in_time(self, server: Server, model: str) -> None:
        with pytest.raises(Unavailable, match=r"did not finish within 0\.4 seconds"):
            server.ask(model, timeout=0.4)

    def test_a_wrong_key_is_a_matter_of_the_account(self, server: Server) -> None:
        for act in (server.module.models, server.module.check):
            with pytest.raises(AccountError, match="did not accept the API key of the account 'work'") as caught:
                act(server.with_key("sk-wrong"))
            assert f"PATCHBAY_{server.provider.id}_API_KEY".upper() in caught.value.remedy
            assert "sk-wrong" not in str(caught.value)

    def test_a_server_that_is_not_there_is_named(self, server: Server) -> None:
        with pytest.raises(Unavailable, match=r"Nothing answers at http://127\.0\.0\.1:9"):
            server.module.models(server.provider.account.model_validate({"base_url": NOWHERE}))

    def test_an_account_needs_a_key_or_an_address(self, server: Server) -> None:
        with pytest.raises(ValidationError, match=f"{server.provider.title} asks for a key"):
            server.provider.account()
        assert "sk-secret" not in repr(server.with_key("sk-secret"))
