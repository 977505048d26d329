"""The contract, for every action of every connector: what is promised in `orchestrator.actions` is so.

An action that is added is held to it without another line here. It needs parameters that work on the practice services:
`examples` of its fields, or a line in `contract_examples`.
"""

from __future__ import annotations

import contextlib
import inspect
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from jsonschema import Draft202012Validator

from integrations.practice.faults import refusal
from orchestrator import masking
from orchestrator.account_fields import secret_fields
from orchestrator.actions import (
    Account,
    AccountError,
    Action,
    Call,
    Connector,
    EffectUnknown,
    Params,
    Plan,
    RateLimited,
    Result,
    ServiceError,
    Unavailable,
    field,
)
from orchestrator.errors import PatchbayError
from orchestrator.practice import PracticeServer
from orchestrator.registry import Registry, ensure_contract
from studio.builder.fields import params_of, shown
from studio.forms import value_of
from tests.integrations.contract import SECRET, Answer, NetworkUsed, OneAnswer, Place, body, no_network
from tests.integrations.contract_examples import A_PERSON_IS_ASKED, BY_ITS_NAME, EXAMPLES, NO_HTTP, NO_SERVICE
from tests.integrations.test_git import asked as git

pytestmark = pytest.mark.long

REGISTRY = Registry.discover()
NOWHERE = "http://127.0.0.1:9"
TIMEOUT = 0.3
SLACK = 5
"""Seconds that an action may take beyond its timeout, on a machine that does other things too."""

LISTS = {"models", "templates"} | {
    f"{connector.id}.{name}" for connector in REGISTRY.connectors.values() for name in connector.pickers
}
PRACTISED = [connector for connector in REGISTRY.connectors.values() if connector.practice]

every = pytest.mark.parametrize("action", REGISTRY.values(), ids=lambda action: action.id)


def those(wanted: Any) -> pytest.MarkDecorator:
    found = [action for action in REGISTRY.values() if wanted(action)]
    return pytest.mark.parametrize("action", found, ids=lambda action: action.id)


writes = those(lambda action: action.effect != "read")
with_find = those(lambda action: action.effect == "write")
idempotent = those(lambda action: action.effect == "idempotent_write")
OF_A_SERVICE = [action for action in REGISTRY.values() if action.connector.id not in NO_SERVICE]
of_a_service = pytest.mark.parametrize("action", OF_A_SERVICE, ids=lambda action: action.id)


def made_at(url: str, root: Path) -> Place:
    folder, remote = root / "folder", root / "remotes" / "app.git"
    folder.mkdir()
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet", "--bare", "--initial-branch=main")
    return Place(REGISTRY, url, folder, remote)


@pytest.fixture
def place(practice: Any, tmp_path: Path) -> Place:
    """With fresh sample data, for what writes."""
    return made_at(practice.url, tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For what only takes its examples from there."""
    server = PracticeServer(tmp_path_factory.mktemp("practice"), "http://studio.test")
    yield made_at(server.url, tmp_path_factory.mktemp("shared"))
    server.close()


@pytest.fixture(scope="module")
def service() -> Iterator[OneAnswer]:
    service = OneAnswer()
    yield service
    service.close()


def do(action: Action, place: Place, **keys: Any) -> Any:
    return action.function(place.params(action), place.account(action.connector), place.call(action, **keys))


def find(action: Action, place: Place, **keys: Any) -> Any:
    assert action.find_function is not None
    return action.find_function(place.params(action), place.account(action.connector), place.call(action, **keys))


class TestItIsDeclared:
    @pytest.mark.parametrize("connector", REGISTRY.connectors.values(), ids=lambda connector: connector.id)
    def test_all_that_the_contract_asks_for(self, connector: Connector) -> None:
        ensure_contract(connector)
        assert connector.icon.startswith(":material/")

    @every
    def test_its_schema_is_one_and_its_example_fits_it(self, action: Action, shared: Place) -> None:
        schema = action.params.model_json_schema(by_alias=True)
        for mode in ("validation", "serialization"):
            Draft202012Validator.check_schema(action.params.model_json_schema(by_alias=True, mode=mode))
            Draft202012Validator.check_schema(action.result.model_json_schema(by_alias=True, mode=mode))
        assert schema["additionalProperties"] is False
        given = shared.params(action).model_dump(mode="json", by_alias=True, exclude_unset=True)
        Draft202012Validator(schema).validate(given)

    @every
    def test_its_form_asks_for_each_parameter_and_takes_what_was_given(self, action: Action, shared: Place) -> None:
        given = shared.params(action).model_dump(mode="json", by_alias=True, exclude_unset=True)
        form = params_of({"uses": action.id, "with": given}, REGISTRY, {})
        titles = [info.title for info in action.params.model_fields.values()]
        assert [param.field.label for param in form] == titles
        for param in form:
            if param.field.name in given:
                assert value_of(param.field, shown(param, as_expression=False)) == given[param.field.name]

    @every
    def test_every_list_that_a_parameter_is_chosen_from_is_there(self, action: Action) -> None:
        wanted = [one.get("picker") for one in action.params.model_json_schema()["properties"].values()]
        assert {picker for picker in wanted if picker} <= LISTS

    @every
    def test_it_is_described(self, action: Action) -> None:
        assert action.description
        assert inspect.getdoc(action.params), f"{action.params.__name__} needs a docstring: it describes the action."


class TestAPreview:
    def test_the_guard_refuses_the_network(self) -> None:
        with no_network(), pytest.raises(NetworkUsed):
            httpx.get(NOWHERE, trust_env=False)
        with no_network(), pytest.raises(NetworkUsed):
            socket.getaddrinfo("example.com", 80)

    @writes
    def test_shows_what_goes_out_and_asks_nobody(self, action: Action, shared: Place) -> None:
        params, account = shared.params(action), shared.account(action.connector, NOWHERE, SECRET)
        assert action.preview_function is not None
        with no_network():
            plan = action.preview_function(params, account)
        assert isinstance(plan, Plan)
        assert isinstance(plan.result, action.result)
        assert plan.summary
        assert plan.request
        assert SECRET not in orjson.dumps([plan.summary, plan.request, plan.result.model_dump(mode="json")]).decode()


class TestOnThePracticeServices:
    @pytest.mark.parametrize("connector", PRACTISED, ids=lambda connector: connector.id)
    def test_an_account_can_be_tested_and_its_lists_chosen_from(self, connector: Connector, shared: Place) -> None:
        account = shared.account(connector)
        assert connector.check_function is not None
        assert connector.check_function(account)
        for name, choices in connector.pickers.items():
            assert all(isinstance(value, str) and label for value, label in choices(account)), name

    @every
    def test_it_does_what_it_says(self, action: Action, place: Place) -> None:
        place.prepare(action)
        result = do(action, place)
        assert isinstance(result, action.result)
        Draft202012Validator(action.result.model_json_schema(by_alias=True, mode="serialization")).validate(
            result.model_dump(mode="json", by_alias=True)
        )

    @with_find
    def test_find_finds_what_the_write_made_and_nothing_else(self, action: Action, place: Place) -> None:
        place.prepare(action)
        if action.id in A_PERSON_IS_ASKED:
            do(action, place)
            with pytest.raises(EffectUnknown) as asked:
                find(action, place)
            assert asked.value.remedy
            return
        assert find(action, place) is None
        made = do(action, place)
        assert find(action, place) == made
        with contextlib.suppress(EffectUnknown):
            assert find(action, place, key="run-2/step") is None or action.id in BY_ITS_NAME

    @idempotent
    def test_the_same_write_again_changes_nothing(self, action: Action, place: Place) -> None:
        place.prepare(action)
        do(action, place)
        before = seen(place)
        again = do(action, place)
        assert isinstance(again, action.result)
        assert seen(place) == before


def seen(place: Place) -> Any:
    """All that there is: at the practice services, in the run's folder, in the repository."""
    overview = httpx.get(f"{place.url}/overview", trust_env=False).json()
    files = {path: path.read_bytes() for path in place.folder.rglob("*") if path.is_file() and ".git" not in path.parts}
    return overview, files, git(place.remote, "for-each-ref")


def refused(status: int, words: str, reason: str) -> Any:
    """An answer, worded as the service words it, with the secret that it was sent in its words."""
    headers = {"Retry-After": "7"} if status == 429 else {}

    def answer(connector: str) -> Answer:
        return Answer(status, body(refusal(connector, status, f"{words}, {SECRET}", reason, wait=7)), headers=headers)

    return answer


DROPPED = "a dropped connection"
ANSWERS: Mapping[str, tuple[Any, tuple[type[PatchbayError], ...]]] = {
    "401": (refused(401, "Unauthorized", "unauthorized"), (AccountError,)),
    "403": (refused(403, "Forbidden", "restricted_resource"), (ServiceError,)),
    "404": (refused(404, "Not Found", "object_not_found"), (ServiceError,)),
    "409": (refused(409, "Conflict", "conflict_error"), (ServiceError,)),
    "422": (refused(422, "Unprocessable", "validation_error"), (ServiceError,)),
    "429": (refused(429, "Too many requests", "rate_limited"), (RateLimited,)),
    "500": (refused(500, "Internal error", "internal_server_error"), (Unavailable, EffectUnknown)),
    "a web page": (lambda _: Answer(200, b"<html>Sign in</html>", "text/html"), (ServiceError, EffectUnknown)),
    DROPPED: (lambda _: Answer(drops=True), (Unavailable, EffectUnknown)),
}

TAKES_IT: Mapping[tuple[str, str], str] = {
    ("http.request", "a web page"): "a page is an answer like any other",
    ("http.send", "a web page"): "what was sent was taken",
}
"""What is no error to an action, and why."""


def cases(whose: Iterable[Any], connector_of: Callable[[Any], str]) -> list[Any]:
    """Each with each answer that its service could give."""
    return [
        pytest.param(one, kind, id=f"{one.id}-{kind}")
        for one in whose
        for kind in ANSWERS
        if kind == DROPPED or connector_of(one) not in NO_HTTP
    ]


class TestWhatGoesWrong:
    @pytest.mark.parametrize(("action", "kind"), cases(OF_A_SERVICE, lambda action: action.connector.id))
    def test_is_told_in_our_words_with_what_to_do(
        self, action: Action, shared: Place, service: OneAnswer, kind: str
    ) -> None:
        answer, errors = ANSWERS[kind]
        service.answer = answer(action.connector.id)
        account = shared.account(action.connector, service.url, SECRET)
        masking.know(self, {SECRET})
        params = at(service.url, shared, action)
        if (action.id, kind) in TAKES_IT:
            assert isinstance(action.function(params, account, shared.call(action)), action.result)
            return
        with pytest.raises(errors) as raised:
            action.function(params, account, shared.call(action))
        error = raised.value
        assert error.message
        assert error.remedy
        assert SECRET not in f"{error} {error.as_dict()} {shared.services.logged}"
        if isinstance(error, RateLimited):
            assert error.retry_after == 7

    @pytest.mark.parametrize(("connector", "kind"), cases(PRACTISED, lambda connector: connector.id))
    def test_the_test_of_an_account_tells_it_too(
        self, connector: Connector, shared: Place, service: OneAnswer, kind: str
    ) -> None:
        answer, errors = ANSWERS[kind]
        service.answer = answer(connector.id)
        masking.know(self, {SECRET})
        assert connector.check_function is not None
        with pytest.raises(errors) as raised:
            connector.check_function(shared.account(connector, service.url, SECRET))
        assert raised.value.remedy
        assert SECRET not in f"{raised.value}"

    @of_a_service
    def test_a_service_that_never_answers_is_given_up_in_time(
        self, action: Action, shared: Place, service: OneAnswer
    ) -> None:
        service.answer = Answer(hangs=True)
        params, account = at(service.url, shared, action), shared.account(action.connector, service.url, SECRET)
        started = time.monotonic()
        with pytest.raises((Unavailable, EffectUnknown)) as raised:
            action.function(params, account, shared.call(action, timeout=TIMEOUT))
        assert time.monotonic() - started < TIMEOUT + SLACK
        assert raised.value.remedy
        service.let_go()


def at(url: str, place: Place, action: Action) -> Any:
    """The action's example, with what it takes from elsewhere looked up at the practice services, and where it names an
    address itself, this one."""
    params = place.params(action)
    return params.model_copy(update={"url": f"{url}/x"}) if "url" in action.params.model_fields else params


@pytest.mark.parametrize(
    "connector", [one for one in REGISTRY.connectors.values() if secret_fields(one)], ids=lambda connector: connector.id
)
def test_no_secret_of_an_account_is_shown(connector: Connector) -> None:
    secrets = dict.fromkeys(secret_fields(connector), SECRET)
    practice = {key: text.format(practice=NOWHERE, studio=NOWHERE) for key, text in (connector.practice or {}).items()}
    account = connector.account.model_validate({**practice, **secrets, "name": "work"})
    assert SECRET not in f"{account} {account!r} {account.model_dump_json()}"


def test_every_line_of_the_examples_is_about_an_action_that_there_is() -> None:
    assert {*EXAMPLES, *A_PERSON_IS_ASKED, *BY_ITS_NAME} - {*REGISTRY} == set()


def test_an_action_without_an_example_is_told_what_it_needs(shared: Place) -> None:
    class Look(Params):
        """Look at somebody."""

        person: str = field("Person")

    def look(p: Look, account: Account, call: Call) -> Result:
        return Result()

    look.__annotations__["p"] = Look
    action = Action(Connector("mirror", title="Mirror"), "Look", look, effect="read", result=Result, timeout=1)
    with pytest.raises(AssertionError, match=r"mirror\.look: no example for 'person'"):
        shared.params(action)
