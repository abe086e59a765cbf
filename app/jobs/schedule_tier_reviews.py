"""Schedules a tier review for every account of a program when terms with other tiers start.

It works in batches of bounded size, in the order of ids, each in a short transaction. Accounts whose review is
scheduled are skipped, so it may stop anywhere, run twice, and run on several machines at once. A transaction on an
account without a scheduled review finds from the terms version in the account that the review is due.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import partial

from app.store.database.codecs import NIL_UUID
from app.store.database.session import Database
from app.store.terms import tier_reviews

BATCH_SIZE = 100
"""Accounts scheduled in one transaction."""


async def schedule_tier_reviews(
    database: Database, *, program_id: str, until: datetime, deadline: float | None = None
) -> bool:
    """Schedule tier reviews for all terms that started at or before `until`; False when the time limit was reached.

    `deadline` is the value of `time.monotonic()` at which to stop. Raises Busy and Unavailable.
    """
    for terms, needs_reviews in await database.read(
        partial(tier_reviews.started_and_unprocessed, until=until), program_id=program_id
    ):
        after = NIL_UUID if needs_reviews else None
        while after is not None:
            if deadline is not None and time.monotonic() > deadline:
                return False
            page = partial(
                tier_reviews.accounts_without_review,
                version=terms.version,
                after=after,
                at=terms.effective_from,
                limit=BATCH_SIZE,
            )
            ids = await database.read(page, program_id=program_id)
            if ids:
                work = partial(tier_reviews.schedule_reviews, account_ids=ids, terms=terms)
                await database.write(work, program_id=program_id, lock_key=f"start of terms {terms.version} {ids[0]}")
            after = ids[-1] if len(ids) == BATCH_SIZE else None
        work = partial(tier_reviews.mark_reviews_scheduled, terms=terms)
        await database.write(work, program_id=program_id, lock_key=f"start of terms {terms.version}")
    return True
