"""Practice GitHub: pull requests."""

from __future__ import annotations

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused, invalid, wrong
from integrations.practice.github_git import Git
from integrations.practice.github_issues import issue_of, issues_of, new_issue
from integrations.practice.store import Doc

PULL = REPOSITORY + "/pulls/{number:int}"


def pulls(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/pulls/pulls#list-pull-requests."""
    repository, git = asked.git()
    owner = repository["full_name"].split("/")[0]
    state, base = asked.query.get("state", "open"), asked.query.get("base")
    head = asked.query.get("head", "")
    found = [
        issue
        for issue in issues_of(asked, repository)
        if "pull" in issue
        and state in ("all", issue["state"])
        and base in (None, issue["pull"]["base"])
        and (":" not in head or head == f"{owner}:{issue['pull']['head']}")
    ]
    order = "updated_at" if asked.query.get("sort") == "updated" else "number"
    found.sort(key=lambda issue: issue[order], reverse=asked.query.get("direction") != "asc")
    return [asked.show.pull(repository, git, issue) for issue in found]


def create_pull(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/pulls/pulls#create-a-pull-request."""
    title = asked.body.get("title")
    if not isinstance(title, str) or not title.strip():
        raise wrong("PullRequest", "title", "missing_field")
    text = asked.optional("PullRequest", "body", str)
    draft = asked.optional("PullRequest", "draft", bool, False)
    with asked.store.transaction():
        repository, git = asked.filled_git()
        owner = repository["full_name"].split("/")[0]
        head, base = asked.text("head").removeprefix(f"{owner}:"), asked.text("base")
        for name, branch in (("base", base), ("head", head)):
            if branch not in git.branches():
                raise invalid("PullRequest", name)
        if git.leads_to(git.branches()[head], git.branches()[base]):
            raise _custom(f"No commits between {base} and {head}")
        for issue in issues_of(asked, repository):
            if issue["state"] == "open" and (issue.get("pull", {}).get("head"), issue.get("pull", {}).get("base")) == (
                head,
                base,
            ):
                raise _custom(f"A pull request already exists for {owner}:{head}.")
        pull = {"head": head, "base": base, "draft": draft}
        issue = new_issue(asked, repository, title, text, [], pull=pull)
    return 201, asked.show.whole_pull(
        repository, git, issue, len(_commits(git, issue)), _changes(asked, repository, issue)
    )


def pull(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/pulls/pulls#get-a-pull-request."""
    repository = asked.repository()
    return _whole(asked, repository, _pull_of(asked, repository))


def files(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/pulls/pulls#list-pull-requests-files."""
    repository = asked.repository()
    return _changes(asked, repository, _pull_of(asked, repository))


def _pull_of(asked: Asked, repository: Doc) -> Doc:
    issue = issue_of(asked, repository)
    if "pull" not in issue:
        raise Refused(404, "Not Found")
    return issue


def _whole(asked: Asked, repository: Doc, issue: Doc) -> Doc:
    git = Git(asked.store, repository["full_name"])
    return asked.show.whole_pull(repository, git, issue, len(_commits(git, issue)), _changes(asked, repository, issue))


def _commits(git: Git, issue: Doc) -> list[Doc]:
    """What the branch has and the other has not."""
    there = {commit["sha"] for commit in git.history(issue["pull"]["base"])}
    return [commit for commit in git.history(issue["pull"]["head"]) if commit["sha"] not in there]


def _changes(asked: Asked, repository: Doc, issue: Doc) -> list[Doc]:
    """From where the branches parted to the end of the one that is to be merged."""
    git = Git(asked.store, repository["full_name"])
    own = _commits(git, issue)
    head = git.commit(issue["pull"]["head"])
    if not own or head is None:
        return []
    parted = git.commit(own[-1]["parents"][0]) if own[-1]["parents"] else None
    return asked.show.changes(repository, git, parted["files"] if parted else {}, head)


def _custom(message: str) -> Refused:
    return Refused(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}])


PULLS: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/pulls", pulls),
    ("POST", REPOSITORY + "/pulls", create_pull),
    ("GET", PULL, pull),
    ("GET", PULL + "/files", files),
)
