"""What clauses have given of the points that they may give to all customers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.store.unit import Session


async def begin(session: Session, *, program_id: str, clauses: Iterable[str]) -> None:
    """Count what these clauses give from now on; one that is counted already goes on."""
    for clause in sorted(clauses):
        await session.execute(
            "INSERT INTO clause_budgets (program_id, clause, spent) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            program_id,
            clause,
        )


async def seen(
    session: Session, *, program_id: str, terms: Terms, facts: PurchaseFacts, lock: bool = False
) -> PurchaseFacts:
    """The facts together with what is left of each budget of the terms; terms without any cost nothing.

    `lock` keeps every other purchase under such terms waiting until the transaction ends: the account is locked
    before, and the budgets in the order of their keys, so that nobody waits for one another.
    """
    if not terms.budgets:
        return facts
    locking = session.locking if lock else ""
    rows = await session.rows(
        f"SELECT clause, spent FROM clause_budgets WHERE program_id = $1 AND clause = ANY($2) ORDER BY clause{locking}",
        program_id,
        list(terms.budgets),
    )
    spent = {row["clause"]: row["spent"] for row in rows}
    if lock and len(spent) < len(terms.budgets):
        raise LookupError("a budget of the terms is not counted")
    left = tuple((key, max(0, one.points - spent.get(key, 0))) for key, one in terms.budgets.items())
    return replace(facts, member=replace(facts.member, budgets=left))


async def spend(session: Session, *, program_id: str, spent: Sequence[tuple[str, int]]) -> None:
    """Take points from budgets that are locked (with the next statements, see `Session.later`)."""
    for clause, points in spent:
        await session.later(
            "UPDATE clause_budgets SET spent = spent + $3 WHERE program_id = $1 AND clause = $2",
            program_id,
            clause,
            points,
        )


async def counted(session: Session, *, program_id: str) -> dict[str, int]:
    """What each clause has given, for the proof."""
    rows = await session.rows("SELECT clause, spent FROM clause_budgets WHERE program_id = $1", program_id)
    return {row["clause"]: row["spent"] for row in rows}
