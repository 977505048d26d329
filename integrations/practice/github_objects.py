"""Practice GitHub: git's own objects. Several files become one commit by a tree, a commit and a moved reference.

Source: docs.github.com/en/rest/guides/using-the-rest-api-to-interact-with-your-git-database.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Any

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused
from integrations.practice.github_git import Blobs, Git


def ref(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/refs#get-a-reference."""
    repository, git = asked.filled_git()
    sha = git.refs().get(asked.path["ref"])
    if sha is None:
        raise Refused(404, "Not Found")
    return asked.show.ref(repository, asked.path["ref"], sha)


def create_ref(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/refs#create-a-reference."""
    repository, git = asked.filled_git()
    full, sha = asked.text("ref"), _sha(asked)
    name = full.removeprefix("refs/")
    if not full.startswith("refs/") or not name.startswith(("heads/", "tags/")):
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes.")
    with asked.store.transaction():
        if git.commit(sha) is None:
            raise Refused(422, "Object does not exist")
        if name in git.refs():
            raise Refused(422, "Reference already exists")
        git.set_ref(name, sha)
    return 201, asked.show.ref(repository, name, sha)


def update_ref(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/refs#update-a-reference."""
    repository, git = asked.filled_git()
    name, sha = asked.path["ref"], _sha(asked)
    force = asked.optional("Reference", "force", bool, False)
    with asked.store.transaction():
        if name not in git.refs():
            raise Refused(422, "Reference does not exist")
        if git.commit(sha) is None:
            raise Refused(422, "Object does not exist")
        if not force and not git.leads_to(git.refs()[name], sha):
            raise Refused(422, "Update is not a fast forward")
        git.set_ref(name, sha)
    return asked.show.ref(repository, name, sha)


def _sha(asked: Asked) -> str:
    sha = asked.text("sha")
    if not re.fullmatch(r"[0-9a-f]{40}", sha):
        raise Refused(422, "The sha parameter must be exactly 40 characters and contain only [0-9a-f].")
    return sha


def git_commit(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/commits#get-a-commit-object."""
    repository, git = asked.filled_git()
    commit = git.commit(asked.path["sha"])
    if commit is None:
        raise Refused(404, "Not Found")
    return asked.show.git_commit(repository, commit)


def create_commit(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/commits#create-a-commit."""
    repository, git = asked.filled_git()
    message, tree = asked.text("message"), asked.text("tree")
    parents = asked.optional("Commit", "parents", list, [])
    if git.tree(tree) is None:
        raise Refused(422, "Tree SHA does not exist")
    if any(not isinstance(parent, str) or git.commit(parent) is None for parent in parents):
        raise Refused(422, "Parent SHA does not exist or is not a commit object")
    with asked.store.transaction():
        commit = git.keep_commit(tree, parents, message, asked.author(), datetime.now(UTC))
    return 201, asked.show.git_commit(repository, commit)


def tree(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/trees#get-a-tree."""
    repository, git = asked.filled_git()
    commit = git.commit(asked.path["sha"])
    id = commit["tree"] if commit else asked.path["sha"]
    if git.tree(id) is None:
        raise Refused(404, "Not Found")
    return asked.show.tree(repository, git, id, recursive=bool(asked.query.get("recursive")))


def create_tree(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/trees#create-a-tree."""
    repository, git = asked.filled_git()
    entries = asked.optional("Tree", "tree", list)
    if not entries:
        raise Refused(422, "Invalid tree info")
    base = asked.optional("Tree", "base_tree", str)
    if base is not None and git.tree(base) is None:
        raise Refused(422, "base_tree is not a valid tree oid")
    with asked.store.transaction():
        files = git.files_of(base) if base else {}
        for entry in entries:
            _lay(git, files, entry)
        id = git.keep_tree(files)
    return 201, asked.show.tree(repository, git, id, recursive=False)


def _lay(git: Git, files: Blobs, entry: Any) -> None:
    """Put one entry of a new tree among the files, or take it away."""
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(path, str) or not path or any(part in ("", ".", "..", ".git") for part in path.split("/")):
        raise Refused(422, "tree.path contains a malformed path component")
    if entry.get("mode") not in ("100644", "100755"):
        raise Refused(422, "tree.mode is not one of the modes of a file")
    if "content" in entry:
        files[path] = (entry["mode"], git.keep_blob(str(entry["content"]).encode()))
    elif entry.get("sha") is None:
        if files.pop(path, None) is None:
            raise Refused(422, "GitRPC::BadObjectState")
    elif git.blob(entry["sha"]) is None:
        raise Refused(422, f"tree.sha {entry['sha']} is not a valid blob")
    else:
        files[path] = (entry["mode"], entry["sha"])


def blob(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/blobs#get-a-blob."""
    repository, git = asked.filled_git()
    id = asked.path["sha"]
    content = git.blob(id)
    if content is None:
        raise Refused(404, "Not Found")
    return {
        "sha": id,
        "node_id": f"B_{id}",
        "url": asked.show.api(repository, "git/blobs", id),
        "size": len(content),
        "encoding": "base64",
        "content": base64.encodebytes(content).decode(),
    }


def create_blob(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/git/blobs#create-a-blob."""
    repository, git = asked.filled_git()
    content = asked.body.get("content")
    if not isinstance(content, str):
        raise Refused(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    try:
        raw = base64.b64decode(content) if asked.body.get("encoding") == "base64" else content.encode()
    except binascii.Error:
        raise Refused(422, "content is not valid Base64") from None
    id = git.keep_blob(raw)
    return 201, {"sha": id, "url": asked.show.api(repository, "git/blobs", id)}


OBJECTS: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/git/ref/{ref:path}", ref),
    ("GET", REPOSITORY + "/git/refs/{ref:path}", ref),
    ("POST", REPOSITORY + "/git/refs", create_ref),
    ("PATCH", REPOSITORY + "/git/refs/{ref:path}", update_ref),
    ("GET", REPOSITORY + "/git/commits/{sha}", git_commit),
    ("POST", REPOSITORY + "/git/commits", create_commit),
    ("GET", REPOSITORY + "/git/trees/{sha:path}", tree),
    ("POST", REPOSITORY + "/git/trees", create_tree),
    ("GET", REPOSITORY + "/git/blobs/{sha}", blob),
    ("POST", REPOSITORY + "/git/blobs", create_blob),
)
