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
Blobs = dict[str, tuple[str, str]]  # path -> mode and id of its blob

PLAIN = "100644"
"""The mode of a file that is no program."""


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

    def refs(self) -> dict[str, str]:
        """ "heads/main" and the like -> id of the commit."""
        tags = self._store.get(SERVICE, "tags", self._repository) or {}
        heads = {f"heads/{name}": id for name, id in self.branches().items()}
        return heads | {f"tags/{name}": id for name, id in tags.items()}

    def set_ref(self, name: str, commit: str) -> None:
        kind, _, short = name.partition("/")
        if kind == "heads":
            self.set_branch(short, commit)
        else:
            tags = self._store.get(SERVICE, "tags", self._repository) or {}
            self._store.put(SERVICE, "tags", self._repository, {**tags, short: commit})

    def commit(self, ref: str) -> Doc | None:
        """The commit that a branch, a tag, a full ref or an id stands for."""
        refs, name = self.refs(), ref.removeprefix("refs/")
        id = next((refs[known] for known in (f"heads/{name}", f"tags/{name}", name) if known in refs), ref)
        return self._store.get(SERVICE, "commit", f"{self._repository}@{id}")

    def history(self, ref: str) -> Iterator[Doc]:
        """The commits that lead to `ref`, newest first."""
        commit = self.commit(ref)
        while commit is not None:
            yield commit
            commit = self.commit(commit["parents"][0]) if commit["parents"] else None

    def leads_to(self, old: str, new: str) -> bool:
        """Whether `new` has `old` in its history, or is it."""
        seen: set[str] = set()
        open_ids = [new]
        while open_ids:
            id = open_ids.pop()
            if id == old:
                return True
            commit = None if id in seen else self.commit(id)
            seen.add(id)
            open_ids += commit["parents"] if commit else []
        return False

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
        files = self.files_of(known["tree"]) if known else {}
        for path, content in changes.items():
            if content is None:
                files.pop(path, None)
            else:
                mode = files[path][0] if path in files else PLAIN
                files[path] = (mode, self.keep_blob(content))
        commit = self.keep_commit(self.keep_tree(files), [parent] if parent else [], message, author, when)
        self.set_branch(branch, commit["sha"])
        return commit

    def keep_commit(
        self, tree: str, parents: list[str], message: str, author: Mapping[str, str], when: datetime
    ) -> Doc:
        """A commit that no branch leads to yet."""
        commit: Doc = {
            "tree": tree,
            "files": {path: blob for path, (_, blob) in self.files_of(tree).items()},
            "parents": parents,
            "author": {**author, "date": f"{when:%Y-%m-%dT%H:%M:%SZ}"},
            "message": message,
        }
        commit["sha"] = _commit_id(commit, when)
        self._store.put(SERVICE, "commit", f"{self._repository}@{commit['sha']}", commit)
        return commit

    def keep_blob(self, content: bytes) -> str:
        id = object_id("blob", content)
        self._store.put(SERVICE, "blob", id, {"content": base64.b64encode(content).decode()})
        return id

    def keep_tree(self, files: Blobs) -> str:
        folders: dict[str, Blobs] = {}
        entries: list[Doc] = []
        for path, (mode, blob) in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                folders.setdefault(head, {})[rest] = (mode, blob)
            else:
                entries.append({"path": head, "mode": mode, "type": "blob", "sha": blob})
        entries += [
            {"path": name, "mode": "040000", "type": "tree", "sha": self.keep_tree(inside)}
            for name, inside in folders.items()
        ]
        entries.sort(key=lambda entry: entry["path"] + ("/" if entry["type"] == "tree" else ""))
        content = b"".join(
            f"{entry['mode'].lstrip('0')} {entry['path']}\0".encode() + bytes.fromhex(entry["sha"]) for entry in entries
        )
        id = object_id("tree", content)
        self._store.put(SERVICE, "tree", id, {"entries": entries})
        return id

    def walk(self, tree: str, prefix: str = "") -> list[Doc]:
        """Every entry of a tree and of the trees in it, with its whole path."""
        found: list[Doc] = []
        for entry in self.tree(tree) or []:
            found.append({**entry, "path": prefix + entry["path"]})
            if entry["type"] == "tree":
                found += self.walk(entry["sha"], f"{prefix}{entry['path']}/")
        return found

    def files_of(self, tree: str) -> Blobs:
        return {entry["path"]: (entry["mode"], entry["sha"]) for entry in self.walk(tree) if entry["type"] == "blob"}

    def folder(self, tree: str, path: str) -> list[Doc] | None:
        """What is in a folder of a tree, or None where there is no such folder."""
        for name in path.split("/") if path else []:
            inside = next((e for e in self.tree(tree) or [] if e["path"] == name and e["type"] == "tree"), None)
            if inside is None:
                return None
            tree = inside["sha"]
        return self.tree(tree)


def object_id(kind: str, content: bytes) -> str:
    """The id that git gives an object."""
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


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
