"""Logs: one JSON object a line on standard error, with the ids of run and step where there are any."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict

from orchestrator.masking import mask

# Without what the variables held: it is cut, and of half a secret nobody can tell that it is one.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_JSON = structlog.processors.JSONRenderer()


def _render(logger: Any, method: str, event: EventDict) -> str:
    return mask(str(_JSON(logger, method, event)))


def configure(level: str) -> None:
    """Log from `level` on ("debug", "info", "warning", "error")."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _TRACEBACKS,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
