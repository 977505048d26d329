"""Practice GitHub: issues, their comments and labels. A pull request is an issue too, as on the real service."""

from __future__ import annotations

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused, invalid, now, wrong
from integrations.practice.github_git import SERVICE
from integrations.practice.github_sample import LOGIN
from integrations.practice.store import Doc

ISSUE = REPOSITORY + "/issues/{number:int}"


def issues(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/issues#list-repository-issues."""
    repository = asked.repository()
    state = asked.query.get("state", "open")
    labels = [label for label in asked.query.get("labels", "").split(",") if label]
    since = asked.query.get("since", "")
    found = [
        issue
        for issue in issues_of(asked, repository)
        if state in ("all", issue["state"]) and set(labels) <= set(issue["labels"]) and issue["updated_at"] >= since
    ]
    order = {"updated": "updated_at", "comments": "comments"}.get(asked.query.get("sort", ""), "number")
    found.sort(key=lambda issue: issue[order], reverse=asked.query.get("direction") != "asc")
    return [asked.show.issue(repository, issue) for issue in found]


def create_issue(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/issues#create-an-issue."""
    title = asked.body.get("title")
    if not isinstance(title, str) or not title.strip():
        raise wrong("Issue", "title", "missing_field")
    text = asked.optional("Issue", "body", str)
    with asked.store.transaction():
        repository = asked.repository()
        labels = _known_labels(asked, repository, asked.body.get("labels") or [])
        issue = new_issue(asked, repository, title, text, labels)
    return 201, asked.show.issue(repository, issue)


def issue(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/issues#get-an-issue."""
    repository = asked.repository()
    return asked.show.issue(repository, issue_of(asked, repository))


def update_issue(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/issues#update-an-issue."""
    if asked.body.get("state") not in (None, "open", "closed"):
        raise invalid("Issue", "state")
    if asked.body.get("state_reason") not in (None, "completed", "not_planned", "duplicate", "reopened"):
        raise invalid("Issue", "state_reason")
    for name in ("title", "body"):
        asked.optional("Issue", name, str)
    with asked.store.transaction():
        repository = asked.repository()
        issue = issue_of(asked, repository)
        issue |= {key: asked.body[key] for key in ("title", "body", "state") if asked.body.get(key) is not None}
        if "labels" in asked.body:
            issue["labels"] = _known_labels(asked, repository, asked.body["labels"])
        issue["updated_at"] = now()
        closed = issue["state"] == "closed"
        issue["closed_at"] = issue["updated_at"] if closed else None
        issue["state_reason"] = (asked.body.get("state_reason") or "completed") if closed else None
        save(asked, issue)
    return asked.show.issue(repository, issue)


def comments(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/comments#list-issue-comments."""
    repository = asked.repository()
    issue = issue_of(asked, repository)
    since = asked.query.get("since", "")
    return [
        asked.show.comment(repository, comment)
        for comment in asked.store.all(SERVICE, "comment")
        if (comment["repository"], comment["issue"]) == (issue["repository"], issue["number"])
        and comment["updated_at"] >= since
    ]


def create_comment(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/comments#create-an-issue-comment."""
    repository = asked.repository()
    text = asked.body.get("body")
    if not isinstance(text, str) or not text.strip():
        raise wrong("IssueComment", "body", "missing_field")
    with asked.store.transaction():
        issue = issue_of(asked, repository)
        comment = {
            "id": asked.store.next_id(SERVICE, "comment"),
            "repository": repository["full_name"],
            "issue": issue["number"],
            "body": text,
            "author": LOGIN,
            "created_at": now(),
            "updated_at": now(),
        }
        asked.store.put(SERVICE, "comment", str(comment["id"]), comment)
        issue |= {"comments": issue["comments"] + 1, "updated_at": now()}
        save(asked, issue)
    return 201, asked.show.comment(repository, comment)


def labels(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/labels#list-labels-for-a-repository."""
    repository = asked.repository()
    return [asked.show.label(repository, name) for name in repository["labels"]]


def add_labels(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/labels#add-labels-to-an-issue."""
    given = asked.given.get("labels") if isinstance(asked.given, dict) else asked.given
    with asked.store.transaction():
        repository = asked.repository()
        issue = issue_of(asked, repository)
        new = _known_labels(asked, repository, given)
        issue["labels"] += [name for name in new if name not in issue["labels"]]
        save(asked, issue | {"updated_at": now()})
    return 200, [asked.show.label(repository, name) for name in issue["labels"]]


def remove_label(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/issues/labels#remove-a-label-from-an-issue."""
    wanted = asked.path["label"].casefold()
    with asked.store.transaction():
        repository = asked.repository()
        issue = issue_of(asked, repository)
        if wanted not in (name.casefold() for name in issue["labels"]):
            raise Refused(404, "Label does not exist")
        issue["labels"] = [name for name in issue["labels"] if name.casefold() != wanted]
        save(asked, issue | {"updated_at": now()})
    return 200, [asked.show.label(repository, name) for name in issue["labels"]]


def issues_of(asked: Asked, repository: Doc) -> list[Doc]:
    known = asked.store.all(SERVICE, "issue")
    return [issue for issue in known if issue["repository"] == repository["full_name"]]


def issue_of(asked: Asked, repository: Doc) -> Doc:
    issue = asked.store.get(SERVICE, "issue", f"{repository['full_name']}#{asked.path['number']}")
    if issue is None:
        raise Refused(404, "Not Found")
    return issue


def new_issue(asked: Asked, repository: Doc, title: str, text: str | None, labels: list[str], **more: Doc) -> Doc:
    """An issue, or with `pull` a pull request, under the next number of its repository."""
    number = max((issue["number"] for issue in issues_of(asked, repository)), default=0) + 1
    issue: Doc = {
        "repository": repository["full_name"],
        "number": number,
        "title": title,
        "body": text,
        "state": "open",
        "state_reason": None,
        "labels": labels,
        "author": LOGIN,
        "comments": 0,
        "created_at": now(),
        "updated_at": now(),
        "closed_at": None,
        **more,
    }
    save(asked, issue)
    return issue


def save(asked: Asked, issue: Doc) -> None:
    asked.store.put(SERVICE, "issue", f"{issue['repository']}#{issue['number']}", issue)


def _known_labels(asked: Asked, repository: Doc, given: object) -> list[str]:
    """The names of labels, as the repository writes them. Like the real service, an unknown one is made."""
    if not isinstance(given, list):
        raise invalid("Issue", "labels")
    names: list[str] = [item.get("name") if isinstance(item, dict) else item for item in given]
    if not all(isinstance(name, str) and name for name in names):
        raise invalid("Label", "name")
    written = {name.casefold(): name for name in repository["labels"]}
    new = {name: "ededed" for name in names if name.casefold() not in written}
    if new:
        repository["labels"] |= new
        asked.store.put(SERVICE, "repository", repository["full_name"].lower(), repository)
    return list(dict.fromkeys(written.get(name.casefold(), name) for name in names))


ISSUES: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/issues", issues),
    ("POST", REPOSITORY + "/issues", create_issue),
    ("GET", ISSUE, issue),
    ("PATCH", ISSUE, update_issue),
    ("GET", ISSUE + "/comments", comments),
    ("POST", ISSUE + "/comments", create_comment),
    ("POST", ISSUE + "/labels", add_labels),
    ("DELETE", ISSUE + "/labels/{label:path}", remove_label),
    ("GET", REPOSITORY + "/labels", labels),
)
