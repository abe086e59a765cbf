"""Conditions as a part of an answer: "Monday to Friday, 17:00 to 19:00", "if you pay everything by card"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from functools import singledispatch

from app.domain.i18n import Phrasebook
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.listed import Listed
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.rule import sorted_values


def quoted(names: Sequence[str], *, say: Phrasebook) -> str:
    """Names in quotation marks, any of which will do."""
    return say.listed([say("called", name=name) for name in names], last="or")


@singledispatch
def phrase(condition: Condition, say: Phrasebook) -> str:  # noqa: ARG001 - each kind has its own words
    """The condition as it stands after "only" and "not". Raises TypeError for a kind that has no words."""
    raise TypeError(f"{condition.kind} has no words in answers")


@phrase.register
def _(condition: AnyOf, say: Phrasebook) -> str:
    return say.listed([_apart(part, say=say) for part in condition.conditions], last="or")


@phrase.register
def _(condition: AllOf, say: Phrasebook) -> str:
    return together(condition.conditions, say=say)


@phrase.register
def _(condition: ExceptWhen, say: Phrasebook) -> str:
    words = together(condition.conditions, say=say)
    return say("when.not", when=say("when.group", when=words) if len(condition.conditions) > 1 else words)


def together(conditions: Sequence[Condition], *, say: Phrasebook) -> str:
    """Conditions that hold at the same time."""
    return say("when.and").join(_apart(part, say=say) for part in conditions)


def _apart(condition: Condition, *, say: Phrasebook) -> str:
    """A group inside a group is set apart, so that an answer can be read in one way only."""
    words = phrase(condition, say)
    several = isinstance(condition, AllOf | AnyOf) and len(condition.conditions) > 1
    return say("when.group", when=words) if several else words


@phrase.register
def _(condition: WeekdaysAndHours, say: Phrasebook) -> str:
    days, start, end = say.weekdays(condition.days), condition.start, condition.end
    if start is None and end is None:
        return days
    if end is None:
        return say(f"when.hours.from{condition.daily}", days=days, start=say.time(start or time.min))
    if start is None or start == time.min:
        return say(f"when.hours.until{condition.daily}", days=days, end=say.time(end))
    key = f"when.hours{'' if start < end else '.overnight'}{condition.daily}"
    return say(key, days=days, start=say.time(start), end=say.time(end))


@phrase.register
def _(condition: Dates, say: Phrasebook) -> str:
    if condition.first is None:
        assert condition.last is not None, "terms take no period without ends"
        return say("when.dates.until", last=say.date(condition.last))
    if condition.last is None:
        return say("when.dates.from", first=say.date(condition.first))
    return say("when.dates", first=say.date(condition.first), last=say.date(condition.last))


@phrase.register
def _(condition: Locations, say: Phrasebook) -> str:
    return say("when.locations", locations=quoted(tuple(condition.called().values()), say=say))


@phrase.register
def _(condition: Channels, say: Phrasebook) -> str:
    return say.listed(
        [say(f"when.channel.{channel.value}") for channel in sorted_values(condition.channels)], last="or"
    )


@phrase.register
def _(condition: PaymentMethods, say: Phrasebook) -> str:
    methods = say.listed([say(f"payment.{method.value}") for method in sorted_values(condition.methods)], last="or")
    return say("when.payment", methods=methods)


@phrase.register
def _(condition: Listed, say: Phrasebook) -> str:
    included, excluded = (quoted(sorted(names), say=say) for names in (condition.include, condition.exclude))
    case = "both" if included and excluded else ("only" if included else "except")
    return say(f"when.{condition.kind}.{case}", included=included, excluded=excluded)


@phrase.register
def _(condition: MinimumSpend, say: Phrasebook) -> str:
    basis = f".{condition.basis.value}" if condition.basis is not None else ""
    return say(f"when.spend{basis}", amount=say.money(condition.amount))


@phrase.register
def _(condition: MinimumQuantity, say: Phrasebook) -> str:
    return say.counted("when.quantity", condition.quantity)


@phrase.register
def _(condition: FirstPurchase, say: Phrasebook) -> str:  # noqa: ARG001 - it has no values
    return say("when.first")


@phrase.register
def _(condition: EveryNthVisit, say: Phrasebook) -> str:
    return say("when.visit", nth=say.ordinal(condition.nth))


@phrase.register
def _(condition: EveryNthItem, say: Phrasebook) -> str:
    return say("when.item", nth=say.ordinal(condition.nth))


@phrase.register
def _(condition: MemberFor, say: Phrasebook) -> str:
    return say.counted("when.member", condition.days)


@phrase.register
def _(condition: BirthdayWindow, say: Phrasebook) -> str:
    before, after = condition.before, condition.after
    case = "" if before and after else (".before" if before else (".after" if after else ".day"))
    return say(f"when.birthday{case}", before=say.days(before), after=say.days(after))


@phrase.register
def _(condition: AgeAtLeast, say: Phrasebook) -> str:
    return say("when.age", years=say.number(condition.years))


@phrase.register
def _(condition: Segments, say: Phrasebook) -> str:
    return say("when.segments", segments=quoted(sorted(condition.segments), say=say))


@phrase.register
def _(condition: Preferences, say: Phrasebook) -> str:
    return say(f"when.preferences.{condition.preference.value}", values=quoted(sorted(condition.values), say=say))


@phrase.register
def _(condition: TierAtLeast, say: Phrasebook) -> str:
    return say("when.tier", tier=condition.name or condition.tier)


@phrase.register
def _(condition: TimesPerPeriod, say: Phrasebook) -> str:
    period = say(f"period.{condition.period.value}")
    return say("when.times", times=say.counted("times", condition.times), period=period)


@phrase.register
def _(condition: Budget, say: Phrasebook) -> str:  # noqa: ARG001 - what is left of it is said by its own reason
    return say("when.budget")


@phrase.register
def _(condition: NotCombinedWith, say: Phrasebook) -> str:
    numbers = [say.number(number) for number in sorted(condition.numbers)] or sorted(condition.clauses)
    return say("when.not_combined", clauses=say.listed(numbers, last="or"))
