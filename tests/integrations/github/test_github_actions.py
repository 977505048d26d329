"""What GitHub is asked to do beyond issues and files: repositories, labels, pull requests, releases.

Through PyGithub, over HTTP; every request and answer is held to GitHub's own description.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from github import Github
from pydantic import ValidationError

from integrations.github import (
    CloseIssue,
    CommentPullRequest,
    CommitFiles,
    CreateBranch,
    CreateIssue,
    CreateRelease,
    CreateRepository,
    GetIssue,
    GetPullRequest,
    GitHubAccount,
    LabelIssue,
    ListIssues,
    ListPullRequests,
    ListReleases,
    NewFile,
    OpenPullRequest,
    SearchCode,
    close_issue,
    comment_pull_request,
    commit_files,
    create_branch,
    create_issue,
    create_release,
    create_repository,
    get_issue,
    get_pull_request,
    label_issue,
    labels,
    list_issues,
    list_pull_requests,
    list_releases,
    open_pull_request,
    search_code,
)
from orchestrator.actions import Action, EffectUnknown, Params, ServiceError, placeholder
from tests.integrations.github.test_github import HANDBOOK, WEBSHOP, do, find, preview


def is_found_by_its_key_alone(action: Action, asked: Params, account: GitHubAccount) -> Any:
    assert find(action, asked, account, key="one") is None
    made = do(action, asked, account, key="one")
    assert find(action, asked, account, key="one") == made
    return made


class TestLabels:
    def test_are_put_on_and_taken_off(self, account: GitHubAccount) -> None:
        asked = LabelIssue(repository=WEBSHOP, number=1, add=["urgent"], remove=["checkout", "never there"])

        for _ in range(2):  # doing it again changes nothing
            assert do(label_issue, asked, account).labels == ["bug", "urgent"]
        assert do(get_issue, GetIssue(repository=WEBSHOP, number=1), account).labels == ["bug", "urgent"]

    def test_may_have_any_letters(self, account: GitHubAccount) -> None:
        odd = "größe / 50% #1?"

        put = LabelIssue(repository=WEBSHOP, number=2, add=[odd])
        assert odd in do(label_issue, put, account).labels
        assert odd not in do(label_issue, LabelIssue(repository=WEBSHOP, number=2, remove=[odd]), account).labels

    def test_are_the_same_in_capitals(self, account: GitHubAccount) -> None:
        asked = LabelIssue(repository=WEBSHOP, number=1, add=["BUG"], remove=["Checkout"])

        assert do(label_issue, asked, account).labels == ["bug"]
        assert do(get_issue, GetIssue(repository=WEBSHOP, number=1), account).labels == ["bug"]

    def test_of_an_issue_that_is_not_there(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="does not find issue 99 of practice/webshop"):
            do(label_issue, LabelIssue(repository=WEBSHOP, number=99, add=["bug"]), account)

    @pytest.mark.parametrize("said", [{}, {"add": ["bug"], "remove": ["Bug"]}])
    def test_that_make_no_sense_are_refused(self, said: dict[str, Any]) -> None:
        with pytest.raises(ValidationError, match=r"Name a label|choose one"):
            LabelIssue(repository=WEBSHOP, number=1, **said)

    def test_can_be_picked_from_the_account_s_repositories(self, account: GitHubAccount) -> None:
        assert ("bug", "bug (practice/webshop)") in labels(account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(label_issue, LabelIssue(repository=WEBSHOP, number=1, add=["a"], remove=["b"]))

        assert plan.summary == "Label issue 1 of practice/webshop: put on a, take off b."


class TestClosingAnIssue:
    asked = CloseIssue(repository=WEBSHOP, number=1, reason="not_planned")

    def test_closes_it_once_and_for_all(self, account: GitHubAccount, sdk: Github) -> None:
        for _ in range(2):
            assert do(close_issue, self.asked, account).state == "closed"
        issue = sdk.get_repo(WEBSHOP).get_issue(1)
        assert (issue.state, issue.state_reason) == ("closed", "not_planned")

    def test_can_be_previewed_without_a_network(self) -> None:
        assert preview(close_issue, self.asked).summary == "Close issue 1 of practice/webshop as not planned."


class TestPullRequests:
    asked = OpenPullRequest(repository=HANDBOOK, title="Spring", body="Look.", branch="spring")

    @pytest.fixture(autouse=True)
    def _branch(self, request: pytest.FixtureRequest) -> None:
        if "account" in request.fixturenames:
            account = request.getfixturevalue("account")
            do(create_branch, CreateBranch(repository=HANDBOOK, name="spring"), account)
            files = [NewFile(path="a.md", content="one\ntwo\n"), NewFile(path="b.md", content="b\n")]
            change = CommitFiles(repository=HANDBOOK, files=files, message="Add", branch="spring")
            do(commit_files, change, account, key="branch")

    def test_are_opened_and_read_with_what_they_change(self, account: GitHubAccount) -> None:
        made = do(open_pull_request, self.asked, account)

        read = do(get_pull_request, GetPullRequest(repository=HANDBOOK, number=made.number), account)
        assert (read.title, read.body, read.branch, read.base) == ("Spring", "Look.", "spring", "main")
        assert [(file.path, file.status, file.added, file.removed) for file in read.files] == [
            ("a.md", "added", 2, 0),
            ("b.md", "added", 1, 0),
        ]
        assert "+one\n+two" in read.diff
        assert read.diff.index("a.md") < read.diff.index("b.md")

    def test_are_listed_newest_first_and_not_among_the_issues(self, account: GitHubAccount) -> None:
        made = do(open_pull_request, self.asked, account)

        listed = do(list_pull_requests, ListPullRequests(repository=HANDBOOK), account).pull_requests
        assert listed == [made]
        for other in ({"base": "spring"}, {"state": "closed"}):
            asked = ListPullRequests(repository=HANDBOOK, **other)
            assert do(list_pull_requests, asked, account).pull_requests == []
        issues = do(list_issues, ListIssues(repository=HANDBOOK), account).issues
        assert made.number not in [issue.number for issue in issues]

    def test_are_found_again_by_their_key_alone(self, account: GitHubAccount) -> None:
        is_found_by_its_key_alone(open_pull_request, self.asked, account)

        assert find(open_pull_request, self.asked, account, key="two") is None

    def test_are_commented_on(self, account: GitHubAccount) -> None:
        number = do(open_pull_request, self.asked, account).number
        asked = CommentPullRequest(repository=HANDBOOK, number=number, body="Good.")

        made = is_found_by_its_key_alone(comment_pull_request, asked, account)

        assert do(get_issue, GetIssue(repository=HANDBOOK, number=number), account).comments == [made]

    def test_that_are_open_already_are_told(self, account: GitHubAccount) -> None:
        do(open_pull_request, self.asked, account)

        with pytest.raises(ServiceError, match="A pull request already exists for practice:spring"):
            do(open_pull_request, self.asked, account, key="two")

    @pytest.mark.parametrize(
        ("said", "reason"),
        [({"branch": "main"}, "No commits between main and main"), ({"branch": "none"}, "head invalid")],
    )
    def test_that_cannot_be_are_told(self, account: GitHubAccount, said: dict[str, str], reason: str) -> None:
        with pytest.raises(ServiceError, match=reason):
            do(open_pull_request, self.asked.model_copy(update=said), account)

    def test_that_are_issues_are_not_found(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="does not find pull request 1 of practice/handbook"):
            do(get_pull_request, GetPullRequest(repository=HANDBOOK, number=1), account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(open_pull_request, self.asked)

        assert plan.summary == "Open the pull request 'Spring' in practice/handbook: spring into the main branch."
        assert plan.request["body"] == "Look."
        assert plan.result.number == placeholder("pull request number")

    def test_are_shown_to_a_person(self, practice: Any, account: GitHubAccount) -> None:
        made = do(open_pull_request, self.asked, account)

        shown = httpx.get(f"{practice.url}/overview", trust_env=False).json()["repositories"]

        handbook = next(repository for repository in shown if repository["full_name"] == HANDBOOK)
        assert handbook["issues"][0]["number"] == made.number
        assert handbook["issues"][0]["title"] == "Spring (pull request: spring into main)"


class TestReleases:
    asked = CreateRelease(repository=WEBSHOP, tag="v1.0", title="The first", body="It *works*.")

    def test_are_made_with_their_tag(self, account: GitHubAccount, sdk: Github) -> None:
        made = do(create_release, self.asked, account)

        assert (made.tag, made.title, made.body, made.draft) == ("v1.0", "The first", "It *works*.", False)
        main = sdk.get_repo(WEBSHOP).get_branch("main").commit.sha
        assert sdk.get_repo(WEBSHOP).get_git_ref("tags/v1.0").object.sha == main

    def test_are_listed_newest_first(self, account: GitHubAccount) -> None:
        first = do(create_release, self.asked, account, key="one")
        second = do(create_release, CreateRelease(repository=WEBSHOP, tag="v2.0"), account, key="two")

        assert do(list_releases, ListReleases(repository=WEBSHOP), account).releases == [second, first]
        assert do(list_releases, ListReleases(repository=WEBSHOP, limit=1), account).releases == [second]

    @pytest.mark.parametrize("kind", [{}, {"draft": True}, {"prerelease": True}])
    def test_are_found_again_by_their_key_alone(self, account: GitHubAccount, kind: dict[str, bool]) -> None:
        is_found_by_its_key_alone(create_release, self.asked.model_copy(update=kind), account)

        assert find(create_release, self.asked, account, key="two") is None

    def test_of_a_tag_that_is_released_are_told(self, account: GitHubAccount) -> None:
        do(create_release, self.asked, account)

        with pytest.raises(ServiceError, match="tag_name already_exists"):
            do(create_release, self.asked, account, key="two")

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(create_release, self.asked)

        assert plan.summary == "Make the release v1.0 of practice/webshop."
        assert plan.request["title"] == "The first"


class TestMakingARepository:
    asked = CreateRepository(name="spring", description="The spring campaign.")

    def test_makes_one_that_can_be_committed_to(self, account: GitHubAccount) -> None:
        made = do(create_repository, self.asked, account)

        assert (made.name, made.private) == ("patchbay-practice/spring", True)
        change = CommitFiles(repository=made.name, files=[NewFile(path="a.md", content="a")], message="Add")
        assert do(commit_files, change, account).changed

    def test_makes_one_of_an_organisation(self, account: GitHubAccount) -> None:
        asked = CreateRepository(name="spring", organization="practice", private=False)

        made = do(create_repository, asked, account)

        assert (made.name, made.private) == ("practice/spring", False)

    def test_is_found_again_by_its_name_and_description(self, account: GitHubAccount) -> None:
        is_found_by_its_key_alone(create_repository, self.asked, account)

    @pytest.mark.parametrize("other", [{"description": "Another."}, {"description": ""}, {"private": False}])
    def test_that_cannot_be_told_from_another_is_left_to_a_person(
        self, account: GitHubAccount, other: dict[str, Any]
    ) -> None:
        asked = self.asked.model_copy(update=other)
        do(create_repository, asked if asked.description == "" else self.asked, account)

        with pytest.raises(EffectUnknown, match="There is a repository patchbay-practice/spring"):
            find(create_repository, asked, account)

    def test_of_a_name_that_is_taken_is_told(self, account: GitHubAccount) -> None:
        do(create_repository, self.asked, account)

        with pytest.raises(ServiceError, match="name already exists on this account"):
            do(create_repository, self.asked, account)

    def test_can_be_previewed_without_a_network(self) -> None:
        plan = preview(create_repository, self.asked)

        assert plan.summary == "Make the private repository spring."
        assert plan.request["private"] == "yes: only who is invited sees it"


class TestSearchingCode:
    def test_shows_where_it_was_found(self, account: GitHubAccount) -> None:
        (found,) = do(search_code, SearchCode(query="shop is down", repository=HANDBOOK), account).files

        assert (found.repository, found.path) == (HANDBOOK, "docs/support.md")
        assert any("Shop is down" in fragment for fragment in found.fragments)

    def test_can_find_nothing(self, account: GitHubAccount) -> None:
        assert do(search_code, SearchCode(query="zebra"), account).files == []

    @pytest.mark.parametrize("words", ["a repo:other/secret", "REPO:x/y b", "a org:me", "-user:me"])
    def test_words_that_are_filled_in_do_not_reach_beyond_the_repository(self, words: str) -> None:
        with pytest.raises(ValidationError, match="leave '"):
            SearchCode(query=words, repository=HANDBOOK)
        assert SearchCode(query=words).query == words
        assert SearchCode(query='"monorepo:" repository:x', repository=HANDBOOK)

    def test_is_told_what_is_wrong_with_it(self, account: GitHubAccount) -> None:
        with pytest.raises(ServiceError, match="q missing"):
            do(search_code, SearchCode(query=" "), account)


def test_an_issue_with_labels_that_are_there_in_other_letters_bears_those(account: GitHubAccount) -> None:
    assert do(create_issue, CreateIssue(repository=WEBSHOP, title="x", labels=["BUG"]), account).labels == ["bug"]
