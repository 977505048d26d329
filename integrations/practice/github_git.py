"""Git as practice GitHub keeps it: blobs, trees and commits with their real SHA-1 ids, and branches.

Source: git-scm.com/book/en/v2/Git-Internals-Git-Objects.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.practice.store import Doc, Store

SERVICE = "github"
Files = dict[str, str]  # path -> id of its blob

_MODES = {"blob": "100644", "tree": "040000"}


class Git:
    """The history of one repository, "owner/name"."""

    def __init__(self, store: Store, repository: str) -> None:
        self._store = store
        self._repository = repository

    def branches(self) -> dict[str, str]:
        """Branch -> id of its newest commit."""
        doc = self._store.get(SERVICE, "branches", self._repository)
        return doc or {}

    def set_branch(self, name: str, commit: str) -> None:
        self._store.put(SERVICE, "branches", self._repository, {**self.branches(), name: commit})

    def commit(self, ref: str) -> Doc | None:
        """The commit that a branch, its full ref or an id stands for."""
        id = self.branches().get(ref.removeprefix("refs/heads/").removeprefix("heads/"), ref)
        return self._store.get(SERVICE, "commit", f"{self._repository}@{id}")

    def history(self, ref: str) -> Iterator[Doc]:
        """The commits that lead to `ref`, newest first."""
        commit = self.commit(ref)
        while commit is not None:
            yield commit
            commit = self.commit(commit["parents"][0]) if commit["parents"] else None

    def changed(self, commit: Doc) -> list[str]:
        """The paths that a commit added, changed or removed."""
        before = self.commit(commit["parents"][0])["files"] if commit["parents"] else {}  # type: ignore[index]
        after = commit["files"]
        return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))

    def blob(self, id: str) -> bytes | None:
        doc = self._store.get(SERVICE, "blob", id)
        return base64.b64decode(doc["content"]) if doc else None

    def tree(self, id: str) -> list[Doc] | None:
        """The entries of a tree: {"path", "mode", "type", "sha"}."""
        doc = self._store.get(SERVICE, "tree", id)
        return doc["entries"] if doc else None

    def write(
        self,
        branch: str,
        changes: Mapping[str, bytes | None],
        message: str,
        author: Mapping[str, str],
        when: datetime,
    ) -> Doc:
        """Commit some files to a branch; None removes one. Gives the commit."""
        parent = self.branches().get(branch)
        known = self.commit(parent) if parent else None
        files: Files = dict(known["files"]) if known else {}
        for path, content in changes.items():
            if content is None:
                files.pop(path, None)
            else:
                files[path] = self._keep_blob(content)
        commit: Doc = {
            "tree": self._keep_tree(files),
            "files": files,
            "parents": [parent] if parent else [],
            "author": {**author, "date": f"{when:%Y-%m-%dT%H:%M:%SZ}"},
            "message": message,
        }
        commit["sha"] = _commit_id(commit, when)
        self._store.put(SERVICE, "commit", f"{self._repository}@{commit['sha']}", commit)
        self.set_branch(branch, commit["sha"])
        return commit

    def _keep_blob(self, content: bytes) -> str:
        id = object_id("blob", content)
        self._store.put(SERVICE, "blob", id, {"content": base64.b64encode(content).decode()})
        return id

    def _keep_tree(self, files: Mapping[str, str]) -> str:
        folders: dict[str, Files] = {}
        entries: list[Doc] = []
        for path, blob in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(head, {})[rest] = blob
            else:
                entries.append(_entry("blob", head, blob))
        entries += [_entry("tree", name, self._keep_tree(inside)) for name, inside in folders.items()]
        entries.sort(key=lambda entry: entry["path"] + ("/" if entry["type"] == "tree" else ""))
        content = b"".join(
            f"{entry['mode'].lstrip('0')} {entry['path']}\0".encode() + bytes.fromhex(entry["sha"]) for entry in entries
        )
        id = object_id("tree", content)
        self._store.put(SERVICE, "tree", id, {"entries": entries})
        return id


def object_id(kind: str, content: bytes) -> str:
    """The id that git gives an object."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _entry(kind: str, name: str, id: str) -> Doc:
    return {"path": name, "mode": _MODES[kind], "type": kind, "sha": id}


def _commit_id(commit: Mapping[str, Any], when: datetime) -> str:
    who = f"{commit['author']['name']} <{commit['author']['email']}> {int(when.timestamp())} +0000"
    lines = [
        f"tree {commit['tree']}",
        *(f"parent {id}" for id in commit["parents"]),
        f"author {who}",
        f"committer {who}",
        "",
        commit["message"],
    ]
    return object_id("commit", "\n".join(lines).encode())
