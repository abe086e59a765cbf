"""Verification by several processes at once: each verifies the accounts of a range of ids."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial

from app.queries.verification.verify_accounts import VerifiedPage, verify_page
from app.store.database.codecs import NIL_UUID
from app.store.database.connect import open_database
from app.store.database.session import Session
from app.store.ledger import accounts

RANGE_SIZE = 500
"""The number of accounts in one range: a process gets the next range when it has verified one."""


@dataclass(frozen=True, slots=True)
class AccountRange:
    """The accounts with ids after `after`, up to and including `until` (None: to the last)."""

    after: str
    until: str | None


async def split_accounts(session: Session) -> tuple[AccountRange, ...]:
    """The accounts of a program, in ranges of about the same size."""
    bounds = await accounts.every_nth(session, n=RANGE_SIZE)
    return tuple(AccountRange(after, until) for after, until in zip((NIL_UUID, *bounds), (*bounds, None), strict=True))


def verify_ranges(
    url: str, *, program_id: str, account_ranges: tuple[AccountRange, ...], processes: int
) -> Iterator[tuple[int, list[VerifiedPage]]]:
    """Verify ranges of a program's accounts in parallel.

    As soon as a range is verified, yields its position in `account_ranges` and its verified pages.
    """
    processes = min(processes, len(account_ranges))
    if processes == 1:
        for position, account_range in enumerate(account_ranges):
            yield position, verify_range(url, program_id, account_range)
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawned, initializer=_collect_garbage_rarely) as pool:
        positions = {
            pool.submit(verify_range, url, program_id, account_range): position
            for position, account_range in enumerate(account_ranges)
        }
        for future in as_completed(positions):
            yield positions[future], future.result()


def _collect_garbage_rarely() -> None:
    """Make garbage collection rare: a page creates many objects and hardly a cycle. This saves a fifth of the time."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


def verify_range(url: str, program_id: str, account_range: AccountRange) -> list[VerifiedPage]:
    """Verify one range, page by page, each page on one state of the database."""
    return asyncio.run(_verify_range(url, program_id=program_id, account_range=account_range))


async def _verify_range(url: str, *, program_id: str, account_range: AccountRange) -> list[VerifiedPage]:
    database = open_database(url)
    await database.start()
    pages: list[VerifiedPage] = []
    after: str | None = account_range.after
    try:
        while after is not None:
            work = partial(verify_page, after=after, until=account_range.until)
            pages.append(await database.read_long(work, program_id=program_id))
            after = pages[-1].last_id
    finally:
        await database.stop()
    return pages


def processor_count() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
