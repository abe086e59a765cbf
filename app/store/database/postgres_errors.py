"""What an error of PostgreSQL or its driver means: whether to try again, and which error the caller gets."""

from __future__ import annotations

import asyncpg

from app.store.database.session import Busy, ConcurrentChange, Unavailable

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""The errors that the driver or the network raises, and not a unit of work itself (TimeoutError is an OSError)."""

RETRIED_ERRORS = (*DRIVER_ERRORS, ConcurrentChange)
"""The errors after which another attempt may succeed; `Retry` decides for each."""

_FAULTS_OF_WORK = ("0A", "21", "22", "23", "42", "P0")
"""Classes of SQLSTATE for statements that are wrong and fail at every attempt."""

_LOST_RACES = ("23505", "40001", "40P01", "55P03")
"""Unique violation, serialization failure, deadlock, lock not available: another transaction was first."""

_UNIQUE_VIOLATION = "23505"
_UNIQUE_ATTEMPTS = 4
"""The attempts to make after unique violations. If another transaction was first, the second attempt finds its row."""


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")


def connection_is_lost(error: BaseException) -> bool:
    """Is the connection useless after this error: closed, or to a server that is read-only since a failover?"""
    return _sqlstate(error).startswith(("08", "57P", "25006"))


class Retry:
    """Decides for one unit of work whether to try again after an error: yes if the database failed, and not the work."""

    def __init__(self) -> None:
        self._unique_violations = 0

    def __call__(self, error: BaseException) -> bool:
        """May another attempt end differently?"""
        if isinstance(error, ConcurrentChange):
            return True
        if not isinstance(error, DRIVER_ERRORS):
            return False
        sqlstate = _sqlstate(error)
        if sqlstate == _UNIQUE_VIOLATION:
            self._unique_violations += 1
            return self._unique_violations < _UNIQUE_ATTEMPTS
        if sqlstate in _LOST_RACES:
            return True
        return not (sqlstate.startswith(_FAULTS_OF_WORK) or isinstance(error, ValueError))


def error_after_last_attempt(error: BaseException) -> BaseException:
    """The error that the caller gets after the last attempt."""
    sqlstate = _sqlstate(error)
    if sqlstate.startswith(_FAULTS_OF_WORK):
        return error
    return (
        Busy()
        if sqlstate in _LOST_RACES or isinstance(error, ConcurrentChange)
        else Unavailable(f"PostgreSQL failed ({type(error).__name__}).")
    )


def unreachable_error(error: BaseException) -> Unavailable:
    """The error for a command that cannot connect; it has the reason if PostgreSQL or the operating system states one."""
    reason = error.args[0] if isinstance(error, asyncpg.PostgresError) else getattr(error, "strerror", None)
    return Unavailable(f"PostgreSQL cannot be reached{f': {reason}' if reason else ''}.")


def strip_data(error: BaseException) -> None:
    """Remove a row's values from an error, whose text may be logged."""
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None
