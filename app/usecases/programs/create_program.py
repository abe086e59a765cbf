"""Create a program: its record, its first keys, and the rewards and terms of a template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.access import Role
from app.domain.i18n.locales import FormOfAddress
from app.domain.names import normalised_name
from app.domain.programs.program import Program, ProgramKind
from app.domain.programs.slug import SlugTaken, free_slug, slug_of_name
from app.domain.purchases.receipt_numbers import Numbering
from app.domain.rewards.reward import Reward
from app.domain.terms.templates import TEMPLATES, Template
from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.programs import access_keys, programs
from app.store.rewards import rewards
from app.store.terms import versions
from app.usecases.programs.new_key import NewKey, make_key

INITIAL_KEY_ROLES = (Role.OWNER, Role.STAFF, Role.TILL)
"""The roles for which a new program gets a key."""

_SLUG_PREFIX_LENGTH = 30
"""The first characters of a slug, which stay when a number is put behind them."""


@dataclass(frozen=True, slots=True)
class CreateProgram:
    """The settings of a new program; `effective_from` is when its first terms start (None: at once).

    Without a `slug` the program gets one that resembles its name, with a number behind it if another program has that slug.
    `listed` None: listed unless the program is a sandbox.
    """

    name: str
    template: str
    kind: ProgramKind
    currency: str
    zone: str
    region: str
    effective_from: datetime | None = None
    numbering: Numbering = field(default_factory=Numbering)
    form_of_address: FormOfAddress = FormOfAddress.FORMAL
    slug: str | None = None
    listed: bool | None = None


@dataclass(frozen=True, slots=True)
class NewProgram:
    """A new program with everything it starts with; `slug_chosen`: the command named its slug."""

    program: Program
    keys: tuple[NewKey, ...]
    rewards: tuple[Reward, ...]
    terms: Terms | None
    terms_id: str
    slug_chosen: bool

    def token(self, role: Role) -> str:
        """The token of the key for a role."""
        return next(new_key.token for new_key in self.keys if new_key.key.role is role)


def compose(command: CreateProgram, *, now: datetime, new_id: Callable[[], str]) -> NewProgram:
    """The program with its keys, rewards and terms. Raises KeyError for an unknown template or currency, and InvalidNameError."""
    template = TEMPLATES[command.template](command.currency)
    program = Program(
        id=new_id(),
        kind=command.kind,
        name=normalised_name(command.name),
        currency=command.currency,
        zone=command.zone,
        region=command.region,
        unit_name="points",
        created_at=now,
        slug=command.slug or slug_of_name(command.name),
        listed=command.listed if command.listed is not None else command.kind is ProgramKind.LIVE,
        numbering=command.numbering,
        form_of_address=command.form_of_address,
    )
    keys = tuple(
        make_key(program_id=program.id, id=new_id(), number=number, role=role, label=role.value.lower(), created_at=now)
        for number, role in enumerate(INITIAL_KEY_ROLES, start=1)
    )
    return NewProgram(
        program=program,
        keys=keys,
        rewards=_rewards(template, now=now, new_id=new_id),
        terms=_terms(template, command=command, now=now),
        terms_id=new_id(),
        slug_chosen=command.slug is not None,
    )


def _rewards(template: Template, *, now: datetime, new_id: Callable[[], str]) -> tuple[Reward, ...]:
    return tuple(
        Reward(
            id=new_id(),
            key=reward.key,
            name=reward.name,
            description=reward.description,
            picture_url=reward.picture,
            retail_value=None,
            stock_initial=reward.stock,
            stock=reward.stock,
            created_at=now,
        )
        for reward in template.rewards
    )


def _terms(template: Template, *, command: CreateProgram, now: datetime) -> Terms | None:
    if not template.clauses:
        return None
    return Terms.from_draft(
        version=1,
        effective_from=command.effective_from or now,
        currency=command.currency,
        zone=command.zone,
        clauses=template.clauses,
    )


async def run(session: Session, *, new_program: NewProgram) -> NewProgram:
    """Write the program, its keys, rewards and first terms in one transaction; the slug of the result is one that was free.

    Raises SlugTaken for a chosen slug that another program has.
    """
    slug = new_program.program.slug
    taken_slugs = await programs.slugs_starting_with(session.across_programs, start=slug[:_SLUG_PREFIX_LENGTH])
    if new_program.slug_chosen and slug in taken_slugs:
        raise SlugTaken(slug)
    program = replace(new_program.program, slug=free_slug(slug, taken_slugs=taken_slugs))
    await programs.create(session, program=program)
    for new_key in new_program.keys:
        await access_keys.issue(session, key=new_key.key)
    for reward in new_program.rewards:
        await rewards.create(session, reward=reward)
    if new_program.terms is not None:
        await versions.publish(
            session, id=new_program.terms_id, terms=new_program.terms, published_at=program.created_at
        )
    return replace(new_program, program=program)
