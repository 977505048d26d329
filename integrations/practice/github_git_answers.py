"""What practice GitHub answers of files, commits, branches and what changes between them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from difflib import unified_diff
from urllib.parse import urlencode

from integrations.practice.github_git import Git
from integrations.practice.github_places import Places
from integrations.practice.github_sample import LOGIN
from integrations.practice.store import Doc

WHOLE_FILE_LIMIT = 1_000_000  # bytes; a larger file comes without its content, as from the real service


class GitAnswers(Places):
    def entry(self, repository: Doc, path: str, id: str, ref: str, kind: str) -> Doc:
        url = f"{self.api(repository, 'contents', path)}?{urlencode({'ref': ref})}"
        git_url = self.api(repository, f"git/{kind}", id)
        page = self.page(repository, path=path)
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": id,
            "url": url,
            "html_url": page,
            "git_url": git_url,
            "download_url": None,
            "_links": {"self": url, "git": git_url, "html": page},
        }

    def file(self, repository: Doc, git: Git, path: str, id: str, ref: str, *, whole: bool = False) -> Doc:
        content = git.blob(id) or b""
        entry = self.entry(repository, path, id, ref, "blobs")
        doc = {"type": "file", "size": len(content), **entry, "download_url": entry["html_url"]}
        if whole and len(content) > WHOLE_FILE_LIMIT:
            doc |= {"encoding": "none", "content": ""}
        elif whole:
            doc |= {"encoding": "base64", "content": base64.encodebytes(content).decode()}
        return doc

    def folder(self, repository: Doc, path: str, id: str, ref: str) -> Doc:
        return {"type": "dir", "size": 0, **self.entry(repository, path, id, ref, "trees")}

    def hit(self, repository: Doc, path: str, id: str, ref: str) -> Doc:
        """A file that a search found."""
        entry = self.entry(repository, path, id, ref, "blobs")
        kept = ("name", "path", "sha", "url", "git_url", "html_url")
        return {**{key: entry[key] for key in kept}, "repository": self.repository(repository), "score": 1.0}

    def tree(self, repository: Doc, git: Git, id: str, *, recursive: bool) -> Doc:
        entries = git.walk(id) if recursive else git.tree(id) or []
        urls = {"blob": "git/blobs", "tree": "git/trees"}
        shown = [
            {
                **entry,
                **({"size": len(git.blob(entry["sha"]) or b"")} if entry["type"] == "blob" else {}),
                "url": self.api(repository, urls[entry["type"]], entry["sha"]),
            }
            for entry in entries
        ]
        return {"sha": id, "url": self.api(repository, "git/trees", id), "tree": shown, "truncated": False}

    def short_branch(self, repository: Doc, name: str, sha: str) -> Doc:
        return {
            "name": name,
            "commit": {"sha": sha, "url": self.api(repository, "commits", sha)},
            "protected": False,
        }

    def branch(self, repository: Doc, git: Git, name: str) -> Doc:
        commit = git.commit(f"heads/{name}")
        assert commit is not None
        url = self.api(repository, "branches", name)
        return {
            "name": name,
            "commit": self.commit(repository, commit),
            "_links": {"self": url, "html": self.page(repository)},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{url}/protection",
        }

    def ref(self, repository: Doc, name: str, sha: str) -> Doc:
        return {
            "ref": f"refs/{name}",
            "node_id": f"REF_{name}",
            "url": self.api(repository, "git/refs", name),
            "object": {"type": "commit", "sha": sha, "url": self.api(repository, "git/commits", sha)},
        }

    def git_commit(self, repository: Doc, commit: Doc) -> Doc:
        sha = commit["sha"]
        return {
            "sha": sha,
            "node_id": f"C_{sha}",
            "message": commit["message"],
            "author": commit["author"],
            "committer": commit["author"],
            "tree": {"sha": commit["tree"], "url": self.api(repository, "git/trees", commit["tree"])},
            "parents": [
                {
                    "sha": parent,
                    "url": self.api(repository, "git/commits", parent),
                    "html_url": self.page(repository, commit=parent),
                }
                for parent in commit["parents"]
            ],
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
            "url": self.api(repository, "git/commits", sha),
            "html_url": self.page(repository, commit=sha),
        }

    def commit(self, repository: Doc, commit: Doc) -> Doc:
        plain = self.git_commit(repository, commit)
        url = self.api(repository, "commits", plain["sha"])
        inside = ("message", "author", "committer", "tree", "verification", "url")
        return {
            "sha": plain["sha"],
            "node_id": plain["node_id"],
            "commit": {**{key: plain[key] for key in inside}, "comment_count": 0},
            "author": self.user(LOGIN),
            "committer": self.user(LOGIN),
            "parents": plain["parents"],
            "url": url,
            "comments_url": f"{url}/comments",
            "html_url": plain["html_url"],
        }

    def changes(self, repository: Doc, git: Git, before: Mapping[str, str], commit: Doc) -> list[Doc]:
        """What is otherwise in a commit than in the files before: path -> id of its blob."""
        after: Mapping[str, str] = commit["files"]
        paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
        return [self._change(repository, git, path, before.get(path), after.get(path), commit["sha"]) for path in paths]

    def _change(self, repository: Doc, git: Git, path: str, old: str | None, new: str | None, sha: str) -> Doc:
        texts = [(git.blob(id) or b"").decode("utf-8", "replace").splitlines() if id else [] for id in (old, new)]
        lines = list(unified_diff(*texts, lineterm=""))[2:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        page = self.page(repository, path=path)
        return {
            "sha": new or old,
            "filename": path,
            "status": "added" if old is None else "removed" if new is None else "modified",
            "additions": added,
            "deletions": removed,
            "changes": added + removed,
            "blob_url": page,
            "raw_url": page,
            "contents_url": f"{self.api(repository, 'contents', path)}?{urlencode({'ref': sha})}",
            "patch": "\n".join(lines),
        }
