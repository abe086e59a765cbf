"""Which functions of `app` a request enters, and through which files it gets to its first SQL statement.

A function is a `def` or a method. Comprehensions, generator expressions and lambdas are not counted: they are read where
they stand. Calls of C code (among them hits of `functools` caches) enter no function of `app`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import app

ROOT = Path(app.__file__).parent
_PREFIX = f"{ROOT}/"

_TRANSACTION = ("SqliteDatabase.write",)
_STATEMENTS = ("Session.row", "Session.rows", "Session.execute", "Session.enqueue")


class RequestTrace(NamedTuple):
    """The functions (`file.py Qualified.name`) that several requests of one kind all entered, in the order of the first one.

    `to_sql` are the files from the resolver to the first statement of the transaction, without those of
    `store/database/`, through which every statement of every command goes.
    """

    functions: tuple[str, ...]
    to_sql: tuple[str, ...]


class CallTrace:
    """Records calls in the threads that start while it is installed."""

    def __init__(self) -> None:
        self._functions: dict[str, None] | None = None
        self._parts: list[list[str]] = []

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """The profiling function: notes the function that is called."""
        functions = self._functions
        if event != "call" or functions is None:
            return
        place = _place(frame)
        if place is None:
            return
        file, name = place
        if not name.rpartition(".")[2].startswith("<"):
            functions.setdefault(f"{file} {name}")
        # A transaction runs in the writer's thread, so the way to its first statement has two parts.
        if name in (_TRANSACTION, _STATEMENTS, ())[len(self._parts)]:
            self._parts.append([file for file, _ in reversed(list(_callers(frame)))])

    def of_request(self, request: Callable[[], Any], *, resolver: str, times: int = 3) -> RequestTrace:
        """The trace of a request, sent `times` times: only functions that each of them entered, so without a checkpoint, say."""
        traces = [self._once(request) for _ in range(times)]
        functions, (to_transaction, to_statement) = traces[0]
        common = [name for name in functions if all(name in others for others, _ in traces)]
        chain = [*to_transaction[to_transaction.index(resolver) :], *to_statement]
        files = dict.fromkeys(file for file in chain if not file.startswith("store/database/"))
        return RequestTrace(tuple(common), tuple(files))

    def _once(self, request: Callable[[], Any]) -> tuple[dict[str, None], list[list[str]]]:
        self._functions, self._parts = {}, []
        request()
        functions, self._functions = self._functions, None
        return functions, self._parts


@contextmanager
def tracing() -> Iterator[CallTrace]:
    """A trace of the threads that are started in this context."""
    trace = CallTrace()
    before = threading.getprofile()
    threading.setprofile(trace)
    try:
        yield trace
    finally:
        threading.setprofile(before)  # type: ignore[arg-type]  # None takes the function away


def _place(frame: FrameType) -> tuple[str, str] | None:
    """The file below `app` and the name of the function, or None for code of others."""
    code = frame.f_code
    if not code.co_filename.startswith(_PREFIX):
        return None
    return code.co_filename.removeprefix(_PREFIX), code.co_qualname


def _callers(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    """The functions of `app` that are being executed, the innermost first."""
    while frame is not None:
        if (place := _place(frame)) is not None:
            yield place
        frame = frame.f_back
