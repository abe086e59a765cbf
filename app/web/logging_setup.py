"""The server's log: JSON lines on standard output, ours and those of the libraries, without the words of exceptions.

What an exception says may hold what a request sent. Its type and place are enough to find it.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

import structlog


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
        if record.exc_info and record.exc_info[0] is not None:
            shown["error"] = record.exc_info[0].__qualname__
            frames = traceback.extract_tb(record.exc_info[2])[-8:]
            shown["frames"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(shown)


def log_in_json(level: str) -> None:
    """Write what is at least as severe as the level; of libraries warnings and errors at most."""
    least = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter())
    logging.basicConfig(level=max(least, logging.WARNING), handlers=[handler], force=True)
