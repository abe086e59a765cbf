"""The closed sets of the domain as GraphQL enums, every value described."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import TypeVar

import strawberry

from app.domain.access import Role
from app.domain.customers.identities import IdentityKind
from app.domain.customers.profile import PreferenceKind
from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode, Verdict
from app.domain.i18n.locales import FormOfAddress
from app.domain.ledger.entries import EntryType
from app.domain.purchases.facts import Channel, PaymentKind
from app.domain.purchases.lines import LineKind
from app.domain.purchases.receipt_numbers import ReceiptNumbers
from app.domain.terms.status import TermsStatus
from app.domain.terms.text import TextFormat

E = TypeVar("E", bound=Enum)


def register_enum(enum: type[E], description: str, values: Mapping[E, str], *, name: str | None = None) -> type[E]:
    """Register an enum of the domain with the schema. Raises ValueError if a member has no description in `values`."""
    missing = [member for member in enum if member not in values]
    if missing:
        raise ValueError(f"{enum.__name__} lacks descriptions for {missing}")
    registered_enum = strawberry.enum(enum, name=name, description=description)
    for value in registered_enum.__strawberry_definition__.values:  # type: ignore[attr-defined]  # set by strawberry.enum
        value.description = values[enum[value.name]]
    return registered_enum


class ProgramKind(StrEnum):
    """Whether a program serves real customers."""

    LIVE = "LIVE"
    SANDBOX = "SANDBOX"


class CustomerState(StrEnum):
    """What a customer may do. A merged customer has no state: the surviving customer is returned instead."""

    ACTIVE = "ACTIVE"


class RedemptionState(StrEnum):
    """How far a redemption has come."""

    HELD = "HELD"
    ISSUED = "ISSUED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


register_enum(
    ProgramKind,
    "Whether a program serves real customers.",
    {
        ProgramKind.LIVE: "Real customers and real points.",
        ProgramKind.SANDBOX: "For trying things out; may replay the past.",
    },
)
register_enum(
    ReceiptNumbers,
    "What tells two receipts of the same number apart. It holds for receipts, refund numbers and checkouts.",
    {
        ReceiptNumbers.UNIQUE: "Nothing: a number is used once.",
        ReceiptNumbers.PER_LOCATION: "The location: each uses its own numbers.",
        ReceiptNumbers.PER_DAY: "The day of business, by the clock of the location: numbers begin anew each day.",
        ReceiptNumbers.PER_LOCATION_AND_DAY: "The location and its day of business.",
    },
)
register_enum(
    FormOfAddress,
    "How German sentences speak to members; other languages have one form.",
    {FormOfAddress.FORMAL: "With Sie.", FormOfAddress.INFORMAL: "With du."},
    name="FormOfAddress",
)
register_enum(
    TermsStatus,
    "Where a published version of the terms stands in time.",
    {
        TermsStatus.SCHEDULED: "Published, starts later.",
        TermsStatus.IN_FORCE: "Decides now.",
        TermsStatus.SUPERSEDED: "Replaced by a later version; still decides what happened in its time.",
        TermsStatus.WITHDRAWN: "Withdrawn before it started; it never decided anything.",
    },
)
register_enum(
    CustomerState,
    "What a customer may do. For a merged customer, the surviving customer is returned.",
    {CustomerState.ACTIVE: "Earns and redeems."},
)
register_enum(
    RedemptionState,
    "How far a redemption has come.",
    {
        RedemptionState.HELD: "Points and stock are reserved for a checkout.",
        RedemptionState.ISSUED: "Paid for with points by the customer, who still has to get it: see `fulfilRedemption`.",
        RedemptionState.FULFILLED: "Paid for with points and handed over.",
        RedemptionState.CANCELLED: "Released before it was paid for, or cancelled after: points and stock are back.",
        RedemptionState.EXPIRED: "The hold expired: points and stock are back.",
    },
)
register_enum(
    TextFormat,
    "How a text is marked up.",
    {
        TextFormat.PLAIN: "Lines of plain text.",
        TextFormat.MARKDOWN: "A Markdown document with a heading and a list.",
        TextFormat.HTML: "A heading and a list in HTML, everything escaped.",
    },
)
register_enum(
    Role,
    "What the holder of an access key is to the program.",
    {
        Role.OWNER: "May do and see everything in the program.",
        Role.STAFF: "Serves customers: everything a till does; cancels redemptions after the window of the terms and adjusts points, with a reason; sees identities, birthdays and segments in full, and changes them.",
        Role.TILL: "Enrols, records purchases and refunds, redeems, notes preferences; identities are masked, birthdays and segments hidden.",
        Role.INTEGRATION: "An app's own server: enrols customers, and creates and revokes their keys; it acts for a customer only with that customer's key. It sees the terms and the rewards, and no customer.",
        Role.CUSTOMER: "Sees their own card, the terms and the rewards; redeems for themselves; states preferences, the language, and a birthday that is not known yet.",
    },
)
register_enum(
    DecisionOutcome,
    "What a decision came to.",
    {
        DecisionOutcome.GRANTED: "In full.",
        DecisionOutcome.PARTLY_GRANTED: "In part: a cap, a budget or the balance took part of it; the reasons say which.",
        DecisionOutcome.NOTHING_EARNED: "A purchase is recorded, or would be, and brings neither points nor stamps; the reasons say why. A purchase is never refused.",
        DecisionOutcome.REFUSED: "Not granted; the reasons name every condition that failed.",
    },
)
register_enum(
    Verdict,
    "What a clause did in a decision.",
    {
        Verdict.APPLIED: "It decided, or its condition is met.",
        Verdict.NOT_MET: "Its condition is not met.",
        Verdict.LIMITED: "It applied in part.",
        Verdict.EXCLUDED: "It was met but another clause counted instead, or an exception applies.",
    },
)
register_enum(
    ReasonCode,
    "Why a clause had its verdict; codes are stable, in order of precedence.",
    {code: f"{code.name.replace('_', ' ').capitalize()}." for code in ReasonCode}
    | {
        ReasonCode.NEGATIVE_STAMPS: "Stamps are owed: `observed`. Those and the cost together are `required` stamps.",
        ReasonCode.INSUFFICIENT_STAMPS: "There are `observed` stamps, and `required` are needed.",
        ReasonCode.STAMPS_EARNED: "The clause gives `observed` stamps.",
        ReasonCode.STAMPS_PAID: "There are `observed` stamps, which pay the cost of `required`.",
        ReasonCode.STAMPS_CLAWED_BACK: "`observed` stamps are clawed back; those already spent are deducted from the next ones.",
        ReasonCode.STAMPS_RETURNED: "`observed` stamps that had been paid came back.",
        ReasonCode.NEGATIVE_BALANCE: "Points are owed: `observed`. Those and the cost together are `required` points.",
        ReasonCode.STILL_PENDING: "`observed` points are pending, and can be spent from the instant `required` on.",
        ReasonCode.BELOW_ZERO: "Points are clawed back beyond the balance: `observed` were available, `required` are now owed in all.",
        ReasonCode.STAMPS_BELOW_ZERO: "Stamps are clawed back beyond the balance: `observed` were available, `required` are now owed in all.",
        ReasonCode.POINTS_RETURNED: "Points that had paid for goods that came back were given back: `observed`.",
        ReasonCode.REDEMPTION_UNDONE: "The redemption was cancelled; points that came back: `observed`.",
        ReasonCode.UNDO_WINDOW_OVER: "The customer could cancel the redemption until the instant `required`.",
        ReasonCode.GRACE_AFTER_REVERSAL: "Points that came back past their last valid day, `observed`, can be spent until the instant `required`, because the shop was at fault.",
        ReasonCode.EXPIRED_ON_RELEASE: "Points that came back from a hold or a redemption, `observed`, expired at once; their last valid local day was `required`.",
        ReasonCode.POINTS_EXPIRED: "Points expired: `observed`; their last valid local day was `required`.",
        ReasonCode.POINTS_AVAILABLE: "`observed` pending points became available. If part of them repaid debt, `required` is the number that was pending.",
        ReasonCode.TIER_LOST: "The tier, which begins at `required` qualifying points, is lost with `observed`.",
        ReasonCode.TIER_KEPT: "`observed` qualifying points are no longer enough for the tier; it is kept until the instant `required`.",
        ReasonCode.TIER_REACHED: "The tier, which begins at `required` qualifying points, is reached with `observed`.",
    },
)
register_enum(
    RemedyCode,
    "What would make a condition hold.",
    {
        RemedyCode.COME_AT: "Come when the window opens: `from`.",
        RemedyCode.SPEND_MORE: "Spend `amount` more on what counts.",
        RemedyCode.ADD_PRODUCT: "Add one of `choices` to the basket.",
        RemedyCode.ADD_QUANTITY: "Add `quantity` items more of what counts.",
        RemedyCode.USE_LOCATION: "Buy at one of `locations`; where there are none, at any other location.",
        RemedyCode.USE_CHANNEL: "Buy through one of the channels in `choices`.",
        RemedyCode.PAY_WITH: "Pay everything with one of the methods in `choices`.",
        RemedyCode.ASK_AT_TILL: "Ask at the till.",
        RemedyCode.COME_AGAIN: "Make `quantity` more purchases.",
        RemedyCode.PROVIDE_BIRTHDAY: "Give the date of birth: then the condition holds, or a remedy says from when on it will.",
        RemedyCode.WAIT_FOR_BIRTHDAY: "The condition holds from the birthday window on, at `from`. Owner, staff and the customer see `from` in previews; it is null for tills and in recorded decisions, because it reveals the date of birth.",
        RemedyCode.ASK_STAFF: "Ask the staff to put the customer into one of the segments in `choices`; without choices, to take them out of one.",
        RemedyCode.STATE_PREFERENCE: "State one of `choices` as a preference.",
        RemedyCode.COLLECT_POINTS: "Collect `points` more.",
        RemedyCode.COLLECT_STAMPS: "Collect `quantity` more stamps.",
        RemedyCode.COLLECT_QUALIFYING: "Collect `points` more that count towards a tier.",
        RemedyCode.START_LATER: "Let the change start at `from` or later.",
        RemedyCode.START_SOONER: "Let the change take effect before `from`, or announce it later.",
        RemedyCode.NONE: "Nothing would: the condition cannot hold any more.",
    },
)
register_enum(
    Channel,
    "Where a purchase was made.",
    {Channel.STORE: "In a shop.", Channel.ONLINE: "In a web shop or app.", Channel.PHONE: "By telephone."},
)
register_enum(
    LineKind,
    "What a line of a receipt is.",
    {
        LineKind.GOODS: "Goods or services.",
        LineKind.SHIPPING: "Postage and packing.",
        LineKind.TIP: "A tip.",
        LineKind.DEPOSIT: "A deposit.",
        LineKind.GIFT_CARD: "A gift card that is bought.",
        LineKind.REWARD: "Reward goods: they earn nothing.",
    },
)
register_enum(
    PaymentKind,
    "What a purchase was paid with.",
    {
        PaymentKind.CASH: "Cash.",
        PaymentKind.CARD: "A payment card.",
        PaymentKind.GIFT_CARD: "A gift card; what it pays for earns.",
        PaymentKind.POINTS: "Points; what they pay for earns nothing.",
        PaymentKind.OTHER: "Anything else.",
    },
)
register_enum(
    IdentityKind,
    "What a customer is recognised by.",
    {
        IdentityKind.CARD: "The number of a card.",
        IdentityKind.PHONE: "A telephone number, E.164.",
        IdentityKind.EMAIL: "An e-mail address, lower case.",
        IdentityKind.TOKEN: "A token or QR code of an app.",
        IdentityKind.EXTERNAL_ID: "The id in another system of the shop.",
    },
)
register_enum(
    PreferenceKind,
    "What a preference is about.",
    {
        PreferenceKind.FAVOURITE_CATEGORY: "What the customer likes: a category of goods.",
        PreferenceKind.DIET: "What the customer eats, such as vegan.",
        PreferenceKind.SIZE: "The size that the customer takes.",
    },
)
register_enum(
    EntryType,
    "What a ledger entry is.",
    {
        EntryType.EARN: "Points earned by a purchase.",
        EntryType.REDEEM: "Points paid for a reward.",
        EntryType.CLAWBACK: "Points clawed back after a refund.",
        EntryType.EXPIRE: "Points that expired.",
        EntryType.REVERSAL: "Points of a redemption that was cancelled, returned to the same lots.",
        EntryType.ADJUST: "Points added or removed by staff, with a reason.",
        EntryType.TRANSFER: "Points transferred to another customer, or received from one, with their dates.",
        EntryType.MERGE: "Everything that a wallet held when it was merged into another one.",
        EntryType.ACTIVATE: "Pending points became available; a debt is repaid from them.",
    },
)
