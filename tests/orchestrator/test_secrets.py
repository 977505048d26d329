"""No secret of an account is ever in what Patchbay keeps, logs or shows, byte by byte, whatever a service does."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestrator import logs
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Params,
    Plan,
    Registry,
    Result,
    SecretStr,
    ServiceError,
    field,
    placeholder,
)
from orchestrator.settings import Settings
from orchestrator.stores import open_store
from orchestrator.workflow_engine import WorkflowEngine

SECRET = 'ghp_k3Jd9aQ/x+7"Zé\\t0!'
ENCODED: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: f"<{secret}>",
    "in a URL": lambda secret: f"https://x.example/?key={quote(secret, safe='')}",
    "base64": lambda secret: base64.b64encode(f"user:{secret}:more".encode()).decode(),
    "JSON": lambda secret: json.dumps({"headers": {"authorization": f"Bearer {secret}"}}),
}


class GossipAccount(Account):
    token: SecretStr = field("Token")


class Ask(Params):
    """Make the service tell what it should not."""

    how: str = field("How it is written", default="as it is")
    where: str = field("Where it is told", default="output")


class Told(Result):
    text: str = field("What was told")


def a_gossip() -> Connector:
    gossip = Connector("gossip", title="Gossip", account=GossipAccount)

    def tell(p: Ask, account: GossipAccount) -> str:
        return ENCODED[p.how](account.token.get_secret_value())

    @gossip.action("Tell", effect="read", result=Told)
    def tell_all(p: Ask, account: GossipAccount, call: Call) -> Told:
        text = tell(p, account)
        if p.where == "log":
            call.log(text)
        if p.where == "stream":
            for piece in text:
                call.stream(piece)
            time.sleep(0.1)
        if p.where == "error":
            raise ServiceError(f"It said {text}.", remedy=f"Do not say {text}.")
        if p.where == "crash":
            raise ZeroDivisionError(text)
        return Told(text=text if p.where == "output" else "")

    @gossip.action("Pass it on", effect="write", result=Told)
    def pass_on(p: Ask, account: GossipAccount, call: Call) -> Told:
        return Told(text=tell(p, account))

    @pass_on.preview
    def _(p: Ask, account: GossipAccount) -> Plan:
        return Plan(f"Tell {tell(p, account)}", {"text": tell(p, account)}, Told(text=placeholder("text")))

    @pass_on.find
    def _(p: Ask, account: GossipAccount, call: Call) -> Told | None:
        return None

    return gossip


@pytest.fixture
def registry() -> Registry:
    return Registry([a_gossip()])


@pytest.fixture
def settings(tmp_path: Path, store: dict[str, Any]) -> Settings:
    return Settings.load(home=tmp_path / "home", preview_first=False, **store)


@pytest.fixture
def engine(settings: Settings, registry: Registry) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(settings, registry=registry) as engine:
        engine.accounts.add("gossip", "work", {"token": SECRET})
        yield engine


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What is logged, from the lowest level on."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        logs.configure("debug")
        yield said
    structlog.reset_defaults()


def kept(settings: Settings) -> bytes:
    """Every byte of the home folder, and of every table of a database that is elsewhere."""
    found = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    if settings.database_url is None:
        return found
    store = open_store(settings)
    with store.read() as connection:
        names = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
        ).scalars()
        for name in names.all():
            found += repr(connection.exec_driver_sql(f"SELECT * FROM {name}").all()).encode()
    store.close()
    return found


def traces(secret: str) -> list[bytes]:
    forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    for before in range(3):  # the middle of each way in which base64 can write it
        forms.add(base64.b64encode(bytes(before) + secret.encode()).decode()[4:-4])
    return [form.encode() for form in forms | {json.dumps(form)[1:-1] for form in forms} if len(form) > 5]


def steps(how: str) -> list[dict[str, Any]]:
    told = [
        {"id": where, "uses": "gossip.tell_all", "with": {"how": how, "where": where}, "on_error": "continue"}
        for where in ("output", "log", "stream", "error", "crash")
    ]
    again = {"id": "again", "uses": "gossip.tell_all", "with": {"how": how, "where": "{{ steps.output.text[:0] }}"}}
    echo = {"id": "echo", "uses": "set", "with": {"values": {"text": "{{ steps.output.text }}"}}}
    return [*told, again, echo, {"id": "pass", "uses": "gossip.pass_on", "with": {"how": how}}]


@pytest.mark.parametrize("how", ENCODED)
def test_a_service_that_tells_it_does_not_make_it_known(
    engine: WorkflowEngine, settings: Settings, workflow: Any, how: str, heard: io.StringIO
) -> None:
    id = engine.start_workflow(workflow(*steps(how), output={"text": "{{ steps.output.text }}"}))
    pictures = repr([picture.content for picture in engine.follow(id)])
    result = engine.wait(id)
    engine.journal.flush()

    assert result.status == "succeeded", result.error
    assert "•••" in result.outputs["text"]
    for bytes_ in (kept(settings), heard.getvalue().encode(), repr(engine.run(id)).encode()):
        assert not [trace for trace in traces(SECRET) if trace in bytes_]
    assert not [trace for trace in traces(SECRET) if trace.decode() in pictures.replace("\\\\", "\\")]
    assert "ZeroDivisionError" in heard.getvalue()


def test_what_is_shown_before_it_is_sent_is_without_it_and_can_be_approved(
    engine: WorkflowEngine, settings: Settings, workflow: Any
) -> None:
    pass_on = workflow({"id": "pass", "uses": "gossip.pass_on", "with": {"how": "in a URL"}})
    id = engine.start_workflow(pass_on, preview=True)
    assert engine.wait(id).status == "waiting"
    engine.journal.flush()

    assert not [trace for trace in traces(SECRET) if trace in kept(settings)]
    assert "•••" in repr(engine.run(id))
    engine.approve(id)
    assert engine.wait(id).status == "succeeded"


def test_an_input_that_is_a_secret_is_not_kept(engine: WorkflowEngine, settings: Settings, workflow: Any) -> None:
    echo = {"id": "echo", "uses": "set", "with": {"values": {"text": "{{ inputs.key }}"}}}
    engine.execute_workflow(workflow(echo, inputs={"key": {}}), {"key": SECRET})
    engine.journal.flush()
    assert not [trace for trace in traces(SECRET) if trace in kept(settings)]


@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=8, max_size=60)
    .map(lambda text: f"Qx7-{text}-7xQ")
    .filter(lambda text: "•" not in text),
    how=st.sampled_from(sorted(ENCODED)),
)
def test_any_secret(engine: WorkflowEngine, settings: Settings, workflow: Any, secret: str, how: str) -> None:
    engine.accounts.change("gossip", "work", {"token": secret})
    result = engine.execute_workflow(workflow(*steps(how)))
    engine.journal.flush()

    assert result.status == "succeeded", result.error
    bytes_ = kept(settings)
    assert not [trace for trace in traces(secret) if trace in bytes_]
