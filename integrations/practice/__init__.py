"""Practice services: the HTTP APIs that our connectors speak, kept in SQLite and filled with sample data.

Connectors reach them through their real SDKs, by base URL: the code path is the one a real account takes.

A service is one module in this folder. What it declares is found by discovery:

    routes(store, studio_url) -> list[BaseRoute]    its endpoints; `x.py` is mounted under `/x`
    seed(store) -> None                             its sample data, written once
    overview(store) -> dict                         what a person would want to see of it, for `GET /overview`

Before each stands what spoils its answers where a person, or a test, wants that: see `faults`, and `/faults`.

Endpoints touch SQLite, so they are plain `def`s, which Starlette runs in threads. `with_body` is for those
that read a body.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from integrations.practice.faults import KINDS, Fault, Faults, Spoiled
from integrations.practice.store import Store

TOKEN = "practice"
"""The one token that every practice service accepts."""


def with_body(handle: Callable[[Request, bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint of a plain `def` that takes the request and its whole body, and runs in a thread too."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(handle, request, await request.body())

    return endpoint


def is_from_elsewhere(request: Request) -> bool:
    """Whether another web site, open in the same browser, sends this."""
    origin = request.headers.get("origin")
    return origin is not None and origin.rpartition("//")[2] != request.headers.get("host")


def create_app(path: Path, studio_url: str) -> Starlette:
    """All practice services on the database at `path`. Links lead to the studio, at `studio_url`.

    `app.state.store` is the store, to be closed by whoever stops the app; `app.state.faults` switches faults on.
    """
    store = Store(path)
    services = _services()
    faults = Faults(store, tuple(services))
    for name, service in services.items():
        _seed(store, name, service)

    def overview(request: Request) -> Response:
        merged: dict[str, object] = {}
        for service in services.values():
            merged.update(service.overview(store))
        return JSONResponse({**merged, "faults": shown_faults()})

    def shown_faults() -> dict[str, object]:
        on = {name: [fault.kind for fault in those] for name, those in faults.on().items()}
        return {"kinds": KINDS, "services": on}

    def change_faults(request: Request, body: bytes) -> Response:
        """`{"service": …, "kind": …}` and more of a `Fault`: it is on, beside those that are. With `"kind": null` the
        service has none any more, with `"service": null` none of them has."""
        if is_from_elsewhere(request):
            return JSONResponse({"error": "Another web site may not change the practice accounts."}, 403)
        try:
            wanted = json.loads(body)
            service = wanted.pop("service")
            if service not in (None, *services):
                raise ValueError(f"There is no service '{service}'.")
            fault = Fault.of(wanted) if wanted["kind"] is not None else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"This is no fault of a service: {error}"}, 400)
        if fault is None:
            faults.switch_off(service)
        else:
            for name in services if service is None else (service,):
                faults.switch_on(name, fault)
        return JSONResponse(shown_faults())

    def reset(request: Request) -> Response:
        if is_from_elsewhere(request):
            return JSONResponse({"error": "Another web site may not reset the practice accounts."}, 403)
        with store.transaction():
            faults.switch_off()
            for name, service in services.items():
                store.clear(name)
                _seed(store, name, service)
        return JSONResponse({"reset": list(services)})

    app = Starlette(
        routes=[
            Route("/overview", overview, methods=["GET"]),
            Route("/reset", reset, methods=["POST"]),
            Route("/faults", with_body(change_faults), methods=["POST"]),
            *(
                Mount(f"/{name}", Spoiled(Router(service.routes(store, studio_url)), name, faults))
                for name, service in services.items()
            ),
        ]
    )
    app.state.store, app.state.faults = store, faults
    return app


def _services() -> dict[str, ModuleType]:
    """The practice services by name: every module here that has `routes`."""
    modules = {info.name: importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__)}
    return {name: module for name, module in modules.items() if hasattr(module, "routes")}


def _seed(store: Store, name: str, service: ModuleType) -> None:
    """Write the sample data of a service, unless that was done before, perhaps by another process."""
    with store.transaction():
        if store.get(name, "practice", "seeded") is None:
            service.seed(store)
            store.put(name, "practice", "seeded", {})
