"""Which facts about a customer a version of terms requires, and those of them that follow from the customer's profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.domain.calendar import Period
from app.domain.customers.profile import CustomerProfile, ProfilePart
from app.domain.customers.rule_facts import RuleFacts
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.birthday_window import BirthdayWindow, birthday_years_around
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.profile_condition import ProfileCondition, answers_of
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.effects.points_cap import PointsCap


@dataclass(frozen=True)
class RequiredFacts:
    """The facts about a customer that terms require.

    - `enrolment`, `visits`, `tier`: whether the fact is required;
    - `limit_periods`: the period of the use limit, by the key of each clause that has such a limit;
    - `cap_periods`: the periods of caps;
    - `profile_conditions`: the conditions on the profile;
    - `item_clauses`: the keys of clauses that count items;
    - `total_use_clauses`: the keys of clauses that count a customer's uses without a period;
    - `birthday_windows`: the birthday windows of each clause that has some, by its key.
    """

    enrolment: bool = False
    visits: bool = False
    limit_periods: Mapping[str, Period] = field(default_factory=dict)
    cap_periods: tuple[Period, ...] = ()
    profile_conditions: tuple[ProfileCondition, ...] = ()
    item_clauses: tuple[str, ...] = ()
    tier: bool = False
    total_use_clauses: frozenset[str] = frozenset()
    birthday_windows: Mapping[str, tuple[BirthdayWindow, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, clauses: Iterable[Clause]) -> RequiredFacts:
        """The facts that decisions by these clauses require."""
        clauses = tuple(clauses)
        conditions = [leaf for clause in clauses for leaf in clause.leaves]
        cap_periods = [clause.effect.period for clause in clauses if isinstance(clause.effect, PointsCap)]
        return cls(
            enrolment=any(isinstance(condition, MemberFor) for condition in conditions),
            visits=any(isinstance(condition, FirstPurchase | EveryNthVisit) for condition in conditions),
            limit_periods={clause.key: clause.use_limit.period for clause in clauses if clause.use_limit is not None},
            cap_periods=tuple(dict.fromkeys(period for period in cap_periods if period is not None)),
            profile_conditions=tuple(
                dict.fromkeys(condition for condition in conditions if isinstance(condition, ProfileCondition))
            ),
            item_clauses=tuple(clause.key for clause in clauses if clause.counts_items),
            tier=any(isinstance(condition, TierAtLeast) for condition in conditions),
            total_use_clauses=frozenset(clause.key for clause in clauses if clause.counts_total_uses),
            birthday_windows={clause.key: clause.birthday_windows for clause in clauses if clause.birthday_windows},
        )

    @cached_property
    def is_empty(self) -> bool:
        """Whether no facts are required.

        `total_use_clauses` and `birthday_windows` are not checked: they imply `visits`, `item_clauses` or `profile_conditions`.
        """
        return not (
            self.enrolment
            or self.visits
            or self.limit_periods
            or self.cap_periods
            or self.profile_conditions
            or self.item_clauses
            or self.tier
        )

    @cached_property
    def aspects(self) -> frozenset[ProfilePart]:
        """The parts of the profile that are required."""
        return frozenset(condition.aspect for condition in self.profile_conditions)

    @cached_property
    def clauses_with_stored_uses(self) -> frozenset[str]:
        """Keys of the clauses whose every use is stored."""
        return self.total_use_clauses | self.limit_periods.keys() | self.birthday_windows.keys()

    def profile_facts(self, profile: CustomerProfile, *, purchase: PurchaseFacts) -> RuleFacts:
        """The rule facts that follow from a profile at the time of a purchase, by the local date in the zone of the purchase."""
        at, zone, conditions = purchase.occurred_at, purchase.zone, self.profile_conditions
        return RuleFacts(
            condition_answers=answers_of(conditions, profile=profile, at=at, zone_name=zone),
            birthday_years=birthday_years_around(conditions, profile=profile, at=at, zone_name=zone),
            profile=profile,
        )
