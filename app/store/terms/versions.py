"""Versions of terms: stored for ever, never changed, and compiled once per process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.notice import AnnouncedVersion
from app.domain.terms.status import PublishedVersion
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.store.database.codecs import instant, json_text, json_value
from app.store.database.models.terms import TermsVersionRow, TermsWithdrawalRow
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session
from app.store.terms import budgets

_BY_PROGRAM = "SELECT id FROM terms_versions WHERE program_id = $1"
_NOT_WITHDRAWN = (
    f"{_BY_PROGRAM} AND NOT EXISTS (SELECT 1 FROM terms_withdrawals AS gone"
    " WHERE gone.program_id = terms_versions.program_id AND gone.version = terms_versions.version)"
)
"""The versions that were not withdrawn."""
_NEWEST_FIRST = (
    "SELECT published.version, published.effective_from, gone.withdrawn_at FROM terms_versions AS published"
    " LEFT JOIN terms_withdrawals AS gone ON gone.program_id = published.program_id AND gone.version = published.version"
    " WHERE published.program_id = $1 ORDER BY published.version DESC LIMIT $2"
)
_CACHE_LIMIT = 10_000
"""Maximum number of compiled versions in the cache of a process."""


async def in_force(session: Session, *, at: datetime) -> Terms | None:
    """The terms in force at an instant: the version that started last, or None."""
    sql = f"{_NOT_WITHDRAWN} AND effective_from <= $2 ORDER BY effective_from DESC, version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql, at))


async def first(session: Session) -> Terms | None:
    """The version that started first and was not withdrawn, or None."""
    sql = f"{_NOT_WITHDRAWN} ORDER BY effective_from, version LIMIT 1"
    return await _compiled(session, row=await session.row(sql))


async def version(session: Session, *, number: int) -> Terms | None:
    """One version by its number, or None."""
    sql = f"{_BY_PROGRAM} AND version = $2"
    return await _compiled(session, row=await session.row(sql, number))


async def latest(session: Session, *, lock: bool = False) -> Terms | None:
    """The last version that was not withdrawn, in force or announced, or None; `lock` makes other publishers wait."""
    if lock and session.locking:
        await session.row("SELECT 1 FROM programs WHERE id = $1 FOR NO KEY UPDATE")
    sql = f"{_NOT_WITHDRAWN} ORDER BY version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql))


async def before(session: Session, *, number: int) -> Terms | None:
    """The last version before another one (by number) that was not withdrawn, or None."""
    sql = f"{_NOT_WITHDRAWN} AND version < $2 ORDER BY version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql, number))


async def earlier(session: Session, *, number: int) -> tuple[Terms, ...]:
    """Every version before another one that was not withdrawn, oldest first."""
    rows = await session.rows(f"{_NOT_WITHDRAWN} AND version < $2 ORDER BY version", number)
    compiled = [await _compiled(session, row=row) for row in rows]
    return tuple(version for version in compiled if version is not None)


class UpToVersion(NamedTuple):
    """What a version and all earlier ones, withdrawn ones included, allow: points earned under any of them may still be there.

    `units` are the units that any of them uses, `activity_rules` the rules by which activity keeps points valid.
    """

    units: tuple[Unit, ...]
    activity_rules: tuple[PointsValidity, ...]


async def up_to(session: Session, *, terms: Terms) -> UpToVersion:
    """The units and activity rules of a version and all earlier ones; cached per process."""
    remembered = ("up to", session.program_id, terms.version)
    found: UpToVersion | None = session.row_cache.get(remembered)
    if found is None:
        stored = await all_versions(session) if terms.version > 1 else ()
        every = [*(version for version in stored if version.version < terms.version), terms]
        used = {unit for version in every for unit in version.units}
        rules = [version.validity for version in every]
        found = session.row_cache[remembered] = UpToVersion(
            units=tuple(unit for unit in Unit if unit in used),
            activity_rules=tuple(rule for rule in rules if rule.expires and rule.since is ValidityStart.ACTIVITY),
        )
    return found


async def never_expiring(session: Session, *, numbers: Iterable[int]) -> frozenset[int]:
    """Those of some versions, by number, whose points never expire; cached per process."""
    never_expire = set()
    for number in numbers:
        remembered = ("never expiring", session.program_id, number)
        lasting: bool | None = session.row_cache.get(remembered)
        if lasting is None:
            terms = await version(session, number=number)
            assert terms is not None, "a version is never deleted"
            lasting = session.row_cache[remembered] = not terms.validity.expires
        if lasting:
            never_expire.add(number)
    return frozenset(never_expire)


async def after(session: Session, *, number: int) -> Terms | None:
    """The first version after another one (by number) that was not withdrawn, or None."""
    sql = f"{_NOT_WITHDRAWN} AND version > $2 ORDER BY version LIMIT 1"
    return await _compiled(session, row=await session.row(sql, number))


async def last_number(session: Session) -> int:
    """The highest number that a version has, withdrawn or not; 0 when there is none."""
    row = await session.row("SELECT coalesce(max(version), 0) FROM terms_versions WHERE program_id = $1")
    return int(row[0]) if row is not None else 0


async def announced(session: Session, *, since: datetime) -> tuple[AnnouncedVersion, ...]:
    """The versions after the first that were published after an instant and not withdrawn, newest first."""
    sql = f"{_NOT_WITHDRAWN} AND version > 1 AND published_at > $2 ORDER BY version DESC"
    rows = await session.rows(sql.replace("SELECT id", "SELECT id, published_at", 1), since)
    found = [(await _compiled(session, row=row), instant(row["published_at"])) for row in rows]
    return tuple(AnnouncedVersion(terms=terms, published_at=at) for terms, at in found if terms is not None)


async def withdraw(session: Session, *, number: int, at: datetime) -> None:
    """Withdraw a version, for good."""
    await session.orm(TermsWithdrawalRow).create(version=number, withdrawn_at=at)


async def withdrawn(session: Session, *, number: int) -> bool:
    """Was a version withdrawn?"""
    sql = "SELECT 1 FROM terms_withdrawals WHERE program_id = $1 AND version = $2"
    return await session.row(sql, number) is not None


async def withdrawals(session: Session) -> dict[int, datetime]:
    """When each withdrawn version was withdrawn."""
    rows = await session.rows("SELECT version, withdrawn_at FROM terms_withdrawals WHERE program_id = $1")
    return {row["version"]: instant(row["withdrawn_at"]) for row in rows}


async def newest_first(session: Session, *, limit: int) -> tuple[PublishedVersion, ...]:
    """The last versions without their clauses, withdrawn ones too, newest first."""
    rows = await session.rows(_NEWEST_FIRST, limit)
    return tuple(
        PublishedVersion(
            number=row["version"],
            effective_from=instant(row["effective_from"]),
            withdrawn=row["withdrawn_at"] is not None,
        )
        for row in rows
    )


async def all_versions(session: Session) -> tuple[Terms, ...]:
    """Every version, oldest first."""
    rows = await session.rows(f"{_BY_PROGRAM} ORDER BY version")
    found = [await _compiled(session, row=row) for row in rows]
    return tuple(terms for terms in found if terms is not None)


async def publish(session: Session, *, id: str, terms: Terms, published_at: datetime) -> None:
    """Store a new version, and start to count its budgets."""
    document = json_text(terms.to_data())
    await session.orm(TermsVersionRow).create(
        id=id,
        version=terms.version,
        effective_from=terms.effective_from,
        published_at=published_at,
        document=document,
        digest=_digest(id, terms.version, terms.effective_from, published_at, document),
    )
    await budgets.begin(session, clauses=terms.budgets)


async def changed(session: Session) -> tuple[int, ...]:
    """The versions whose row differs from what was published."""
    rows = await session.orm(TermsVersionRow).all().order_by("version")
    return tuple(row.version for row in rows if row.digest != _digest_of(row))


async def missing(session: Session) -> tuple[int, ...]:
    """The numbers of missing versions before the last one, for verification: every version is stored for ever."""
    known = {row.version for row in await session.orm(TermsVersionRow).all().only("version")}
    return tuple(sorted(set(range(1, max(known, default=0))) - known))


def _digest_of(row: TermsVersionRow) -> str:
    return _digest(row.id, row.version, row.effective_from, row.published_at, row.document)


def _digest(id: str, number: int, effective_from: datetime, published_at: datetime, document: str) -> str:
    return f"{digest('terms_versions', id, number, effective_from, published_at, document):064x}"


async def _compiled(session: Session, *, row: Row | None) -> Terms | None:
    """The terms of a version's row, compiled once: a version never changes."""
    if row is None:
        return None
    remembered = ("terms", session.program_id, row["id"])
    terms: Terms | None = session.row_cache.get(remembered)
    if terms is None:
        stored = await session.row("SELECT document FROM terms_versions WHERE program_id = $1 AND id = $2", row["id"])
        assert stored is not None, "a version is never deleted"
        terms = Terms.from_data(json_value(stored["document"]))
        if len(session.row_cache) >= _CACHE_LIMIT:
            session.row_cache.clear()
        session.row_cache[remembered] = terms
    return terms
