"""Practice GitHub: the part of the REST API (version 2022-11-28) that our connector calls.

Shapes, status codes and error bodies follow docs.github.com/en/rest; the git objects have their real ids. Answers are
checked in the tests against GitHub's own OpenAPI description.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from integrations.practice import TOKEN, with_body
from integrations.practice.github_asked import Answer, Asked, Endpoint, Refused, Renamed
from integrations.practice.github_contents import CONTENTS
from integrations.practice.github_history import HISTORY
from integrations.practice.github_issues import ISSUES
from integrations.practice.github_objects import OBJECTS
from integrations.practice.github_overview import overview
from integrations.practice.github_pulls import PULLS
from integrations.practice.github_releases import RELEASES
from integrations.practice.github_repositories import REPOSITORIES
from integrations.practice.github_sample import seed
from integrations.practice.store import Doc, Store

__all__ = ["overview", "routes", "seed"]

ENDPOINTS: tuple[Endpoint, ...] = (
    *REPOSITORIES,
    *ISSUES,
    *CONTENTS,
    *HISTORY,
    *OBJECTS,
    *PULLS,
    *RELEASES,
)


def routes(store: Store, studio_url: str) -> list[BaseRoute]:
    known = [
        Route(path, with_body(partial(_answer, store, studio_url, handle)), methods=[method])
        for method, path, handle in ENDPOINTS
    ]
    every = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    return [*known, Route("/{path:path}", with_body(partial(_answer, store, studio_url, _nothing)), methods=every)]


def _nothing(asked: Asked) -> Answer:
    raise Refused(404, "Not Found")


def _answer(store: Store, studio_url: str, handle: Any, request: Request, raw: bytes) -> Response:
    try:
        given = request.headers.get("authorization", "")
        scheme, _, token = given.partition(" ")
        if given and (scheme.lower() not in ("token", "bearer") or token != TOKEN):
            raise Refused(401, "Bad credentials")
        if not given and (request.method != "GET" or "owner" not in request.path_params):
            raise Refused(401, "Requires authentication")
        answer = handle(Asked(store, studio_url, request, _parsed(raw), by_nobody=not given))
        if isinstance(answer, list):
            return _page_of(answer, request)
        status, doc = answer if isinstance(answer, tuple) else (200, answer)
        return _json(doc, status)
    except Refused as error:
        body: Doc = {"message": str(error)}
        if error.errors:
            body["errors"] = error.errors
        return _json(body | _documented(error.status), error.status)
    except Renamed as error:
        return _redirect(request, error.id)


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
    kept = {"content-type": "application/json; charset=utf-8", "x-oauth-scopes": "repo", **(headers or {})}
    return JSONResponse(body, status, kept)


def _redirect(request: Request, id: int) -> Response:
    """Source: docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api, "Follow redirects"."""
    base = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
    inside = request.url.path.removeprefix(request.scope["root_path"]).split("/")[4:]
    url = "/".join([f"{base}/repositories/{id}", *inside]) + (f"?{request.url.query}" if request.url.query else "")
    status = 301 if request.method == "GET" else 307
    return _json({"message": "Moved Permanently", "url": url} | _documented(status), status, {"location": url})


def _documented(status: int) -> Doc:
    return {"documentation_url": "https://docs.github.com/rest", "status": str(status)}


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw or b"{}")
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None


def _page_of(items: list[Doc], request: Request) -> Response:
    """One page of a list, with links to its neighbours.

    Source: docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api.
    """
    query = dict(request.query_params)
    size = min(_number(query.get("per_page", "30"), 30), 100)
    page = _number(query.get("page", "1"), 1)
    last = max(1, -(-len(items) // size))
    address = str(request.url.replace(query=""))

    def link(number: int, name: str) -> str:
        return f'<{address}?{urlencode({**query, "page": number})}>; rel="{name}"'

    links = []
    if page > 1:
        links += [link(1, "first"), link(page - 1, "prev")]
    if page < last:
        links += [link(page + 1, "next"), link(last, "last")]
    return _json(items[(page - 1) * size : page * size], headers={"link": ", ".join(links)} if links else None)


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdigit() and int(text) > 0 else otherwise
