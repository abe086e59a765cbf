"""Made-up people whom the first screen of a demonstration shows, with what they can have now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.i18n import Phrasebook
from app.domain.problems import Problem
from app.domain.purchases.facts import PurchaseFacts
from app.queries.rewards.offers import Offers, offers_for
from app.queries.terms.public_terms import PublicProgram
from app.usecases.application import Application


@dataclass(frozen=True, slots=True)
class MadeUpPerson:
    """A customer of a demonstration. Anybody reads about them: never a real one."""

    name: str
    card: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """A made-up person as the template shows them: the name, and lines of text."""

    name: str
    lines: tuple[str, ...]


async def people_views(
    people: Sequence[MadeUpPerson], *, application: Application, public_program: PublicProgram, phrasebook: Phrasebook
) -> tuple[PersonView, ...]:
    """Each person with card, points, and the rewards that are available to them now; people who are not customers are left out."""
    facts = PurchaseFacts(
        occurred_at=public_program.now,
        zone=public_program.program.zone,
        currency=public_program.program.currency,
        lines=(),
    )
    views = []
    for person in people:
        offers = await application.query(
            offers_for,
            program_id=public_program.program.id,
            by=CustomerReference(person.card, IdentityKind.CARD),
            facts=facts,
            principal=None,
        )
        if offers is None or isinstance(offers, Problem) or offers.customer is None:
            continue
        card = phrasebook("page.demo.card", number=person.card)
        points = phrasebook.points(offers.customer.account.balance.available)
        views.append(PersonView(person.name, (f"{card} · {points}", _can_have(person, offers, phrasebook=phrasebook))))
    return tuple(views)


def _can_have(person: MadeUpPerson, offers: Offers, *, phrasebook: Phrasebook) -> str:
    names = [phrasebook("called", name=offer.reward.name) for offer in offers.offers if offer.available]
    if not names:
        return phrasebook("page.demo.nothing_available", name=person.name)
    return phrasebook("page.demo.available", name=person.name, rewards=phrasebook.listed(names, last="or"))
