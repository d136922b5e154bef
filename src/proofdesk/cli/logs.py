"""Logs: one JSON object a line on stderr, free of personal data.

Events carry ids, counts and types. Of an exception only its type and the places in our code are written: its text
may quote what a customer wrote.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
QUIET = {"psycopg.pool": logging.ERROR, "aioimaplib": logging.ERROR, "procrastinate": logging.ERROR}
MAX_FRAMES = 12


def set_up_logs(level: str = "info", process: str = "") -> None:
    """`level`: debug, info, warning or error. Standard-library loggers are included."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _failure_places,
            _named(process),
            structlog.processors.JSONRenderer(serializer=lambda event, **_: msgspec.json.encode(event).decode()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *names: _Line(names[0] if names else ""),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine())
    logging.basicConfig(handlers=[handler], level=max(LEVELS[level], logging.WARNING), force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)


class _Line(structlog.PrintLogger):
    """A print logger that knows its name."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name


def _named(process: str) -> structlog.typing.Processor:
    def add(logger: WrappedLogger, _: str, event: EventDict) -> EventDict:
        if getattr(logger, "name", ""):
            event["logger"] = logger.name
        if process:
            event["process"] = process
        return event

    return add


def _failure_places(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        event["failure"] = places(info[0], info[2])
    return event


def places(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    """What kind of exception, and where it went through; not its text, not its values."""
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return {"type": kind.__name__, "at": [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames]}


def _short(path: str) -> str:
    return "/".join(path.split("/")[-3:])


class _JsonLine(logging.Formatter):
    """Records of other libraries: their name and message, an exception by places only."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": self.formatTime(record),
        }
        if record.exc_info and record.exc_info[0]:
            event["failure"] = places(record.exc_info[0], record.exc_info[2])
        return msgspec.json.encode(event).decode()
