"""What practice GitHub answers of issues, pull requests and releases."""

from __future__ import annotations

from zlib import crc32

from integrations.practice.github_git import Git
from integrations.practice.github_git_answers import GitAnswers
from integrations.practice.store import Doc


class Answers(GitAnswers):
    def issue(self, repository: Doc, issue: Doc) -> Doc:
        number = issue["number"]
        url = self.api(repository, "issues", number)
        doc = {
            **self._thread(repository, issue, url, "I"),
            "state_reason": issue.get("state_reason"),
            "comments": issue["comments"],
            "repository_url": self.api(repository),
            "labels_url": f"{url}/labels{{/name}}",
            "events_url": f"{url}/events",
        }
        if "pull" in issue:
            page = self._pull_page(repository, number)
            pull = self.api(repository, "pulls", number)
            doc |= {
                "html_url": page,
                "draft": issue["pull"]["draft"],
                "pull_request": {"url": pull, "html_url": page, "diff_url": page, "patch_url": page, "merged_at": None},
            }
        return doc

    def comment(self, repository: Doc, comment: Doc) -> Doc:
        return {
            "id": comment["id"],
            "node_id": f"IC_{comment['id']}",
            "body": comment["body"],
            "user": self.user(comment["author"]),
            "author_association": "MEMBER",
            "created_at": comment["created_at"],
            "updated_at": comment["updated_at"],
            "url": self.api(repository, "issues/comments", comment["id"]),
            "issue_url": self.api(repository, "issues", comment["issue"]),
            "html_url": f"{self.page(repository, issue=comment['issue'])}#comment-{comment['id']}",
        }

    def label(self, repository: Doc, name: str) -> Doc:
        id = crc32(f"{repository['full_name']} {name}".encode())
        return {
            "id": id,
            "node_id": f"LA_{id}",
            "name": name,
            "color": repository["labels"][name],
            "default": False,
            "description": None,
            "url": self.api(repository, "labels", name),
        }

    def pull(self, repository: Doc, git: Git, issue: Doc) -> Doc:
        """A pull request as it stands in a list."""
        number, pull = issue["number"], issue["pull"]
        url = self.api(repository, "pulls", number)
        thread = self.api(repository, "issues", number)
        page = self._pull_page(repository, number)
        head = self._end(repository, git, pull["head"])
        links = {
            "self": url,
            "html": page,
            "issue": thread,
            "comments": f"{thread}/comments",
            "review_comments": f"{url}/comments",
            "review_comment": f"{self.api(repository, 'pulls/comments')}{{/number}}",
            "commits": f"{url}/commits",
            "statuses": self.api(repository, "statuses", head["sha"]),
        }
        return {
            **self._thread(repository, issue, url, "PR"),
            "html_url": page,
            "diff_url": page,
            "patch_url": page,
            "issue_url": thread,
            "comments_url": links["comments"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "commits_url": links["commits"],
            "statuses_url": links["statuses"],
            "_links": {name: {"href": href} for name, href in links.items()},
            "draft": pull["draft"],
            "merged_at": None,
            "merge_commit_sha": None,
            "auto_merge": None,
            "requested_reviewers": [],
            "requested_teams": [],
            "head": head,
            "base": self._end(repository, git, pull["base"]),
        }

    def whole_pull(self, repository: Doc, git: Git, issue: Doc, commits: int, files: list[Doc]) -> Doc:
        """A pull request as it is answered by itself."""
        return {
            **self.pull(repository, git, issue),
            "merged": False,
            "merged_by": None,
            "mergeable": None,
            "mergeable_state": "unknown",
            "rebaseable": None,
            "maintainer_can_modify": False,
            "comments": issue["comments"],
            "review_comments": 0,
            "commits": commits,
            "changed_files": len(files),
            "additions": sum(file["additions"] for file in files),
            "deletions": sum(file["deletions"] for file in files),
        }

    def release(self, repository: Doc, release: Doc) -> Doc:
        id, tag = release["id"], release["tag"]
        url = self.api(repository, "releases", id)
        return {
            "id": id,
            "node_id": f"RE_{id}",
            "tag_name": tag,
            "target_commitish": release["target"],
            "name": release["name"],
            "body": release["body"],
            "draft": release["draft"],
            "prerelease": release["prerelease"],
            "author": self.user(release["author"]),
            "created_at": release["created_at"],
            "published_at": release["published_at"],
            "assets": [],
            "url": url,
            "assets_url": f"{url}/assets",
            "upload_url": f"{url}/assets{{?name,label}}",
            "tarball_url": None if release["draft"] else self.api(repository, "tarball", tag),
            "zipball_url": None if release["draft"] else self.api(repository, "zipball", tag),
            "html_url": self.page(repository, release=tag),
        }

    def _thread(self, repository: Doc, issue: Doc, url: str, kind: str) -> Doc:
        """What an issue and a pull request have in common."""
        number = issue["number"]
        return {
            "id": repository["id"] * 100_000 + number,
            "node_id": f"{kind}_{repository['id']}_{number}",
            "number": number,
            "title": issue["title"],
            "body": issue["body"],
            "state": issue["state"],
            "labels": [self.label(repository, name) for name in issue["labels"]],
            "user": self.user(issue["author"]),
            "author_association": "MEMBER",
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "locked": False,
            "active_lock_reason": None,
            "created_at": issue["created_at"],
            "updated_at": issue["updated_at"],
            "closed_at": issue["closed_at"],
            "url": url,
            "comments_url": f"{url}/comments",
            "html_url": self.page(repository, issue=number),
        }

    def _end(self, repository: Doc, git: Git, branch: str) -> Doc:
        """One of the two branches of a pull request."""
        owner = repository["full_name"].split("/")[0]
        return {
            "label": f"{owner}:{branch}",
            "ref": branch,
            "sha": git.branches()[branch],
            "user": self.user(owner),
            "repo": self.repository(repository),
        }

    def _pull_page(self, repository: Doc, number: int) -> str:
        return f"{self.page(repository, issue=number)}#/pull/{number}"
