"""Errors as a client sees them: always with a code, never with internals or long values that were sent."""

from __future__ import annotations

import math
import re
import secrets
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import structlog
from graphql import GraphQLError

INTERNAL = "INTERNAL_SERVER_ERROR"
BAD_INPUT = "BAD_USER_INPUT"
RATE_LIMITED = "RATE_LIMITED"
UNAVAILABLE = "UNAVAILABLE"
ANSWER_INCOMPLETE = "ANSWER_INCOMPLETE"
MAX_MESSAGE = 300

_FOUND_PART = re.compile(r",? found: .*", re.DOTALL)
_VALUE_PART = re.compile(r"((?<!invalid )\bvalue: .{40}).+", re.DOTALL)
_LONG_WORD = re.compile(r"(\S{40})\S+")
_MAX_FRAMES = 8

_log = structlog.get_logger("app.api")


@dataclass(frozen=True, slots=True)
class Overload:
    """How to answer an exception that means "not now": the code, a message, and the seconds to wait."""

    code: str
    message: str
    retry_after: Callable[[Exception], float] = field(default=lambda _: 1.0)


class ReadingFailed(Exception):
    """A mutation was carried out, and reading its answer failed; `__cause__` says why."""


class HttpError(Exception):
    """An invalid request, as opposed to an operation with errors: HTTP status, code and message.

    An error of GraphQL, not of HTTP, has the status 200 here; which status is sent depends on the media type.
    """

    def __init__(self, status: int, *, code: str = BAD_INPUT, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = headers or {}

    def formatted(self) -> dict[str, Any]:
        """The error for the body of the answer."""
        return {"message": self.message, "extensions": {"code": self.code}}


def whole_seconds(wait: float) -> int:
    """A time to wait in whole seconds, rounded up, at least one."""
    return max(1, math.ceil(wait))


def cut_long_values(message: str) -> str:
    """A message of graphql-core in which the values that it repeats are cut."""
    message = _LONG_WORD.sub(r"\1…", _VALUE_PART.sub(r"\1…", _FOUND_PART.sub(".", message)))
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"


LoggedFaults = dict[tuple[type[BaseException], CodeType | None, int], str]
"""The error ids of one operation's faults that are logged already, by the type, the code and the line of the fault."""


def masked_error(
    fault: BaseException, *, logged: LoggedFaults, path: Iterable[str | int] | None = None
) -> dict[str, Any]:
    """The error for an unexpected exception, which is logged under an id with its type and frames.

    The message of the exception is not logged, because it may contain data. What fails at the same place for several
    items of a list is logged once, under one id.
    """
    place = _raised_at(fault)
    if place not in logged:
        logged[place] = _log_fault(fault, path=path)
    formatted: dict[str, Any] = {
        "message": "Something went wrong on our side. Quote the error id when you ask about it.",
        "extensions": {"code": INTERNAL, "errorId": logged[place]},
    }
    return formatted if path is None else {**formatted, "path": list(path)}


def _raised_at(fault: BaseException) -> tuple[type[BaseException], CodeType | None, int]:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (type(fault), trace.tb_frame.f_code, trace.tb_lineno) if trace is not None else (type(fault), None, 0)


def _log_fault(fault: BaseException, *, path: Iterable[str | int] | None) -> str:
    """Log a fault; returns its error id."""
    error_id = secrets.token_hex(8)
    frames = traceback.extract_tb(fault.__traceback__)[-_MAX_FRAMES:]
    _log.error(
        "operation failed",
        error_id=error_id,
        path=list(path or ()),
        error=type(fault).__qualname__,
        frames=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
    return error_id


def request_error(error: GraphQLError, *, default_code: str) -> dict[str, Any]:
    """An error found before execution; `default_code` is used if the error has no code."""
    formatted: dict[str, Any] = {
        "message": cut_long_values(error.message),
        "extensions": {"code": default_code, **(error.extensions or {})},
    }
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations[:5]]
    return formatted


def field_error(
    error: GraphQLError, *, overloads: Mapping[type[Exception], Overload], logged: LoggedFaults, mutates: bool
) -> dict[str, Any]:
    """An error of a field, with `retryAfter` in its extensions when it means "not now".

    `mutates` says that the operation is a mutation: if a field below a root field fails, the mutation itself has been carried out.
    """
    cause = _cause(error)
    extensions = cause.extensions or {} if isinstance(cause, GraphQLError) else {}
    if isinstance(cause, GraphQLError) and "code" in extensions:
        return _with_locations_and_path({"message": cause.message, "extensions": extensions}, error)
    if isinstance(cause, GraphQLError) and _is_argument_error(cause):
        return _with_locations_and_path(
            {"message": cut_long_values(cause.message), "extensions": {"code": BAD_INPUT}}, error
        )
    carried_out = isinstance(cause, ReadingFailed) or (mutates and len(error.path or ()) > 1)
    if isinstance(cause, ReadingFailed) and cause.__cause__ is not None:
        cause = cause.__cause__
    overload = overload_of(cause, overloads=overloads)
    if overload is None or not isinstance(cause, Exception):
        return _with_locations_and_path(masked_error(cause, path=error.path, logged=logged), error)
    return _with_locations_and_path(overload_error(overload, cause, carried_out=carried_out), error)


def overload_error(overload: Overload, cause: Exception, *, carried_out: bool = False) -> dict[str, Any]:
    """The error for an overload; after a mutation that was `carried_out` it says how to get the whole answer."""
    extensions = {
        "code": ANSWER_INCOMPLETE if carried_out else overload.code,
        "retryAfter": whole_seconds(overload.retry_after(cause)),
    }
    return {"message": _INCOMPLETE_MESSAGE if carried_out else overload.message, "extensions": extensions}


_INCOMPLETE_MESSAGE = (
    "The request was carried out, but this part of its answer could not be read."
    " Repeat it with the same idempotencyKey to get the whole answer."
)


def overload_of(fault: BaseException, *, overloads: Mapping[type[Exception], Overload]) -> Overload | None:
    """The overload that an exception stands for; None for any other exception."""
    return next((overload for fault_type, overload in overloads.items() if isinstance(fault, fault_type)), None)


def _with_locations_and_path(formatted: dict[str, Any], error: GraphQLError) -> dict[str, Any]:
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = list(error.path)
    return formatted


def _cause(error: GraphQLError) -> BaseException:
    """The original exception inside graphql-core's wrappers."""
    cause: BaseException = error.original_error or error
    while isinstance(cause, GraphQLError) and "code" not in (cause.extensions or {}) and cause.original_error:
        cause = cause.original_error
    return cause


def _is_argument_error(error: GraphQLError) -> bool:
    """Was the error raised by graphql-core when it coerced arguments, and not by a resolver?"""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    return bool(trace.tb_frame.f_globals.get("__name__") == "graphql.execution.values")
