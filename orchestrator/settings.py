"""What is set from outside: environment variables that begin with PATCHBAY_, or the same names in `.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestrator.errors import InvalidSettings

PREFIX = "PATCHBAY_"
ROOT = Path(__file__).resolve().parent.parent
"""The folder of the program: shipped workflows, templates and roles lie under it."""


class Settings(BaseSettings):
    """The settings of one process. `Settings.load()` says in a sentence what is wrong with one."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(Path(".patchbay"), description="Where what people make is kept.")
    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL database, 'postgresql://user:password@host/name'. Else a file in `home`."
    )
    master_key: SecretStr | None = Field(
        None,
        description="The key that accounts are encrypted with: 32 random bytes in base64. Of several, separated by "
        "commas, the first encrypts. Else one is made and kept in `home`.",
    )
    keep_runs_days: float = Field(90, ge=0, description="Finished runs older than so many days are deleted. 0: never.")
    keep_runs: int = Field(20_000, ge=0, description="Of finished runs, so many of the newest are kept. 0: all.")
    preview_first: bool = Field(
        True, description="A live account's first run of a workflow version is a preview, and sends once approved."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    model: str | None = Field(
        None,
        description="The default model, 'provider:name'. Else the first provider with a key, else the practice model.",
    )
    studio_url: str = Field("http://127.0.0.1:8501", description="Where people open the studio: links lead there.")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("it begins with postgresql://")
        return url

    @classmethod
    def load(cls, **values: object) -> Settings:
        try:
            return cls(**values)  # pyright: ignore[reportArgumentType]
        except ValidationError as error:
            first = error.errors()[0]
            name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
            raise InvalidSettings(
                f"{name} is not valid: {first['msg'].removeprefix('Value error, ')}.",
                remedy=f"Change {name} in the environment or in .env.",
            ) from error

    @property
    def database(self) -> Path:
        """The file of the journal, where there is no `database_url`."""
        return self.home / "patchbay.db"


def account_values(connector: str, fields: list[str]) -> dict[str, str]:
    """What the environment and `.env` say of a connector's account: PATCHBAY_<CONNECTOR>_<FIELD>."""
    known = {**dotenv_values(".env"), **os.environ}
    found = {field: known.get(f"{PREFIX}{connector}_{field}".upper()) for field in fields}
    return {field: value for field, value in found.items() if value}
