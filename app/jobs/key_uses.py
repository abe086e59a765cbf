"""When access keys were last used: noted in memory, and written in batches, beside the transactions of requests."""

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

MAX_NOTED = 100_000
"""Keys whose use is not written yet, such as while the database cannot write; uses of further keys are not noted."""

BATCH = 500
"""Keys written in one transaction."""

_log = structlog.get_logger()


class KeyUses:
    """The last use of each key since the last write, to the minute."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._noted: dict[tuple[str, str], datetime] = {}

    def note(self, *, program_id: str, access_key_id: str) -> None:
        """Note that a key is used now."""
        if len(self._noted) < MAX_NOTED:
            self._noted[program_id, access_key_id] = self._application.server_now().replace(second=0, microsecond=0)

    async def write(self) -> None:
        """Write what was noted; what cannot be written stays noted. Raises Busy and Unavailable."""
        by_program: dict[str, dict[str, datetime]] = {}
        for (program_id, access_key_id), used_at in self._noted.items():
            by_program.setdefault(program_id, {})[access_key_id] = used_at
        for program_id, uses in by_program.items():
            items = list(uses.items())
            for start in range(0, len(items), BATCH):
                batch = dict(items[start : start + BATCH])
                await self._application.database.write(
                    partial(access_keys.note_uses, uses=batch), program_id=program_id, lock_key="key uses"
                )
                for access_key_id, used_at in batch.items():
                    if self._noted.get((program_id, access_key_id)) == used_at:
                        del self._noted[program_id, access_key_id]

    async def run_for_ever(self) -> None:
        """Write from time to time until cancelled, and once more then."""
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
