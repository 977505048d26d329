"""Errors as JSON: `{code, message, remedy, where}` and, for an invalid workflow, `problems`. Never a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from orchestrator.errors import (
    InvalidFile,
    InvalidInput,
    InvalidWorkflow,
    NotFound,
    PatchbayError,
    Problem,
    StoreError,
    Unsigned,
    Where,
)

LONGEST_TEXT = 2_000
MOST_PROBLEMS = 100

STATUS: tuple[tuple[type[PatchbayError], int], ...] = (
    (NotFound, 404),
    (Unsigned, 401),
    (InvalidInput, 422),
    (InvalidWorkflow, 422),
    (InvalidFile, 422),
    (StoreError, 409),
    (PatchbayError, 400),
)

log = structlog.get_logger(__name__)


def add_failure_handlers(api: FastAPI) -> None:
    api.add_exception_handler(PatchbayError, _on_patchbay_error)
    api.add_exception_handler(RequestValidationError, _on_invalid_request)
    api.add_exception_handler(HTTPException, _on_http_error)
    api.add_exception_handler(Exception, _on_anything_else)


def failure(error: PatchbayError) -> dict[str, Any]:
    """The body that tells of an error, cut to a bounded size."""
    body = _body(error.code, error.message, error.remedy, str(error.where))
    if isinstance(error, InvalidWorkflow):
        body["problems"] = _problems(error.problems)
    return body


def _on_patchbay_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PatchbayError)
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    log.info("request refused", path=request.url.path, code=error.code, status=status)
    return JSONResponse(failure(error), status)


def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        Problem("invalid_request", f"{mistake['msg']}.", Where(key=_key(mistake["loc"]))) for mistake in error.errors()
    ]
    body = _body(
        "invalid_request",
        "The request is not as it should be.",
        "See the API's description under /api/openapi.json.",
        "",
    )
    return JSONResponse({**body, "problems": _problems(problems)}, 422)


def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        message, remedy = "There is nothing at this address.", "See the API's description under /api/openapi.json."
    else:
        message, remedy = error.detail, ""
    return JSONResponse(_body("http", message, remedy, ""), error.status_code, headers=error.headers)


def _on_anything_else(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", path=request.url.path, exc_info=error)
    body = _body("internal", "Something inside Patchbay failed.", "The studio's log says more. Try again.", "")
    return JSONResponse(body, 500)


def _body(code: str, message: str, remedy: str, where: str) -> dict[str, Any]:
    return {"code": code, "message": _cut(message), "remedy": _cut(remedy), "where": _cut(where)}


def _problems(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [
        _body(problem.code, problem.message, problem.remedy, str(problem.where)) for problem in problems[:MOST_PROBLEMS]
    ]


def _key(loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in loc if part not in ("body", "query", "path"))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
