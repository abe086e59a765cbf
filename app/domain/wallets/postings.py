"""The postings of a wallet, and their differences from what the ledger has booked."""

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
    """The type of a posting and the id of its event or lot."""

    type: EntryType
    id: str


@dataclass(frozen=True, slots=True)
class Posting:
    """The effect of one event or scheduled change on a wallet; positive `draws` come out of lots, negative go in."""

    key: PostingKey
    at: datetime
    draws: tuple[Draw, ...]
    decision: Decision

    @property
    def points(self) -> int:
        """The change of the balance, signed."""
        return -sum(draw.points for draw in self.draws)

    @property
    def owed_change(self) -> int:
        """The change of the debt, signed."""
        return sum(draw.points for draw in self.draws if draw.lot_id == DEBT)


BookedDraws: TypeAlias = Mapping[PostingKey, Mapping[str, int]]
"""Points drawn by the entries booked so far, by key, then by lot id or `DEBT`."""


def draws_by_key(postings: Sequence[Posting]) -> dict[PostingKey, dict[str, int]]:
    """The total draws of postings by key, then by lot id."""
    totals: dict[PostingKey, dict[str, int]] = {}
    for posting in postings:
        points_by_lot = totals.setdefault(posting.key, {})
        for draw in posting.draws:
            points_by_lot[draw.lot_id] = points_by_lot.get(draw.lot_id, 0) + draw.points
    return totals


def missing_postings(expected: Sequence[Posting], *, booked: BookedDraws) -> Iterator[Posting]:
    """The postings to append so that the ledger matches `expected`: those of new keys, and differences for booked keys.

    The result is in the order in which the last expected posting of each key stands. If a lot expires, gets points back
    and expires again, its expiry therefore follows the restored points.
    """
    last_postings: dict[PostingKey, Posting] = {}
    for posting in expected:
        last_postings.pop(posting.key, None)
        last_postings[posting.key] = posting
    expected_draws = draws_by_key(expected)
    for key, posting in last_postings.items():
        missing_draws = _difference(expected_draws[key], booked.get(key, {}))
        if missing_draws or key not in booked:
            yield Posting(key, posting.at, missing_draws, posting.decision)


def excess_draws(expected: Sequence[Posting], *, booked: BookedDraws) -> dict[PostingKey, tuple[Draw, ...]]:
    """By key, the draws that reverse what is booked but not in `expected`, such as an expiry that a late purchase postponed."""
    expected_keys = {posting.key for posting in expected}
    reversing_draws = {
        key: _difference({}, points_by_lot) for key, points_by_lot in booked.items() if key not in expected_keys
    }
    return {key: draws for key, draws in reversing_draws.items() if draws}


def _difference(expected: Mapping[str, int], booked: Mapping[str, int]) -> tuple[Draw, ...]:
    if expected == booked:
        return ()
    changes = {lot_id: expected.get(lot_id, 0) - booked.get(lot_id, 0) for lot_id in {**booked, **expected}}
    return tuple(Draw(lot_id, points) for lot_id, points in changes.items() if points)
