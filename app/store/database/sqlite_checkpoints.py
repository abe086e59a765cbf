"""Checkpoints of the embedded database, away from the tills that wait for a commit."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

CHECKPOINT_AFTER = 256
"""Units of work after which the log is moved into the file: about four thousand pages. A commit during a checkpoint waits for
the same disk, so checkpoints should be few."""

LITTLE_ROOM = 64 * 1024 * 1024
"""Free bytes on the disk below which each commit is moved into the file at once. So the log stays short: a long one might
not fit into the file any more."""


class Checkpoints:
    """Moves committed pages from the log into the file at `path`, in a thread of its own.

    SQLite itself would do so every thousand pages, within a commit, and a till would have to wait for it.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, path: str) -> None:
        self._connect = connect
        self._folder = Path(path).absolute().parent
        self._due = threading.Event()
        self._is_open = False
        self._units_since = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._is_open = True
        self._thread = threading.Thread(target=self._serve, name="troth-checkpoints", daemon=True)
        self._thread.start()

    def count_committed(self, count: int) -> None:
        """Count units of work that the writer has committed; called in the writer's thread."""
        self._units_since += count
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            # This commit succeeded; the next one will find out what is wrong with the disk.
            return
        if self._units_since >= CHECKPOINT_AFTER or disk.f_bavail * disk.f_frsize < LITTLE_ROOM:
            self._units_since = 0
            self._due.set()

    def stop(self) -> None:
        """End the thread."""
        self._is_open = False
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if not self._is_open:
                return
            # A checkpoint that fails is tried again later, at the latest by the writer, whose callers get the error.
            with suppress(sqlite3.Error), closing(self._connect()) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
