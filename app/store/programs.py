"""Programs: the tenants, each with its own money, zone, terms and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.store.unit import Session


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
    raise NotImplementedError


async def get(session: Session, *, program_id: str) -> Program | None:
    """The program with this id, or None."""
    raise NotImplementedError


async def all_programs(session: Session) -> tuple[Program, ...]:
    """Every program of the deployment, oldest first."""
    raise NotImplementedError
