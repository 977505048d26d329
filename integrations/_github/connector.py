"""The connector, its account, and what its parameters are made of."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from orchestrator.actions import Account, Connector, SecretStr, field

_REPOSITORY = re.compile(r"(?:https?://[^/]+/)?(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")
_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|.{245}")
"""Also what is too long: with "refs/heads/" before it, GitHub takes 255 characters."""


class GitHubAccount(Account):
    token: SecretStr = field("Personal access token", description="From github.com/settings/tokens.")
    base_url: str = field(
        "Address of the API", default="https://api.github.com", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )

    @property
    def is_nobody(self) -> bool:
        """Whether it asks without a token, for what all the world may read."""
        return not self.token.get_secret_value()


github = Connector(
    "github",
    title="GitHub",
    icon=":material/code:",
    description="Repositories, issues, files, branches, pull requests and releases on GitHub.",
    account=GitHubAccount,
    practice={"base_url": "{practice}/github", "token": "practice"},
)


def _repository_name(text: str) -> str:
    match = _REPOSITORY.fullmatch(text.strip())
    if match is None or set(match["name"].split("/")) & {".", ".."}:
        raise ValueError(f"'{text}' is no repository. Write it as owner/name, for example practice/handbook.")
    return match["name"]


def _file_path(text: str) -> str:
    parts = text.split("/")
    if text.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in text:
        raise ValueError(
            f"'{text}' is no path of a file. Write it as folder/file.md, with no '..' and no '/' at the start."
        )
    return text


def _ref_name(text: str) -> str:
    """Source: git-scm.com/docs/git-check-ref-format."""
    if text.startswith(("/", "-", ".")) or text.endswith(("/", ".")) or text == "@" or _BAD_REF.search(text):
        raise ValueError(f"'{text[:100]}' is no name of a branch or tag. Write it as drafts/spring, without spaces.")
    return text


RepositoryName = Annotated[str, AfterValidator(_repository_name)]
FilePath = Annotated[str, AfterValidator(_file_path)]
RefName = Annotated[str, AfterValidator(_ref_name)]
"""A branch or a tag. Empty where a field allows it."""
