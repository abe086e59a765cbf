"""Checkpoints of the embedded database, away from the tills that wait for a commit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress

CHECKPOINT_AFTER = 256
"""Works after which the log is moved into the file: about four thousand pages. A commit that falls into a checkpoint
waits for the same disk, so there are few of them."""


class Checkpoints:
    """Moves committed pages from the log into the file, in a thread of its own.

    SQLite itself would do it every thousand pages in the commit that reaches them, and that till would have to wait.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._due = threading.Event()
        self._open = False
        self._since = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._open = True
        self._thread = threading.Thread(target=self._serve, name="troth-checkpoints", daemon=True)
        self._thread.start()

    def committed(self, works: int) -> None:
        """Count what the writer has committed; called in its thread."""
        self._since += works
        if self._since >= CHECKPOINT_AFTER:
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
