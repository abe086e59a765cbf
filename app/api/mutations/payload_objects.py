"""What the payloads of several mutations show: the decision, the balances, and the objects that the command concerned.

Decision and balances are those of the command, also when it is sent again. Objects are read as they are now.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import strawberry
from strawberry import Parent

from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.types.customers.customer import Customer
from app.api.types.decision import Decision, decision_payload
from app.api.types.impact_preview import ImpactPreview
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.rewards.reward import Reward
from app.api.types.source_records import Purchase, Redemption
from app.api.types.terms.terms import Terms
from app.queries.customers import customers
from app.queries.ledger import entries
from app.queries.rewards import offers
from app.queries.terms.impact_previews import one_preview
from app.usecases.command import Answer


class HasAnswer(Protocol):
    """A payload, or a part of one that shows another answer."""

    answer: strawberry.Private[Answer | None]


async def load_customer(payload: Parent[HasAnswer], info: Info) -> Customer | None:
    """The customer of a command."""
    return await _customer(payload.answer and payload.answer.customer_id, context=info.context)


async def load_counterparty(payload: Parent[HasAnswer], info: Info) -> Customer | None:
    """The other customer of a command that concerned two."""
    return await _customer(payload.answer and payload.answer.other_id, context=info.context)


async def load_entry(payload: Parent[HasAnswer], info: Info) -> LedgerEntry | None:
    """The ledger entry that a command made for its customer."""
    return await _entry(payload.answer and payload.answer.entry_id, context=info.context)


async def load_counterparty_entry(payload: Parent[HasAnswer], info: Info) -> LedgerEntry | None:
    """The ledger entry that a command made for the other customer."""
    return await _entry(payload.answer and payload.answer.other_entry_id, context=info.context)


async def load_purchase(payload: Parent[HasAnswer], info: Info) -> Purchase | None:
    """The purchase of a command."""
    return await purchase_of(payload.answer, context=info.context)


async def load_redemption(payload: Parent[HasAnswer], info: Info) -> Redemption | None:
    """The redemption of a command."""
    if payload.answer is None or payload.answer.redemption_id is None:
        return None
    row = await info.context.load(entries.redemptions_by_id, payload.answer.redemption_id)
    return Redemption.of(row) if row is not None else None


async def load_reward(payload: Parent[HasAnswer], info: Info) -> Reward | None:
    """The reward of a command."""
    if payload.answer is None or payload.answer.reward_id is None:
        return None
    row = await info.context.load(offers.rewards_by_id, payload.answer.reward_id)
    return Reward.of(row, context=info.context) if row is not None else None


async def load_terms(payload: Parent[HasAnswer], info: Info) -> Terms | None:
    """The version of the terms that a command published or withdrew."""
    if payload.answer is None or payload.answer.terms_version is None:
        return None
    return Terms.of(await info.context.terms(payload.answer.terms_version))


def was_already_recorded(payload: Parent[HasAnswer]) -> bool:
    """Had the receipt been recorded under another idempotency key?"""
    return payload.answer is not None and payload.answer.already_recorded is True


async def purchase_of(answer: Answer | None, *, context: Context) -> Purchase | None:
    """The purchase of an answer."""
    if answer is None or answer.purchase_id is None:
        return None
    row = await context.load(entries.purchases_by_id, answer.purchase_id)
    return Purchase.of(row) if row is not None else None


async def _customer(id: str | None, *, context: Context) -> Customer | None:
    if id is None:
        return None
    row = await context.load(customers.cards, id, at=context.now)
    return Customer.of(row) if row is not None else None


async def _entry(id: str | None, *, context: Context) -> LedgerEntry | None:
    if id is None:
        return None
    stored = await context.load(entries.entries_by_id, id)
    if stored is None:
        return None
    judged_by = await context.terms(entries.decided_by(stored.entry))
    return LedgerEntry.of(stored, judged_by=judged_by, context=context)


@strawberry.type(description="A payload with balances.")
class BalancesPayload(Payload):
    """A command that moved points without a decision of the terms."""

    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The customer's balances right after this mutation, one per unit."
    )

    @classmethod
    async def of(cls, answer: Answer, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(answer=answer, balances=balances(answer.balances, context=context))


@strawberry.type(description="A payload with a decision.")
class DecisionPayload(Payload):
    """A command that the terms decide on."""

    decision: Decision | None = strawberry.field(default=None, description="Granted, or refused by the terms.")
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The customer's balances right after this mutation, one per unit."
    )

    @classmethod
    async def of(cls, answer: Answer, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(
            answer=answer,
            decision=await decision_payload(answer, context=context),
            balances=balances(answer.balances, context=context),
        )


@strawberry.type(description="A payload with the customer.")
class WithCustomer(Payload):
    """A command that concerned one customer."""

    customer: Customer | None = strawberry.field(resolver=load_customer, description="The customer, as they are now.")


@strawberry.type(description="A payload with the purchase.")
class WithPurchase(Payload):
    """A command that concerned a purchase."""

    purchase: Purchase | None = strawberry.field(resolver=load_purchase, description="The purchase, as it is now.")


@strawberry.type(description="A payload with the reward.")
class WithReward(Payload):
    """A command that concerned a reward."""

    reward: Reward | None = strawberry.field(resolver=load_reward, description="The reward, as it is now.")


@strawberry.type(description="A payload with the receipt that a till may send twice.")
class WithAlreadyRecorded(Payload):
    """A command that records a receipt once, whatever its idempotency key."""

    already_recorded: bool = strawberry.field(
        resolver=was_already_recorded,
        description="Whether this receipt had been recorded under another `idempotencyKey`: then nothing was booked now, and `decision` is what it came to when it was recorded.",
    )


@strawberry.type(description="The preview that was asked for, or stopped.")
class ImpactPreviewPayload(Payload):
    """A command that starts or stops an impact preview."""

    @strawberry.field(description="The preview; null when nothing was done.")
    async def preview(self, info: Info) -> ImpactPreview | None:
        """Its progress so far, and its result when it has ended."""
        if self.answer is None or self.answer.preview_id is None:
            return None
        stored = await info.context.query(one_preview, preview_id=self.answer.preview_id)
        return ImpactPreview.of(stored) if stored is not None else None
