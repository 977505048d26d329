"""Where the browser comes back to after somebody allowed, at a service, that Patchbay acts for them."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from urllib.parse import urlencode

from fastapi import FastAPI, Query
from starlette.responses import RedirectResponse

from orchestrator.consents import CALLBACK
from orchestrator.errors import NotFound
from orchestrator.workflow_engine import WorkflowEngine

LONGEST = 4096

Said = Annotated[str, Query(max_length=LONGEST)]

HEADERS = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""The code stands in the address of this request, and is to stay here."""


def add_consent_route(api: FastAPI, engine: WorkflowEngine) -> None:
    @api.get(CALLBACK.removeprefix("/api"), include_in_schema=False)
    def consent(state: Said = "", code: Said = "", error: Said = "") -> RedirectResponse:
        with suppress(NotFound):  # the page says so, and what came of it when the address was only loaded again
            engine.consents.end(state, code, error)
        return RedirectResponse(f"/accounts?{urlencode({'consent': state})}", 303, headers=HEADERS)
