"""When access keys were last used: noted in memory and written in batches, outside the transactions of requests."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

import structlog

from app.store.database.session import Busy, Unavailable
from app.store.programs import access_keys
from app.usecases.application import Application

WRITE_INTERVAL = 20.0
"""Seconds between two writes."""

MAX_UNWRITTEN = 100_000
"""The most keys with an unwritten use, such as while the database cannot write; uses of further keys are then not noted."""

BATCH_SIZE = 500
"""Keys written in one transaction."""

_log = structlog.get_logger()


class KeyUses:
    """The last use of each key that is not written yet, to the minute."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._unwritten: dict[tuple[str, str], datetime] = {}

    def note(self, *, program_id: str, access_key_id: str) -> None:
        """Note that a key is used now."""
        if len(self._unwritten) < MAX_UNWRITTEN:
            self._unwritten[program_id, access_key_id] = self._application.server_now().replace(second=0, microsecond=0)

    async def write(self) -> None:
        """Write the noted uses; those that cannot be written stay noted. Raises Busy and Unavailable."""
        by_program: dict[str, dict[str, datetime]] = {}
        for (program_id, access_key_id), used_at in self._unwritten.items():
            by_program.setdefault(program_id, {})[access_key_id] = used_at
        for program_id, uses in by_program.items():
            items = list(uses.items())
            for start in range(0, len(items), BATCH_SIZE):
                batch = dict(items[start : start + BATCH_SIZE])
                await self._application.database.write(
                    partial(access_keys.note_uses, uses=batch), program_id=program_id, lock_key="key uses"
                )
                for access_key_id, used_at in batch.items():
                    if self._unwritten.get((program_id, access_key_id)) == used_at:
                        del self._unwritten[program_id, access_key_id]

    async def run_for_ever(self) -> None:
        """Write every `WRITE_INTERVAL` seconds until cancelled, and once more at the end."""
        try:
            while True:
                await asyncio.sleep(WRITE_INTERVAL)
                await self._try_to_write()
        finally:
            await self._try_to_write()

    async def _try_to_write(self) -> None:
        try:
            await self.write()
        except (Busy, Unavailable) as error:
            _log.warning("last uses of keys not written yet", why=str(error))
