"""One server for one SQLite file: an advisory lock beside the file, which a server holds as long as it runs."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from app.store.database.session import StorageProblem, Unavailable

LOCK_SUFFIX = "-serving"

_GRACE = 0.3
"""Seconds after which a lock counts as a server's. A command that checks for a server holds it for a moment only."""


class AlreadyServed(Unavailable):
    """Another process serves the file. The text names both."""


class ServingLock:
    """The lock of a database file. `is_held` says whether this process has it.

    The operating system releases the lock when the process ends, in whatever way.
    """

    def __init__(self, path: str) -> None:
        self._database_path = path
        self._lock_path = f"{Path(path).resolve()}{LOCK_SUFFIX}"
        self._descriptor: int | None = None
        self.is_held = False

    def take(self) -> None:
        """Take the lock, unless this process has it. Raises AlreadyServed, or Unavailable if the lock file cannot be created."""
        if self.is_held:
            return
        descriptor = self._open(os.O_RDWR | os.O_CREAT, os.O_RDONLY)
        deadline = time.monotonic() + _GRACE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AlreadyServed(
                        f"{self._database_path} is served already, by {self._holder_name()}: a SQLite file has one server; "
                        "several servers need PostgreSQL.",
                        problem=StorageProblem.SERVED_BY_ANOTHER_PROCESS,
                    ) from None
                time.sleep(_GRACE / 20)
        self.is_held = True
        # On a full disk the lock is valid without the name of its holder.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def is_held_by_another(self) -> bool:
        """Does another process serve the file?"""
        if self.is_held:
            return False
        try:
            descriptor = self._open(os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except Unavailable:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False

    def release(self) -> None:
        """Release the lock; a process that ends has no need to."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self.is_held = None, False

    def _open(self, *flags: int) -> int:
        """The descriptor of the lock file, opened with the first of the `flags` that works. Raises Unavailable."""
        first_error: OSError | None = None
        for way_flags in flags:
            if self._descriptor is None:
                try:
                    self._descriptor = os.open(self._lock_path, way_flags, 0o666)
                except OSError as error:
                    first_error = first_error or error
        if self._descriptor is None:
            assert first_error is not None, "there is at least one way"
            raise Unavailable(
                f"{self._lock_path} cannot be opened: {first_error.strerror}.", problem=_problem(first_error)
            ) from first_error
        return self._descriptor

    def _holder_name(self) -> str:
        descriptor = self._open(os.O_RDONLY)
        return os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"


def _problem(error: OSError) -> StorageProblem:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StorageProblem.STORAGE_FULL
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return StorageProblem.STORAGE_READ_ONLY
        case _:
            return StorageProblem.STORAGE_FAILED
