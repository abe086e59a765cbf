"""Checkpoints of the embedded database, away from the tills that wait for a commit."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

CHECKPOINT_AFTER = 256
"""Units of work after which the log is moved into the file: about four thousand pages. A commit that falls into a checkpoint
waits for the same disk, so there are few of them."""

LITTLE_ROOM = 64 * 1024 * 1024
"""Bytes left on the disk below which every commit is moved at once, so that the log stays short. A long one could not be
moved any more where the file has to grow for it."""


class Checkpoints:
    """Moves committed pages from the log into the file at `path`, in a thread of its own.

    SQLite itself would do it every thousand pages in the commit that reaches them, and that till would have to wait.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, path: str) -> None:
        self._connect = connect
        self._folder = Path(path).absolute().parent
        self._due = threading.Event()
        self._open = False
        self._since = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="troth-checkpoints", daemon=True)
        self._thread.start()

    def committed(self, count: int) -> None:
        """Count what the writer has committed; called in its thread."""
        self._since += count
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            # What is wrong with the disk is the next commit's to find out: this one is done.
            return
        if self._since >= CHECKPOINT_AFTER or disk.f_bavail * disk.f_frsize < LITTLE_ROOM:
            self._since = 0
            self._due.set()

    def stop(self) -> None:
        """End the thread."""
        self._open = False
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _serve(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if not self._open:
                return
            # What fails here is tried again, at the latest by the writer, which has somebody to tell.
            with suppress(sqlite3.Error), closing(self._connect()) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
