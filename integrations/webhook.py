"""Secrets that requests to webhooks are signed with.

Sources: docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries (GitHub, and who does as it does);
github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (many services; Svix has headers of
other names: docs.svix.com/receiving/verifying-payloads/how-manual)
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from orchestrator.actions import Account, Connector, SecretStr, Unsigned, field

TOLERANCE = 300
"""Seconds that the clock of whoever signs may differ from ours, and that a request may be on its way."""

_STANDARD = "whsec_"


class WebhookAccount(Account):
    """A secret that a service signs its requests with."""

    secret: SecretStr = field(
        "Secret", description="The same as at the service. One of Standard Webhooks begins with whsec_."
    )
    convention: Literal["github", "standard"] = field(
        "How it signs",
        default="github",
        description="github: by the header X-Hub-Signature-256, as GitHub and Meta do. standard: by the headers "
        "webhook-id, webhook-timestamp and webhook-signature, as Standard Webhooks says; it also refuses what is older "
        "than five minutes, and takes no request twice.",
    )

    @model_validator(mode="after")
    def _usable(self) -> WebhookAccount:
        secret = self.secret.get_secret_value()
        if not secret.strip():
            raise ValueError("the secret is empty")
        if self.convention == "standard" and not _key(secret):
            raise ValueError("a secret of Standard Webhooks is whsec_ with base64 behind it")
        if self.convention == "github" and secret.startswith(_STANDARD):
            raise ValueError("a secret that begins with whsec_ is one of Standard Webhooks: choose 'standard'")
        return self


webhook = Connector(
    "webhook",
    title="Webhook secret",
    icon=":material/webhook:",
    description="Take requests to a webhook from those alone who sign them.",
    account=WebhookAccount,
)


@webhook.verify
def verify(account: WebhookAccount, headers: Mapping[str, str], content: bytes, now: float) -> str:
    if account.convention == "standard":
        return _standard(account, headers, content, now)
    given = headers.get("x-hub-signature-256", "")
    if not given:
        raise _missing("X-Hub-Signature-256")
    wanted = "sha256=" + hmac.digest(account.secret.get_secret_value().encode(), content, "sha256").hex()
    if not hmac.compare_digest(given.strip().encode(), wanted.encode()):
        raise _wrong()
    return headers.get("x-github-delivery", "")


def _standard(account: WebhookAccount, headers: Mapping[str, str], content: bytes, now: float) -> str:
    names = ("id", "timestamp", "signature")
    prefix = "svix-" if "svix-signature" in headers else "webhook-"
    id, at, signatures = (headers.get(prefix + name, "") for name in names)
    for name, value in zip(names, (id, at, signatures), strict=True):
        if not value:
            raise _missing(prefix + name)
    if not re.fullmatch(r"[0-9]{1,12}", at) or abs(now - int(at)) > TOLERANCE:
        raise Unsigned(
            f"The request is not of now: its {prefix}timestamp is more than {TOLERANCE // 60} minutes off.",
            remedy="Send it again with the time of now, in seconds since 1970, and check the clocks.",
        )
    wanted = base64.b64encode(hmac.digest(_key(account.secret.get_secret_value()), _signed(id, at, content), "sha256"))
    given = [one.removeprefix("v1,") for one in signatures.split() if one.startswith("v1,")]
    # All are compared, so that the time it takes tells nothing of which one fits.
    if not sum(hmac.compare_digest(one.encode(), wanted) for one in given):
        raise _wrong()
    return id


def _signed(id: str, at: str, content: bytes) -> bytes:
    return b".".join((id.encode(), at.encode(), content))


def _key(secret: str) -> bytes:
    """Empty for what is none."""
    try:
        return base64.b64decode(secret.strip().removeprefix(_STANDARD), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _missing(header: str) -> Unsigned:
    return Unsigned(
        f"The request is not signed: it has no header {header}.",
        remedy="Give the service the secret of this webhook, or choose how it signs.",
    )


def _wrong() -> Unsigned:
    return Unsigned(
        "The signature does not fit the request.",
        remedy="Check that the secret is the same on both sides, and that nothing changes the body on its way.",
    )
