"""Conditions as a part of an answer: "Monday to Friday, 17:00 to 19:00", "if you pay everything by card"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from functools import singledispatch

from app.domain.i18n import Phrasebook
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.listed_goods import ListedGoods
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


def quoted(names: Sequence[str], *, phrasebook: Phrasebook) -> str:
    """Names in quotation marks, joined by "or"."""
    return phrasebook.listed([phrasebook("called", name=name) for name in names], last="or")


@singledispatch
def answer_phrase(condition: Condition, phrasebook: Phrasebook) -> str:  # noqa: ARG001 - each kind has its own words
    """The condition as it stands after "only" and "not". Raises TypeError for a kind that has no words."""
    raise TypeError(f"{condition.kind} has no words in answers")


@answer_phrase.register
def _(condition: AnyOf, phrasebook: Phrasebook) -> str:
    return phrasebook.listed(
        [_unambiguous_phrase(part, phrasebook=phrasebook) for part in condition.conditions], last="or"
    )


@answer_phrase.register
def _(condition: AllOf, phrasebook: Phrasebook) -> str:
    return joined_conditions(condition.conditions, phrasebook=phrasebook)


@answer_phrase.register
def _(condition: ExceptWhen, phrasebook: Phrasebook) -> str:
    words = joined_conditions(condition.conditions, phrasebook=phrasebook)
    return phrasebook("when.not", when=phrasebook("when.group", when=words) if len(condition.conditions) > 1 else words)


def joined_conditions(conditions: Sequence[Condition], *, phrasebook: Phrasebook) -> str:
    """Conditions that must hold at the same time, joined by "and"."""
    return phrasebook("when.and").join(
        _unambiguous_phrase(condition, phrasebook=phrasebook) for condition in conditions
    )


def _unambiguous_phrase(condition: Condition, *, phrasebook: Phrasebook) -> str:
    """A condition inside a group; if it is a group as well, it is set apart, so that it can be read in one way only."""
    words = answer_phrase(condition, phrasebook)
    is_compound = isinstance(condition, AllOf | AnyOf) and len(condition.conditions) > 1
    return phrasebook("when.group", when=words) if is_compound else words


@answer_phrase.register
def _(condition: WeekdaysAndHours, phrasebook: Phrasebook) -> str:
    days, start, end = phrasebook.weekdays(condition.days), condition.start, condition.end
    if start is None and end is None:
        return days
    if end is None:
        return phrasebook(f"when.hours.from{condition.key_ending}", days=days, start=phrasebook.time(start or time.min))
    if start is None or start == time.min:
        return phrasebook(f"when.hours.until{condition.key_ending}", days=days, end=phrasebook.time(end))
    key = f"when.hours{'' if start < end else '.overnight'}{condition.key_ending}"
    return phrasebook(key, days=days, start=phrasebook.time(start), end=phrasebook.time(end))


@answer_phrase.register
def _(condition: Dates, phrasebook: Phrasebook) -> str:
    if condition.first is None:
        assert condition.last is not None, "a period of the terms has a first or a last day"
        return phrasebook("when.dates.until", last=phrasebook.date(condition.last))
    if condition.last is None:
        return phrasebook("when.dates.from", first=phrasebook.date(condition.first))
    return phrasebook("when.dates", first=phrasebook.date(condition.first), last=phrasebook.date(condition.last))


@answer_phrase.register
def _(condition: Locations, phrasebook: Phrasebook) -> str:
    return phrasebook(
        "when.locations", locations=quoted(tuple(condition.names_by_key().values()), phrasebook=phrasebook)
    )


@answer_phrase.register
def _(condition: Channels, phrasebook: Phrasebook) -> str:
    return phrasebook.listed(
        [phrasebook(f"when.channel.{channel.value}") for channel in sorted_values(condition.channels)], last="or"
    )


@answer_phrase.register
def _(condition: PaymentMethods, phrasebook: Phrasebook) -> str:
    methods = phrasebook.listed(
        [phrasebook(f"payment.{method.value}") for method in sorted_values(condition.methods)], last="or"
    )
    return phrasebook("when.payment", methods=methods)


@answer_phrase.register
def _(condition: AtTill, phrasebook: Phrasebook) -> str:  # noqa: ARG001 - it has no values
    return phrasebook("when.at_till")


@answer_phrase.register
def _(condition: ListedGoods, phrasebook: Phrasebook) -> str:
    included, excluded = (
        quoted(sorted(names), phrasebook=phrasebook) for names in (condition.include, condition.exclude)
    )
    case = "both" if included and excluded else ("only" if included else "except")
    return phrasebook(f"when.{condition.kind}.{case}", included=included, excluded=excluded)


@answer_phrase.register
def _(condition: MinimumSpend, phrasebook: Phrasebook) -> str:
    basis = f".{condition.basis.value}" if condition.basis is not None else ""
    return phrasebook(f"when.spend{basis}", amount=phrasebook.money(condition.amount))


@answer_phrase.register
def _(condition: MinimumQuantity, phrasebook: Phrasebook) -> str:
    return phrasebook.counted("when.quantity", condition.quantity)


@answer_phrase.register
def _(condition: FirstPurchase, phrasebook: Phrasebook) -> str:  # noqa: ARG001 - it has no values
    return phrasebook("when.first")


@answer_phrase.register
def _(condition: EveryNthVisit, phrasebook: Phrasebook) -> str:
    return phrasebook("when.visit", nth=phrasebook.ordinal(condition.nth))


@answer_phrase.register
def _(condition: EveryNthItem, phrasebook: Phrasebook) -> str:
    return phrasebook("when.item", nth=phrasebook.ordinal(condition.nth))


@answer_phrase.register
def _(condition: MemberFor, phrasebook: Phrasebook) -> str:
    return phrasebook.counted("when.member", condition.days)


@answer_phrase.register
def _(condition: BirthdayWindow, phrasebook: Phrasebook) -> str:
    before, after = condition.before, condition.after
    case = "" if before and after else (".before" if before else (".after" if after else ".day"))
    return phrasebook(f"when.birthday{case}", before=phrasebook.days(before), after=phrasebook.days(after))


@answer_phrase.register
def _(condition: AgeAtLeast, phrasebook: Phrasebook) -> str:
    return phrasebook("when.age", years=phrasebook.number(condition.years))


@answer_phrase.register
def _(condition: Segments, phrasebook: Phrasebook) -> str:
    return phrasebook("when.segments", segments=quoted(sorted(condition.segments), phrasebook=phrasebook))


@answer_phrase.register
def _(condition: Preferences, phrasebook: Phrasebook) -> str:
    return phrasebook(
        f"when.preferences.{condition.preference.value}", values=quoted(sorted(condition.values), phrasebook=phrasebook)
    )


@answer_phrase.register
def _(condition: TierAtLeast, phrasebook: Phrasebook) -> str:
    return phrasebook("when.tier", tier=condition.name or condition.tier)


@answer_phrase.register
def _(condition: TimesPerPeriod, phrasebook: Phrasebook) -> str:
    period = phrasebook(f"period.{condition.period.value}")
    return phrasebook("when.times", times=phrasebook.counted("times", condition.times), period=period)


@answer_phrase.register
def _(condition: Budget, phrasebook: Phrasebook) -> str:  # noqa: ARG001 - what is left of it is said by its own reason
    return phrasebook("when.budget")


@answer_phrase.register
def _(condition: NotCombinedWith, phrasebook: Phrasebook) -> str:
    numbers = [phrasebook.number(number) for number in sorted(condition.numbers)] or sorted(condition.clauses)
    return phrasebook("when.not_combined", clauses=phrasebook.listed(numbers, last="or"))
