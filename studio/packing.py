"""The scripts and style sheets of Streamlit's front, packed."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.scripts import STREAMLIT

A_YEAR = 31_536_000
"""Seconds. A file with another content has another name."""

KINDS = {".js": "text/javascript", ".css": "text/css"}
HEADERS = {
    "Content-Encoding": "gzip",
    "Vary": "Accept-Encoding",
    "Cache-Control": f"public, immutable, max-age={A_YEAR}",
}


class Packed:
    """ASGI middleware. Streamlit sends these files as they are, since it would pack each of them at every visit: more
    than two megabytes before a page shows. Here each is packed once, when it is first asked for, and kept."""

    def __init__(self, app: ASGIApp, folder: Path = STREAMLIT) -> None:
        self.app = app
        static = folder / "static"
        files = (*static.glob("js/*.js"), *static.glob("css/*.css"))
        self._files = {f"/static/{file.relative_to(static).as_posix()}": file for file in files}
        self._packed: dict[Path, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if file is None or not _takes_all_of_it_packed(Headers(scope=scope)):
            await self.app(scope, receive, send)
            return
        if file not in self._packed:
            self._packed[file] = await asyncio.to_thread(_pack, file)
        await Response(self._packed[file], media_type=KINDS[file.suffix], headers=HEADERS)(scope, receive, send)


def _takes_all_of_it_packed(headers: Headers) -> bool:
    return "gzip" in headers.get("accept-encoding", "") and "range" not in headers


def _pack(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6, mtime=0)
