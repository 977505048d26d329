"""Practice GitHub as a person sees it, for the studio's page *Practice*."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from integrations.practice.github_git import SERVICE, Git
from integrations.practice.store import Doc, Store

_HIDDEN = re.compile(r"\s*<!--.*?-->", re.DOTALL)


def overview(store: Store) -> Doc:
    """All repositories with their files, issues and commits, newest first. Links lead into the studio."""
    return {"repositories": [_repository(store, doc) for doc in store.all(SERVICE, "repository")]}


def _repository(store: Store, doc: Doc) -> Doc:
    name = doc["full_name"]
    git = Git(store, name)
    history = list(git.history(doc["default_branch"]))
    touched: dict[str, Doc] = {}
    commits = []
    for commit in history:
        paths = git.changed(commit)
        commits.append(
            {
                "sha": commit["sha"],
                "message": commit["message"],
                "author": commit["author"]["name"],
                "date": commit["author"]["date"],
                "files": paths,
            }
        )
        for path in paths:
            touched.setdefault(path, commit)
    files = [
        {
            "path": path,
            "text": (git.blob(blob) or b"").decode("utf-8", "replace"),
            "sha": blob,
            "message": touched[path]["message"],
            "updated": touched[path]["author"]["date"],
            "url": _link(name, path=path),
        }
        for path, blob in sorted((history[0]["files"] if history else {}).items())
    ]
    issues = [issue for issue in store.all(SERVICE, "issue") if issue["repository"] == name]
    issues.sort(key=lambda issue: issue["number"], reverse=True)
    return {
        "full_name": name,
        "description": doc["description"],
        "url": _link(name),
        "files": files,
        "issues": [_issue(store, issue) for issue in issues],
        "commits": commits,
    }


def _issue(store: Store, issue: Doc) -> Doc:
    comments = [
        {"author": comment["author"], "body": _shown(comment["body"]), "created": comment["created_at"]}
        for comment in store.all(SERVICE, "comment")
        if (comment["repository"], comment["issue"]) == (issue["repository"], issue["number"])
    ]
    return {
        "number": issue["number"],
        "title": _title(issue),
        "body": _shown(issue["body"] or ""),
        "state": issue["state"],
        "labels": issue["labels"],
        "author": issue["author"],
        "created": issue["created_at"],
        "comments": comments,
        "url": _link(issue["repository"], issue=issue["number"]),
    }


def _title(issue: Doc) -> str:
    pull = issue.get("pull")
    return f"{issue['title']} (pull request: {pull['head']} into {pull['base']})" if pull else issue["title"]


def _shown(markdown: str) -> str:
    """What GitHub shows of a text: HTML comments are hidden."""
    return _HIDDEN.sub("", markdown)


def _link(repository: str, **place: object) -> str:
    return "/practice?" + urlencode({"repository": repository, **place}, safe="/")
