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
from app.api.nodes import node
from app.api.types.access_key import AccessKeyQueries
from app.api.types.customers.customer import Customer, CustomerBy
from app.api.types.customers.named_customer import charge_miss, customer_named_by
from app.api.types.decisions.decision import ClauseOutlook, Decision, decision
from app.api.types.impact_preview import ImpactPreview, impact_preview
from app.api.types.ledger.balance import no_basket
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
from app.api.types.terms.terms_check import TermsCheck, terms_check
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
    """The decision is not recorded."""

    decision: Decision = strawberry.field(description="Every earning clause with what it would do.")
    customer: Customer = strawberry.field(description="The customer it was checked for.")
    clauses: list[ClauseOutlook] = strawberry.field(
        description="What each clause that gives, limits or prices something does with this basket, and what it would take."
    )


def _facts(basket: BasketInput | None, *, context: Context) -> PurchaseFacts:
    if basket is None:
        return no_basket(context)
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
        f"{problem.code.value} at {place}: {in_english(problem.detail) if problem.detail is not None else 'not taken here'}"
    )


@strawberry.type(description="What can be asked.")
class Query(RefundQueries, QuarantineQueries, LiabilityQueries, AccessKeyQueries, PublicTermsQueries):
    """Every field but `__typename` and `publicTerms` needs an access key."""

    @strawberry.field(description="The holder of the access key. For every role.")
    def viewer(self, info: Info) -> Viewer | None:
        """The caller."""
        return Viewer(role=info.context.principal.role)

    @strawberry.field(description="The program that the key opens. For every role.")
    def program(self, info: Info) -> Program | None:
        """The one program."""
        return program_of(info)

    @strawberry.field(
        description="A customer by any identity; null when nobody is known by it. For owner, staff and tills; a customer sees only themselves."
    )
    async def customer(
        self,
        info: Info,
        by: Annotated[CustomerBy, strawberry.argument(description="The customer to look up.")],
    ) -> Customer | None:
        """One look-up, whatever identity it is."""
        context = info.context
        context.require(Permission.READ_OWN_CARD)
        by_identity = customer_named_by(by, context=context)
        if by_identity is None:
            return None
        found = await context.query(customers.customer_as_of, by=by_identity, at=context.now)
        if found is None or not context.principal.may_see_customer(found.id):
            charge_miss(by_identity, context=context)
            return None
        return Customer.of(found)

    @strawberry.field(
        description="What a basket would earn, clause by clause; null when the customer is not known or no terms are in force; rejected where the purchase would be. Seen like the customer."
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
        by_identity = customer_named_by(customer, context=context)
        if by_identity is None:
            return None
        found = await context.query_heavy(
            offers.check_basket,
            by=by_identity,
            facts=_facts(basket, context=context),
            location_id=_location_id(basket),
            principal=context.principal,
        )
        if isinstance(found, Problem):
            if found.code in (ProblemCode.AMOUNT_OUT_OF_RANGE, ProblemCode.LOCATION_NOT_FOUND, ProblemCode.OWN_CARD):
                raise _query_error(found)
            charge_miss(by_identity, context=context)
            return None
        return BasketCheck(
            decision=decision(found.decision, deciding_terms=found.terms, bought=found.facts),
            customer=Customer.of(found.customer),
            clauses=[
                ClauseOutlook.of(outlook, basket=found.decision, terms=found.terms)
                for outlook in found.clause_qualifications
            ],
        )

    @strawberry.field(
        description="What the terms in force offer; with a customer, what they can have now, first. Null when the customer is not known. For every role; customers see decisions for themselves only."
    )
    async def rewards(
        self,
        info: Info,
        for_: Annotated[
            CustomerBy | None, strawberry.argument(name="for", description="The customer to decide for.")
        ] = None,
        basket: Annotated[
            BasketInput | None,
            strawberry.argument(description="What lies on the counter, for clauses that ask; default nothing, now."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> RewardOfferConnection | None:
        """Checked exactly as at the till."""
        context = info.context
        context.require(Permission.READ_TERMS)
        window = page_window(first=first, after=after, last=None, before=None)
        by_identity = customer_named_by(for_, context=context) if for_ is not None else None
        if for_ is not None and by_identity is None:
            return None
        found = _value_of(
            await context.query_heavy(
                offers.offers_for,
                by=by_identity,
                facts=_facts(basket, context=context),
                location_id=_location_id(basket),
                principal=context.principal,
            )
        )
        if found is None or (found.customer is not None and not context.principal.may_see_customer(found.customer.id)):
            if by_identity is not None:
                charge_miss(by_identity, context=context)
            return None
        return offer_connection(found, first=window.size, after=window.after, context=context)

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
            datetime | None, strawberry.argument(description="From when it should decide; default as soon as it may.")
        ] = None,
    ) -> TermsCheck | None:
        """Nothing is stored."""
        context = info.context
        context.require(Permission.PUBLISH_TERMS)
        return await terms_check(clauses, effective_from=effective_from, context=context)

    @strawberry.field(
        description="How far an impact preview is, and what came out; null when there is none. For the owner."
    )
    async def impact_preview(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque id of a preview.")]
    ) -> ImpactPreview | None:
        """To be polled until it has ended."""
        info.context.require(Permission.PUBLISH_TERMS)
        return await impact_preview(id, context=info.context)

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
        description="Why an entry has the points it has, decided once more; null when it is not there or not for the caller. Seen like the decision of the entry."
    )
    async def explain(
        self,
        info: Info,
        entry: Annotated[strawberry.ID, strawberry.argument(description="Opaque id of a ledger entry.")],
    ) -> Explanation | None:
        """Stored decision beside a fresh one from the same facts and terms."""
        context = info.context
        context.require(Permission.READ_OWN_CARD)
        key = decode(entry, "LedgerEntry")
        found = await context.query_heavy(entries.explain, entry_id=key) if key is not None else None
        if found is None or not context.principal.may_see_any_of(found.holders):
            return None
        if not await may_see_decision(found.stored_entry.entry, info=info):
            return None
        made = entries.decision_of(found.stored_entry.entry)
        return Explanation(
            entry=LedgerEntry.of(found.stored_entry, deciding_terms=found.terms, context=context),
            decision=decision(made, deciding_terms=found.terms, bought_by_entry=found.stored_entry.entry.id),
            recomputed_points=found.recomputed_points,
            agrees=found.recomputed_points == found.stored_entry.entry.points,
        )

    @strawberry.field(description="Any object by its id; null when it is not there or not for the caller.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Opaque id.")]
    ) -> Node | None:
        """One object."""
        return await node(info, id)

    @strawberry.field(description="Up to 100 objects by their ids, in the order asked for.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Opaque ids, at most 100.")],
    ) -> list[Node | None]:
        """Several objects, read together."""
        info.context.node_count += len(ids)
        if info.context.node_count > MAX_NODES:
            raise bad_input(f"At most {MAX_NODES} ids in one request.")
        once = list(dict.fromkeys(ids))
        found: Sequence[Node | None] = await asyncio.gather(*(node(info, id) for id in once))
        by_id = dict(zip(once, found, strict=True))
        return [by_id[id] for id in ids]
