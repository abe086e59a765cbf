"""Missing postings are appended in the order of their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.decisions import Decision, DecisionOutcome
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw
from app.domain.wallets.postings import Posting, PostingKey, missing_postings

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXPIRED, UNDONE = PostingKey(EntryType.EXPIRE, "lot"), PostingKey(EntryType.REVERSAL, "undone")


def posting(subject: PostingKey, points: int, *, hour: int) -> Posting:
    """Points out of the one lot, negative ones into it."""
    at = NOON + timedelta(hours=hour)
    decision = Decision(DecisionOutcome.GRANTED, abs(points), 1, at, ())
    return Posting(subject, at, (Draw("lot", points),), decision)


def test_points_restored_after_their_last_day_are_posted_before_they_expire_again() -> None:
    expected = [posting(EXPIRED, 2, hour=0), posting(UNDONE, -1, hour=5), posting(EXPIRED, 1, hour=5)]
    lacking = list(missing_postings(expected, booked={EXPIRED: {"lot": 2}}))
    assert [(posting.key, posting.draws) for posting in lacking] == [
        (UNDONE, (Draw("lot", -1),)),
        (EXPIRED, (Draw("lot", 1),)),
    ]
    assert list(missing_postings(expected, booked={EXPIRED: {"lot": 3}, UNDONE: {"lot": -1}})) == []
