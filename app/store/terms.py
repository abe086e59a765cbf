"""Terms versions: kept for ever, never changed; compiled once per process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms import Terms, units_of
from app.domain.units import Unit
from app.store import budgets
from app.store.evidence import digest
from app.store.unit import Row, Session
from app.store.values import instant, json_text, json_value

_BY_PROGRAM = "SELECT id FROM terms_versions WHERE program_id = $1"
_STANDING = (
    f"{_BY_PROGRAM} AND NOT EXISTS (SELECT 1 FROM terms_withdrawals AS gone"
    " WHERE gone.program_id = terms_versions.program_id AND gone.version = terms_versions.version)"
)
"""The versions that were not withdrawn."""
_MEMORY_LIMIT = 10_000
"""Compiled versions that a process keeps."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A version and when it was made known."""

    terms: Terms
    published_at: datetime


async def in_force(session: Session, *, program_id: str, at: datetime) -> Terms | None:
    """The terms in force at an instant: the latest `effective_from` that is not after it, or None."""
    sql = f"{_STANDING} AND effective_from <= $2 ORDER BY effective_from DESC, version DESC LIMIT 1"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id, at))


async def first(session: Session, *, program_id: str) -> Terms | None:
    """The version that started first of those that stand, or None."""
    sql = f"{_STANDING} ORDER BY effective_from, version LIMIT 1"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id))


async def version(session: Session, *, program_id: str, number: int) -> Terms | None:
    """One version by its number, or None."""
    sql = f"{_BY_PROGRAM} AND version = $2"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id, number))


async def latest(session: Session, *, program_id: str, lock: bool = False) -> Terms | None:
    """The last version that stands, in force or announced, or None; `lock` keeps other publishers waiting."""
    if lock and session.locking:
        await session.row("SELECT 1 FROM programs WHERE id = $1 FOR NO KEY UPDATE", program_id)
    sql = f"{_STANDING} ORDER BY version DESC LIMIT 1"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id))


async def before(session: Session, *, program_id: str, number: int) -> Terms | None:
    """The last version that stands before one, by number, or None."""
    sql = f"{_STANDING} AND version < $2 ORDER BY version DESC LIMIT 1"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id, number))


async def earlier(session: Session, *, program_id: str, number: int) -> tuple[Terms, ...]:
    """Every version that stands before one, oldest first."""
    rows = await session.rows(f"{_STANDING} AND version < $2 ORDER BY version", program_id, number)
    found = [await _compiled(session, program_id=program_id, row=row) for row in rows]
    return tuple(one for one in found if one is not None)


async def kept_alive(session: Session, *, program_id: str, terms: Terms) -> tuple[PointsValidity, ...]:
    """The rules by which activity keeps points of a version, or of an earlier one, alive; looked up once per process."""
    remembered = ("kept alive", program_id, terms.version)
    found: tuple[PointsValidity, ...] | None = session.memory.get(remembered)
    if found is None:
        every = await all_versions(session, program_id=program_id) if terms.version > 1 else (terms,)
        rules = [one.policy(PointsValidity) for one in every if one.version <= terms.version]
        found = tuple(one for one in rules if one.expires and one.since is ValidityStart.ACTIVITY)
        session.memory[remembered] = found
    return found


async def units(session: Session, *, program_id: str, terms: Terms) -> tuple[Unit, ...]:
    """The units that a version, or an earlier one, speaks of; looked up once per process."""
    remembered = ("units", program_id, terms.version)
    found: tuple[Unit, ...] | None = session.memory.get(remembered)
    if found is None:
        every = await all_versions(session, program_id=program_id) if terms.version > 1 else (terms,)
        found = units_of(every, up_to=terms)
        session.memory[remembered] = found
    return found


async def never_expiring(session: Session, *, program_id: str, numbers: Iterable[int]) -> frozenset[int]:
    """Those of some versions, by their numbers, whose points never expire; looked up once per process."""
    found = set()
    for number in numbers:
        remembered = ("never expiring", program_id, number)
        lasting: bool | None = session.memory.get(remembered)
        if lasting is None:
            terms = await version(session, program_id=program_id, number=number)
            assert terms is not None, "a version is never deleted"
            lasting = session.memory[remembered] = not terms.policy(PointsValidity).expires
        if lasting:
            found.add(number)
    return frozenset(found)


async def after(session: Session, *, program_id: str, number: int) -> Terms | None:
    """The first version that stands after one, by number, or None."""
    sql = f"{_STANDING} AND version > $2 ORDER BY version LIMIT 1"
    return await _compiled(session, program_id=program_id, row=await session.row(sql, program_id, number))


async def last_number(session: Session, *, program_id: str) -> int:
    """The highest number that a version has, withdrawn or not; 0 when there is none."""
    row = await session.row("SELECT coalesce(max(version), 0) FROM terms_versions WHERE program_id = $1", program_id)
    return int(row[0]) if row is not None else 0


async def announced(session: Session, *, program_id: str, since: datetime) -> tuple[Announced, ...]:
    """The versions after the first that were published after an instant and stand, newest first."""
    sql = f"{_STANDING} AND version > 1 AND published_at > $2 ORDER BY version DESC"
    rows = await session.rows(sql.replace("SELECT id", "SELECT id, published_at", 1), program_id, since)
    found = [(await _compiled(session, program_id=program_id, row=row), instant(row["published_at"])) for row in rows]
    return tuple(Announced(terms=terms, published_at=at) for terms, at in found if terms is not None)


async def withdraw(session: Session, *, program_id: str, number: int, at: datetime) -> None:
    """Take a version back for good."""
    await session.execute(
        "INSERT INTO terms_withdrawals (program_id, version, withdrawn_at) VALUES ($1, $2, $3)", program_id, number, at
    )


async def withdrawn(session: Session, *, program_id: str, number: int) -> bool:
    """Whether a version was taken back."""
    sql = "SELECT 1 FROM terms_withdrawals WHERE program_id = $1 AND version = $2"
    return await session.row(sql, program_id, number) is not None


async def withdrawals(session: Session, *, program_id: str) -> dict[int, datetime]:
    """When each version that was taken back was."""
    rows = await session.rows("SELECT version, withdrawn_at FROM terms_withdrawals WHERE program_id = $1", program_id)
    return {row["version"]: instant(row["withdrawn_at"]) for row in rows}


async def all_versions(session: Session, *, program_id: str) -> tuple[Terms, ...]:
    """Every version, oldest first."""
    rows = await session.rows(f"{_BY_PROGRAM} ORDER BY version", program_id)
    found = [await _compiled(session, program_id=program_id, row=row) for row in rows]
    return tuple(terms for terms in found if terms is not None)


async def publish(session: Session, *, program_id: str, id: str, terms: Terms, published_at: datetime) -> None:
    """Keep a new version, and begin to count what its budgets give."""
    await session.execute(
        "INSERT INTO terms_versions (program_id, id, version, effective_from, published_at, document, digest)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        program_id,
        id,
        terms.version,
        terms.effective_from,
        published_at,
        document := json_text(terms.to_data()),
        _digest(id, terms.version, terms.effective_from, published_at, document),
    )
    await budgets.begin(session, program_id=program_id, clauses=terms.budgets)


async def changed(session: Session, *, program_id: str) -> tuple[int, ...]:
    """The versions whose row is not what was published."""
    rows = await session.rows(
        "SELECT id, version, effective_from, published_at, document, digest FROM terms_versions WHERE program_id = $1"
        " ORDER BY version",
        program_id,
    )
    return tuple(row["version"] for row in rows if row["digest"] != _digest_of(row))


async def missing(session: Session, *, program_id: str) -> tuple[int, ...]:
    """The numbers of versions before the last one that are not there, for the proof: every one is kept for ever."""
    rows = await session.rows("SELECT version FROM terms_versions WHERE program_id = $1", program_id)
    known = {row["version"] for row in rows}
    return tuple(sorted(set(range(1, max(known, default=0))) - known))


def _digest_of(row: Row) -> str:
    begins, published = instant(row["effective_from"]), instant(row["published_at"])
    return _digest(row["id"], row["version"], begins, published, row["document"])


def _digest(id: str, version: int, effective_from: datetime, published_at: datetime, document: str) -> str:
    return f"{digest('terms_versions', id, version, effective_from, published_at, document):064x}"


async def _compiled(session: Session, *, program_id: str, row: Row | None) -> Terms | None:
    """The terms of a version's row; a version never changes, so it is read and compiled once."""
    if row is None:
        return None
    remembered = ("terms", program_id, row["id"])
    terms: Terms | None = session.memory.get(remembered)
    if terms is None:
        stored = await session.row(
            "SELECT document FROM terms_versions WHERE program_id = $1 AND id = $2", program_id, row["id"]
        )
        assert stored is not None, "a version is never deleted"
        terms = Terms.from_data(json_value(stored["document"]))
        if len(session.memory) >= _MEMORY_LIMIT:
            session.memory.clear()
        session.memory[remembered] = terms
    return terms
