"""Rewards, and the offers of the terms to a customer."""

from __future__ import annotations

import strawberry

from app.api.conventions.context import Context
from app.api.conventions.ids import decode, encode
from app.api.conventions.money import Money, PointUnit, money_of, unit_of
from app.api.conventions.node import Node
from app.api.conventions.pagination import PageInfo, encode_cursor
from app.api.conventions.user_errors import UserError, user_error
from app.api.types.decisions.decision import Decision, decision_object
from app.api.types.terms.terms import Clause, Terms
from app.domain import amounts
from app.domain.problems import Problem
from app.domain.rewards.reward import Reward as RewardEntity
from app.queries.rewards import offers


@strawberry.type(description="What points or stamps buy. What it costs is a clause of the terms; see `rewards`.")
class Reward(Node):
    """An article of the catalogue."""

    id: strawberry.ID = strawberry.field(description="Opaque id.")
    key: str = strawberry.field(description="The owner's name for it, which the terms use.")
    name: str = strawberry.field(description="Its name, as customers see it.")
    description: str = strawberry.field(description="Exactly what the customer gets.")
    picture_url: str | None = strawberry.field(
        description="A picture of it: an https address or, beginning with a slash, a path on this server."
    )
    retail_value: Money | None = strawberry.field(description="What it would cost in the shop.")
    stock: int | None = strawberry.field(description="How many are left; null means without limit.")
    article: str | None = strawberry.field(description="The stock code of what is given; null where none was stated.")
    variants: list[str] = strawberry.field(
        description="What the customer can choose from, such as sizes or colours, at most 50; empty if there is no choice."
    )
    cash_part: Money | None = strawberry.field(
        description="The cash to pay in addition to points, by the catalogue; the clause that prices the reward decides."
    )

    @classmethod
    def of(cls, entity: RewardEntity, *, context: Context) -> Reward:
        """The GraphQL object for a stored reward."""
        retail_value, cash_part, currency = entity.retail_value, entity.cash_part, context.program.currency
        return cls(
            id=strawberry.ID(encode("Reward", entity.id)),
            key=entity.key,
            name=entity.name,
            description=entity.description,
            picture_url=entity.picture_url,
            retail_value=money_of(amounts.Money(retail_value, currency)) if retail_value is not None else None,
            stock=entity.stock,
            article=entity.article,
            variants=list(entity.variants),
            cash_part=money_of(amounts.Money(cash_part, currency)) if cash_part is not None else None,
        )


@strawberry.input(one_of=True, description="A reward, by id or by the owner's key.")
class RewardBy:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Opaque id.")
    key: str | None = strawberry.field(default=strawberry.UNSET, description="The owner's name for it.")


def reward_reference_of(reward: RewardBy) -> tuple[str | None, str | None]:
    """The id or the key of the reward that an input names; both are None for a malformed id."""
    if isinstance(reward.id, str):
        return decode(reward.id, "Reward"), None
    return None, reward.key if isinstance(reward.key, str) else None


@strawberry.type(description="A reward as the terms offer it now.")
class RewardOffer:
    """Checked exactly as at the till: what is `available` can be redeemed."""

    reward: Reward = strawberry.field(description="The reward.")
    problem: strawberry.Private[Problem | None]
    cost: int = strawberry.field(
        description="What it costs the customer, in its unit: what `redeemReward` takes. Less than `listCost` if points keep an old price. Without a customer, `listCost`."
    )
    list_cost: int = strawberry.field(description="What its clause asks for now, in its unit, whoever pays.")
    unit: PointUnit = strawberry.field(description="The unit in which it is paid.")
    clause: Clause = strawberry.field(description="The clause that offers it.")
    available: bool = strawberry.field(
        description="Whether the customer could redeem it now: the decision is GRANTED and there is no `refusal`. False without a customer."
    )
    missing_points: int | None = strawberry.field(
        description="How much the customer still needs to pay `cost`, including what is owed, in its unit; 0 if the balance is enough; null without a customer."
    )
    decision: Decision | None = strawberry.field(
        description="The decision that a till would get; null without a customer."
    )
    terms: Terms = strawberry.field(description="The version of the terms that offers it.")

    @strawberry.field(
        description="The user error that `redeemReward` would return for a technical reason: VARIANT_REQUIRED and OWN_CARD whatever the decision, OUT_OF_STOCK if the decision is GRANTED. Null if there would be none, and without a customer."
    )
    def refusal(self) -> UserError | None:
        """A technical problem, not a refusal by the terms."""
        return user_error(self.problem) if self.problem is not None else None


@strawberry.type(description="An offer with its cursor.")
class RewardOfferEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after`.")
    node: RewardOffer = strawberry.field(description="The reward offered, with its price.")


@strawberry.type(description="A page of offers: those that can be redeemed come first, then by cost and name.")
class RewardOfferConnection:
    """A connection."""

    edges: list[RewardOfferEdge] = strawberry.field(description="The offers with their cursors.")
    nodes: list[RewardOffer] = strawberry.field(description="The offers alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")


def offer_connection(
    all_offers: offers.Offers, *, first: int, after: int | None, context: Context
) -> RewardOfferConnection:
    """A page of the offers; the cursor is the place in the list."""
    start = 0 if after is None else after + 1
    page = all_offers.offers[start : start + first]
    nodes = [_offer(offer, context=context) for offer in page]
    cursors = [encode_cursor(place) for place in range(start, start + len(page))]
    return RewardOfferConnection(
        edges=[RewardOfferEdge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=start + first < len(all_offers.offers),
            has_previous_page=start > 0,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )


def _offer(offer: offers.Offer, *, context: Context) -> RewardOffer:
    priced = offer.priced_reward
    return RewardOffer(
        reward=Reward.of(offer.reward, context=context),
        problem=offer.problem,
        cost=offer.cost,
        list_cost=offer.list_cost,
        unit=unit_of(context, offer.unit),
        clause=Clause.of(offer.clause, terms=offer.terms),
        available=offer.available,
        missing_points=priced.missing if priced is not None else None,
        decision=decision_object(priced.decision, deciding_terms=offer.terms) if priced is not None else None,
        terms=Terms.of(offer.terms, context=context),
    )
