"""A new program from a template, as `troth init` and `troth demo` start it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.templates import TEMPLATES
from app.domain.terms import Terms
from app.store.programs import Program, ProgramKind
from app.store.rewards import Reward
from app.store.unit import Database, Session
from app.usecases.start import NewKey, NewProgram, make_key, start

KEYED = (Role.OWNER, Role.STAFF, Role.TILL)
"""The roles that a new program gets a key for."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner says about the new program; `effective_from` is when its first terms start."""

    name: str
    template: str
    kind: ProgramKind
    currency: str
    zone: str
    region: str
    effective_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The program and its keys, whose tokens are shown now and never again."""

    program: Program
    keys: tuple[NewKey, ...]

    def token(self, role: Role) -> str:
        """The token of the key for a role."""
        return next(new.token for new in self.keys if new.key.role is role)


async def start_program(wish: Wish, *, database: Database, now: datetime, new_id: Callable[[], str]) -> Started:
    """Write the program with everything it starts with, in one transaction. Raises TermsError and KeyError."""
    template = TEMPLATES[wish.template](wish.currency)
    program = Program(
        id=new_id(),
        kind=wish.kind,
        name=wish.name,
        currency=wish.currency,
        zone=wish.zone,
        region=wish.region,
        unit_name="points",
        created_at=now,
    )
    keys = tuple(
        make_key(program_id=program.id, id=new_id(), role=role, label=role.value.lower(), created_at=now)
        for role in KEYED
    )
    rewards = [
        Reward(
            id=new_id(),
            key=one.key,
            name=one.name,
            description=one.description,
            picture_url=None,
            retail_value=None,
            stock_initial=one.stock,
            stock=one.stock,
            created_at=now,
        )
        for one in template.rewards
    ]
    terms = (
        Terms.drafted(
            version=1,
            effective_from=wish.effective_from or now,
            currency=wish.currency,
            zone=wish.zone,
            clauses=template.clauses,
        )
        if template.clauses
        else None
    )
    order = NewProgram(program=program, keys=keys, rewards=rewards, terms=terms, terms_id=new_id())

    async def work(session: Session) -> None:
        await start(session, order=order)

    await database.write(work, program_id=program.id, turn=program.id)
    return Started(program=program, keys=keys)
