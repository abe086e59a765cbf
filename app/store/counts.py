"""What clauses have counted of customers: kept beside the facts, and set right where a fact that comes late changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from app.domain.deciding.judging import pieces_counted
from app.domain.terms import Terms
from app.domain.wallets.course import Course
from app.store import members
from app.store.unit import Session
from app.store.values import instant


@dataclass(frozen=True, slots=True)
class Counted:
    """What clauses (by key) have counted of a customer: when each was applied, and how many pieces when; in order."""

    uses: tuple[tuple[str, datetime], ...] = ()
    pieces: tuple[tuple[str, datetime, int], ...] = ()

    @classmethod
    def of(cls, course: Course, *, customer_id: str) -> Counted:
        """What a history told from the beginning comes to, of what the customer did by this very id."""
        sales = [one for one in course.sales.values() if one.bought.customer_id == customer_id]
        given = [one for one in course.redeemed.values() if one.customer_id == customer_id]
        applied = [(one.bought.terms, one.bought.at, one.decision.applied()) for one in sales]
        applied += [(one.terms, one.at, one.clauses) for one in given]
        uses = [(key, at) for terms, at, keys in applied for key in keys if key in terms.asked.uses]
        pieces = [
            (key, one.bought.at, count)
            for one in sales
            if one.bought.terms.asked.pieces
            for key, count in pieces_counted(one.bought.terms, facts=one.facts)
        ]
        return cls(tuple(sorted(uses)), tuple(sorted(pieces)))


def counts(versions: Sequence[Terms]) -> bool:
    """Whether clauses of these terms count uses or pieces, so that something is kept of them."""
    return any(one.asked.uses or one.asked.pieces for one in versions)


async def counted(session: Session, *, program_id: str, customer_ids: Sequence[str]) -> dict[str, Counted]:
    """What is kept of the counts of customers, by id."""
    kept = await _kept(session, program_id=program_id, customer_ids=customer_ids)
    return {
        id: Counted(tuple(sorted(uses.values())), tuple(sorted(pieces.values()))) for id, (uses, pieces) in kept.items()
    }


async def set_right(session: Session, *, program_id: str, course: Course, new_id: Callable[[], str]) -> None:
    """Keep what the wallet's history, told from the beginning, comes to: for all who hold it, and who were merged into them.

    The account must be locked. What is right already is let be.
    """
    people = sorted(course.holders)
    kept = await _kept(session, program_id=program_id, customer_ids=people)
    for id in people:
        wanted, (uses, pieces) = Counted.of(course, customer_id=id), kept.get(id, ({}, {}))
        surplus, used = _unlike(uses, wanted=wanted.uses)
        await _drop(session, program_id=program_id, table="clause_uses", ids=surplus)
        for key, at in used:
            await members.use(session, program_id=program_id, customer_id=id, clauses=[(new_id(), key)], at=at)
        surplus, bought = _unlike(pieces, wanted=wanted.pieces)
        await _drop(session, program_id=program_id, table="clause_pieces", ids=surplus)
        for key, at, count in bought:
            await members.buy(session, program_id=program_id, customer_id=id, pieces=[(new_id(), key, count)], at=at)


_Uses = dict[str, tuple[str, datetime]]
_Pieces = dict[str, tuple[str, datetime, int]]


async def _kept(session: Session, *, program_id: str, customer_ids: Sequence[str]) -> dict[str, tuple[_Uses, _Pieces]]:
    """The rows that are kept, by customer and by their ids."""
    found: dict[str, tuple[_Uses, _Pieces]] = {}
    for row in await session.rows(
        "SELECT id, customer_id, clause, occurred_at FROM clause_uses WHERE program_id = $1 AND customer_id = ANY($2)",
        program_id,
        list(customer_ids),
    ):
        uses, _ = found.setdefault(row["customer_id"], ({}, {}))
        uses[row["id"]] = row["clause"], instant(row["occurred_at"])
    for row in await session.rows(
        "SELECT id, customer_id, clause, occurred_at, pieces FROM clause_pieces"
        " WHERE program_id = $1 AND customer_id = ANY($2)",
        program_id,
        list(customer_ids),
    ):
        _, pieces = found.setdefault(row["customer_id"], ({}, {}))
        pieces[row["id"]] = row["clause"], instant(row["occurred_at"]), row["pieces"]
    return found


C = TypeVar("C", bound=Hashable)


def _unlike(kept: Mapping[str, C], *, wanted: Sequence[C]) -> tuple[list[str], list[C]]:
    """The rows (ids) that should not be there, and what is lacking."""
    lacking = Counter(wanted)
    surplus = []
    for id, count in kept.items():
        if lacking[count] > 0:
            lacking[count] -= 1
        else:
            surplus.append(id)
    return surplus, list(lacking.elements())


async def _drop(session: Session, *, program_id: str, table: str, ids: Sequence[str]) -> None:
    if ids:
        await session.execute(f"DELETE FROM {table} WHERE program_id = $1 AND id = ANY($2)", program_id, list(ids))
