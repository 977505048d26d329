"""The users of practice Notion: the integration itself, and the person whose workspace it is.

Source: developers.notion.com/reference/user
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

BOT = str(uuid5(NAMESPACE_URL, "patchbay practice notion bot"))
PERSON = str(uuid5(NAMESPACE_URL, "patchbay practice notion person"))

USERS: list[dict[str, Any]] = [
    {
        "object": "user",
        "id": PERSON,
        "type": "person",
        "name": "Sam Lantern",
        "avatar_url": None,
        "person": {"email": "sam@lanternworks.example"},
    },
    {
        "object": "user",
        "id": BOT,
        "name": "Patchbay practice",
        "avatar_url": None,
        "type": "bot",
        "bot": {"owner": {"type": "workspace", "workspace": True}, "workspace_name": "Practice workspace"},
    },
]
