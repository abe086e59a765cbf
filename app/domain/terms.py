"""Terms: versioned, immutable sets of numbered clauses. What a customer reads is what decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeVar

from app.domain.calendar import day_start, local_date
from app.domain.conditions import Condition, condition_from_data
from app.domain.decisions import (
    Decision,
    DecisionOutcome,
    Finding,
    Reason,
    ReasonCode,
    Remedy,
    RemedyCode,
    Verdict,
)
from app.domain.drafting import TermsError as TermsError
from app.domain.drafting import checked
from app.domain.effects import STANDARD, ClauseKind, Earning, Effect, effect_from_data
from app.domain.effects.notice_period import NoticePeriod
from app.domain.effects.reward_cost import RewardCost
from app.domain.wording import Wording

E = TypeVar("E", bound=Effect)


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: when all conditions hold, the effect applies. `key` is the owner's name for it over versions."""

    key: str
    number: str
    conditions: tuple[Condition, ...]
    effect: Effect

    @property
    def kind(self) -> ClauseKind:
        """What the clause is about."""
        return self.effect.clause_kind

    def statement(self, say: Wording) -> str:
        """The whole clause as one sentence."""
        effect = self.effect.sentence(say)
        if not self.conditions:
            return say.capitalised(say("clause", effect=effect))
        conditions = say("clause.separator").join(self.condition_sentences(say))
        return say.capitalised(say("clause.with_conditions", effect=effect, conditions=conditions))

    def condition_sentences(self, say: Wording) -> tuple[str, ...]:
        """Each condition as it stands in the sentence of the clause."""
        if self.kind is ClauseKind.REWARD:
            return tuple(one.requirement(say) for one in self.conditions)
        return tuple(one.sentence(say) for one in self.conditions)

    def to_data(self) -> dict[str, Any]:
        """The clause as JSON; every type under its stable kind."""
        return {
            "key": self.key,
            "conditions": [{"kind": one.kind, **one.to_data()} for one in self.conditions],
            "effect": {"kind": self.effect.kind, **self.effect.to_data()},
        }


@dataclass(frozen=True)
class Terms:
    """One version, from `effective_from` (an instant) until the next one starts."""

    version: int
    effective_from: datetime
    currency: str
    zone: str
    clauses: tuple[Clause, ...]

    @classmethod
    def drafted(
        cls,
        *,
        version: int,
        effective_from: datetime,
        currency: str,
        zone: str,
        clauses: Sequence[tuple[str, Sequence[Condition], Effect]],
    ) -> Terms:
        """A checked draft: clauses numbered in order, standard clauses that are left out added with their defaults.

        Raises TermsError with the way to what is wrong.
        """
        checked(clauses, currency=currency)
        given = {type(effect) for _, _, effect in clauses}
        taken = {key for key, _, _ in clauses}
        added = [
            (key if key not in taken else f"standard-{key}", (), effect)
            for key, effect in STANDARD
            if type(effect) not in given
        ]
        return cls(
            version=version,
            effective_from=effective_from.astimezone(UTC),
            currency=currency,
            zone=zone,
            clauses=_numbered([*clauses, *added]),
        )

    @cached_property
    def _by_key(self) -> dict[str, Clause]:
        return {clause.key: clause for clause in self.clauses}

    @cached_property
    def _costs(self) -> dict[str, Clause]:
        return {clause.effect.reward: clause for clause in self.clauses if isinstance(clause.effect, RewardCost)}

    @cached_property
    def _policies(self) -> dict[type[Effect], Clause]:
        return {type(clause.effect): clause for clause in self.clauses if clause.kind is ClauseKind.POLICY}

    @cached_property
    def earning(self) -> tuple[tuple[Clause, Earning], ...]:
        """The earning clauses in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Earning))

    def clause(self, key: str) -> Clause:
        """The clause of a key. Raises KeyError."""
        return self._by_key[key]

    def cost_of(self, reward: str) -> Clause | None:
        """The clause that prices the reward with this key, or None."""
        return self._costs.get(reward)

    def policy(self, kind: type[E]) -> E:
        """The standard clause's effect of this type."""
        effect = self._policies[kind].effect
        if not isinstance(effect, kind):
            raise TypeError(f"{kind.__name__} is no standard clause")
        return effect

    def policy_clause(self, kind: type[Effect]) -> Clause:
        """The standard clause of this type."""
        return self._policies[kind]

    def to_data(self) -> dict[str, Any]:
        """The version as JSON."""
        return {
            "version": self.version,
            "effective_from": self.effective_from.isoformat(),
            "currency": self.currency,
            "zone": self.zone,
            "clauses": [clause.to_data() for clause in self.clauses],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Terms:
        """The version that `to_data` wrote."""
        clauses = [
            (
                one["key"],
                tuple(condition_from_data(condition) for condition in one["conditions"]),
                effect_from_data(one["effect"]),
            )
            for one in data["clauses"]
        ]
        return cls(
            version=data["version"],
            effective_from=datetime.fromisoformat(data["effective_from"]),
            currency=data["currency"],
            zone=data["zone"],
            clauses=_numbered(clauses),
        )

    def text(self, say: Wording, *, markdown: bool = False) -> str:
        """Every clause with its number, as plain text or Markdown."""
        heading = say(
            "terms.heading", version=say.number(self.version), start=say.instant(self.effective_from, zone=self.zone)
        )
        lines = [f"{clause.number}. {clause.statement(say)}" for clause in self.clauses]
        return "\n".join([f"# {heading}" if markdown else heading, "", *lines]) + "\n"


def _numbered(clauses: Sequence[tuple[str, Sequence[Condition], Effect]]) -> tuple[Clause, ...]:
    return tuple(
        Clause(key=key, number=str(number), conditions=tuple(conditions), effect=effect)
        for number, (key, conditions, effect) in enumerate(clauses, start=1)
    )


class ChangeEffect(StrEnum):
    """What a change means for the customer."""

    BETTER = "BETTER"
    NEUTRAL = "NEUTRAL"
    WORSE = "WORSE"


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause that came (`before` None), went (`after` None) or changed."""

    before: Clause | None
    after: Clause | None
    effect_on_customer: ChangeEffect

    def statement(self, say: Wording) -> str:
        """Old and new in words."""
        if self.before is None and self.after is not None:
            return say("change.added", after=self.after.statement(say))
        if self.after is None and self.before is not None:
            return say("change.removed", before=self.before.statement(say))
        if self.before is not None and self.after is not None:
            return say("change.changed", before=self.before.statement(say), after=self.after.statement(say))
        raise ValueError("a change has a clause on one side at least")


def changes(before: Terms, after: Terms) -> tuple[ClauseChange, ...]:
    """What a version changes, clause by clause by key. Every change counts as worse until changes are compared."""
    old = {clause.key: clause for clause in before.clauses}
    new = {clause.key: clause for clause in after.clauses}
    found = [
        ClauseChange(before=old.get(key), after=clause, effect_on_customer=ChangeEffect.WORSE)
        for key, clause in new.items()
        if key not in old or old[key].to_data() != clause.to_data()
    ]
    gone = [
        ClauseChange(before=clause, after=None, effect_on_customer=ChangeEffect.WORSE)
        for key, clause in old.items()
        if key not in new
    ]
    return (*found, *gone)


def earliest_start(*, current: Terms, now: datetime) -> datetime:
    """The first instant at which a change announced now may start: a local midnight after the notice period."""
    days = current.policy(NoticePeriod).days
    if days == 0:
        return now.astimezone(UTC)
    # "After N days" ends with the last instant of the last local day.
    return day_start(local_date(now, zone_name=current.zone) + timedelta(days=days + 1), zone_name=current.zone)


def notice_decision(*, current: Terms, effective_from: datetime, now: datetime) -> Decision:
    """Whether a change may start then, by the notice clause of the version in force."""
    earliest = earliest_start(current=current, now=now)
    granted = effective_from >= earliest
    finding = Finding(
        met=granted,
        code=ReasonCode.NOTICE_GIVEN if granted else ReasonCode.NOTICE_TOO_SHORT,
        observed=effective_from,
        required=earliest,
        remedies=() if granted else (Remedy(RemedyCode.START_LATER, from_=earliest),),
    )
    reason = Reason(
        clause=current.policy_clause(NoticePeriod).key,
        verdict=Verdict.APPLIED if granted else Verdict.NOT_MET,
        finding=finding,
    )
    return Decision(
        outcome=DecisionOutcome.GRANTED if granted else DecisionOutcome.REFUSED,
        points=0,
        terms_version=current.version,
        decided_for=now,
        reasons=(reason,),
    )
