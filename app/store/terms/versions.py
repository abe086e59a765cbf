"""Versions of terms: stored for ever, never changed. Each is compiled from its document once per process."""

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

_SELECT = "SELECT id FROM terms_versions WHERE program_id = $1"
_SELECT_NOT_WITHDRAWN = (
    f"{_SELECT} AND NOT EXISTS (SELECT 1 FROM terms_withdrawals AS gone"
    " WHERE gone.program_id = terms_versions.program_id AND gone.version = terms_versions.version)"
)
"""The versions that were not withdrawn."""
_NEWEST_FIRST = (
    "SELECT published.version, published.effective_from, gone.withdrawn_at FROM terms_versions AS published"
    " LEFT JOIN terms_withdrawals AS gone ON gone.program_id = published.program_id AND gone.version = published.version"
    " WHERE published.program_id = $1 ORDER BY published.version DESC LIMIT $2"
)
_CACHE_LIMIT = 10_000
"""The most compiled versions in the cache of a process."""


async def in_force(session: Session, *, at: datetime) -> Terms | None:
    """The terms in force at an instant: the version that started last; None before the first one."""
    sql = f"{_SELECT_NOT_WITHDRAWN} AND effective_from <= $2 ORDER BY effective_from DESC, version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql, at))


async def first(session: Session) -> Terms | None:
    """The version that starts first, of those not withdrawn; None if there is none."""
    sql = f"{_SELECT_NOT_WITHDRAWN} ORDER BY effective_from, version LIMIT 1"
    return await _compiled(session, row=await session.row(sql))


async def version(session: Session, *, number: int) -> Terms | None:
    """A version by its number, also a withdrawn one; None if there is none."""
    sql = f"{_SELECT} AND version = $2"
    return await _compiled(session, row=await session.row(sql, number))


async def latest(session: Session, *, lock: bool = False) -> Terms | None:
    """The version with the highest number of those not withdrawn; None if there is none.

    With `lock`, other transactions that publish terms wait until this one ends.
    """
    if lock and session.locking:
        await session.row("SELECT 1 FROM programs WHERE id = $1 FOR NO KEY UPDATE")
    sql = f"{_SELECT_NOT_WITHDRAWN} ORDER BY version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql))


async def before(session: Session, *, number: int) -> Terms | None:
    """The last version before a number that was not withdrawn; None if there is none."""
    sql = f"{_SELECT_NOT_WITHDRAWN} AND version < $2 ORDER BY version DESC LIMIT 1"
    return await _compiled(session, row=await session.row(sql, number))


async def earlier(session: Session, *, number: int) -> tuple[Terms, ...]:
    """Every version before a number that was not withdrawn, oldest first."""
    rows = await session.rows(f"{_SELECT_NOT_WITHDRAWN} AND version < $2 ORDER BY version", number)
    versions = [await _compiled(session, row=row) for row in rows]
    return tuple(version for version in versions if version is not None)


class UnitsAndActivityRules(NamedTuple):
    """The units that any of several versions uses, and the rules of any of them by which activity keeps points valid."""

    units: tuple[Unit, ...]
    activity_rules: tuple[PointsValidity, ...]


async def units_and_rules_up_to(session: Session, *, terms: Terms) -> UnitsAndActivityRules:
    """The units and activity rules of a version and all earlier ones, withdrawn ones too; cached per process.

    Earlier versions count because points earned under them may still be there.
    """
    cache_key = ("up to", session.program_id, terms.version)
    result: UnitsAndActivityRules | None = session.row_cache.get(cache_key)
    if result is None:
        stored_terms = await all_versions(session) if terms.version > 1 else ()
        all_terms = [*(version for version in stored_terms if version.version < terms.version), terms]
        used_units = {unit for version in all_terms for unit in version.units}
        rules = [version.validity for version in all_terms]
        result = session.row_cache[cache_key] = UnitsAndActivityRules(
            units=tuple(unit for unit in Unit if unit in used_units),
            activity_rules=tuple(rule for rule in rules if rule.expires and rule.since is ValidityStart.ACTIVITY),
        )
    return result


async def never_expiring(session: Session, *, numbers: Iterable[int]) -> frozenset[int]:
    """The numbers of those versions whose points never expire; cached per process."""
    numbers_never_expiring = set()
    for number in numbers:
        cache_key = ("never expiring", session.program_id, number)
        never_expires: bool | None = session.row_cache.get(cache_key)
        if never_expires is None:
            terms = await version(session, number=number)
            assert terms is not None, "a version is never deleted"
            never_expires = session.row_cache[cache_key] = not terms.validity.expires
        if never_expires:
            numbers_never_expiring.add(number)
    return frozenset(numbers_never_expiring)


async def after(session: Session, *, number: int) -> Terms | None:
    """The first version after a number that was not withdrawn; None if there is none."""
    sql = f"{_SELECT_NOT_WITHDRAWN} AND version > $2 ORDER BY version LIMIT 1"
    return await _compiled(session, row=await session.row(sql, number))


async def last_number(session: Session) -> int:
    """The highest number of a version, withdrawn or not; 0 without versions."""
    row = await session.row("SELECT coalesce(max(version), 0) FROM terms_versions WHERE program_id = $1")
    return int(row[0]) if row is not None else 0


async def announced(session: Session, *, since: datetime) -> tuple[AnnouncedVersion, ...]:
    """The versions after the first that were published after an instant and not withdrawn, newest first."""
    sql = f"{_SELECT_NOT_WITHDRAWN} AND version > 1 AND published_at > $2 ORDER BY version DESC"
    rows = await session.rows(sql.replace("SELECT id", "SELECT id, published_at", 1), since)
    terms_and_times = [(await _compiled(session, row=row), instant(row["published_at"])) for row in rows]
    return tuple(AnnouncedVersion(terms=terms, published_at=at) for terms, at in terms_and_times if terms is not None)


async def withdraw(session: Session, *, number: int, at: datetime) -> None:
    """Withdraw a version, for good."""
    await session.orm(TermsWithdrawalRow).create(version=number, withdrawn_at=at)


async def is_withdrawn(session: Session, *, number: int) -> bool:
    """Was a version withdrawn?"""
    sql = "SELECT 1 FROM terms_withdrawals WHERE program_id = $1 AND version = $2"
    return await session.row(sql, number) is not None


async def withdrawals(session: Session) -> dict[int, datetime]:
    """When each withdrawn version was withdrawn, by number."""
    rows = await session.rows("SELECT version, withdrawn_at FROM terms_withdrawals WHERE program_id = $1")
    return {row["version"]: instant(row["withdrawn_at"]) for row in rows}


async def newest_first(session: Session, *, limit: int) -> tuple[PublishedVersion, ...]:
    """The last versions without their clauses, withdrawn ones too, newest first."""
    rows = await session.rows(_NEWEST_FIRST, limit)
    return tuple(
        PublishedVersion(
            number=row["version"],
            effective_from=instant(row["effective_from"]),
            is_withdrawn=row["withdrawn_at"] is not None,
        )
        for row in rows
    )


async def all_versions(session: Session) -> tuple[Terms, ...]:
    """Every version, withdrawn ones too, oldest first."""
    rows = await session.rows(f"{_SELECT} ORDER BY version")
    versions = [await _compiled(session, row=row) for row in rows]
    return tuple(terms for terms in versions if terms is not None)


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
    await budgets.start_counting(session, clauses=terms.budgets)


async def changed_numbers(session: Session) -> tuple[int, ...]:
    """The numbers of the versions whose row differs from what was published, for verification."""
    rows = await session.orm(TermsVersionRow).all().order_by("version")
    return tuple(row.version for row in rows if row.digest != _digest_of(row))


async def missing_numbers(session: Session) -> tuple[int, ...]:
    """The numbers below the highest one that no version has, for verification: every version is stored for ever."""
    stored_numbers = {row.version for row in await session.orm(TermsVersionRow).all().only("version")}
    return tuple(sorted(set(range(1, max(stored_numbers, default=0))) - stored_numbers))


def _digest_of(row: TermsVersionRow) -> str:
    return _digest(row.id, row.version, row.effective_from, row.published_at, row.document)


def _digest(id: str, number: int, effective_from: datetime, published_at: datetime, document: str) -> str:
    return f"{digest('terms_versions', id, number, effective_from, published_at, document):064x}"


async def _compiled(session: Session, *, row: Row | None) -> Terms | None:
    """The terms of a version's row, compiled once per process, as a version never changes; None without a row."""
    if row is None:
        return None
    cache_key = ("terms", session.program_id, row["id"])
    terms: Terms | None = session.row_cache.get(cache_key)
    if terms is None:
        document_row = await session.row(
            "SELECT document FROM terms_versions WHERE program_id = $1 AND id = $2", row["id"]
        )
        assert document_row is not None, "a version is never deleted"
        terms = Terms.from_data(json_value(document_row["document"]))
        if len(session.row_cache) >= _CACHE_LIMIT:
            session.row_cache.clear()
        session.row_cache[cache_key] = terms
    return terms
