"""Who a run acts as: chosen when it starts, written down with it, and the same when it goes on or runs again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.actions import Account, Call, Connector, Params, Plan, Result, SecretStr, ServiceError, field
from orchestrator.errors import InvalidInput
from orchestrator.library import Library
from orchestrator.registry import Registry
from orchestrator.run_accounts import RunAccounts
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine

WRITE = {"id": "write", "uses": "post.write"}


class PostAccount(Account):
    token: SecretStr = field("Token")


class Nothing(Params):
    """Say who one is."""

    fail: bool = field("Fail", default=False)


class Me(Result):
    name: str = field("Account")


def the_post() -> Connector:
    post = Connector("post", title="Post", account=PostAccount, practice={"token": "practice"})

    @post.action("Who am I", effect="read", result=Me)
    def me(p: Nothing, account: PostAccount, call: Call) -> Me:
        if p.fail:
            raise ServiceError("The post is closed.", remedy="Wait.")
        return Me(name=account.name)

    @post.action("Write", effect="idempotent_write", result=Me)
    def write(p: Nothing, account: PostAccount, call: Call) -> Me:
        return Me(name=account.name)

    @write.preview
    def _(p: Nothing, account: PostAccount) -> Plan:
        return Plan("Write", {}, Me(name=account.name))

    return post


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "home")


@pytest.fixture
def engine(settings: Settings) -> Iterator[WorkflowEngine]:
    with WorkflowEngine(settings, registry=Registry([the_post()])) as engine:
        engine.accounts.add("post", "work", {"token": "token-of-work"})
        engine.accounts.add("post", "home", {"token": "token-of-home"})
        yield engine


def me(**keys: Any) -> dict[str, Any]:
    return {"id": "me", "uses": "post.me", **keys}


def acted_as(engine: WorkflowEngine, run_id: str) -> Any:
    return engine.wait(run_id).steps["me"].output


class TestAChosenAccount:
    @pytest.mark.parametrize("name", ["home", "practice"])
    def test_is_taken_by_every_step_also_by_one_that_names_another(
        self, engine: WorkflowEngine, workflow: Any, name: str
    ) -> None:
        flow = workflow(me(account="work"), me() | {"id": "other"})
        result = engine.execute_workflow(flow, accounts={"post": name})
        assert [result.steps[id].output for id in ("me", "other")] == [{"name": name}] * 2

    def test_is_written_down(self, engine: WorkflowEngine, workflow: Any) -> None:
        id = engine.start_workflow(workflow(me()), accounts={"post": "home"})
        engine.wait(id)
        assert engine.run(id).accounts == RunAccounts(chosen={"post": "home"})

    @pytest.mark.parametrize(("connector", "name", "said"), [("post", "hme", "nearest is 'home'"), ("pst", "x", "pst")])
    def test_that_is_not_there_is_told_before_anything_runs(
        self, engine: WorkflowEngine, workflow: Any, connector: str, name: str, said: str
    ) -> None:
        with pytest.raises(InvalidInput, match=said):
            engine.start_workflow(workflow(me()), accounts={connector: name})
        assert engine.runs() == []

    def test_holds_in_the_workflows_that_it_calls(
        self, engine: WorkflowEngine, workflow: Any, settings: Settings
    ) -> None:
        Library(settings.home).workflows.save(
            workflow(me(account="work"), output={"name": "{{ steps.me.name }}"}).model_copy(update={"id": "inner"})
        )
        outer = workflow({"id": "me", "uses": "workflow", "with": {"workflow": "inner"}})
        assert [connector.id for connector in engine.connectors_of(outer)] == ["post"]
        assert acted_as(engine, engine.start_workflow(outer, accounts={"post": "practice"})) == {"name": "practice"}


class TestWithoutAChoice:
    def test_who_was_in_use_at_the_start_acts_to_the_end(self, engine: WorkflowEngine, workflow: Any) -> None:
        flow = workflow({"id": "ask", "uses": "approve", "with": {"message": "Now?"}}, me(needs=["ask"]))
        id = engine.start_workflow(flow)
        engine.wait(id)
        engine.accounts.make_default("post", "home")
        engine.answer(id, "ask", {"approved": True})
        assert acted_as(engine, id) == {"name": "work"}


class TestARunThatIsMadeOfAnother:
    def test_acts_as_the_same(self, engine: WorkflowEngine, workflow: Any) -> None:
        chosen = engine.start_workflow(workflow(me()), accounts={"post": "practice"})
        in_use = engine.start_workflow(workflow(me()))
        engine.wait(chosen)
        engine.wait(in_use)
        engine.accounts.make_default("post", "home")

        assert acted_as(engine, engine.rerun(chosen)) == {"name": "practice"}
        assert acted_as(engine, engine.rerun(in_use)) == {"name": "work"}

    def test_acts_as_another_when_that_is_said(self, engine: WorkflowEngine, workflow: Any) -> None:
        id = engine.start_workflow(workflow(me(**{"with": {"fail": True}})), accounts={"post": "practice"})
        engine.wait(id)
        corrected = workflow(me())
        assert acted_as(engine, engine.rerun(id, workflow=corrected, accounts={"post": "home"})) == {"name": "home"}
        assert acted_as(engine, engine.resume(id, corrected, accounts={"post": "work"})) == {"name": "work"}

    @pytest.mark.parametrize("accounts", [None, {"post": "work"}])
    def test_says_so_when_the_account_is_gone(
        self, engine: WorkflowEngine, workflow: Any, accounts: dict[str, str] | None
    ) -> None:
        id = engine.start_workflow(workflow(me(**{"with": {"fail": True}})), accounts=accounts)
        engine.wait(id)
        engine.accounts.remove("post", "work")

        for again in (engine.rerun, engine.resume):
            with pytest.raises(InvalidInput, match="no Post account 'work'"):
                again(id)
        assert acted_as(engine, engine.rerun(id, workflow=workflow(me()), accounts={"post": "home"})) == {
            "name": "home"
        }


def test_what_went_well_on_practice_is_still_previewed_before_it_is_sent_for_real(
    engine: WorkflowEngine, workflow: Any
) -> None:
    flow = workflow(WRITE)
    assert engine.execute_workflow(flow, accounts={"post": "practice"}).status == "succeeded"
    first = engine.execute_workflow(flow)
    assert first.status == "waiting"
    engine.approve(first.run_id)
    assert engine.wait(first.run_id).status == "succeeded"
    assert engine.execute_workflow(flow).status == "succeeded"
    assert engine.execute_workflow(flow, accounts={"post": "home"}).status == "waiting", (
        "another account is another name"
    )
