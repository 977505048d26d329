"""Who we are at a model provider."""

from __future__ import annotations

from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from orchestrator.actions import Account, Price, SecretStr, field

DOLLARS = "US dollars for a million tokens. Budgets need it."


class ModelAccount(Account):
    """An API key, or the address of a server that asks for none. Subclasses say whose API it is."""

    connector: ClassVar[str]
    """The id of the connector."""
    service: ClassVar[str]
    """What people call it."""
    official: ClassVar[str]
    """Where the service itself is."""

    base_url: str = field("Address", default="", description="Where the API begins.")
    api_key: SecretStr = field("API key", default=SecretStr(""), validate_default=True)
    model: str = field("Default model", default="", description="Empty: a small one.")
    input_price: float | None = field("Price of what it reads", default=None, expert=True, ge=0, description=DOLLARS)
    output_price: float | None = field("Price of what it writes", default=None, expert=True, ge=0, description=DOLLARS)

    @field_validator("api_key")
    @classmethod
    def _can_sign_in(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        if not key.get_secret_value() and info.data.get("base_url") in ("", cls.official):
            raise PydanticCustomError(
                "no_key",
                "{service} asks for a key; a server of your own needs only its address",
                {"service": cls.service},
            )
        return key

    @property
    def address(self) -> str:
        return self.base_url or self.official

    @property
    def is_official(self) -> bool:
        return self.address == self.official

    @property
    def place(self) -> str:
        """Whom a message is about."""
        return self.service if self.is_official else f"The model server at {self.base_url}"

    @property
    def key(self) -> str:
        """The API key; servers that need none ignore it, but the SDKs insist on one."""
        return self.api_key.get_secret_value() or "sk-local"

    @property
    def is_on_this_machine(self) -> bool:
        """A proxy set in the environment must not stand between us and our own machine."""
        return urlsplit(self.address).hostname in {"127.0.0.1", "localhost", "::1"}

    @property
    def price(self) -> Price | None:
        """What the account says, whichever model it is: prices change too often to be written down here."""
        if self.input_price is None or self.output_price is None:
            return None
        return Price(self.input_price, self.output_price)

    def remedy(self, name: Literal["api_key", "base_url"]) -> str:
        """How a person mends a field of the account, where the account is what is wrong."""
        setting = f"PATCHBAY_{self.connector}_{name}".upper()
        if name == "api_key":
            return f"Reconnect the account '{self.name}', or set a valid key in {setting}."
        return f"Check the address of the account '{self.name}' ({setting})."
