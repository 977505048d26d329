"""Commits of one or many files, and the branches that they go to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from github import Github
from pydantic import ValidationError

from integrations.github import (
    CommitFile,
    CommitFiles,
    CreateBranch,
    GitHubAccount,
    ListBranches,
    ListPullRequests,
    NewFile,
    ReadFile,
    branches,
    commit_file,
    commit_files,
    create_branch,
    list_branches,
    list_pull_requests,
    read_file,
)
from orchestrator.actions import EffectUnknown, ServiceError, placeholder
from orchestrator.settings import Settings
from orchestrator.workflow import Workflow
from orchestrator.workflow_engine import WorkflowEngine
from tests.integrations.github.test_github import HANDBOOK, do, find, preview
from tests.integrations.github.test_github_actions import is_found_by_its_key_alone


class TestCommittingFiles:
    asked = CommitFiles(
        repository=HANDBOOK,
        files=[NewFile(path="sops/größe 1.md", content="Schön\n"), NewFile(path="README.md", content="# New\n")],
        remove=["docs/support.md"],
        message="Tidy up",
    )

    def test_makes_one_commit_of_all(self, account: GitHubAccount, sdk: Github) -> None:
        before = sdk.get_repo(HANDBOOK).get_commits().totalCount

        made = do(commit_files, self.asked, account)

        commit = sdk.get_repo(HANDBOOK).get_commit("main")
        assert sdk.get_repo(HANDBOOK).get_commits().totalCount == before + 1
        assert (made.changed, made.commit, made.branch) == (True, commit.sha, "main")
        assert commit.commit.message.startswith("Tidy up\n\nPatchbay-Key: ")
        assert {file.filename: file.status for file in commit.files} == {
            "README.md": "modified",
            "docs/support.md": "removed",
            "sops/größe 1.md": "added",
        }
        assert made.paths == sorted(file.filename for file in commit.files)
        assert do(read_file, ReadFile(repository=HANDBOOK, path="sops/größe 1.md"), account).text == "Schön\n"

    def test_commits_nothing_where_nothing_changes(self, account: GitHubAccount, sdk: Github) -> None:
        do(commit_files, self.asked, account, key="one")
        head = sdk.get_repo(HANDBOOK).get_branch("main").commit.sha

        again = do(commit_files, self.asked, account, key="two")

        assert (again.changed, again.commit, again.paths) == (False, "", [])
        assert sdk.get_repo(HANDBOOK).get_branch("main").commit.sha == head

    def test_is_found_again_by_its_key_alone(self, account: GitHubAccount) -> None:
        is_found_by_its_key_alone(commit_files, self.asked, account)

        assert find(commit_files, self.asked, account, key="two") is None

    def test_leaves_a_program_a_program(self, account: GitHubAccount, sdk: Github) -> None:
        repository = sdk.get_repo(HANDBOOK)
        head = repository.get_git_commit(repository.get_branch("main").commit.sha)
        from github import InputGitTreeElement

        program = InputGitTreeElement("run.sh", "100755", "blob", content="#!/bin/sh\n")
        tree = repository.create_git_tree([program], head.tree)
        repository.get_git_ref("heads/main").edit(repository.create_git_commit("Add", tree, [head]).sha)

        asked = CommitFiles(repository=HANDBOOK, files=[NewFile(path="run.sh", content="#!/bin/sh\nls\n")], message="x")
        do(commit_files, asked, account)

        entries = {entry.path: entry for entry in repository.get_git_tree("main").tree}
        assert entries["run.sh"].mode == "100755"

    def test_can_go_to_a_branch(self, account: GitHubAccount, sdk: Github) -> None:
        do(create_branch, CreateBranch(repository=HANDBOOK, name="drafts/spring"), account)
        asked = self.asked.model_copy(update={"branch": "drafts/spring"})

        made = is_found_by_its_key_alone(commit_files, asked, account)

        assert sdk.get_repo(HANDBOOK).get_branch("drafts/spring").commit.sha == made.commit
        assert sdk.get_repo(HANDBOOK).get_branch("main").commit.sha != made.commit

    def test_to_a_branch_that_is_not_there(self, account: GitHubAccount) -> None:
        asked = self.asked.model_copy(update={"branch": "none"})

        with pytest.raises(ServiceError, match="does not find branch none of practice/handbook"):
            do(commit_files, asked, account)
        assert find(commit_files, asked, account) is None

    def test_to_a_branch_that_moved_since_it_was_read_writes_nothing(self, account: GitHubAccount, sdk: Github) -> None:
        base = sdk.get_repo(HANDBOOK).get_branch("main").commit.sha
        sdk.get_repo(HANDBOOK).create_file("x.md", "By hand", "x")
        head = sdk.get_repo(HANDBOOK).get_branch("main").commit.sha

        with pytest.raises(ServiceError, match=f"committed to 'main' of practice/handbook since {base[:7]}"):
            do(commit_files, self.asked.model_copy(update={"base": base}), account)
        assert sdk.get_repo(HANDBOOK).get_branch("main").commit.sha == head

    def test_meets_others_without_losing_their_work(self, account: GitHubAccount, sdk: Github) -> None:
        """Somebody commits between the reading of the branch and its moving, as `call.sending` shows."""
        others = iter(range(2))

        class Meddling:
            def sending(self, call: Any) -> None:
                if (number := next(others, None)) is not None:
                    sdk.get_repo(HANDBOOK).create_file(f"other-{number}.md", "By hand", "x")

            def log(self, call: Any, message: str) -> None: ...

        made = do(commit_files, self.asked, account, services=Meddling())

        paths = [entry.path for entry in sdk.get_repo(HANDBOOK).get_git_tree("main").tree]
        assert {"other-0.md", "other-1.md"} <= set(paths)
        assert sdk.get_repo(HANDBOOK).get_branch("main").commit.sha == made.commit

    def test_gives_up_where_others_never_stop(self, account: GitHubAccount, sdk: Github) -> None:
        class Meddling:
            number = 0

            def sending(self, call: Any) -> None:
                self.number += 1
                sdk.get_repo(HANDBOOK).create_file(f"other-{self.number}.md", "By hand", "x")

            def log(self, call: Any, message: str) -> None: ...

        with pytest.raises(ServiceError, match="Others commit to practice/handbook at the same time"):
            do(commit_files, self.asked, account, services=Meddling())
        assert find(commit_files, self.asked, account) is None

    @pytest.mark.parametrize(
        ("said", "reason"),
        [
            ({}, "Name a file"),
            ({"files": [{"path": "a", "content": ""}, {"path": "a", "content": ""}]}, "'a' is named twice"),
            ({"files": [{"path": "a", "content": ""}], "remove": ["a"]}, "'a' is named twice"),
            ({"remove": ["../a"]}, "is no path of a file"),
            ({"files": [{"path": "a", "content": "x" * 10_000_001}]}, "push them with git"),
            ({"remove": ["a"], "branch": "a..b"}, "is no name of a branch"),
        ],
    )
    def test_that_cannot_be_is_refused_before_anything_is_sent(self, said: dict[str, Any], reason: str) -> None:
        with pytest.raises(ValidationError, match=reason):
            CommitFiles(repository=HANDBOOK, message="x", **said)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(commit_files, self.asked)

        assert plan.summary == "Commit 3 files to practice/handbook."
        assert plan.request["files"][0] == {"path": "sops/größe 1.md", "content": "Schön\n"}
        assert plan.result.commit == placeholder("commit")


class TestCommittingAFile:
    def test_that_changed_since_it_was_read_writes_nothing(self, account: GitHubAccount, sdk: Github) -> None:
        read = do(read_file, ReadFile(repository=HANDBOOK, path="README.md"), account)
        sdk.get_repo(HANDBOOK).update_file("README.md", "By hand", "Other\n", read.sha)
        asked = CommitFile(repository=HANDBOOK, path="README.md", content="Mine\n", message="x", version=read.sha)

        with pytest.raises(ServiceError, match=r"Somebody has changed 'README.md' in practice/handbook"):
            do(commit_file, asked, account)
        assert do(read_file, ReadFile(repository=HANDBOOK, path="README.md"), account).text == "Other\n"


class TestBranches:
    asked = CreateBranch(repository=HANDBOOK, name="drafts/spring")

    def test_are_listed(self, account: GitHubAccount, sdk: Github) -> None:
        do(create_branch, self.asked, account)

        found = do(list_branches, ListBranches(repository=HANDBOOK), account).branches

        assert [branch.name for branch in found] == ["drafts/spring", "main"]
        assert found[0].commit == found[1].commit == sdk.get_repo(HANDBOOK).get_branch("main").commit.sha

    def test_can_begin_at_an_older_commit(self, account: GitHubAccount, sdk: Github) -> None:
        first = list(sdk.get_repo(HANDBOOK).get_commits())[-1].sha

        made = is_found_by_its_key_alone(create_branch, self.asked.model_copy(update={"source": first}), account)

        assert made.commit == first

    def test_of_a_name_that_is_taken_are_told(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="has a branch 'main' already"):
            do(create_branch, CreateBranch(repository=HANDBOOK, name="main"), account)

    def test_at_another_commit_cannot_be_told_from_ours(self, account: GitHubAccount) -> None:
        do(create_branch, self.asked, account)
        change = CommitFile(repository=HANDBOOK, path="a", content="a", message="a", branch="drafts/spring")
        do(commit_file, change, account)

        with pytest.raises(EffectUnknown, match="at another commit"):
            find(create_branch, self.asked, account)

    @pytest.mark.parametrize("name", ["a b", "a..b", "/a", "a/", "a.lock", "-a", "a~1", "@", "a\0"])
    def test_of_a_wrong_name_are_refused_before_anything_is_sent(self, name: str) -> None:
        with pytest.raises(ValidationError, match="is no name of a branch"):
            CreateBranch(repository=HANDBOOK, name=name)

    def test_can_be_picked(self, account: GitHubAccount) -> None:
        assert branches(account) == [("main", "main (practice/handbook, practice/webshop)")]

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(create_branch, self.asked)

        assert plan.summary == "Make the branch drafts/spring in practice/handbook, from the main branch."


def test_a_run_proposes_a_change_only_after_it_was_looked_at(tmp_path: Path) -> None:
    """Branch, commit and pull request: previewed, approved, and sent as they were shown."""
    at = {"repository": HANDBOOK}
    files = [{"path": "a.md", "content": "one\n"}, {"path": "b.md", "content": "two\n"}]
    steps = [
        {"id": "branch", "uses": "github.create_branch", "with": {**at, "name": "spring"}},
        {
            "id": "commit",
            "uses": "github.commit_files",
            "with": {**at, "branch": "{{ steps.branch.name }}", "files": files, "message": "Add two files"},
        },
        {
            "id": "pull",
            "uses": "github.open_pull_request",
            "needs": ["commit"],
            "with": {
                **at,
                "branch": "{{ steps.branch.name }}",
                "title": "Spring",
                "body": "See {{ steps.commit.url }}",
            },
        },
        {"id": "read", "uses": "github.get_pull_request", "with": {**at, "number": "{{ steps.pull.number }}"}},
    ]
    workflow = Workflow.model_validate({"id": "proposes", "steps": steps, "output": {"diff": "{{ steps.read.diff }}"}})
    with WorkflowEngine(Settings(home=tmp_path / "home")) as engine:
        run = engine.start_workflow(workflow, preview=True)
        while engine.run(run).status != "waiting":
            time.sleep(0.02)
        assert [plan.summary for plan in engine.run(run).plans] == [
            "Make the branch spring in practice/handbook, from the main branch.",
            "Commit 2 files to practice/handbook, branch spring.",
            "Open the pull request 'Spring' in practice/handbook: spring into the main branch.",
        ]
        account = GitHubAccount(base_url=f"{engine.practice_url}/github", token="practice")
        assert len(do(list_branches, ListBranches(repository=HANDBOOK), account).branches) == 1

        engine.approve(run)
        done = engine.wait(run)

        assert done.status == "succeeded"
        assert "+one" in done.outputs["diff"]
        assert "+two" in done.outputs["diff"]
        (pull,) = do(list_pull_requests, ListPullRequests(repository=HANDBOOK), account).pull_requests
        assert pull.body.startswith("See http")
