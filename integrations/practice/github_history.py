"""Practice GitHub: branches, and the commits that lead to them."""

from __future__ import annotations

from integrations.practice.github_asked import REPOSITORY, Answer, Asked, Endpoint, Refused


def branches(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/branches/branches#list-branches."""
    repository, git = asked.git()
    return [asked.show.short_branch(repository, name, sha) for name, sha in sorted(git.branches().items())]


def branch(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/branches/branches#get-a-branch."""
    repository, git = asked.git()
    if asked.path["branch"] not in git.branches():
        raise Refused(404, "Branch not found")
    return asked.show.branch(repository, git, asked.path["branch"])


def commits(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/commits/commits#list-commits."""
    repository, git = asked.filled_git()
    ref = asked.query.get("sha") or repository["default_branch"]
    if git.commit(ref) is None:
        raise Refused(404, "Not Found")
    path = asked.query.get("path", "").strip("/")
    since, until = asked.query.get("since", ""), asked.query.get("until", "9")
    return [
        asked.show.commit(repository, commit)
        for commit in git.history(ref)
        if since <= commit["author"]["date"] <= until
        and (not path or any(changed == path or changed.startswith(f"{path}/") for changed in git.changed(commit)))
    ]


def commit(asked: Asked) -> Answer:
    """Source: docs.github.com/en/rest/commits/commits#get-a-commit."""
    repository, git = asked.filled_git()
    commit = git.commit(asked.path["ref"])
    if commit is None:
        raise Refused(422, f"No commit found for SHA: {asked.path['ref']}")
    before = git.commit(commit["parents"][0]) if commit["parents"] else None
    files = asked.show.changes(repository, git, before["files"] if before else {}, commit)
    total = {name: sum(file[name] for file in files) for name in ("additions", "deletions")}
    stats = {**total, "total": sum(total.values())}
    return {**asked.show.commit(repository, commit), "stats": stats, "files": files}


HISTORY: tuple[Endpoint, ...] = (
    ("GET", REPOSITORY + "/branches", branches),
    ("GET", REPOSITORY + "/branches/{branch:path}", branch),
    ("GET", REPOSITORY + "/commits", commits),
    ("GET", REPOSITORY + "/commits/{ref:path}", commit),
)
