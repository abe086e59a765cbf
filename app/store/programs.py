"""Programs: the tenants, each with its own money, zone, terms and people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from app.store.tables import ProgramRow
from app.store.unit import Session
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


async def create(session: Session, *, program: Program) -> None:
    """Keep a new program."""
    await ProgramRow.create(using_db=session.orm, **asdict(program))


async def get(session: Session, *, program_id: str) -> Program | None:
    """The program with this id, or None. Every request asks for it."""
    row = await session.row(
        "SELECT id, kind, name, currency, zone, region, unit_name, created_at FROM programs WHERE id = $1", program_id
    )
    if row is None:
        return None
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


async def all_programs(session: Session) -> tuple[Program, ...]:
    """Every program of the deployment, oldest first."""
    rows = await ProgramRow.all(using_db=session.orm).order_by("created_at", "id")
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
        )
        for row in rows
    )
