"""Practice GitHub's addresses, people and repositories: what every other answer is made with.

Shapes follow docs.github.com/en/rest; the tests hold them to GitHub's OpenAPI description.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from integrations.practice.github_git import SERVICE
from integrations.practice.github_sample import LOGIN, ORGANIZATION
from integrations.practice.store import Doc, Store

_OF_A_PERSON = (
    "followers",
    "following{/other_user}",
    "gists{/gist_id}",
    "starred{/owner}{/repo}",
    "subscriptions",
    "organizations:orgs",
    "repos",
    "events{/privacy}",
    "received_events",
)
_OF_A_REPOSITORY = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


class Places:
    """`base` is the address of the API, as the request that is answered saw it."""

    def __init__(self, store: Store, base: str, studio_url: str) -> None:
        self._store = store
        self._base = base
        self._studio_url = studio_url

    def api(self, repository: Doc, *parts: object) -> str:
        return "/".join([f"{self._base}/repos/{repository['full_name']}", *(quote(str(part)) for part in parts)])

    def page(self, repository: Doc, **place: object) -> str:
        """Where a person sees it, in the studio."""
        return f"{self._studio_url}/practice?" + urlencode({"repository": repository["full_name"], **place}, safe="/")

    def user(self, login: str) -> Doc:
        url = f"{self._base}/users/{login}"
        names = (part.replace("}", "").split("{")[0] for part in _OF_A_PERSON)
        more = {f"{name.split(':')[0]}_url": f"{url}/{name.split(':')[-1]}" for name in names}
        return {
            "login": login,
            "id": 1 if login == LOGIN else 2,
            "node_id": f"U_{login}",
            "avatar_url": f"{self._studio_url}/practice",
            "gravatar_id": "",
            "type": "Organization" if login == ORGANIZATION else "User",
            "site_admin": False,
            "url": url,
            "html_url": f"{self._studio_url}/practice",
            **more,
        }

    def me(self) -> Doc:
        """Who the practice token belongs to."""
        made = "2026-01-01T00:00:00Z"
        unknown = ("bio", "blog", "company", "hireable", "location", "twitter_username")
        counts = (
            "followers",
            "following",
            "public_gists",
            "public_repos",
            "private_gists",
            "collaborators",
            "disk_usage",
        )
        repositories = len(self._store.all(SERVICE, "repository"))
        return {
            **self.user(LOGIN),
            "name": LOGIN.replace("-", " ").capitalize(),
            "email": f"{LOGIN}@practice.example",
            **dict.fromkeys(unknown),
            **dict.fromkeys(counts, 0),
            "total_private_repos": repositories,
            "owned_private_repos": repositories,
            "two_factor_authentication": True,
            "created_at": made,
            "updated_at": made,
        }

    def repository(self, doc: Doc) -> Doc:
        owner, name = doc["full_name"].split("/")
        waiting = sum(
            issue["state"] == "open" and issue["repository"] == doc["full_name"]
            for issue in self._store.all(SERVICE, "issue")
        )
        clone = f"{self._studio_url}/practice/{doc['full_name']}.git"
        none = dict.fromkeys(("homepage", "language", "mirror_url", "license"))
        zero = dict.fromkeys(("forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size"), 0)
        can = ("has_issues", "has_downloads", "allow_merge_commit", "allow_rebase_merge", "allow_squash_merge")
        cannot = ("fork", "archived", "disabled", "has_wiki", "has_pages", "has_projects", "has_discussions")
        return {
            "id": doc["id"],
            "node_id": f"R_{doc['id']}",
            "name": name,
            "full_name": doc["full_name"],
            "private": doc.get("private", True),
            "visibility": "private" if doc.get("private", True) else "public",
            "owner": self.user(owner),
            "description": doc["description"],
            "url": self.api(doc),
            "html_url": self.page(doc),
            **{key: f"{self.api(doc)}/{path}" for key, path in _OF_A_REPOSITORY.items()},
            **dict.fromkeys(("clone_url", "git_url", "ssh_url", "svn_url"), clone),
            **none,
            **zero,
            **dict.fromkeys(can, True),
            **dict.fromkeys(cannot, False),
            "default_branch": doc["default_branch"],
            "open_issues": waiting,
            "open_issues_count": waiting,
            "created_at": doc["created_at"],
            "updated_at": doc["created_at"],
            "pushed_at": doc["created_at"],
            "permissions": {"admin": False, "push": True, "pull": True},
        }

    def whole_repository(self, doc: Doc) -> Doc:
        """As the repository itself is answered, not in a list."""
        return {**self.repository(doc), "network_count": 0, "subscribers_count": 0}
