"""Logs: one JSON object a line on standard error, with the ids of run and step where there are any, and no secrets.

`protect` holds in every process that imports Patchbay, also in one that has a logging of its own: our lines are safe
unless it configures structlog otherwise (then it puts `masked` last among its processors), and records of the standard
library, such as those of an SDK, lose their secrets when they are made. `configure` is for a process that is ours.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from orchestrator.masking import mask

# Without what the variables held: it is cut, and of half a secret nobody can tell that it is one.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_JSON = structlog.processors.JSONRenderer()
_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True)


def masked(logger: Any, method: str, event: EventDict) -> str:
    """A processor of structlog that comes last: the event as JSON, without secrets."""
    return mask(str(_JSON(logger, method, event)))


def protect() -> None:
    """See that no secret is logged in this process, however it logs."""
    if not structlog.is_configured():
        configure_ours(logging.WARNING)
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _Masking):
        logging.setLogRecordFactory(_Masking(factory))


def configure(level: str) -> None:
    """Log from `level` on ("debug", "info", "warning", "error"). Of what libraries say, warnings are enough, unless all
    is asked for."""
    number = logging.getLevelNamesMapping()[level.upper()]
    configure_ours(number)
    protect()
    root = logging.getLogger()
    root.setLevel(number if number == logging.DEBUG else max(number, logging.WARNING))
    if not any(isinstance(handler, _ToStandardError) for handler in root.handlers):
        root.addHandler(_ToStandardError())
    sys.excepthook = _left_over
    threading.excepthook = _left_over_in_thread


def configure_ours(level: int) -> None:
    """Our own lines, from a level on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _TIME,
            _TRACEBACKS,
            masked,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # as it is now: it may be another one later
        cache_logger_on_first_use=False,
    )


class _Masking:
    """Makes records without secrets: whoever handles them, and however they are written out."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **named: Any) -> logging.LogRecord:
        record = self._make(*args, **named)
        try:
            said = record.getMessage()
        except Exception:  # words that do not fit their values: Python would print both
            said = ""
        if not said or mask(said) != said:
            record.msg, record.args = mask(said or f"{record.msg} {record.args}"), None
        if record.exc_info and record.exc_info[1] is not None:
            told = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
            if mask(told) != told:
                record.exc_info, record.exc_text = None, mask(told)
        return record


def _traceback(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What `_Masking` made of a traceback that had a secret in it."""
    told: str | None = event["_record"].exc_text
    return {**event, "exception": told} if told else event


class _ToStandardError(logging.StreamHandler[Any]):
    """Records of the standard library, in the shape of our own lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        before: list[Processor] = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _TIME, _traceback]
        after: list[Processor] = [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta, _TRACEBACKS, masked,
        ]  # fmt: skip
        self.setFormatter(structlog.stdlib.ProcessorFormatter(processors=after, foreign_pre_chain=before))

    @property
    def stream(self) -> Any:
        """As it is now: it may be another one later."""
        return sys.stderr


def _left_over(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, where)
        return
    structlog.get_logger().error("unexpected", exc_info=error)


def _left_over_in_thread(left: threading.ExceptHookArgs) -> None:
    if left.exc_value is not None and left.exc_type is not SystemExit:
        name = left.thread.name if left.thread else ""
        structlog.get_logger().error("unexpected, in a thread", thread=name, exc_info=left.exc_value)
