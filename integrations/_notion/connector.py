"""Notion as a connector, and who it acts as."""

from __future__ import annotations

from orchestrator.actions import Account, Connector, SecretStr, field


class NotionAccount(Account):
    token: SecretStr = field("Integration token", description="From notion.so/profile/integrations.")
    base_url: str = field(
        "Address of the API", default="https://api.notion.com", expert=True, pattern=r"^https?://[^/\s]+\S*$"
    )


notion = Connector(
    "notion",
    title="Notion",
    icon=":material/article:",
    description="Pages and databases of a Notion workspace.",
    account=NotionAccount,
    practice={"base_url": "{practice}/notion", "token": "practice"},
)
