"""Programs: the tenants, each with its own money, zone, terms and people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.store.tables import ProgramRow
from app.store.unit import Row, Session
from app.store.values import instant


class ProgramKind(StrEnum):
    """Whether a program is for real or for trying out."""

    LIVE = "LIVE"
    SANDBOX = "SANDBOX"


@dataclass(frozen=True, slots=True)
class Program:
    """A loyalty program. `currency` is ISO 4217, `zone` IANA, `region` ISO 3166 for phone numbers without country.

    `clock_ahead` is how far its clock is ahead of the server's, in whole seconds: nothing, but for a sandbox.
    """

    id: str
    kind: ProgramKind
    name: str
    currency: str
    zone: str
    region: str
    unit_name: str
    created_at: datetime
    clock_ahead: timedelta = timedelta()

    def now(self, real: datetime) -> datetime:
        """What the program's clock shows when the server's shows `real`."""
        return real + self.clock_ahead if self.clock_ahead else real


_ONE = (
    "SELECT id, kind, name, currency, zone, region, unit_name, created_at, clock_ahead_seconds"
    " FROM programs WHERE id = $1"
)


async def create(session: Session, *, program: Program) -> None:
    """Keep a new program, whose clock nobody has moved yet."""
    columns = asdict(program)
    del columns["clock_ahead"]
    await ProgramRow.create(using_db=session.orm, **columns)


async def get(session: Session, *, program_id: str) -> Program | None:
    """The program with this id, or None. Every request asks for it."""
    row = await session.row(_ONE, program_id)
    return None if row is None else _program(row)


async def with_clock_held(session: Session, *, program_id: str) -> Program:
    """The program, whose clock nobody else moves until this work has ended. Raises LookupError."""
    # Not FOR UPDATE: what tills record refers to the program, and would wait for it.
    row = await session.row(_ONE + (" FOR NO KEY UPDATE" if session.locking else ""), program_id)
    if row is None:
        raise LookupError(f"program {program_id} is missing")
    return _program(row)


async def set_clock(session: Session, *, program_id: str, ahead: timedelta) -> None:
    """Let the clock of a sandbox be so many whole seconds ahead of the server's."""
    await session.execute(
        "UPDATE programs SET clock_ahead_seconds = $2 WHERE id = $1", program_id, ahead // timedelta(seconds=1)
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
            clock_ahead=timedelta(seconds=row.clock_ahead_seconds),
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
        clock_ahead=timedelta(seconds=row["clock_ahead_seconds"]),
    )
