"""Fields that the payloads of several mutations share: the decision, the balances, and the objects of the command.

`Has...` are protocols: what a result must have. `With...` are payload classes with the fields of
one such object, to be combined. A `...Payload` has a class method `of` as well, which makes it from a result.
Decision and balances are those of the command, even when it is repeated. Objects are read as they are now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import strawberry
from strawberry import Parent

from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload, WithResult
from app.api.types.customers.customer import Customer
from app.api.types.decisions.decision import Decision, decision_object
from app.api.types.impact_preview import ImpactPreview
from app.api.types.ledger.balance import Balance, HasBalances, balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.purchase import Purchase
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import Reward
from app.domain import decisions
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms import version
from app.queries.customers import customers
from app.queries.ledger import entries
from app.queries.rewards import offers
from app.queries.terms.impact_previews import preview_by_id


class HasDecision(Protocol):
    """A result with a decision, if the terms decided."""

    @property
    def decision(self) -> decisions.Decision | None:
        """The decision; None if the terms did not decide."""

    @property
    def terms(self) -> version.Terms | None:
        """The version of the terms that decided; None if it has to be read."""


class HasCustomer(Protocol):
    """A result about a customer."""

    @property
    def customer_id(self) -> str:
        """The id of the customer."""


class HasPurchase(Protocol):
    """A result about a purchase."""

    @property
    def purchase_id(self) -> str:
        """The id of the purchase."""


class HasEntry(Protocol):
    """A result of a command that may make a ledger entry for its customer."""

    @property
    def entry_id(self) -> str | None:
        """The id of the entry; None if none was made."""


class HasRedemption(Protocol):
    """A result of a command that may make or end a redemption."""

    @property
    def redemption_id(self) -> str | None:
        """The id of the redemption; None if there is none."""


class HasReward(Protocol):
    """A result about a reward."""

    @property
    def reward_id(self) -> str:
        """The id of the reward."""


class HasDecidedEntry(HasDecision, HasBalances, HasEntry, Protocol):
    """A result with a decision, the balances after it, and its entry."""


R = TypeVar("R")
T = TypeVar("T")
WithCustomerResult = TypeVar("WithCustomerResult", bound=HasCustomer)
WithPurchaseResult = TypeVar("WithPurchaseResult", bound=HasPurchase)
WithRewardResult = TypeVar("WithRewardResult", bound=HasReward)
WithBalancesResult = TypeVar("WithBalancesResult", bound=HasBalances)
WithDecisionResult = TypeVar("WithDecisionResult", bound=HasDecidedEntry)


def result_field(
    result_type: type[R],
    load: Callable[[R, Context], Awaitable[T | None]],
    *,
    description: str,
    name: str | None = None,
) -> T | None:
    """A payload field with an object that `load` reads for results of the class `result`; null for any other result."""

    async def resolve(payload: Parent[WithResult[Any]], info: Info) -> T | None:
        return await load(payload.result, info.context) if isinstance(payload.result, result_type) else None

    field: T | None = strawberry.field(resolver=resolve, name=name, description=description)
    return field


async def customer_of(result: HasCustomer, context: Context) -> Customer | None:
    """The customer of a command."""
    return await load_customer(result.customer_id, context=context)


async def purchase_of(result: HasPurchase, context: Context) -> Purchase | None:
    """The purchase of a command."""
    purchase = await context.load(entries.purchases_by_id, result.purchase_id)
    return Purchase.of(purchase) if purchase is not None else None


async def redemption_of(result: HasRedemption, context: Context) -> Redemption | None:
    """The redemption of a command."""
    if result.redemption_id is None:
        return None
    redemption = await context.load(entries.redemptions_by_id, result.redemption_id)
    return Redemption.of(redemption) if redemption is not None else None


async def reward_of(result: HasReward, context: Context) -> Reward | None:
    """The reward of a command."""
    reward = await context.load(offers.rewards_by_id, result.reward_id)
    return Reward.of(reward, context=context) if reward is not None else None


async def load_customer(id: str, *, context: Context) -> Customer | None:
    """The customer with this id, as they are now; None if there is none."""
    customer = await context.load(customers.customers_as_of, id, at=context.now)
    return Customer.of(customer) if customer is not None else None


@dataclass(frozen=True, slots=True)
class OtherEntry:
    """The entry that a command made for the other customer."""

    entry_id: str | None


async def entry_of(result: HasEntry, context: Context) -> LedgerEntry | None:
    """The ledger entry that a command made for its customer; None if it made none."""
    if result.entry_id is None:
        return None
    stored_entry = await context.load(entries.entries_by_id, result.entry_id)
    if stored_entry is None:
        return None
    deciding_terms = await context.terms(entries.deciding_version(stored_entry.entry))
    return LedgerEntry.of(stored_entry, deciding_terms=deciding_terms, context=context)


async def load_decision(
    result: HasDecision, *, context: Context, facts: PurchaseFacts | None = None, entry_id: str | None = None
) -> Decision | None:
    """The decision of a result; None if the terms did not decide.

    If it is about a purchase, `facts` are the purchase's; without them they are read by `entry_id`, the id of its entry.
    """
    if result.decision is None:
        return None
    deciding_terms = result.terms or await context.terms(result.decision.terms_version)
    return decision_object(result.decision, deciding_terms=deciding_terms, facts=facts, entry_id=entry_id)


@strawberry.type(description="A payload with balances.")
class BalancesPayload(Payload[WithBalancesResult]):
    """The payload of a command that changes balances; a subclass may add a decision."""

    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The customer's balances right after this mutation, one per unit."
    )

    @classmethod
    async def of(cls, result: WithBalancesResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result, balances=balances_after(result, context=context))


@strawberry.type(description="A payload with a decision and balances.")
class WithDecision(Payload[WithDecisionResult]):
    """A command that the terms decide on."""

    decision: Decision | None = strawberry.field(default=None, description="Granted, or refused by the terms.")
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The customer's balances right after this mutation, one per unit."
    )


@strawberry.type(description="A payload with the decision and the balances of its result.")
class DecisionPayload(WithDecision[WithDecisionResult]):
    """A command that the terms decide on, with one result."""

    @classmethod
    async def of(cls, result: WithDecisionResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(
            result=result,
            decision=await load_decision(result, context=context, entry_id=result.entry_id),
            balances=balances_after(result, context=context),
        )


@strawberry.type(description="A payload with the customer.")
class WithCustomer(Payload[WithCustomerResult]):
    """A command that concerned one customer."""

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Null where the command was rejected."""
        return await customer_of(self.result, info.context) if self.result is not None else None


@strawberry.type(description="A payload with the purchase.")
class WithPurchase(Payload[WithPurchaseResult]):
    """A command that concerned a purchase."""

    @strawberry.field(description="The purchase, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Null where the command was rejected."""
        return await purchase_of(self.result, info.context) if self.result is not None else None


@strawberry.type(description="A payload with the reward.")
class WithReward(Payload[WithRewardResult]):
    """A command that concerned a reward."""

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Null where the command was rejected."""
        if self.result is None:
            return None
        # `reward_of` does the same; here it would be one more call for each redemption.
        reward = await info.context.load(offers.rewards_by_id, self.result.reward_id)
        return Reward.of(reward, context=info.context) if reward is not None else None


@strawberry.type(description="Says whether the receipt had been recorded before.")
class WithAlreadyRecorded:
    """The payload of a command that records a receipt once, whatever its idempotency key."""

    already_recorded: bool = strawberry.field(
        default=False,
        description="Whether this receipt had been recorded under another `idempotencyKey`: then nothing was booked now, and `decision` is the one of that time.",
    )


class HasPreview(Protocol):
    """A result about an impact preview."""

    @property
    def preview_id(self) -> str:
        """The id of the preview."""


@strawberry.type(description="A payload with an impact preview.")
class ImpactPreviewPayload(Payload[HasPreview]):
    """A command that starts or stops an impact preview."""

    @classmethod
    async def of(cls, result: HasPreview, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)

    @strawberry.field(description="The preview; null when nothing was done.")
    async def preview(self, info: Info) -> ImpactPreview | None:
        """The preview, as it is now."""
        if self.result is None:
            return None
        preview = await info.context.query(preview_by_id, preview_id=self.result.preview_id)
        return ImpactPreview.of(preview) if preview is not None else None
