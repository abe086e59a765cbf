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

SUFFIX = "-serving"

_GRACE = 0.3
"""Seconds after which a lock counts as held by a server: a command that looks whether there is one holds it for an instant."""


class AlreadyServed(Unavailable):
    """Another process serves the file. The text names both."""


class ServingLock:
    """The lock of a file; `is_held` by this process? The operating system releases it when its process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._file = path
        self._path = f"{Path(path).resolve()}{SUFFIX}"
        self._descriptor: int | None = None
        self.is_held = False

    def take(self) -> None:
        """Take the lock, unless this process has it. Raises AlreadyServed, and Unavailable where it cannot be created."""
        if self.is_held:
            return
        descriptor = self._opened(os.O_RDWR | os.O_CREAT, os.O_RDONLY)
        latest = time.monotonic() + _GRACE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > latest:
                    raise AlreadyServed(
                        f"{self._file} is served already, by {self._holder()}: a SQLite file has one server; "
                        "several servers need PostgreSQL.",
                        problem=StorageProblem.SERVED_BY_ANOTHER_PROCESS,
                    ) from None
                time.sleep(_GRACE / 20)
        self.is_held = True
        # On a full disk the lock holds without a name in it.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def is_held_by_another(self) -> bool:
        """Does another process serve the file?"""
        if self.is_held:
            return False
        try:
            descriptor = self._opened(os.O_RDONLY)
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

    def _opened(self, *flags: int) -> int:
        """The descriptor, opened in the first way that works. Raises Unavailable."""
        failed: OSError | None = None
        for way in flags:
            if self._descriptor is None:
                try:
                    self._descriptor = os.open(self._path, way, 0o666)
                except OSError as error:
                    failed = failed or error
        if self._descriptor is None:
            assert failed is not None, "there is at least one way"
            raise Unavailable(
                f"{self._path} cannot be opened: {failed.strerror}.", problem=_problem(failed)
            ) from failed
        return self._descriptor

    def _holder(self) -> str:
        descriptor = self._opened(os.O_RDONLY)
        return os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"


def _problem(error: OSError) -> StorageProblem:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StorageProblem.STORAGE_FULL
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return StorageProblem.STORAGE_READ_ONLY
        case _:
            return StorageProblem.STORAGE_FAILED
