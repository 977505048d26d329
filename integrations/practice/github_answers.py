"""What practice GitHub answers with: the shapes of docs.github.com/en/rest, as far as PyGithub reads them."""

from __future__ import annotations

import base64
from urllib.parse import quote, urlencode

from integrations.practice.github_git import SERVICE, Git
from integrations.practice.github_sample import LOGIN
from integrations.practice.store import Doc, Store

WHOLE_FILE_LIMIT = 1_000_000  # bytes; a larger file comes without its content, as from the real service


class Answers:
    """`base` is the address of the API, as the request that is answered saw it."""

    def __init__(self, store: Store, base: str, studio_url: str) -> None:
        self._store = store
        self._base = base
        self._studio_url = studio_url

    def api(self, repository: Doc, *parts: object) -> str:
        return "/".join([f"{self._base}/repos/{repository['full_name']}", *(quote(str(part)) for part in parts)])

    def _page(self, repository: Doc, **place: object) -> str:
        """Where a person sees it, in the studio."""
        return f"{self._studio_url}/practice?" + urlencode({"repository": repository["full_name"], **place}, safe="/")

    def user(self, login: str) -> Doc:
        return {
            "login": login,
            "id": 1 if login == LOGIN else 2,
            "node_id": f"U_{login}",
            "type": "User",
            "site_admin": False,
            "name": login.replace("-", " ").capitalize(),
            "email": f"{login}@practice.example",
            "url": f"{self._base}/users/{login}",
            "html_url": f"{self._studio_url}/practice",
        }

    def repository(self, doc: Doc) -> Doc:
        owner, name = doc["full_name"].split("/")
        return {
            "id": doc["id"],
            "node_id": f"R_{doc['id']}",
            "name": name,
            "full_name": doc["full_name"],
            "private": True,
            "owner": {**self.user(owner), "type": "Organization"},
            "description": doc["description"],
            "fork": False,
            "url": self.api(doc),
            "html_url": self._page(doc),
            "default_branch": doc["default_branch"],
            "open_issues_count": sum(
                issue["state"] == "open" and issue["repository"] == doc["full_name"]
                for issue in self._store.all(SERVICE, "issue")
            ),
            "created_at": doc["created_at"],
            "updated_at": doc["created_at"],
            "pushed_at": doc["created_at"],
            "permissions": {"admin": False, "push": True, "pull": True},
        }

    def issue(self, repository: Doc, issue: Doc) -> Doc:
        number = issue["number"]
        url = self.api(repository, "issues", number)
        return {
            "id": repository["id"] * 100_000 + number,
            "node_id": f"I_{repository['id']}_{number}",
            "number": number,
            "title": issue["title"],
            "body": issue["body"],
            "state": issue["state"],
            "state_reason": "completed" if issue["state"] == "closed" else None,
            "labels": [self.label(repository, name) for name in issue["labels"]],
            "user": self.user(issue["author"]),
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "comments": issue["comments"],
            "created_at": issue["created_at"],
            "updated_at": issue["updated_at"],
            "closed_at": issue["closed_at"],
            "url": url,
            "repository_url": self.api(repository),
            "comments_url": f"{url}/comments",
            "html_url": self._page(repository, issue=number),
        }

    def comment(self, repository: Doc, comment: Doc) -> Doc:
        return {
            "id": comment["id"],
            "node_id": f"IC_{comment['id']}",
            "body": comment["body"],
            "user": self.user(comment["author"]),
            "created_at": comment["created_at"],
            "updated_at": comment["updated_at"],
            "url": self.api(repository, "issues/comments", comment["id"]),
            "issue_url": self.api(repository, "issues", comment["issue"]),
            "html_url": f"{self._page(repository, issue=comment['issue'])}#comment-{comment['id']}",
        }

    def label(self, repository: Doc, name: str) -> Doc:
        return {
            "name": name,
            "color": repository["labels"][name],
            "default": False,
            "description": None,
            "url": self.api(repository, "labels", name),
        }

    def entry(self, repository: Doc, path: str, id: str, ref: str) -> Doc:
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": id,
            "url": f"{self.api(repository, 'contents', path)}?{urlencode({'ref': ref})}",
            "html_url": self._page(repository, path=path),
        }

    def file(self, repository: Doc, git: Git, path: str, id: str, ref: str, *, whole: bool = False) -> Doc:
        content = git.blob(id) or b""
        doc = {
            "type": "file",
            "size": len(content),
            **self.entry(repository, path, id, ref),
            "git_url": self.api(repository, "git/blobs", id),
            "download_url": None,
        }
        if whole and len(content) > WHOLE_FILE_LIMIT:
            doc |= {"encoding": "none", "content": ""}
        elif whole:
            doc |= {"encoding": "base64", "content": base64.encodebytes(content).decode()}
        return doc

    def folder(self, repository: Doc, path: str, id: str, ref: str) -> Doc:
        return {
            "type": "dir",
            "size": 0,
            **self.entry(repository, path, id, ref),
            "git_url": self.api(repository, "git/trees", id),
            "download_url": None,
        }

    def branch(self, repository: Doc, git: Git, name: str) -> Doc:
        commit = git.commit(name)
        return {
            "name": name,
            "commit": self.commit(repository, git, commit) if commit else None,
            "protected": False,
        }

    def ref(self, repository: Doc, name: str, sha: str) -> Doc:
        return {
            "ref": f"refs/heads/{name}",
            "node_id": f"REF_{name}",
            "url": self.api(repository, "git/refs/heads", name),
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
                    "html_url": self._page(repository, commit=parent),
                }
                for parent in commit["parents"]
            ],
            "url": self.api(repository, "git/commits", sha),
            "html_url": self._page(repository, commit=sha),
        }

    def commit(self, repository: Doc, git: Git, commit: Doc) -> Doc:
        plain = self.git_commit(repository, commit)
        return {
            "sha": plain["sha"],
            "node_id": plain["node_id"],
            "commit": {key: plain[key] for key in ("message", "author", "committer", "tree", "url")},
            "author": self.user(LOGIN),
            "committer": self.user(LOGIN),
            "parents": plain["parents"],
            "url": self.api(repository, "commits", plain["sha"]),
            "html_url": plain["html_url"],
        }
