"""The server's log: JSON lines on standard output, ours and those of the libraries, without the words of exceptions.

What an exception says may hold what a request sent. Its type and place are enough to find it.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO, cast

import structlog

from app.web.request_ids import add_request_id, request_id


class RedactingFormatter(logging.Formatter):
    """A record of a library as a JSON line: the first line of its message, and of an exception its type and frames."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        shown: dict[str, object] = {
            "event": record.getMessage().partition("\n")[0],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if (id := request_id()) is not None:
            shown["request_id"] = id
        if record.exc_info and record.exc_info[0] is not None:
            shown["error"] = record.exc_info[0].__qualname__
            frames = traceback.extract_tb(record.exc_info[2])[-8:]
            shown["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(shown)


class LossyOutput:
    """Standard output, where a line is lost that its disk does not take, and not the request that logs it."""

    def write(self, text: str) -> int:
        """Write a text, or lose it."""
        with suppress(OSError):
            return sys.stdout.write(text)
        return 0

    def flush(self) -> None:
        """Hand what was written to the system."""
        with suppress(OSError):
            sys.stdout.flush()


def log_in_json(level: str) -> None:
    """Write what is at least as severe as the level; of libraries warnings and errors at most."""
    least = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LossyOutput())),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=max(least, logging.WARNING), handlers=[handler], force=True)
