"""The triggers of a workflow, as its file says them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from orchestrator.model import Model
from orchestrator.triggers import calendar

SOONEST = 10.0
"""Seconds between two firings at least."""

YEAR = 366 * 86400.0

Inputs = Annotated[
    dict[str, Any],
    Field(alias="with", description="What the run is given; expressions may use `trigger`."),
]


class Schedule(Model):
    """Runs at times of the calendar (`cron`), or every so many seconds (`every`, counted from midnight UTC of the first
    of January 1970, so that 3600 is each full hour)."""

    type: Literal["schedule"]
    cron: str | None = Field(
        None, description="Five fields: minute, hour, day of the month, month, day of the week. '0 8 * * 1-5'."
    )
    every: float | None = Field(None, ge=SOONEST, le=YEAR, description="Seconds from one run to the next.")
    timezone: str = Field("UTC", description="The IANA time zone that `cron` is meant in: 'Europe/Rome'.")
    catch_up: Literal["latest", "skip"] = Field(
        "latest", description="After times at which nothing ran: one run for the latest of them, or none."
    )
    overlap: Literal["skip", "allow"] = Field(
        "skip", description="When its run before is not over yet: leave this time out, or run beside it."
    )
    with_: Inputs = Field(default_factory=dict[str, Any])

    @field_validator("cron")
    @classmethod
    def _comes(cls, value: str | None) -> str | None:
        if value is not None:
            calendar.check(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _exists(cls, value: str) -> str:
        calendar.zone(value)
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.cron is None) == (self.every is None):
            raise ValueError("give either 'cron' or 'every'")
        return self


class Webhook(Model):
    """Runs for each request to an address that nobody can guess. The address is given out when it is switched on, and
    is no part of the file."""

    type: Literal["webhook"]
    method: Literal["POST", "PUT", "GET"] = "POST"
    signed_by: str | None = Field(
        None,
        description="The connector whose account holds the secret that each request is signed with: 'webhook'. Without "
        "it, whoever knows the address may call.",
    )
    account: str | None = Field(
        None, min_length=1, description="The account with the secret. Without it, the default one."
    )
    with_: Inputs = Field(default_factory=dict[str, Any])

    @model_validator(mode="after")
    def _account_of_somebody(self) -> Webhook:
        if self.account is not None and self.signed_by is None:
            raise ValueError("'account' needs 'signed_by', which says what kind of account it is")
        return self


class Ask(Model):
    """A reading action, asked outside of any run."""

    uses: str = Field(description="The action: 'gmail.search_messages'.")
    with_: dict[str, Any] = Field(default_factory=dict[str, Any], alias="with", description="Its parameters.")
    account: str | None = Field(None, min_length=1, description="The account to ask as. Without it, the default one.")


class Poll(Model):
    """Asks a service again and again, and runs once for each item that was not there before. The first look only marks
    what is there."""

    type: Literal["poll"]
    ask: Ask
    every: float = Field(300.0, ge=SOONEST, le=YEAR, description="Seconds from one look to the next.")
    items: str = Field(description="The list in what the action gives: '{{ result.messages }}'.")
    identity: str = Field(description="What tells one item from all others: '{{ item.id }}'.")
    with_: Inputs = Field(default_factory=dict[str, Any])


Trigger = Annotated[Schedule | Webhook | Poll, Field(discriminator="type")]
