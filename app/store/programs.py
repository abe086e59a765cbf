"""Programs: the tenants, each with its own money, zone, terms and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.store.unit import Row, Session
from app.store.values import instant


class ProgramKind(StrEnum):
    """Whether a program is for real or for trying out."""

    LIVE = "LIVE"
    SANDBOX = "SANDBOX"


@dataclass(frozen=True, slots=True)
class Program:
    """A loyalty program. `currency` is ISO 4217, `zone` IANA, `region` ISO 3166 for phone numbers without country."""

    id: str
    kind: ProgramKind
    name: str
    currency: str
    zone: str
    region: str
    unit_name: str
    created_at: datetime


_COLUMNS = "id, kind, name, currency, zone, region, unit_name, created_at"


async def create(session: Session, *, program: Program) -> None:
    """Keep a new program."""
    await session.execute(
        f"INSERT INTO programs ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        program.id,
        program.kind.value,
        program.name,
        program.currency,
        program.zone,
        program.region,
        program.unit_name,
        program.created_at,
    )


async def get(session: Session, *, program_id: str) -> Program | None:
    """The program with this id, or None."""
    row = await session.row(f"SELECT {_COLUMNS} FROM programs WHERE id = $1", program_id)
    return None if row is None else _program(row)


async def all_programs(session: Session) -> tuple[Program, ...]:
    """Every program of the deployment, oldest first."""
    rows = await session.rows(f"SELECT {_COLUMNS} FROM programs ORDER BY created_at, id")
    return tuple(_program(row) for row in rows)


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
    )
