"""The sample of practice GitHub: two repositories of a small team, with history and issues.

Times are counted back from now, so that it never looks old.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from integrations.practice.github_git import SERVICE, Git
from integrations.practice.store import Doc, Store

SAMPLE = Path(__file__).parent / "seed" / "github.json"
LOGIN = "patchbay-practice"
"""Who the practice token belongs to."""
ORGANIZATION = "practice"
"""Whose repositories the sample has."""
LABELS = {"bug": "d73a4a", "documentation": "0075ca", "enhancement": "a2eeef", "question": "d876e3"}
"""What a new repository begins with, by colour."""
RENAMED = {"practice/manual": "practice/handbook"}
"""What a repository of the sample was called before."""


def seed(store: Store) -> None:
    now = datetime.now(UTC)
    for given in json.loads(SAMPLE.read_text("utf-8")):
        _seed_repository(store, given, now)
    for old, new in RENAMED.items():
        store.put(SERVICE, "renamed", old, {"id": (store.get(SERVICE, "repository", new) or {})["id"]})


def _seed_repository(store: Store, given: Doc, now: datetime) -> None:
    name = given["full_name"]
    git = Git(store, name)
    for commit in given["commits"]:
        author = {"name": commit["author"], "email": f"{commit['author'].lower()}@practice.example"}
        changes = {path: _text(lines) for path, lines in commit["files"].items()}
        when = now - timedelta(days=commit["days_ago"])
        git.write("main", changes, commit["message"], author, when)
    repository = {
        "id": store.next_id(SERVICE, "repository"),
        "full_name": name,
        "description": given["description"],
        "private": True,
        "default_branch": "main",
        "labels": given["labels"],
        "created_at": _time(now, given["commits"][0]["days_ago"]),
    }
    store.put(SERVICE, "repository", name.lower(), repository)
    for number, issue in enumerate(given["issues"], 1):
        _seed_issue(store, name, number, issue, now)


def _seed_issue(store: Store, repository: str, number: int, given: Doc, now: datetime) -> None:
    made = _time(now, given["days_ago"])
    comments = given.get("comments", [])
    last = comments[-1]["days_ago"] if comments else given["days_ago"]
    closed = given.get("state") == "closed"
    issue = {
        "repository": repository,
        "number": number,
        "title": given["title"],
        "body": "\n".join(given["body"]),
        "state": "closed" if closed else "open",
        "state_reason": "completed" if closed else None,
        "labels": given["labels"],
        "author": given["author"],
        "comments": len(comments),
        "created_at": made,
        "updated_at": _time(now, last),
        "closed_at": _time(now, last) if closed else None,
    }
    store.put(SERVICE, "issue", f"{repository}#{number}", issue)
    for comment in comments:
        id = store.next_id(SERVICE, "comment")
        when = _time(now, comment["days_ago"])
        doc = {
            "id": id,
            "repository": repository,
            "issue": number,
            "body": "\n".join(comment["body"]),
            "author": comment["author"],
            "created_at": when,
            "updated_at": when,
        }
        store.put(SERVICE, "comment", str(id), doc)


def _text(lines: list[str] | None) -> bytes | None:
    return None if lines is None else ("\n".join(lines) + "\n").encode()


def _time(now: datetime, days_ago: float) -> str:
    return f"{now - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"
