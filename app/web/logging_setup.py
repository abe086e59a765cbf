"""The server's log: JSON lines on standard output, our own and those of libraries, without the messages of exceptions.

The message of an exception may contain what a request sent. The exception's type and place are enough to find the fault.
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
    """Formats a library's log record as a JSON line: the first line of its message, and an exception's type and frames."""

    def format(self, record: logging.LogRecord) -> str:
        """The JSON line of a record."""
        fields: dict[str, object] = {
            "event": record.getMessage().partition("\n")[0],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if (id := request_id()) is not None:
            fields["request_id"] = id
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__qualname__
            frames = traceback.extract_tb(record.exc_info[2])[-8:]
            fields["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(fields)


class LossyOutput:
    """Standard output; if it cannot be written, as when a disk is full, the line is lost and the request goes on."""

    def write(self, text: str) -> int:
        """Write a text; returns the number of characters, 0 if it is lost."""
        with suppress(OSError):
            return sys.stdout.write(text)
        return 0

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        with suppress(OSError):
            sys.stdout.flush()


def log_in_json(level: str) -> None:
    """Log in JSON lines what is at least as severe as `level`; of libraries, never anything below a warning."""
    min_level = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_request_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(min_level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", LossyOutput())),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=max(min_level, logging.WARNING), handlers=[handler], force=True)
