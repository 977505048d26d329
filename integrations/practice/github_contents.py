"""Practice GitHub: the contents of a repository, file by file."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused
from integrations.practice.github_git import object_id


def contents(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/repos/contents#get-repository-content."""
    repository, git = asked.git()
    ref = asked.query.get("ref") or repository["default_branch"]
    path = asked.path.get("path", "").strip("/")
    commit = git.commit(ref)
    if commit is None:
        raise Refused(404, f"No commit found for the ref {ref}" if git.branches() else "This repository is empty.")
    if path in commit["files"]:
        return asked.show.file(repository, git, path, commit["files"][path], ref, whole=True)
    tree = git.folder(commit["tree"], path)
    if tree is None:
        raise Refused(404, "Not Found")
    prefix = f"{path}/" if path else ""
    return 200, [
        asked.show.file(repository, git, prefix + entry["path"], entry["sha"], ref)
        if entry["type"] == "blob"
        else asked.show.folder(repository, prefix + entry["path"], entry["sha"], ref)
        for entry in tree
    ]


def put_contents(asked: Asked) -> Answer:
    """Make or change a file. The sha of the file that is replaced must be given, and still be right.

    Source: docs.github.com/en/rest/repos/contents#create-or-update-file-contents.
    """
    repository, git = asked.git()
    path = asked.path["path"]
    message, content = asked.text("message"), _content(asked)
    if not path or any(part in ("", ".", "..", ".git") for part in path.split("/")):
        raise Refused(422, "path contains a malformed path component")
    branch = asked.body.get("branch") or repository["default_branch"]
    with asked.store.transaction():
        if git.branches() and branch not in git.branches():
            raise Refused(404, f"Branch {branch} not found")
        newest = git.commit(branch)
        files = newest["files"] if newest else {}
        if any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in files):
            raise Refused(422, "path is a folder, or lies in a file")
        known = files.get(path)
        if known and not asked.body.get("sha"):
            raise Refused(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
        if asked.body.get("sha") and asked.body["sha"] != known:
            raise Refused(409, f"{path} does not match {asked.body['sha']}")
        commit = git.write(branch, {path: content}, message, asked.author(), datetime.now(UTC))
    answer = {
        "content": asked.show.file(repository, git, path, object_id("blob", content), branch),
        "commit": asked.show.git_commit(repository, commit),
    }
    return 200 if known else 201, answer


def _content(asked: Asked) -> bytes:
    if not isinstance(asked.body.get("content"), str):
        raise Refused(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    try:
        return base64.b64decode(asked.body["content"], validate=True)
    except binascii.Error:
        raise Refused(422, "content is not valid Base64") from None


CONTENTS: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/contents", contents),
    ("GET", REPOSITORY + "/contents/{path:path}", contents),
    ("PUT", REPOSITORY + "/contents/{path:path}", put_contents),
)
