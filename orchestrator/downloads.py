"""Files that a person asks to import by their address."""

from __future__ import annotations

import importlib

from orchestrator.errors import InvalidFile
from orchestrator.library import MAX_FILE
from orchestrator.settings import account_values

MODULE = "integrations._download"
"""Where connections are made: it knows which addresses are closed. Found as the practice services are, by its name."""


def download(url: str) -> str:
    """The text that stands at a public address; one on GitHub may be that of the file's page. Private addresses are
    refused unless PATCHBAY_HTTP_ALLOW_PRIVATE names them. Raises `ServiceError` or `InvalidFile`."""
    allowed = account_values("http", ["allow_private"]).get("allow_private", "")
    content: bytes = importlib.import_module(MODULE).download(url, MAX_FILE, allowed)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidFile(f"{url} is no text.", remedy="Check the address.") from None
