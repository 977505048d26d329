"""The files of a repository, or of a folder of it, for whoever looks for workflows in it.

They are read from git's own objects, by their ids: what is changed there meanwhile does no harm. An address that a
person pastes names a repository and nothing else: which server is asked, the account alone says.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from integrations._github.client import by_id, talking
from integrations._github.connector import GitHubAccount, github
from orchestrator.actions import RateLimited, Repository, RepositoryFile, RepositoryFiles, ServiceError, Wanted

if TYPE_CHECKING:
    from integrations._github.wire import Wire

SECONDS = 60.0
"""How long all of it may take."""
AT_ONCE = 8
"""Files that are asked for at the same time."""
SLASHES = 4
"""Of the name of a branch, at most: an address does not say where it ends and a folder begins."""

_ADDRESS = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?P<host>[^/\s?#]+\.[^/\s?#]+)/)?(?P<name>[A-Za-z0-9-]{1,39}/[\w.-]{1,100}?)(?:\.git)?"
    r"(?:/tree/(?P<inside>[^?#\s]+?))?/?(?:[?#]\S*)?"
)
_FILE = re.compile(r"\.(json|ya?ml)", re.IGNORECASE)
_SYMBOLIC_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, "owner/name", and what an address says behind `tree/`: a branch or tag, and perhaps folders."""

    account: GitHubAccount
    name: str
    inside: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.name}, {'/'.join(self.inside)}" if self.inside else self.name

    def read(self, wanted: Wanted) -> RepositoryFiles:
        with talking(self.account, self.title, seconds=SECONDS) as wire:
            known = self._repository(wire)
            name, url = known["full_name"], known["html_url"]
            where = "/".join(self.inside)
            page = f"{url}/tree/{quote(where)}" if where else url
            root, folders = self._root(wire, name, known["default_branch"])
            if root is None:
                return RepositoryFiles(page, (), ("There is nothing in the repository yet.",))
            tree = self._folder(wire, name, root, folders)
            fitting = [entry for entry in tree["tree"] if _fits(entry, wanted.suffixes)]
            fitting.sort(key=lambda entry: (entry["path"].count("/"), entry["path"]))
            small = [entry for entry in fitting if entry["size"] <= wanted.largest]
            asked = small[: wanted.most]
            _ensure_allowed(wire, len(asked), self.account)
            with ThreadPoolExecutor(AT_ONCE) as threads:
                texts = list(threads.map(lambda entry: _text(wire, name, entry["sha"]), asked))
            prefix = "".join(f"{folder}/" for folder in folders)
            paths = [prefix + entry["path"] for entry in asked]
            files = tuple(
                RepositoryFile(path, text) for path, text in zip(paths, texts, strict=True) if text is not None
            )
            large = [prefix + entry["path"] for entry in fitting if entry["size"] > wanted.largest]
            no_text = [path for path, text in zip(paths, texts, strict=True) if text is None]
            return RepositoryFiles(page, files, tuple(_left_out(tree, large, no_text, len(small), wanted)))

    def _repository(self, wire: Wire) -> dict[str, Any]:
        """What GitHub says of it, also under the name that it had before."""
        from integrations._github.wire import Moved

        try:
            return _get(wire, f"/repos/{self.name}")
        except Moved as moved:
            path = by_id(moved.location, self.account)
            if path is None:
                raise
            return _get(wire, path)

    def _root(self, wire: Wire, name: str, main: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """The tree of the branch or tag, None in a repository without any commit, and the folders that are left."""
        from github.GithubException import GithubException, UnknownObjectException

        if not self.inside:
            try:
                return _tree(wire, name, main), ()
            except GithubException as error:
                if error.status == 409:  # it is empty
                    return None, ()
                raise
        for count in range(1, min(len(self.inside), SLASHES + 1) + 1):
            try:
                return _tree(wire, name, "/".join(self.inside[:count])), self.inside[count:]
            except UnknownObjectException:
                continue
        raise ServiceError(
            f"{name} has no branch or tag '{self.inside[0]}'.", remedy="Copy the address of the folder from its page."
        )

    def _folder(self, wire: Wire, name: str, tree: dict[str, Any], folders: Sequence[str]) -> dict[str, Any]:
        """The tree of a folder, with what is in its own folders."""
        for number, folder in enumerate(folders, 1):
            inside = (one for one in tree["tree"] if (one["type"], one["path"]) == ("tree", folder))
            found = next(inside, None)
            if found is None:
                raise ServiceError(
                    f"There is no folder '{'/'.join(folders[:number])}' in {name}.",
                    remedy="Copy the address of the folder from its page.",
                )
            tree = _tree(wire, name, found["sha"])
        return _tree(wire, name, tree["sha"], recursive=True)


@github.repository
def repository_at(address: str, account: GitHubAccount) -> Repository | None:
    found = _ADDRESS.fullmatch(address.strip())
    if found is None or (found["host"] is None and _FILE.search(found["name"][-5:])):
        return None
    if found["host"] is not None and found["host"].lower() != _web_host(account.base_url):
        return None
    inside = tuple(unquote(part) for part in (found["inside"] or "").split("/") if part)
    parts = (*found["name"].split("/"), *inside)
    return None if any(part in (".", "..") for part in parts) else Place(account, found["name"], inside)


def _web_host(base_url: str) -> str:
    """Where the pages of a GitHub are whose API is there: github.com, unless it is an Enterprise one.

    Source: docs.github.com/en/enterprise-server/rest/enterprise-admin, and
    docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom."""
    parts = urlsplit(base_url)
    if parts.path.rstrip("/").endswith("/api/v3"):
        return parts.netloc.lower()
    return parts.netloc.lower().removeprefix("api.") if parts.netloc.lower().startswith("api.") else "github.com"


def _get(wire: Wire, path: str, **query: str) -> dict[str, Any]:
    _, answer = wire.requestJsonAndCheck("GET", path, query or None)
    return answer


def _tree(wire: Wire, name: str, ref: str, *, recursive: bool = False) -> dict[str, Any]:
    """Source: docs.github.com/en/rest/git/trees#get-a-tree, which takes the name of a branch or tag, too."""
    return _get(wire, f"/repos/{name}/git/trees/{quote(ref, safe='')}", **({"recursive": "1"} if recursive else {}))


def _text(wire: Wire, name: str, id: str) -> str | None:
    """The text of a file; None for one that is none."""
    content = base64.b64decode(_get(wire, f"/repos/{name}/git/blobs/{id}")["content"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _fits(entry: dict[str, Any], suffixes: tuple[str, ...]) -> bool:
    """A file of that kind, not hidden, and not of a package that somebody else made."""
    folders = entry["path"].split("/")
    return (
        entry["type"] == "blob"
        and entry["mode"] != _SYMBOLIC_LINK
        and entry["path"].lower().endswith(suffixes)
        and not any(name.startswith(".") or name == "node_modules" for name in folders)
    )


def _ensure_allowed(wire: Wire, files: int, account: GitHubAccount) -> None:
    """Ask for nothing where it could not be brought to its end. GitHub says what is left with each answer.

    Source: docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api."""
    left, limit = wire.rate_limiting
    if limit > 0 and left < files:
        help = "Choose an account that is connected" if account.is_nobody else "Wait an hour"
        raise RateLimited(
            f"{files} files would have to be read, and GitHub allows {left} more requests in this hour.",
            remedy=f"{help}, or name a folder, as in owner/name/tree/main/workflows.",
        )


def _left_out(
    tree: dict[str, Any], large: Sequence[str], no_text: Sequence[str], small: int, wanted: Wanted
) -> Iterator[str]:
    name_a_folder = "Name a folder to see the others, as in owner/name/tree/main/workflows."
    if tree["truncated"]:
        yield f"The repository is so large that GitHub lists a part of it alone. {name_a_folder}"
    if small > wanted.most:
        yield f"Only {wanted.most} of {small} files were looked at. {name_a_folder}"
    for path in large:
        yield f"{path} is larger than {wanted.largest // 1000} kB."
    for path in no_text:
        yield f"{path} is no text."
