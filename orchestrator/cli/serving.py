"""`serve`: the studio."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from typing import Annotated

import typer

from orchestrator import logs
from orchestrator.console import err
from orchestrator.errors import InvalidSettings
from orchestrator.settings import Settings


def serve(
    host: Annotated[str, typer.Option(envvar="HOST", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8501,
) -> None:
    """Start the studio."""
    if not _is_loopback(host):
        raise InvalidSettings(
            f"HOST is {host}, which other machines can reach, and Patchbay has no sign-in yet.",
            remedy="Use 127.0.0.1 or localhost.",
        )
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    settings = Settings.load(studio_url=f"http://{shown}:{port}")
    logs.configure(settings.log_level)
    import uvicorn

    from app import create_app

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),  # pyright: ignore[reportArgumentType]
            log_level="warning",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
            ws_max_size=64 * 1024 * 1024,
        )
    )
    err.print(f"Patchbay is at [bold]{settings.studio_url}[/] (Ctrl-C stops it)")
    with contextlib.suppress(KeyboardInterrupt):  # it has stopped by then
        server.run(sockets=[listener])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on: 40 ms for each answer on a kept connection.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, proto=socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InvalidSettings(
            f"Port {port} of {host} cannot be used: {os.strerror(error.errno or 0)}.",
            remedy="Stop what listens there, or choose another: PORT=8502 make run.",
        ) from None
    return listener
