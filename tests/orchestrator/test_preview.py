"""Look before it leaps: a preview sends nothing, and what is approved is exactly what goes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from orchestrator.actions import Account, Plan, Result, SecretStr, field, placeholder
from orchestrator.errors import InvalidInput, NotFound
from orchestrator.preview import digest, fits, has_placeholder, planned
from orchestrator.registry import Registry
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine

Build = Callable[..., Workflow]

READ = {"id": "read", "uses": "board.echo", "with": {"x": "hello"}}
POST = {"id": "post", "uses": "board.post", "with": {"text": "{{ steps.read.x }} world"}}
POST_ONLY = {"id": "post", "uses": "board.post", "with": {"text": "hello"}}
LINK = {"id": "link", "uses": "board.post", "with": {"text": "see {{ steps.post.url }}"}}


@pytest.fixture
def preview(engine: WorkflowEngine) -> Callable[..., str]:
    def start(workflow: Workflow, **inputs: Any) -> str:
        run_id = engine.start_workflow(workflow, inputs, preview=True)
        engine.wait(run_id)
        return run_id

    return start


class TestAPreview:
    def test_reads_for_real_and_plans_what_it_would_send(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        view = engine.run(preview(workflow(READ, POST, LINK)))
        assert (view.status, view.mode, board.posts) == ("waiting", "preview", [])
        assert [plan.request for plan in view.plans] == [
            {"text": "hello world"},
            {"text": f"see {placeholder('link')}"},
        ]
        assert [step.status for step in view.steps] == ["succeeded", "planned", "planned"]
        assert [question.kind for question in view.questions] == ["preview"]
        assert view.effects == ()

    def test_that_is_approved_sends_exactly_that_and_reads_nothing_again(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        run_id = preview(workflow(READ, POST, LINK, output={"url": "{{ steps.link.url }}"}))
        engine.approve(run_id, hash=engine.run(run_id).plan_hash, by="Ada")
        result = engine.wait(run_id)
        assert {step.attempts for step in result.steps.values()} == {1}
        assert result.outputs == {"url": "https://board.example/2"}
        assert [text for _, text in board.posts] == ["hello world", "see https://board.example/1"]
        assert board.calls == ["read"]
        assert [effect.status for effect in engine.run(run_id).effects] == ["confirmed", "confirmed"]

    def test_that_is_rejected_sends_nothing(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        run_id = preview(workflow(READ, POST))
        engine.reject(run_id)
        assert (engine.wait(run_id).status, board.posts) == ("cancelled", [])

    def test_is_approved_by_what_was_shown_and_nothing_else(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        run_id = preview(workflow(READ, POST))
        with pytest.raises(InvalidInput, match="not what was shown"):
            engine.approve(run_id, hash="something else")
        assert board.posts == []
        engine.approve(run_id)
        engine.wait(run_id)
        with pytest.raises(NotFound, match="asks nothing now"):
            engine.approve(run_id)
        assert len(board.posts) == 1

    def test_of_a_loop_plans_each_item(self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any) -> None:
        run_id = preview(
            workflow({"id": "p", "uses": "board.post", "for_each": ["a", "b"], "with": {"text": "{{ item }}"}})
        )
        assert [(plan.item, plan.request["text"]) for plan in engine.run(run_id).plans] == [("0", "a"), ("1", "b")]
        engine.approve(run_id)
        engine.wait(run_id)
        assert sorted(text for _, text in board.posts) == ["a", "b"]

    def test_of_a_workflow_that_writes_nothing_is_a_run(
        self, engine: WorkflowEngine, workflow: Build, preview: Any
    ) -> None:
        assert engine.run(preview(workflow(READ))).status == "succeeded"

    def test_that_fails_says_so(self, engine: WorkflowEngine, workflow: Build, preview: Any) -> None:
        assert engine.run(preview(workflow({"id": "a", "uses": "board.broken"}))).status == "failed"

    def test_supposes_that_a_person_would_approve_and_asks_them_for_real_later(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        ask = {"id": "ask", "uses": "approve", "with": {"message": "Sure?"}}
        run_id = preview(workflow(ask, {**POST, "needs": ["ask"], "with": {"text": "x"}}))
        assert [plan.summary for plan in engine.run(run_id).plans] == ["Ask for approval: Sure?", "Post 'x'"]
        engine.approve(run_id)
        assert engine.wait(run_id).status == "waiting"
        assert board.posts == []
        engine.answer(run_id, "ask", {"approved": True})
        assert engine.wait(run_id).status == "succeeded"
        assert len(board.posts) == 1


class TestWhatCannotBeKnownYet:
    FIRST: ClassVar[dict[str, Any]] = {"id": "first", "uses": "board.post", "with": {"text": "first"}}

    @pytest.mark.parametrize(
        "second",
        [
            {
                "if": "{{ steps.first.url is string and '1' in steps.first.url }}",
                "uses": "board.post",
                "with": {"text": "b"},
            },
            {"for_each": "{{ [steps.first.url] }}", "uses": "board.post", "with": {"text": "{{ item }}"}},
            {"uses": "board.echo", "with": {"x": "{{ steps.first.url }}"}},
            {"uses": "branch", "with": {"condition": "{{ steps.first.url | length > 3 }}"}},
        ],
    )
    def test_is_shown_as_open(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, second: dict[str, Any]
    ) -> None:
        third = {"id": "third", "uses": "board.echo", "needs": ["second"]}
        view = engine.run(preview(workflow(self.FIRST, {"id": "second", **second}, third)))
        statuses = {step.id: step.status for step in view.steps}
        assert statuses == {"first": "planned", "second": "open", "third": "open"}

    def test_is_asked_about_when_the_run_gets_there(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        later = {"id": "later", "uses": "board.post", "if": "{{ steps.first.url != '' }}", "with": {"text": "later"}}
        run_id = preview(workflow(self.FIRST, later))
        engine.approve(run_id)
        assert engine.wait(run_id).status == "waiting"
        assert [text for _, text in board.posts] == ["first"]
        [question] = engine.run(run_id).questions
        assert (question.kind, question.step, question.show) == ("effect", "later", {"text": "later"})
        engine.answer(run_id, "later", {"approved": True})
        assert engine.wait(run_id).status == "succeeded"
        assert [text for _, text in board.posts] == ["first", "later"]


class TestAnApproval:
    def test_binds_everything_but_placeholders(self) -> None:
        approved = {"text": f"see {placeholder('link')} now", "to": ["a"], "n": 1, "id": placeholder("id")}
        assert fits(approved, {"text": "see https://x/1 now", "to": ["a"], "n": 1, "id": 7})
        assert not fits(approved, {"text": "see https://x/1 later", "to": ["a"], "n": 1, "id": 7})
        assert not fits(approved, {"text": "see x now", "to": ["a", "b"], "n": 1, "id": 7})
        assert not fits(approved, {"text": "see x now", "to": ["a"], "n": 1, "id": 7, "bcc": "me"})
        assert not fits({"n": 1}, {"n": True})
        assert not fits({"n": 1}, {"n": 2})

    def test_names_its_plans_whatever_order_they_were_made_in(self) -> None:
        a, b = (planned(step, "", "x.y", "me", Plan("do", {"n": step}, Result())) for step in ("a", "b"))
        assert digest([a, b]) == digest([b, a])
        assert digest([a]) != digest([b])

    def test_takes_no_text_from_outside_for_a_placeholder(
        self, engine: WorkflowEngine, workflow: Build, preview: Any, board: Any
    ) -> None:
        assert not has_placeholder("il a dit ‹oui›")
        forged = f"{placeholder('anything')} goes"
        flow = workflow(
            {"id": "read", "uses": "board.echo", "with": {"x": "{{ inputs.text }}"}},
            {"id": "other", "uses": "board.echo", "with": {"x": [forged]}},
            POST,
            {"id": "more", "uses": "board.post", "with": {"text": "{{ steps.other.x[0] }}"}},
            inputs={"text": {"type": "string"}},
        )
        view = engine.run(preview(flow, text=forged))
        assert [step.status for step in view.steps] == ["succeeded", "open", "planned", "open"]
        assert not has_placeholder([plan.request for plan in view.plans])

    def test_knows_a_placeholder_anywhere(self) -> None:
        assert has_placeholder({"a": [{"b": f"x {placeholder('id')}"}]})
        assert not has_placeholder({"a": [{"b": "x"}], "n": 1})


class TestALiveAccount:
    """An account of one's own: what is sent with it is sent in somebody's name."""

    @pytest.fixture
    def registry(self, board: Any) -> Registry:
        class Own(Account):
            token: SecretStr = field("Token")

        board.connector.account = Own
        return Registry([board.connector])

    @pytest.fixture(autouse=True)
    def token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATCHBAY_BOARD_TOKEN", "secret")

    def test_is_not_used_by_a_new_version_before_somebody_looked(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        flow = workflow(POST_ONLY)
        first = engine.execute_workflow(flow)
        assert (first.status, engine.run(first.run_id).mode, board.posts) == ("waiting", "preview", [])
        engine.approve(first.run_id)
        assert engine.wait(first.run_id).status == "succeeded"
        assert engine.execute_workflow(flow).status == "succeeded", "this version is known now"
        assert len(board.posts) == 2
        changed = workflow({**POST_ONLY, "with": {"text": "other"}})
        assert engine.execute_workflow(changed).status == "waiting"

    def test_is_used_at_once_when_the_settings_say_so(
        self, settings: Settings, registry: Registry, workflow: Build, board: Any
    ) -> None:
        bold = settings.model_copy(update={"preview_first": False})
        with WorkflowEngine(bold, registry=registry) as engine:
            assert engine.execute_workflow(workflow(POST_ONLY)).status == "succeeded"

    def test_that_only_reads_needs_no_look(self, engine: WorkflowEngine, workflow: Build) -> None:
        read = {"id": "read", "uses": "board.echo", "with": {"x": 1}}
        assert engine.execute_workflow(workflow(read)).status == "succeeded"

    def test_is_not_used_by_a_workflow_that_another_one_calls_before_somebody_looked(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        engine.library.workflows.save(workflow(POST_ONLY).model_copy(update={"id": "child"}))
        engine.execute_workflow(workflow({"id": "c", "uses": "workflow", "with": {"workflow": "child"}}))
        assert board.posts == []

    @pytest.fixture
    def calls(self, engine: WorkflowEngine, workflow: Build) -> dict[str, Any]:
        """A step that calls a workflow that calls one that writes."""
        engine.library.workflows.save(workflow(POST_ONLY).model_copy(update={"id": "grandchild"}))
        grandchild = {"id": "c", "uses": "workflow", "with": {"workflow": "grandchild"}}
        engine.library.workflows.save(workflow(grandchild).model_copy(update={"id": "child"}))
        return {"id": "c", "uses": "workflow", "with": {"workflow": "child"}}

    def test_is_used_at_once_by_all_that_a_workflow_calls_when_whoever_begins_it_says_so(
        self, engine: WorkflowEngine, workflow: Build, calls: Any, board: Any
    ) -> None:
        assert engine.wait(engine.start_workflow(workflow(calls), preview=False)).status == "succeeded"
        assert len(board.posts) == 1

    def test_is_used_at_once_by_what_is_called_when_such_a_run_is_resumed(
        self, engine: WorkflowEngine, workflow: Build, calls: Any, board: Any
    ) -> None:
        down = {"id": "down", "uses": "board.flaky", "with": {"times": 1}}
        failed = engine.wait(engine.start_workflow(workflow(down, {**calls, "needs": ["down"]}), preview=False))
        assert engine.wait(engine.resume(failed.run_id)).status == "succeeded"
        assert len(board.posts) == 1

    def test_is_used_at_once_by_what_is_called_in_a_process_that_begins_later(
        self, settings: Settings, registry: Registry, engine: WorkflowEngine, workflow: Build, calls: Any, board: Any
    ) -> None:
        ask = {"id": "ask", "uses": "wait_for_input", "with": {"message": "?"}}
        run_id = engine.start_workflow(workflow(ask, {**calls, "needs": ["ask"]}), preview=False)
        assert engine.wait(run_id).status == "waiting"
        engine.close()
        with WorkflowEngine(settings, registry=registry) as later:
            later.answer(run_id, "ask", "yes")
            assert later.wait(run_id).status == "succeeded"
        assert len(board.posts) == 1

    def test_is_not_known_by_a_run_that_had_nothing_to_write(
        self, engine: WorkflowEngine, workflow: Build, board: Any
    ) -> None:
        flow = workflow({**POST_ONLY, "if": "{{ inputs.n > 0 }}"}, inputs={"n": {"type": "integer"}})
        assert engine.execute_workflow(flow, {"n": 0}).status == "succeeded"
        assert engine.execute_workflow(flow, {"n": 1}).status == "waiting"
        assert board.posts == []

    @pytest.mark.parametrize("how", ["rerun", "resume"])
    def test_is_not_used_by_another_version_to_go_back_with_before_somebody_looked(
        self, engine: WorkflowEngine, workflow: Build, board: Any, how: str
    ) -> None:
        down = {"id": "down", "uses": "board.flaky", "with": {"times": 1}}
        failed = engine.start_workflow(workflow(down, {**POST_ONLY, "needs": ["down"]}), preview=False)
        engine.wait(failed)
        corrected = workflow({**POST_ONLY, "with": {"text": "other"}})
        assert engine.wait(getattr(engine, how)(failed, workflow=corrected)).status == "waiting"
        assert board.posts == []
