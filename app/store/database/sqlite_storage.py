"""Whether a SQLite file can be written: what an error says about the disk, and what the log says about it."""

from __future__ import annotations

import os
import resource
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from app.store.database.session import StorageProblem
from app.store.database.sqlite_files import WAL_SUFFIX

LOG_INTERVAL = 10.0
"""Seconds between two messages about the same problem."""

_NO_ROOM = 64 * 1024
"""Free bytes below which a disk counts as full: SQLite needs 32 KB at once for the index of its log."""

_log = structlog.get_logger()


def storage_problem(error: sqlite3.Error, *, path: str) -> StorageProblem | None:
    """Why a file cannot be written, given an error of SQLite; None if another connection has only locked it."""
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return None
    if name.startswith("SQLITE_FULL"):
        return StorageProblem.STORAGE_FULL
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM")):
        return StorageProblem.STORAGE_READ_ONLY
    # SQLITE_IOERR and the like do not say why: ask the file system.
    with suppress(OSError):
        disk = os.statvfs(Path(path).absolute().parent)
        if disk.f_flag & os.ST_RDONLY or (Path(path).exists() and not os.access(path, os.W_OK)):
            return StorageProblem.STORAGE_READ_ONLY
        if disk.f_bavail * disk.f_frsize < _NO_ROOM or _may_not_grow(path):
            return StorageProblem.STORAGE_FULL
    return StorageProblem.STORAGE_FAILED


def _may_not_grow(path: str) -> bool:
    """Does a limit of this process (``ulimit -f``) keep the file or its log from growing?"""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    sizes = [Path(file).stat().st_size for file in (path, path + WAL_SUFFIX) if Path(file).exists()]
    return limit != resource.RLIM_INFINITY and max(sizes, default=0) + _NO_ROOM > limit


class StorageState:
    """Whether the writer can write: the problem that it has, if any, and the time of its last commit.

    Both are set in the writer's thread, in which `on_failure` is called, too. With `is_logged` (a server) problems are
    logged; a command shows its error itself.
    """

    def __init__(self, *, is_logged: bool) -> None:
        self._is_logged = is_logged
        self.problem: StorageProblem | None = None
        self.on_failure: Callable[[], None] = lambda: None
        self.committed_at = float("-inf")
        self._logged_at: dict[StorageProblem, float] = {}

    @property
    def seconds_since_commit(self) -> float:
        """Seconds since something was written; infinite before the first commit."""
        return time.monotonic() - self.committed_at

    def note_recovery(self) -> None:
        """Note that something was written: there is no problem any more."""
        if self.problem is not None:
            if self._is_logged:
                _log.warning("the database can be written again", after=self.problem.value)
            self.problem = None

    def note_failure(self, problem: StorageProblem, *, error: Exception) -> None:
        """Note that nothing can be written, because of an error."""
        now = time.monotonic()
        if self._is_logged and now - self._logged_at.get(problem, float("-inf")) >= LOG_INTERVAL:
            self._logged_at[problem] = now
            _log.error("the database cannot be written", reason=problem.value, error=str(error))
        self.problem = problem
        self.on_failure()
