"""Technical problems, for which a command is rejected, as data. A refusal by the terms is a decision instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry.types.base import StrawberryList, StrawberryObjectDefinition
from strawberry.types.lazy_type import LazyType

from app.api.conventions.arguments import Language
from app.api.conventions.context import Info, phrasebook_of
from app.api.conventions.enums import register_enum
from app.domain.i18n.details import detail_sentence
from app.domain.problems import Problem, ProblemCode
from app.queries.ledger.entries import purchases_by_id, redemptions_by_id

register_enum(
    ProblemCode,
    "Technical problems: nothing was written and no points were touched. The list is closed, in order of precedence.",
    {
        ProblemCode.INVALID_INPUT: "A value cannot be used; `path` leads to it.",
        ProblemCode.INVALID_IDENTITY: "A card, phone number, e-mail or token is malformed.",
        ProblemCode.REASON_MISSING: "An adjustment, a transfer or a merge needs a reason of its own: `path` leads to it.",
        ProblemCode.IDEMPOTENCY_KEY_REUSED: "The key was used before with another mutation or another input.",
        ProblemCode.SANDBOX_ONLY: "Only sandbox programs have a clock that can be moved.",
        ProblemCode.CLOCK_SKEW: "`occurredAt` is implausible: more than 5 minutes ahead, older than the program accepts from a till, or before the event that it follows. In the first two cases a purchase, refund or exchange goes into quarantine: see `quarantined`.",
        ProblemCode.RATE_MISSING: "The purchase is not in the program's currency and names no exchange rate; a rate of 1:1 is never assumed.",
        ProblemCode.CUSTOMER_NOT_FOUND: "The program has no such customer.",
        ProblemCode.PURCHASE_NOT_FOUND: "The program has no such purchase.",
        ProblemCode.PENDING_DEPENDENCY: "The purchase of this refund or exchange has not arrived yet: it is pending until then, and nothing is booked before.",
        ProblemCode.REWARD_NOT_FOUND: "The program has no such reward.",
        ProblemCode.LOCATION_NOT_FOUND: "The program has no such location.",
        ProblemCode.ACCESS_KEY_NOT_FOUND: "The program has no such access key, or the caller may not change it.",
        ProblemCode.ACCESS_KEY_ENDED: "The access key was revoked, has expired, or was replaced already: create a new one, or rotate its successor.",
        ProblemCode.PREVIEW_NOT_FOUND: "The program has no such impact preview; previews that have ended are deleted when there are enough newer ones.",
        ProblemCode.REDEMPTION_NOT_FOUND: "The program has no such redemption.",
        ProblemCode.HOLD_NOT_FOUND: "The program has no such hold.",
        ProblemCode.QUARANTINED_NOT_FOUND: "The program has no such receipt in quarantine.",
        ProblemCode.SAME_CUSTOMER: "The two customers in the request are the same one.",
        ProblemCode.OTHER_CUSTOMER: "The returned goods were bought by another customer than the one given.",
        ProblemCode.OWN_CARD: "The access key is tied to a customer who holds that wallet: nobody may do anything by hand for their own card.",
        ProblemCode.ALREADY_MERGED: "The customer was merged with another one before.",
        ProblemCode.WALLET_SHARED: "Several customers share the wallet, which makes the request impossible.",
        ProblemCode.BIRTHDAY_KNOWN: "The birthday is known already, and a customer cannot change it: staff can.",
        ProblemCode.IDENTITY_TAKEN: "The identity belongs to a customer already.",
        ProblemCode.REWARD_KEY_TAKEN: "A reward with this key exists.",
        ProblemCode.LOCATION_TAKEN: "A location with this key or name exists; `path` says which of them.",
        ProblemCode.SLUG_TAKEN: "Another program of this deployment has this public name in addresses.",
        ProblemCode.RECEIPT_AMBIGUOUS: "Several receipts have this number: say the location or the day as well.",
        ProblemCode.RECEIPT_DIFFERS: "A receipt, refund or checkout of this number is recorded already, with other contents.",
        ProblemCode.ORDER_NOT_CANCELLED: "Only an order that was returned in full can be completed again, each time with the next number as `completion`.",
        ProblemCode.NO_TERMS_IN_FORCE: "No version of the terms was in force at that time.",
        ProblemCode.UNKNOWN_REWARD_IN_TERMS: "A clause prices a reward that does not exist.",
        ProblemCode.UNKNOWN_LOCATION_IN_TERMS: "A condition names a location that does not exist.",
        ProblemCode.NOT_ENFORCED_YET: "The clause is known, but this version of Troth does not enforce it, so it cannot be published.",
        ProblemCode.NOT_WITHDRAWABLE: "Only the last version can be withdrawn, before it starts.",
        ProblemCode.TOO_MANY_PREVIEWS: "Three impact previews are queued or running; wait for one to end, or cancel it.",
        ProblemCode.REWARD_NOT_OFFERED: "The terms in force have no clause for this reward.",
        ProblemCode.VARIANT_REQUIRED: "The reward has variants, `Reward.variants`, and none was chosen. They cannot be chosen yet.",
        ProblemCode.NOT_HELD: "The hold is over: captured, released or expired.",
        ProblemCode.ALREADY_SETTLED: "The receipt in quarantine was booked or dismissed before; this is done once.",
        ProblemCode.ALREADY_REVERSED: "The redemption was cancelled before; this is done once.",
        ProblemCode.NOT_FULFILLED: "The redemption was issued to its customer and pays nothing before it is handed over: see `fulfilRedemption`.",
        ProblemCode.REDEMPTION_SPENT: "The redemption has paid a purchase. It pays no other one, and comes back only with that purchase: refund it.",
        ProblemCode.ALREADY_FULFILLED: "The reward was handed over before; this is done once.",
        ProblemCode.ALREADY_USED: "What was redeemed was handed over: its customer cannot cancel it any more, owner and staff can.",
        ProblemCode.NOT_CANCELLABLE: "A till can cancel only what it handed over last, for 10 minutes; customers can as the terms of the redemption say. Owner and staff can, with a reason.",
        ProblemCode.NOT_MOVABLE: "Goods of the purchase were returned, it is the new receipt of an exchange, or points of its customer paid a part of it: it stays with that customer.",
        ProblemCode.NOTHING_TO_REFUND: "The lines or quantities to refund are not there any more.",
        ProblemCode.ABOVE_LIMIT: "More than this access key may do at once, in a day or to one receipt: `detail` says how much it may do. The owner may do more.",
        ProblemCode.NOT_ENOUGH_POINTS: "The transfer or adjustment by staff takes more points or stamps than there are.",
        ProblemCode.OUT_OF_STOCK: "The last one is gone.",
        ProblemCode.AMOUNT_OUT_OF_RANGE: "The balance would grow beyond 2,147,483,647 points.",
    },
    name="UserErrorCode",
)


@strawberry.interface(description="Why a mutation did nothing. Nothing was written and no points were touched.")
class UserError:
    """A problem as the client sees it."""

    problem: strawberry.Private[Problem]
    code: ProblemCode = strawberry.field(description="Stable; for programs to act on.")
    path: list[str] = strawberry.field(
        description="The path to the input that caused the problem, from the mutation's arguments on."
    )

    @strawberry.field(description="One sentence for whoever stands at the till.")
    def message(self, info: Info, locale: Language = None) -> str:
        """The sentence for `code`."""
        return phrasebook_of(info, locale)(f"error.{self.code.value}")

    @strawberry.field(
        description="One more sentence: what exactly is wrong and, where there is a next step, what would be right; null where `message` says it all."
    )
    def detail(self, info: Info, locale: Language = None) -> str | None:
        """The sentence for the detail of the problem."""
        if self.problem.detail is None:
            return None
        return detail_sentence(self.problem.detail, phrasebook=phrasebook_of(info, locale))


@strawberry.type(description="A technical problem.")
class TechnicalError(UserError):
    """A problem that no recorded purchase or redemption explains."""


# The files of these types import this file, so they are not imported here.
_PURCHASE: Any = LazyType("Purchase", "app.api.types.purchases.purchase")
_REDEMPTION: Any = LazyType("Redemption", "app.api.types.rewards.redemption")


@strawberry.type(
    description="Recorded receipts stand in the way: a receipt, refund or checkout of this number with other contents, several receipts that a reference fits, or an order that was not cancelled."
)
class ReceiptError(UserError):
    """A problem with the purchases or redemptions that cause it."""

    @strawberry.field(
        graphql_type=StrawberryList(_PURCHASE),
        description="The purchases that are recorded, the newest first, at most 20; with the number of a refund, those whose refunds have it.",
    )
    async def purchases(self, info: Info) -> Any:
        """Read as they are now."""
        return await _visible_entities(info, type_name="Purchase", query=purchases_by_id, ids=self.problem.purchase_ids)

    @strawberry.field(
        graphql_type=StrawberryList(_REDEMPTION),
        description="The redemptions that were reserved for checkouts of this number, at most 20.",
    )
    async def redemptions(self, info: Info) -> Any:
        """Read as they are now."""
        return await _visible_entities(
            info, type_name="Redemption", query=redemptions_by_id, ids=self.problem.redemption_ids
        )


async def _visible_entities(info: Info, *, type_name: str, query: Any, ids: Sequence[str]) -> list[Any]:
    """Those of the recorded entities that the caller may see, as objects of the type with this name."""
    object_type = info.schema.get_type_by_name(type_name)
    assert isinstance(object_type, StrawberryObjectDefinition), "an object type of this schema"
    entities = await info.context.query(query, ids=list(ids)) if ids else []
    principal = info.context.principal
    return [
        object_type.origin.of(entity)
        for entity in entities
        if entity is not None and principal.may_see_customer(entity.customer_id)
    ]


def user_error(problem: Problem, *, within: tuple[str, ...] = ("input",)) -> UserError:
    """The user error for a problem; `within` is the path to the input, with which the error's path begins."""
    code = problem.code
    path = [*within, *(str(step) for step in problem.path)]
    if problem.purchase_ids or problem.redemption_ids:
        return ReceiptError(code=code, path=path, problem=problem)
    return TechnicalError(code=code, path=path, problem=problem)
