"""Technical refusals as data."""

from __future__ import annotations

import strawberry

from app.api.conventions.enums import described
from app.domain.problems import Problem, ProblemCode
from app.domain.wording import Wording

described(
    ProblemCode,
    "Technical refusals: nothing was written and no points were touched. The list is closed, in order of precedence.",
    {
        ProblemCode.INVALID_INPUT: "A value cannot be used; `path` leads to it.",
        ProblemCode.INVALID_IDENTITY: "A card, phone number, e-mail or token is malformed.",
        ProblemCode.REASON_MISSING: "An adjustment, a transfer or a merge needs a reason of its own: `path` leads to it.",
        ProblemCode.IDEMPOTENCY_KEY_REUSED: "The key was used before with another mutation or another input.",
        ProblemCode.SANDBOX_ONLY: "Only sandbox programs have a clock that can be moved.",
        ProblemCode.CLOCK_SKEW: "`occurredAt` lies where it cannot be: more than 5 minutes ahead, or before what it follows.",
        ProblemCode.RATE_MISSING: "The purchase is not in the program's currency and names no exchange rate; it is never taken for 1:1.",
        ProblemCode.CUSTOMER_NOT_FOUND: "No customer of this program is known by that.",
        ProblemCode.PURCHASE_NOT_FOUND: "No purchase of this program is known by that.",
        ProblemCode.PENDING_DEPENDENCY: "The purchase of this refund has not arrived yet: the refund waits for it, and takes no points before.",
        ProblemCode.REWARD_NOT_FOUND: "No reward of this program is known by that.",
        ProblemCode.LOCATION_NOT_FOUND: "The program has no such location.",
        ProblemCode.PREVIEW_NOT_FOUND: "No impact preview of this program is known by that; ended ones are forgotten after some newer ones.",
        ProblemCode.REDEMPTION_NOT_FOUND: "No redemption of this program is known by that.",
        ProblemCode.HOLD_NOT_FOUND: "No reservation of points of this program is known by that.",
        ProblemCode.NOTICE_NOT_FOUND: "No notice of this program is known by that.",
        ProblemCode.SAME_CUSTOMER: "Both are the same customer.",
        ProblemCode.OTHER_CUSTOMER: "Somebody else than the given customer had bought what comes back.",
        ProblemCode.OWN_CARD: "The access key is tied to a customer who holds that wallet: nobody does anything by hand for a card of their own.",
        ProblemCode.ALREADY_MERGED: "The customer was merged with another one before.",
        ProblemCode.WALLET_SHARED: "Several customers share the wallet, which makes what is asked impossible.",
        ProblemCode.BIRTHDAY_KNOWN: "The birthday is known already, and a customer cannot change it: staff can.",
        ProblemCode.IDENTITY_TAKEN: "The identity belongs to a customer already.",
        ProblemCode.REWARD_KEY_TAKEN: "A reward with this key exists.",
        ProblemCode.LOCATION_TAKEN: "A location with this key or name exists; `path` says which of them.",
        ProblemCode.RECEIPT_DIFFERS: "The receipt is recorded already, with other contents.",
        ProblemCode.NO_TERMS_IN_FORCE: "No version of the terms was in force at that time.",
        ProblemCode.UNKNOWN_REWARD_IN_TERMS: "A clause prices a reward that does not exist.",
        ProblemCode.UNKNOWN_LOCATION_IN_TERMS: "A condition names a location that does not exist.",
        ProblemCode.NOT_KEPT_YET: "The clause is known, but this version of Troth does not keep it: it cannot be promised.",
        ProblemCode.NOT_WITHDRAWABLE: "Only the last version can be withdrawn, before it starts.",
        ProblemCode.TOO_MANY_PREVIEWS: "Three impact previews wait or run; wait for one to end, or cancel it.",
        ProblemCode.REWARD_NOT_OFFERED: "The terms in force have no clause for this reward.",
        ProblemCode.VARIANT_REQUIRED: "The reward has variants, `Reward.variants`, and none was chosen. They cannot be chosen yet.",
        ProblemCode.NOT_HELD: "The reservation is over: captured, released or run out.",
        ProblemCode.ALREADY_REVERSED: "It was reversed before; that is done once.",
        ProblemCode.REDEMPTION_SPENT: "The redemption has paid a purchase. It pays no other one, and comes back only with that purchase: refund it.",
        ProblemCode.ALREADY_USED: "What was redeemed was handed over: its customer cannot cancel it any more, owner and staff can.",
        ProblemCode.NOT_CANCELLABLE: "A till can cancel only what it redeemed last, for 10 minutes, and a customer only where the terms give them a window. Owner and staff can, with a reason.",
        ProblemCode.NOT_MOVABLE: "Something of the purchase came back, or points of its customer paid a part of it: it stays with that customer.",
        ProblemCode.NOTHING_TO_REFUND: "The lines or quantities to refund are not there any more.",
        ProblemCode.ABOVE_LIMIT: "It is above what this access key may do at once, in a day or to one receipt; `detail` says how much that is, and the owner can do it.",
        ProblemCode.NOT_ENOUGH_POINTS: "The transfer or adjustment by staff takes more points or stamps than there are.",
        ProblemCode.OUT_OF_STOCK: "The last one is gone.",
        ProblemCode.AMOUNT_OUT_OF_RANGE: "The balance would grow beyond 2,147,483,647 points.",
    },
    name="UserErrorCode",
)


@strawberry.interface(description="Why a mutation did nothing. Nothing was written and no points were touched.")
class UserError:
    """A technical refusal as the client sees it."""

    code: ProblemCode = strawberry.field(description="Stable; for programs to act on.")
    message: str = strawberry.field(description="One sentence in the caller's locale.")
    path: list[str] = strawberry.field(
        description="The way to the input that caused it, from the mutation's arguments on."
    )


@strawberry.type(description="A technical refusal.")
class TechnicalRefusal(UserError):
    """The one kind of user error there is so far."""

    detail: str | None = strawberry.field(description="A short English addition for developers, or null.")


def refusal(problem: Problem, *, say: Wording, within: tuple[str, ...] = ("input",)) -> TechnicalRefusal:
    """A technical refusal in the caller's words; `within` is the argument that held the input."""
    return TechnicalRefusal(
        code=problem.code,
        message=say(f"error.{problem.code.value}"),
        path=[*within, *(str(step) for step in problem.path)],
        detail=problem.detail,
    )
