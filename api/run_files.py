"""The files of a run. They are only ever saved or shown as pictures: nothing in them runs in the studio's name."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse

from orchestrator.workflow_engine import WorkflowEngine

PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".svg": "image/svg+xml",
}
"""What browsers show as pictures, by the ending of its name. In an `<img>`, an SVG runs no script and loads nothing."""

ANYTHING = "application/octet-stream"

HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
"""For whoever opens one in a tab of its own: a page without scripts, of nobody's."""


def add_run_files_route(api: FastAPI, engine: WorkflowEngine) -> None:
    @api.get("/runs/{id}/files/{path:path}", response_class=FileResponse)
    def run_file(id: str, path: str) -> FileResponse:
        """A file of the run's folder, to be saved."""
        file: Path = engine.run_file(id, path)
        kind = PICTURES.get(file.suffix.lower(), ANYTHING)
        return FileResponse(file, media_type=kind, filename=file.name, headers=HARMLESS)
