"""The root of all queries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import strawberry
from graphql import GraphQLError

from app.api.conventions.arguments import After, First
from app.api.conventions.context import Context, Info, bad_input
from app.api.conventions.ids import decode
from app.api.conventions.node import Node
from app.api.conventions.pagination import page_window
from app.api.nodes import load_node
from app.api.types.access_key import AccessKeyQueries
from app.api.types.customers.customer import Customer, CustomerBy
from app.api.types.customers.named_customer import charge_miss, customer_named_by
from app.api.types.decisions.decision import ClauseOutlook, Decision, decision_object
from app.api.types.impact_preview import ImpactPreview, load_impact_preview
from app.api.types.ledger.balance import empty_basket
from app.api.types.ledger.entry_visibility import may_see_decision
from app.api.types.ledger.explanation import Explanation
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.ledger.liability import LiabilityQueries
from app.api.types.programs.program import Program, program_of
from app.api.types.purchases.purchase_input import BasketInput, facts_of, location_id_of
from app.api.types.quarantine import QuarantineQueries
from app.api.types.refund_preview import RefundQueries
from app.api.types.rewards.reward import RewardOfferConnection, offer_connection
from app.api.types.terms.clause_input import ClauseInput
from app.api.types.terms.public_terms import PublicTermsQueries
from app.api.types.terms.terms import Terms
from app.api.types.terms.terms_check import TermsCheck, check_terms
from app.api.types.viewer import Viewer
from app.domain.access import Permission
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.queries.customers import customers
from app.queries.ledger import entries
from app.queries.rewards import offers
from app.queries.terms.published_terms import terms_at, terms_version

V = TypeVar("V")

MAX_NODES = 100


@strawberry.type(description="What a purchase of a basket would earn: decided exactly as the purchase would be.")
class BasketCheck:
    """A decision that is not recorded, and the outlook of each clause."""

    decision: Decision = strawberry.field(description="Every earning clause with what it would do.")
    customer: Customer = strawberry.field(description="The customer for whom the basket was checked.")
    clauses: list[ClauseOutlook] = strawberry.field(
        description="For each clause that gives, limits or prices something: what it does with this basket, and what is missing for it."
    )


def _facts(basket: BasketInput | None, *, context: Context) -> PurchaseFacts:
    if basket is None:
        return empty_basket(context)
    return _value_of(facts_of(basket, context=context, within="basket"))


def _location_id(basket: BasketInput | None) -> str | None:
    return _value_of(location_id_of(basket, within="basket"))


def _value_of(value: V | Problem) -> V:
    """The value of an argument. Raises BAD_USER_INPUT when it has a problem."""
    if isinstance(value, Problem):
        raise _query_error(value)
    return value


def _query_error(problem: Problem) -> GraphQLError:
    place = ".".join(str(step) for step in problem.path)
    return bad_input(
        f"{problem.code.value} at {place}: {in_english(problem.detail) if problem.detail is not None else 'this is not accepted here'}"
    )


@strawberry.type(description="All queries.")
class Query(RefundQueries, QuarantineQueries, LiabilityQueries, AccessKeyQueries, PublicTermsQueries):
    """Every field but `__typename` and `publicTerms` needs an access key."""

    @strawberry.field(description="The holder of the access key. For every role.")
    def viewer(self, info: Info) -> Viewer | None:
        """The caller."""
        return Viewer(role=info.context.principal.role)

    @strawberry.field(description="The program that the key opens. For every role.")
    def program(self, info: Info) -> Program | None:
        """The program of the access key."""
        return program_of(info)

    @strawberry.field(
        description="A customer by any identity; null when nobody is known by it. For owner, staff and tills; a customer sees only themselves."
    )
    async def customer(
        self,
        info: Info,
        by: Annotated[CustomerBy, strawberry.argument(description="The customer to look up.")],
    ) -> Customer | None:
        """The customer as they are now; a look-up by an identity is charged."""
        context = info.context
        context.require(Permission.READ_OWN_CARD)
        reference = customer_named_by(by, context=context)
        if reference is None:
            return None
        customer = await context.query(customers.customer_as_of, by=reference, at=context.now)
        if customer is None or not context.principal.may_see_customer(customer.id):
            charge_miss(reference, context=context)
            return None
        return Customer.of(customer)

    @strawberry.field(
        description="What a basket would earn, clause by clause; null when the customer is not known or no terms are in force; an error if the purchase would be rejected. For whoever may see the customer."
    )
    async def basket_check(
        self,
        info: Info,
        customer: Annotated[CustomerBy, strawberry.argument(description="The customer who would buy.")],
        basket: Annotated[BasketInput, strawberry.argument(description="What they would buy.")],
    ) -> BasketCheck | None:
        """Decide without recording."""
        context = info.context
        context.require(Permission.READ_OWN_CARD)
        reference = customer_named_by(customer, context=context)
        if reference is None:
            return None
        check = await context.query_heavy(
            offers.check_basket,
            by=reference,
            facts=_facts(basket, context=context),
            location_id=_location_id(basket),
            principal=context.principal,
        )
        if isinstance(check, Problem):
            if check.code in (ProblemCode.AMOUNT_OUT_OF_RANGE, ProblemCode.LOCATION_NOT_FOUND, ProblemCode.OWN_CARD):
                raise _query_error(check)
            charge_miss(reference, context=context)
            return None
        return BasketCheck(
            decision=decision_object(check.decision, deciding_terms=check.terms, facts=check.facts),
            customer=Customer.of(check.customer),
            clauses=[
                ClauseOutlook.of(outlook, basket=check.decision, terms=check.terms)
                for outlook in check.clause_qualifications
            ],
        )

    @strawberry.field(
        description="The rewards that the terms in force offer; with a customer, those that they can have now come first. Null when the customer is not known. For every role; customers see decisions for themselves only."
    )
    async def rewards(
        self,
        info: Info,
        for_: Annotated[
            CustomerBy | None, strawberry.argument(name="for", description="The customer to decide for.")
        ] = None,
        basket: Annotated[
            BasketInput | None,
            strawberry.argument(
                description="What is bought together with the reward, for clauses that depend on it; default nothing, now."
            ),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> RewardOfferConnection | None:
        """Offers, checked exactly as at the till."""
        context = info.context
        context.require(Permission.READ_TERMS)
        window = page_window(first=first, after=after, last=None, before=None)
        reference = customer_named_by(for_, context=context) if for_ is not None else None
        if for_ is not None and reference is None:
            return None
        offers_found = _value_of(
            await context.query_heavy(
                offers.offers_for,
                by=reference,
                facts=_facts(basket, context=context),
                location_id=_location_id(basket),
                principal=context.principal,
            )
        )
        if offers_found is None or (
            offers_found.customer is not None and not context.principal.may_see_customer(offers_found.customer.id)
        ):
            if reference is not None:
                charge_miss(reference, context=context)
            return None
        return offer_connection(offers_found, first=window.size, after=window.after, context=context)

    @strawberry.field(
        description="A draft of terms tried out: how it reads, what it changes, when it could start, whether it is fair. For the owner."
    )
    async def terms_check(
        self,
        info: Info,
        clauses: Annotated[
            list[ClauseInput], strawberry.argument(description="All clauses, as for `publishTerms`, 1 to 200.")
        ],
        effective_from: Annotated[
            datetime | None,
            strawberry.argument(
                description="The instant from which it should decide; by default as soon as the notice clause allows."
            ),
        ] = None,
    ) -> TermsCheck | None:
        """Check a draft; nothing is stored."""
        context = info.context
        context.require(Permission.PUBLISH_TERMS)
        return await check_terms(clauses, effective_from=effective_from, context=context)

    @strawberry.field(
        description="An impact preview, with its progress and its result; null when there is none with this id. For the owner."
    )
    async def impact_preview(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque id of a preview.")]
    ) -> ImpactPreview | None:
        """The preview; clients poll it until it has ended."""
        info.context.require(Permission.PUBLISH_TERMS)
        return await load_impact_preview(id, context=info.context)

    @strawberry.field(
        description="The terms: in force now, in force at a moment, or by version; null when there are none. For every role."
    )
    async def terms(
        self,
        info: Info,
        at: Annotated[datetime | None, strawberry.argument(description="A moment; default now.")] = None,
        version: Annotated[
            int | None, strawberry.argument(description="The number of a version; not with `at`.")
        ] = None,
    ) -> Terms | None:
        """One version."""
        context = info.context
        context.require(Permission.READ_TERMS)
        if at is not None and version is not None:
            raise bad_input("Give `at` or `version`, not both.")
        if version is not None:
            published = await context.query(terms_version, number=version)
        else:
            published = await context.query(terms_at, at=at or context.now)
        return Terms.of(published.terms, context=context) if published is not None else None

    @strawberry.field(
        description="Why an entry has the points that it has, decided once more; null when there is no such entry, or the caller may not see its decision."
    )
    async def explain(
        self,
        info: Info,
        entry: Annotated[strawberry.ID, strawberry.argument(description="Opaque id of a ledger entry.")],
    ) -> Explanation | None:
        """The stored decision, and the points of a new one from the same facts and terms."""
        context = info.context
        context.require(Permission.READ_OWN_CARD)
        entry_id = decode(entry, "LedgerEntry")
        explanation = await context.query_heavy(entries.explain, entry_id=entry_id) if entry_id is not None else None
        if explanation is None or not context.principal.may_see_any_of(explanation.holders):
            return None
        if not await may_see_decision(explanation.stored_entry.entry, info=info):
            return None
        stored_decision = entries.decision_of(explanation.stored_entry.entry)
        return Explanation(
            entry=LedgerEntry.of(explanation.stored_entry, deciding_terms=explanation.terms, context=context),
            decision=decision_object(
                stored_decision, deciding_terms=explanation.terms, entry_id=explanation.stored_entry.entry.id
            ),
            recomputed_points=explanation.recomputed_points,
            agrees=explanation.recomputed_points == explanation.stored_entry.entry.points,
        )

    @strawberry.field(description="Any object by its id; null when there is none or the caller may not see it.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque id.")]
    ) -> Node | None:
        """One object."""
        return await load_node(info, id)

    @strawberry.field(description="Up to 100 objects by their ids, in the order of the ids.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Opaque ids, at most 100.")],
    ) -> list[Node | None]:
        """Several objects, read together."""
        info.context.node_count += len(ids)
        if info.context.node_count > MAX_NODES:
            raise bad_input(f"At most {MAX_NODES} ids in one request.")
        distinct_ids = list(dict.fromkeys(ids))
        objects: Sequence[Node | None] = await asyncio.gather(*(load_node(info, id) for id in distinct_ids))
        by_id = dict(zip(distinct_ids, objects, strict=True))
        return [by_id[id] for id in ids]
