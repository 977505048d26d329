"""Git: a history for the run's own folder, and a push of it to a server.

Through the git program (git-scm.com/docs), apart from all that is set up on the machine (`_git_program`). What is
written bears its key in a trailer `Patchbay-Key`, by which an earlier attempt is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from integrations import _run_folder as run_folder
from integrations._fields import Folder
from integrations._git_program import Refused, Repository, reach
from orchestrator.actions import (
    Account,
    Call,
    Connector,
    Params,
    Plan,
    Result,
    SecretStr,
    ServiceError,
    field,
    placeholder,
)

TRAILER = "Patchbay-Key"
LISTED = 1_000
"""Files of a commit that a result lists."""

_REF = re.compile(r"(?![-/.@])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\x00-\x20\x7f~^:?*\[\\‹›]+(?<![/.])")


def _ref(text: str) -> str:
    if not _REF.fullmatch(text) or text.upper() == "HEAD" or len(text.encode()) > 200:
        raise ValueError(f"'{text[:100]}' is no name for it. Use letters, digits and - or /, such as feature/login.")
    return text


def _remote(text: str) -> str:
    text = text.strip()
    try:
        parts = urlsplit(text)
        is_server = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_server, parts = False, urlsplit("")
    if not (is_server or text.startswith("/")) or re.search(r"[\x00-\x20\x7f]", text):
        raise ValueError(f"'{text[:100]}' is no address of a repository, such as https://github.com/owner/name.git.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("An address holds no password: what is in a step can be read. Put it into an account.")
    return text


Ref = Annotated[str, AfterValidator(_ref)]
OptionalRef = Annotated[str, AfterValidator(lambda text: _ref(text) if text else text)]
Remote = Annotated[str, AfterValidator(_remote)]


class GitAccount(Account):
    author_name: str = field(
        "Name of who commits", default="Patchbay", pattern=r"^[^<>\x00-\x1f]*[^<>\s\x00-\x1f.,:;]$"
    )
    author_email: str = field("E-mail of who commits", default="patchbay@localhost", pattern=r"^[^\s<>]+@[^\s<>]+$")
    base_url: str = field(
        "Server",
        default="",
        description="Such as https://github.com. The token is sent there and nowhere else.",
        pattern=r"^(https?://[^/\s@]+/?)?$",
    )
    username: str = field("User name", default="", description="Most servers take any with a token.", expert=True)
    token: SecretStr = field("Token", default=SecretStr(""), description="One that may write to repositories.")
    allow_private: str = field(
        "Private servers and folders that are allowed",
        default="",
        description="Such as git.local:3000 or /srv/git.",
        administered=True,
    )


git = Connector(
    "git",
    title="Git",
    icon=":material/account_tree:",
    description="Commits of the run's own folder, pushed to a server.",
    account=GitAccount,
)


class Started(Result):
    folder: str = field("Folder")
    branch: str = field("Branch")


class Commit(Result):
    commit: str = field("Commit", description="Its id, empty when there was never anything to commit.")
    changed: bool = field("Changed", description="No when all was committed already: no commit is made.")
    branch: str = field("Branch")
    message: str = field("Message")
    files: list[str] = field("Files", description="That the commit adds, changes or removes.")


class Branch(Result):
    branch: str = field("Branch")


class Tag(Result):
    tag: str = field("Tag")
    commit: str = field("Commit")


class Push(Result):
    remote: str = field("Repository")
    branch: str = field("Branch")
    commit: str = field("Commit")


class _InFolder(Params):
    folder: Folder = field(
        "Folder", default="", description="In the run's own folder. Empty: that itself.", examples=["app"]
    )


class Init(_InFolder):
    """Start a repository in the run's own folder."""

    branch: Ref = field("Branch", default="main")


class CommitAll(_InFolder):
    """Commit all that has changed in the folder."""

    message: str = field(
        "Message", default="", widget="multiline", description="Empty: it says which files.", max_length=20_000
    )


class MakeBranch(_InFolder):
    """Go to a branch, which is made where there is none of that name."""

    name: Ref = field("Name", examples=["feature/login"])


class MakeTag(_InFolder):
    """Give the last commit a name that stays."""

    name: Ref = field("Name", examples=["v1.0"])
    message: str = field("Message", default="", description="Empty: the name.", max_length=20_000)


class PushTo(_InFolder):
    """Push a branch and its tags to a server. What is there is never overwritten."""

    remote: Remote = field("Repository", examples=["https://github.com/owner/name.git"])
    branch: OptionalRef = field("Branch", default="", description="Empty: the one that the folder is on.")


@git.action("Start a repository", effect="idempotent_write", result=Started)
def init(p: Init, account: GitAccount, call: Call) -> Started:
    folder = run_folder.place(call.folder(), p.folder) if p.folder else call.folder()
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder, (account.author_name, account.author_email), call.timeout)
    with repository.alone():
        repository.init(p.branch)
        return Started(folder=p.folder, branch=_branch(repository))


@init.preview
def _(p: Init, account: GitAccount) -> Plan:
    return Plan(
        summary=f"Start a repository in {p.folder or 'the run folder'}.",
        request={"folder": p.folder, "branch": p.branch},
        result=Started(folder=p.folder, branch=p.branch),
    )


@git.action("Commit", effect="write", result=Commit)
def commit(p: CommitAll, account: GitAccount, call: Call) -> Commit:
    with _working(p.folder, account, call) as repository:
        repository.git("add", "--all", "--", ".")
        changes = _changes(repository, "diff", "--cached", "--no-renames", "--name-status", "-z")
        if not changes:
            call.log("Nothing has changed since the last commit.")
            return _commit(repository, changed=False)
        message = p.message.strip() or _described(changes)
        repository.git("commit", "--quiet", "--no-verify", "--file=-", given=f"{message}\n\n{TRAILER}: {call.key}\n")
        made = _commit(repository, changed=True)
        call.log(f"Committed {len(changes)} files as {made.commit[:10]}.")
        return made


@commit.preview
def _(p: CommitAll, account: GitAccount) -> Plan:
    message = p.message.strip() or placeholder("which files")
    return Plan(
        summary=f"Commit all changes in {p.folder or 'the run folder'}.",
        request={"folder": p.folder, "message": message, "author": f"{account.author_name} <{account.author_email}>"},
        result=Commit(
            commit=placeholder("commit"), changed=True, branch=placeholder("branch"), message=message, files=[]
        ),
    )


@commit.find
def _(p: CommitAll, account: GitAccount, call: Call) -> Commit | None:
    with _working(p.folder, account, call, needed=False) as repository:
        if not repository.exists:
            return None
        found = repository.git(
            "log", "--all", "--fixed-strings", f"--grep={TRAILER}: {call.key}", "--format=%H%x00%B%x00%x01"
        )
        for entry in found.split("\x01"):
            id, _, message = entry.strip().partition("\0")
            if f"{TRAILER}: {call.key}" in message.strip("\0\n").splitlines():
                return _commit(repository, changed=True, id=id)
    return None


@git.action("Go to a branch", effect="idempotent_write", result=Branch)
def branch(p: MakeBranch, account: GitAccount, call: Call) -> Branch:
    with _working(p.folder, account, call) as repository:
        ref = f"refs/heads/{p.name}"
        if not _head(repository):
            repository.git("symbolic-ref", "HEAD", ref)
        elif repository.asks("rev-parse", "--verify", "--quiet", ref):
            repository.git("switch", "--quiet", "--no-guess", p.name)
        else:
            repository.git("switch", "--quiet", "--create", p.name)
        return Branch(branch=_branch(repository))


@branch.preview
def _(p: MakeBranch, account: GitAccount) -> Plan:
    return Plan(
        summary=f"Go to the branch {p.name}.",
        request={"folder": p.folder, "branch": p.name},
        result=Branch(branch=p.name),
    )


@git.action("Tag", effect="write", result=Tag)
def tag(p: MakeTag, account: GitAccount, call: Call) -> Tag:
    with _working(p.folder, account, call) as repository:
        _committed(repository)
        message = f"{p.message.strip() or p.name}\n\n{TRAILER}: {call.key}\n"
        repository.git("tag", "--annotate", "--file=-", "--", p.name, given=message)
        return Tag(tag=p.name, commit=_head(repository))


@tag.preview
def _(p: MakeTag, account: GitAccount) -> Plan:
    return Plan(
        summary=f"Tag the last commit as {p.name}.",
        request={"folder": p.folder, "tag": p.name, "message": p.message.strip() or p.name},
        result=Tag(tag=p.name, commit=placeholder("commit")),
    )


@tag.find
def _(p: MakeTag, account: GitAccount, call: Call) -> Tag | None:
    with _working(p.folder, account, call, needed=False) as repository:
        if not repository.exists:
            return None
        found = repository.git("for-each-ref", "--format=%(*objectname)%00%(contents)", f"refs/tags/{p.name}")
        id, _, message = found.partition("\0")
        return Tag(tag=p.name, commit=id) if f"{TRAILER}: {call.key}" in message.splitlines() else None


@git.action("Push", effect="idempotent_write", result=Push, timeout=120)
def push(p: PushTo, account: GitAccount, call: Call) -> Push:
    with _working(p.folder, account, call) as repository:
        _committed(repository)
        name = p.branch or _branch(repository)
        id = repository.asks("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
        if id is None:
            raise ServiceError(f"There is no branch '{name}'.", remedy="Check the name, or make the branch before.")
        settings = reach(
            p.remote,
            account.base_url,
            account.username,
            account.token.get_secret_value(),
            account.allow_private,
        )
        ref = f"refs/heads/{name}"
        try:
            repository.git("push", "--quiet", "--follow-tags", "--", p.remote, f"{ref}:{ref}", settings=settings)
        except Refused as error:
            if "rejected" in error.said:
                raise ServiceError(
                    f"{p.remote} has commits on '{name}' that are not here: nothing was pushed.",
                    remedy="Push to a branch of another name.",
                ) from error
            raise
        call.log(f"Pushed {name} to {p.remote}.")
        return Push(remote=p.remote, branch=name, commit=id.strip())


@push.preview
def _(p: PushTo, account: GitAccount) -> Plan:
    name = p.branch or placeholder("branch")
    return Plan(
        summary=f"Push {p.branch or 'the branch'} to {p.remote}.",
        request={"folder": p.folder, "remote": p.remote, "branch": name},
        result=Push(remote=p.remote, branch=name, commit=placeholder("commit")),
    )


@contextmanager
def _working(folder: str, account: GitAccount, call: Call, *, needed: bool = True) -> Iterator[Repository]:
    """The repository of a folder, for us alone. Raises `ServiceError` where there is none and one is `needed`."""
    base = call.folder()
    place = run_folder.place(base, folder) if folder else base
    repository = Repository(place, (account.author_name, account.author_email), call.timeout)
    if needed and not repository.exists:
        where = f"The folder '{folder}'" if folder else "The run's folder"
        raise ServiceError(f"{where} has no repository.", remedy="Put a step 'git.init' before this one.")
    with repository.alone():
        yield repository


def _head(repository: Repository) -> str:
    """The last commit, empty where there is none yet."""
    return (repository.asks("rev-parse", "--verify", "--quiet", "HEAD") or "").strip()


def _branch(repository: Repository) -> str:
    return repository.git("symbolic-ref", "--short", "HEAD").strip()


def _committed(repository: Repository) -> None:
    if not _head(repository):
        raise ServiceError("The repository has no commit yet.", remedy="Put a step 'git.commit' before this one.")


def _changes(repository: Repository, *arguments: str) -> list[tuple[str, str]]:
    """What a command of the form `--name-status -z` says: letter and path of each file."""
    parts = repository.git(*arguments).split("\0")
    return list(zip(parts[0:-1:2], parts[1::2], strict=True))


def _commit(repository: Repository, *, changed: bool, id: str = "") -> Commit:
    id = id or _head(repository)
    name = _branch(repository)
    if not id:
        return Commit(commit="", changed=changed, branch=name, message="", files=[])
    message = repository.git("show", "--no-patch", "--format=%B", id)
    kept = [line for line in message.splitlines() if not line.startswith(f"{TRAILER}: ")]
    told = ("diff-tree", "--root", "--no-commit-id", "--no-renames", "-r", "--name-status", "-z", id)
    files = [path for _, path in _changes(repository, *told)] if changed else []
    return Commit(commit=id, changed=changed, branch=name, message="\n".join(kept).strip(), files=files[:LISTED])


def _described(changes: list[tuple[str, str]]) -> str:
    """A message that says what changed: "Add a.py and b.py; remove c.py"."""
    verbs = {"A": "add", "D": "remove"}
    groups: dict[str, list[str]] = {}
    for letter, path in changes:
        groups.setdefault(verbs.get(letter, "change"), []).append(path)
    parts = []
    for verb in ("add", "change", "remove"):
        if names := groups.get(verb):
            shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more files"]
            parts.append(f"{verb} {' and '.join(filter(None, (', '.join(shown[:-1]), shown[-1])))}")
    text = "; ".join(parts)
    head = text if len(text) <= 72 else f"Update {len(changes)} files"
    return head[0].upper() + head[1:] + (f"\n\n{text}" if head != text else "")
