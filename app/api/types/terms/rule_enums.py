"""The closed sets that rules are made of, as GraphQL enums, every value described."""

from __future__ import annotations

from app.api.conventions.enums import register_enum
from app.domain.amounts import Rounding
from app.domain.calendar import Period, Weekday
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.conditions.budget import BudgetMode
from app.domain.terms.conditions.minimum_spend import SpendBasis
from app.domain.terms.effects.combination import CombinationMode
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.effects.notice_period import NoticePreset
from app.domain.terms.effects.points_cap import CapScope
from app.domain.terms.effects.points_validity import ValidityStart
from app.domain.terms.effects.refund_policy import RefundMode
from app.domain.terms.effects.rounding_rule import RoundingScope
from app.domain.terms.effects.stamps import StampOccasion
from app.domain.terms.effects.tier_period import TierWindow
from app.domain.terms.lint.finding import LintCode
from app.domain.units import Unit

register_enum(
    Rounding,
    "How a fraction of a point is rounded.",
    {
        Rounding.HALF_UP: "Halves go up, away from zero.",
        Rounding.FLOOR: "Always down.",
        Rounding.HALF_EVEN: "Halves go to the even neighbour.",
    },
    name="RoundingMode",
)
register_enum(
    RoundingScope,
    "What is rounded.",
    {RoundingScope.BASKET: "The points of the whole purchase, once.", RoundingScope.LINE: "The points of each line."},
)
register_enum(
    Weekday,
    "A day of the week, on the wall calendar of the shop.",
    {day: f"{day.name.capitalize()}." for day in Weekday},
)
register_enum(
    Period,
    "A calendar period: a day by the calendar of the purchase's location, anything longer by the program's calendar.",
    {
        Period.DAY: "From midnight to midnight.",
        Period.WEEK: "From Monday to Sunday.",
        Period.MONTH: "A calendar month.",
        Period.YEAR: "A calendar year.",
        Period.EVER: "As long as the membership lasts.",
    },
)
register_enum(
    CapScope,
    "What a cap on points is for: a day by the calendar of the purchase's location, a month or year by the program's calendar.",
    {
        CapScope.PURCHASE: "Each purchase.",
        CapScope.DAY: "All purchases of a day.",
        CapScope.MONTH: "All purchases of a calendar month.",
        CapScope.YEAR: "All purchases of a calendar year.",
    },
)
register_enum(
    BudgetMode,
    "What happens when less is left of a budget than its clause would give.",
    {
        BudgetMode.WHOLE: "Nothing is given; what is left stays for a purchase that gets less.",
        BudgetMode.PARTIAL: "What is left is given.",
    },
)
register_enum(
    SpendBasis,
    "What a minimum spend is compared with.",
    {
        SpendBasis.NET: "What counts, without tax.",
        SpendBasis.GROSS: "What counts, with tax: what the customer pays for it.",
    },
)
register_enum(
    NoticePreset,
    "The law of a place about notices of changes.",
    {NoticePreset.CA_QC: "Quebec: 60 to 90 days ahead; a change that starts later must be announced again."},
)
register_enum(
    CombinationMode,
    "What happens when several earning clauses fit one purchase.",
    {
        CombinationMode.BEST: "The one that gives the most points counts.",
        CombinationMode.STACK: "All of them count, added exactly and rounded once.",
        CombinationMode.FIRST: "The first that fits counts, in the order of the terms.",
    },
)
register_enum(
    RefundMode,
    "What happens when returned goods had earned more points than the customer has left.",
    {
        RefundMode.CLAMP_TO_ZERO: "The balance goes to zero, never below; the shortfall is shown and not collected.",
        RefundMode.ALLOW_NEGATIVE: "The balance goes below zero; points earned later repay the debt.",
    },
)
register_enum(
    ValidityEnd,
    "The calendar period at whose end points expire.",
    {
        ValidityEnd.DAY: "The end of their last day.",
        ValidityEnd.MONTH: "The end of the calendar month in which their last day lies.",
        ValidityEnd.QUARTER: "The end of the calendar quarter in which their last day lies.",
        ValidityEnd.YEAR: "The end of the calendar year in which their last day lies.",
    },
)
register_enum(
    ValidityStart,
    "When the validity of points starts.",
    {
        ValidityStart.EARNING: "The day they are earned.",
        ValidityStart.ACTIVATION: "The day from which they can be spent.",
        ValidityStart.ACTIVITY: "The day of the last purchase or redemption, or of the activation where that is later.",
    },
)
register_enum(
    NoticeChannel,
    "What counts as a notice that points are about to expire.",
    {
        NoticeChannel.INBOX: "Opened in the inbox of the customer.",
        NoticeChannel.RECEIPT: "Printed on a receipt.",
        NoticeChannel.MESSAGE: "Accepted by a channel of the customer, say e-mail.",
    },
)
register_enum(Unit, "What wallets count in, and what rewards cost.", {Unit.POINTS: "Points.", Unit.STAMPS: "Stamps."})
register_enum(
    StampOccasion,
    "What is stamped.",
    {StampOccasion.VISIT: "A purchase in which something counts.", StampOccasion.ITEM: "Each whole item that counts."},
)
register_enum(
    TierWindow,
    "Which qualifying points count towards a tier.",
    {
        TierWindow.CALENDAR_YEAR: "Those of a calendar year, for that year and the next.",
        TierWindow.ROLLING_YEAR: "Those of the last 12 months.",
        TierWindow.SINCE_JOINING: "All since joining.",
    },
)
register_enum(
    ClauseKind,
    "What a clause is about.",
    {
        ClauseKind.EARNING: "How points are earned.",
        ClauseKind.LIMIT: "How many points can be earned at most.",
        ClauseKind.TIER: "A tier that members reach, and what it takes.",
        ClauseKind.REWARD: "What a reward costs, and when it can be had.",
        ClauseKind.POLICY: "What holds for all other clauses.",
    },
)
register_enum(
    ChangeDirection,
    "What a change of the terms means for the customer.",
    {
        ChangeDirection.BETTER: "Nobody gets less by it.",
        ChangeDirection.NEUTRAL: "Nobody gets more or less.",
        ChangeDirection.WORSE: "Somebody may get less; it needs notice. A change that helps some and harms others is WORSE, too.",
    },
    name="ChangeEffect",
)
register_enum(
    LintCode,
    "What may be unfair in a draft of terms.",
    {
        LintCode.NEVER_HOLDS: "Its conditions never hold together.",
        LintCode.NEVER_COUNTS: "Another clause always gives as much.",
        LintCode.EXCLUDES_ITSELF: "One of its exceptions covers everything that its other conditions allow.",
        LintCode.CONTRADICTION: "It promises what another clause does not allow.",
        LintCode.SHUTS_OUT_VISITS: "Its hours shut out most of the real visits.",
        LintCode.REWARD_OUT_OF_REACH: "The median customer cannot reach it before points may expire.",
        LintCode.NO_VARIANT_CHOICE: "The reward offers no choice of a variant, although customers buy several variants of the article.",
        LintCode.CASH_NOT_STATED: "The catalogue asks for cash in addition to points that the clause does not state.",
        LintCode.REWARD_WITHOUT_PICTURE: "The reward has no picture.",
        LintCode.REWARD_WITHOUT_DESCRIPTION: "The reward has no description.",
        LintCode.NOTICE_TOO_SHORT: "It would start sooner than the terms in force allow.",
        LintCode.NOTICE_TOO_LONG: "It would start after a notice given now has lapsed, by the terms in force.",
    },
)
