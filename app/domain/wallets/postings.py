"""What a wallet's facts put into its ledger, and what has to be added where the ledger says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from app.domain.decisions import Decision
from app.domain.ledger.entries import EntryType
from app.domain.ledger.lots import Draw
from app.domain.wallets.lot_inventory import DEBT


class PostingKey(NamedTuple):
    """What a posting is about: its type, and the id of the fact or lot."""

    type: EntryType
    id: str


@dataclass(frozen=True, slots=True)
class Posting:
    """What one fact, or the passing of time, does to the wallet. `draws` come out of lots, negative ones go in."""

    key: PostingKey
    at: datetime
    draws: tuple[Draw, ...]
    decision: Decision

    @property
    def points(self) -> int:
        """The change of the wallet, signed."""
        return -sum(draw.points for draw in self.draws)

    @property
    def owed(self) -> int:
        """The change of what is owed, signed."""
        return sum(draw.points for draw in self.draws if draw.lot_id == DEBT)


BookedDraws: TypeAlias = Mapping[PostingKey, Mapping[str, int]]
"""What the ledger has booked so far for each subject: points drawn, by lot, and from `OWED`."""


def draws_by_key(postings: Sequence[Posting]) -> dict[PostingKey, dict[str, int]]:
    """What postings draw in all for each subject, by lot."""
    found: dict[PostingKey, dict[str, int]] = {}
    for posting in postings:
        drawn = found.setdefault(posting.key, {})
        for draw in posting.draws:
            drawn[draw.lot_id] = drawn.get(draw.lot_id, 0) + draw.points
    return found


def missing_postings(expected: Sequence[Posting], *, booked: BookedDraws) -> Iterator[Posting]:
    """The postings to append, so that the ledger says what it should: new ones, and what known ones lack or have too much.

    Each stands where its subject was posted last: what came back to a lot and expires again comes back first.
    """
    last: dict[PostingKey, Posting] = {}
    for posting in expected:
        last.pop(posting.key, None)
        last[posting.key] = posting
    drawn = draws_by_key(expected)
    for subject, posted in last.items():
        missing = _difference(drawn[subject], booked.get(subject, {}))
        if missing or subject not in booked:
            yield Posting(subject, posted.at, missing, posted.decision)


def excess_postings(expected: Sequence[Posting], *, booked: BookedDraws) -> dict[PostingKey, tuple[Draw, ...]]:
    """What stands in the ledger for subjects that should not be there, as draws that take it back.

    An expiry that a late purchase put off is one.
    """
    known = {posting.key for posting in expected}
    gone = {subject: _difference({}, drawn) for subject, drawn in booked.items() if subject not in known}
    return {subject: draws for subject, draws in gone.items() if draws}


def _difference(expected: Mapping[str, int], booked: Mapping[str, int]) -> tuple[Draw, ...]:
    if expected == booked:
        return ()
    changes = {lot: expected.get(lot, 0) - booked.get(lot, 0) for lot in {**booked, **expected}}
    return tuple(Draw(lot, points) for lot, points in changes.items() if points)
