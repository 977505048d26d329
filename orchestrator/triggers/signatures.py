"""Whether requests to webhooks are signed with the secret that only the service and we know."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.accounts import Accounts
from orchestrator.clock import Clock
from orchestrator.errors import NotFound
from orchestrator.triggers.definition import Webhook


class Signatures:
    """Thread-safe."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def check(self, definition: Webhook, headers: Mapping[str, str], content: bytes) -> str:
        """What tells a request from all others by what its signature covers, "" where that is not said. `headers` have
        small names, `content` is the body as it came. Raises `Unsigned`, and what keeps the secret from being had."""
        assert definition.signed_by is not None
        connector = self._accounts.registry.connector(definition.signed_by)
        if connector.verify_function is None:
            raise NotFound(f"{connector.title} signs no requests.", remedy="Choose another account in the Builder.")
        account = self._accounts.get(connector.id, definition.account)
        return connector.verify_function(account, headers, content, self._clock.now())
