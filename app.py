"""The launcher: one ASGI app of pages, API, live views, practice services and the engine, all in one process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api import create_api
from api.gate import Gate
from orchestrator.practice import practice_app
from orchestrator.settings import Settings
from orchestrator.workflow_engine import WorkflowEngine, set_current
from studio.packing import Packed
from studio.shell import shell_routes

ROOT = Path(__file__).resolve().parent
PRACTICE = "/practice-services"

COLLECT_EVERY = 20.0
"""Seconds between garbage collections. Streamlit's own, after every script run, is switched off in the config: with
many people watching it costs more than all else."""


def create_app(settings: Settings) -> st.App:
    """The whole studio, to be served at `settings.studio_url`."""
    engine = WorkflowEngine(settings, practice_url=settings.studio_url + PRACTICE)
    practice = practice_app(settings.home, settings.studio_url)

    @contextlib.asynccontextmanager
    async def lifespan(_: st.App) -> AsyncGenerator[None]:
        async with engine.running(recover=True):
            set_current(engine)
            gc.freeze()
            collecting = asyncio.create_task(_collect())
            try:
                yield
            finally:
                collecting.cancel()
                set_current(None)
        engine.close()
        practice.state.store.close()

    return st.App(
        ROOT / "studio" / "main.py",
        lifespan=lifespan,
        middleware=[Middleware(Gate), Middleware(Packed)],
        routes=[
            Mount("/api", create_api(engine)),
            Mount("/assets", StaticFiles(directory=ROOT / "studio" / "assets")),
            Mount(PRACTICE, practice),
            *shell_routes(),
        ],
    )


async def _collect() -> None:
    while True:
        await asyncio.sleep(COLLECT_EVERY)
        gc.collect()
