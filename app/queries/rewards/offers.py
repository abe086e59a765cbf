"""What a customer can redeem: rewards with the decision that a till would get now, and basket checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.access import Principal
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.engine import earning, redemption
from app.domain.engine.qualification import ClauseQualification, qualifications
from app.domain.engine.redemption import PricedReward
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.rewards.reward import Reward
from app.domain.terms.clause import Clause
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.queries.customers.current_state import CurrentState, current_state_of
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.programs import locations
from app.store.rewards import rewards
from app.store.terms import budgets, versions


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as the terms offer it.

    `priced_reward` is what a till would get for the customer and the basket; None without a customer.
    """

    reward: Reward
    clause: Clause
    terms: Terms
    priced_reward: PricedReward | None
    own_wallet_problem: Problem | None = None
    """The problem with every redemption by this caller for this customer: it is the caller's own wallet. None: no problem."""

    @property
    def unit(self) -> Unit:
        """The unit in which the reward is paid."""
        return redemption.cost_effect_of(self.clause).unit

    @property
    def list_cost(self) -> int:
        """The cost that the clause names, in the reward's unit."""
        return redemption.cost_effect_of(self.clause).points

    @property
    def cost(self) -> int:
        """The customer's cost, in the reward's unit: less than the list cost where older points still pay an old price."""
        return self.list_cost if self.priced_reward is None else self.priced_reward.cost

    @property
    def problem(self) -> Problem | None:
        """The problem with which a redemption would be rejected, for a reason other than the terms; None: none, or no customer."""
        if self.priced_reward is None:
            return None
        return self.own_wallet_problem or technical_problem(self.reward, decision=self.priced_reward.decision)

    @property
    def available(self) -> bool:
        """Would the reward be redeemed now: granted by the terms, and with no problem?"""
        return (
            self.priced_reward is not None
            and self.priced_reward.decision.outcome is DecisionOutcome.GRANTED
            and self.problem is None
        )


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers of a program at an instant: available ones first, then by cost and name."""

    offers: tuple[Offer, ...]
    customer: Customer | None


async def offers_for(
    session: Session,
    *,
    by: CustomerReference | None,
    facts: PurchaseFacts,
    principal: Principal | None,
    location_id: str | None = None,
) -> Offers | Problem | None:
    """The rewards with a price under the terms in force; None for an unknown customer, a problem for an unknown location.

    `principal` is who would redeem; None: the `troth` command.
    """
    located_facts = await locations.facts_at_location(session, facts=facts, location_id=location_id)
    if located_facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("basket", "locationId"))
    facts = located_facts
    customer = await customers.find(session, by=by) if by is not None else None
    if by is not None and customer is None:
        return None
    in_force = await versions.in_force(session, at=facts.occurred_at)
    if in_force is None:
        return Offers(offers=(), customer=customer)
    catalogue = await rewards.all_rewards(session)
    if customer is None:
        return Offers(offers=_sorted_offers(catalogue, terms=in_force, state=None), customer=None)
    state = await current_state_of(session, customer=customer, terms=in_force, facts=facts)
    own_wallet_problem = await own_wallet.problem(session, principal=principal, customer=customer, path=("customer",))
    return Offers(
        offers=_sorted_offers(catalogue, terms=in_force, state=state, own_wallet_problem=own_wallet_problem),
        customer=state.customer,
    )


def _sorted_offers(
    catalogue: Sequence[Reward], *, terms: Terms, state: CurrentState | None, own_wallet_problem: Problem | None = None
) -> tuple[Offer, ...]:
    """The offers of a catalogue, each decided as for a till, available ones first."""
    offers = []
    for reward in catalogue:
        clause = terms.clause_of_reward(reward.key)
        if clause is not None:
            priced_reward = _priced_reward(clause, terms=terms, state=state) if state is not None else None
            offers.append(
                Offer(
                    reward=reward,
                    clause=clause,
                    terms=terms,
                    priced_reward=priced_reward,
                    own_wallet_problem=own_wallet_problem,
                )
            )
    return tuple(sorted(offers, key=lambda offer: (not offer.available, offer.unit, offer.cost, offer.reward.name)))


def _priced_reward(clause: Clause, *, terms: Terms, state: CurrentState) -> PricedReward:
    """The decision and the cost that a till would get."""
    balance = state.balance_of(redemption.cost_effect_of(clause).unit)
    return redemption.price_reward(
        terms=terms,
        clause=clause,
        facts=state.facts,
        balance=balance,
        old_prices=state.old_prices,
        activations=state.pending.activations_for(clause),
    )


def technical_problem(reward: Reward, *, decision: Decision) -> Problem | None:
    """The problem with which a till's redemption would be rejected; None: there is none.

    As in a redemption, a missing choice of a variant comes first, whatever the terms decide. The stock is looked at only
    if they grant the reward.
    """
    variant_problem = reward.missing_variant_problem()
    if variant_problem is not None or decision.outcome is not DecisionOutcome.GRANTED:
        return variant_problem
    return reward.stock_problem()


async def rewards_by_id(session: Session, *, ids: Sequence[str]) -> list[Reward | None]:
    """Rewards by id, in the order requested."""
    by_id = await rewards.by_ids(session, reward_ids=ids)
    return [by_id.get(id) for id in ids]


@dataclass(frozen=True, slots=True)
class BasketCheck:
    """What a purchase of this basket would earn, decided like the purchase itself, and what every clause says to it."""

    customer: Customer
    facts: PurchaseFacts
    decision: Decision
    terms: Terms
    clause_qualifications: tuple[ClauseQualification, ...]


async def check_basket(
    session: Session,
    *,
    by: CustomerReference,
    facts: PurchaseFacts,
    principal: Principal,
    location_id: str | None = None,
) -> BasketCheck | Problem:
    """Decide a basket as if it were bought now, or the problem with which the purchase would be rejected.

    A customer whom the principal may not see counts as unknown.
    """
    located_facts = await locations.facts_at_location(session, facts=facts, location_id=location_id)
    if located_facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("basket", "locationId"))
    customer = await customers.find(session, by=by)
    if customer is None or not principal.may_see_customer(customer.id):
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    own_wallet_problem = await own_wallet.problem(session, principal=principal, customer=customer, path=("customer",))
    if own_wallet_problem is not None:
        return own_wallet_problem
    in_force = await versions.in_force(session, at=facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("basket", "occurredAt"))
    state = await current_state_of(session, customer=customer, terms=in_force, facts=located_facts)
    facts = await budgets.with_budgets(session, customer_id=state.customer.id, terms=in_force, facts=state.facts)
    decision = earning.earn(terms=in_force, facts=facts)
    if not all(state.balance_of(unit).has_room_for(decision, unit=unit) for unit in Unit):
        return Problem(ProblemCode.AMOUNT_OUT_OF_RANGE, path=("basket", "lines"))
    catalogue = {reward.key: reward for reward in await rewards.all_rewards(session)}
    clause_qualifications = qualifications(
        terms=in_force,
        facts=facts,
        decision=decision,
        balances=state.balances,
        old_prices=state.old_prices,
        activations_for=state.pending.activations_for,
        problem_for=lambda key, decided: (
            technical_problem(catalogue[key], decision=decided) if key in catalogue else None
        ),
    )
    return BasketCheck(
        customer=state.customer,
        facts=facts,
        decision=decision,
        terms=in_force,
        clause_qualifications=clause_qualifications,
    )
