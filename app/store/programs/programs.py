"""Programs: the tenants, each with its own currency, zone, terms and customers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time, timedelta
from functools import lru_cache

from app.domain.i18n.locales import FormOfAddress
from app.domain.programs.program import Program, ProgramKind
from app.domain.programs.staff_limits import StaffLimits
from app.domain.purchases.receipt_numbers import Numbering, ReceiptNumbers
from app.store.database.codecs import instant
from app.store.database.models.programs import ProgramRow
from app.store.database.orm import rows_of_all_programs
from app.store.database.session import Row, Session, UnscopedSession

_SELECT_ALL = (
    "SELECT id, kind, name, currency, zone, region, unit_name, created_at, clock_offset_seconds, receipt_numbers,"
    " receipt_day_starts, form_of_address, staff_adjustments, staff_transfers, amendment_days, amendment_amount,"
    " receipt_age_days, slug, listed FROM programs"
)
_SELECT = f"{_SELECT_ALL} WHERE id = $1"
_SELECT_BY_SLUG = f"{_SELECT_ALL} WHERE slug = $1"
_SELECT_LISTED = f"{_SELECT_ALL} WHERE listed = 1 ORDER BY name, slug LIMIT $1"


async def create(session: Session, *, program: Program) -> None:
    """Store a new program, with its clock at the server's time."""
    columns = asdict(program)
    del columns["clock_ahead"], columns["numbering"], columns["form_of_address"], columns["staff_limits"]
    del columns["max_receipt_age"], columns["slug"], columns["listed"]
    await session.orm(ProgramRow).create(**columns, **_settings_columns(program))


async def get(session: Session) -> Program | None:
    """The program of the session; None if it does not exist."""
    row = await session.row(_SELECT)
    return None if row is None else _program(row)


def _settings_columns(program: Program) -> dict[str, str | int | None]:
    """The settings that the owner may change at any time, by column."""
    return {
        "receipt_numbers": program.numbering.uniqueness.value,
        "receipt_day_starts": program.numbering.day_starts.isoformat(),
        "form_of_address": program.form_of_address.value,
        "staff_adjustments": program.staff_limits.adjustments,
        "staff_transfers": program.staff_limits.transfers,
        "amendment_days": program.staff_limits.amendment_days,
        "amendment_amount": program.staff_limits.amendment_amount,
        "receipt_age_days": program.max_receipt_age.days,
        "slug": program.slug,
        "listed": int(program.listed),
    }


async def set_settings(session: Session, *, program: Program) -> None:
    """Store the settings of a program, whose row must be locked."""
    await session.orm(ProgramRow).all().update(**_settings_columns(program))


async def lock(session: Session) -> Program:
    """The program; its clock and settings stay locked until the transaction ends. Raises LookupError."""
    # Not FOR UPDATE: tills store rows that refer to the program, and would wait for it.
    row = await session.row(_SELECT + (" FOR NO KEY UPDATE" if session.locking else ""))
    if row is None:
        raise LookupError(f"program {session.program_id} is missing")
    return _program(row)


async def set_clock(session: Session, *, ahead: timedelta) -> None:
    """Set how many whole seconds the clock of a sandbox is ahead of the server's."""
    await session.orm(ProgramRow).all().update(clock_offset_seconds=ahead // timedelta(seconds=1))


async def by_slug(session: UnscopedSession, *, slug: str) -> Program | None:
    """The program with this slug; None if there is none."""
    row = await session.row(_SELECT_BY_SLUG, slug)
    return None if row is None else _program(row)


async def listed_programs(session: UnscopedSession, *, limit: int) -> tuple[Program, ...]:
    """At most `limit` programs whose owners want them listed publicly, in the order of their names."""
    rows = await session.rows(_SELECT_LISTED, limit)
    return tuple(_program(row) for row in rows)


async def slugs_starting_with(session: UnscopedSession, *, start: str) -> frozenset[str]:
    """The slugs of all programs that begin with `start`, which must not contain wildcards of LIKE."""
    rows = await session.rows("SELECT slug FROM programs WHERE slug LIKE $1", f"{start}%")
    return frozenset(row["slug"] for row in rows)


async def all_programs(session: UnscopedSession) -> tuple[Program, ...]:
    """Every program of the deployment, oldest first."""
    rows = await rows_of_all_programs(ProgramRow, session).order_by("created_at", "id")
    return tuple(
        Program(
            id=row.id,
            kind=ProgramKind(row.kind),
            name=row.name,
            currency=row.currency,
            zone=row.zone,
            region=row.region,
            unit_name=row.unit_name,
            created_at=row.created_at,
            slug=row.slug,
            listed=bool(row.listed),
            clock_ahead=timedelta(seconds=row.clock_offset_seconds),
            numbering=_numbering(row.receipt_numbers, row.receipt_day_starts),
            form_of_address=FormOfAddress(row.form_of_address),
            staff_limits=StaffLimits(
                row.staff_adjustments, row.staff_transfers, row.amendment_days, row.amendment_amount
            ),
            max_receipt_age=timedelta(days=row.receipt_age_days),
        )
        for row in rows
    )


def _program(row: Row) -> Program:
    return Program(
        id=row["id"],
        kind=ProgramKind(row["kind"]),
        name=row["name"],
        currency=row["currency"],
        zone=row["zone"],
        region=row["region"],
        unit_name=row["unit_name"],
        created_at=instant(row["created_at"]),
        slug=row["slug"],
        listed=bool(row["listed"]),
        clock_ahead=timedelta(seconds=row["clock_offset_seconds"]),
        numbering=_numbering(row["receipt_numbers"], row["receipt_day_starts"]),
        form_of_address=FormOfAddress(row["form_of_address"]),
        staff_limits=StaffLimits(
            row["staff_adjustments"], row["staff_transfers"], row["amendment_days"], row["amendment_amount"]
        ),
        max_receipt_age=timedelta(days=row["receipt_age_days"]),
    )


@lru_cache(maxsize=1000)
def _numbering(numbers: str, day_starts: str) -> Numbering:
    return Numbering(ReceiptNumbers(numbers), time.fromisoformat(day_starts))
