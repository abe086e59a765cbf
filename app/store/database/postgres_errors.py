"""What an error of PostgreSQL or its driver means: try again, give up, or it was the work's own fault."""

from __future__ import annotations

import asyncpg

from app.store.database.session import Busy, ConcurrentChange, Unavailable

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Everything that comes from below a unit of work (TimeoutError is an OSError)."""

TRIED_AGAIN = (*DRIVER_ERRORS, ConcurrentChange)
"""What may be another attempt's luck."""

_OF_A_WORK = ("0A", "21", "22", "23", "42", "P0")
"""Classes of SQLSTATE for wrong statements, which fail at every attempt."""

_LOST_RACES = ("23505", "40001", "40P01", "55P03")
"""Unique violation, serialization failure, deadlock, lock not available: another transaction was first."""

_UNIQUE = "23505"
_UNIQUE_ATTEMPTS = 4
"""A lost race for a unique value is over at the second attempt, which finds the winner's row."""


def _state(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def is_lost(error: BaseException) -> bool:
    """Whether the connection is of no more use: shut down, or to a server that only reads since a failover."""
    return _state(error).startswith(("08", "57P", "25006"))


class Retry:
    """Decides for one call whether to go again: yes wherever the database failed and not the work."""

    def __init__(self) -> None:
        self._unique = 0

    def __call__(self, error: BaseException) -> bool:
        """May another attempt end differently?"""
        if isinstance(error, ConcurrentChange):
            return True
        if not isinstance(error, DRIVER_ERRORS):
            return False
        state = _state(error)
        if state == _UNIQUE:
            self._unique += 1
            return self._unique < _UNIQUE_ATTEMPTS
        if state in _LOST_RACES:
            return True
        return not (state.startswith(_OF_A_WORK) or isinstance(error, ValueError))


def given_up(error: BaseException) -> BaseException:
    """The error that the caller gets after the last attempt."""
    state = _state(error)
    if state.startswith(_OF_A_WORK):
        return error
    return (
        Busy()
        if state in _LOST_RACES or isinstance(error, ConcurrentChange)
        else Unavailable(f"PostgreSQL failed ({type(error).__name__}).")
    )


def unreachable(error: BaseException) -> Unavailable:
    """The error for whoever starts a process, with the reason where that is a sentence of PostgreSQL or the system."""
    reason = error.args[0] if isinstance(error, asyncpg.PostgresError) else getattr(error, "strerror", None)
    return Unavailable(f"PostgreSQL cannot be reached{f': {reason}' if reason else ''}.")


def without_data(error: BaseException) -> None:
    """Strip an error of the row's values: its text may be logged."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None
