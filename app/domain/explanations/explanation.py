"""The reasons of a decision and their remedies, each as one sentence that stands by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.decisions import Decision, Finding, Reason, ReasonCode, Remedy, RemedyCode
from app.domain.explanations.instants_in_words import from_when
from app.domain.explanations.phrases import answer_phrase, joined_conditions, quoted
from app.domain.i18n import Phrasebook
from app.domain.i18n.values import value_in_words
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import AnyOf, ExceptWhen, Group
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.effect import ClauseKind
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.tier import Tier
from app.domain.terms.version import Terms

PRICE_CODES = frozenset(
    {
        ReasonCode.COST_PAID,
        ReasonCode.STAMPS_PAID,
        ReasonCode.INSUFFICIENT_POINTS,
        ReasonCode.INSUFFICIENT_STAMPS,
        ReasonCode.NEGATIVE_BALANCE,
        ReasonCode.NEGATIVE_STAMPS,
        ReasonCode.STILL_PENDING,
    }
)
"""Reasons about the price of a reward."""

REFUND_CODES = frozenset(
    {
        ReasonCode.POINTS_CLAWED_BACK,
        ReasonCode.STAMPS_CLAWED_BACK,
        ReasonCode.CLAMPED_TO_BALANCE,
        ReasonCode.BELOW_ZERO,
        ReasonCode.STAMPS_BELOW_ZERO,
        ReasonCode.POINTS_RESTORED,
        ReasonCode.STAMPS_RESTORED,
        ReasonCode.EXPIRED_COUNTS_AS_TAKEN,
    }
)
"""Reasons about a refund: what was clawed back, and what was restored."""

SELF_EXPLANATORY_CODES = frozenset(
    {
        ReasonCode.OUTSIDE_DATES,
        ReasonCode.OUTSIDE_TIME_WINDOW,
        ReasonCode.OTHER_LOCATION,
        ReasonCode.OTHER_CHANNEL,
        ReasonCode.OTHER_PAYMENT,
        ReasonCode.NOT_AT_TILL,
        ReasonCode.NO_ELIGIBLE_PRODUCT,
        ReasonCode.OUTSIDE_BIRTHDAY_WINDOW,
        ReasonCode.TOO_YOUNG,
        ReasonCode.NOT_IN_SEGMENT,
        ReasonCode.PREFERENCE_NOT_STATED,
    }
)
"""Reasons that need no figure: the sentence says only the condition, which is not met."""

_ZERO_CASE_CODES = frozenset(
    {
        ReasonCode.CLAMPED_TO_BALANCE,
        ReasonCode.BELOW_ZERO,
        ReasonCode.STAMPS_BELOW_ZERO,
        ReasonCode.POINTS_CLAWED_BACK,
        ReasonCode.BUDGET_USED_UP,
    }
)
"""Reasons with another sentence if the observed value is 0."""

_TIER_CODES = frozenset({ReasonCode.TIER_REACHED, ReasonCode.TIER_KEPT, ReasonCode.TIER_LOST})

_REMEDIES_WITH_OPTIONAL_CHOICES = frozenset({RemedyCode.ADD_PRODUCT, RemedyCode.ASK_STAFF, RemedyCode.USE_LOCATION})
"""Remedies that may come without choices."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reasons of a decision, with the terms, the instant and the zone (IANA) for which they hold."""

    reasons: tuple[Reason, ...]
    terms: Terms
    at: datetime
    zone: str

    @classmethod
    def of(cls, decision: Decision, *, terms: Terms) -> Explanation:
        """The explanation of a whole decision; `terms` are those that decided it."""
        return cls(decision.reasons, terms, decision.decided_for, decision.zone or terms.zone)

    def statement(self, reason: Reason, *, phrasebook: Phrasebook) -> str:
        """The finding of a reason as one sentence."""
        if reason.condition is None:
            return self._effect_text(reason, phrasebook=phrasebook)
        clause = self.terms.clause_by_key[reason.clause_key]
        condition, expected = _stated_condition(clause, reason.condition)
        if isinstance(condition, ExceptWhen):
            words, expected = joined_conditions(condition.conditions, phrasebook=phrasebook), not expected
        else:
            words = answer_phrase(condition, phrasebook)
        if reason.finding.met:
            return phrasebook("met", when=words if expected else phrasebook("when.not", when=words))
        if expected and not isinstance(condition, Group) and reason.finding.code not in SELF_EXPLANATORY_CODES:
            return self._figure_text(reason, condition, phrasebook=phrasebook)
        frame = "unmet" if expected else "excluded"
        return phrasebook.capitalised(phrasebook(f"{frame}.{_clause_kind(clause)}", when=words))

    def remedy(self, remedy: Remedy, *, reason: Reason, phrasebook: Phrasebook) -> str:
        """A remedy of a reason as one sentence."""
        code = remedy.code
        if remedy.instant is not None and code in (RemedyCode.COME_AT, RemedyCode.WAIT_FOR_BIRTHDAY):
            from_ = from_when(remedy.instant, at=self.at, zone_name=self.zone, phrasebook=phrasebook)
            return phrasebook.capitalised(phrasebook(f"remedy.COME_AT.{self._outcome_of_waiting(reason)}", from_=from_))
        case = ""
        if code in _REMEDIES_WITH_OPTIONAL_CHOICES and not remedy.choices:
            case = ".other"
        elif code is RemedyCode.SPEND_MORE and self._is_only_obstacle():
            case = ".alone"
        elif code is RemedyCode.ADD_PRODUCT and isinstance(self._condition(reason), Categories):
            case = ".categories"
        sentence = phrasebook(
            f"remedy.{code.value}{case}",
            from_=phrasebook.instant_with_weekday(remedy.instant, zone=self.zone) if remedy.instant is not None else "",
            amount=phrasebook.money(remedy.amount) if remedy.amount is not None else "",
            choices=self._choices(remedy, phrasebook=phrasebook),
            **_missing_amounts(remedy, phrasebook=phrasebook),
        )
        return phrasebook.capitalised(sentence)

    def failed_reasons(self) -> tuple[Reason, ...]:
        """The reasons whose conditions are not met."""
        return tuple(reason for reason in self.reasons if not reason.finding.met)

    def _condition(self, reason: Reason) -> Condition | None:
        """The condition that a reason is about; None for an effect."""
        if reason.condition is None:
            return None
        node = self.terms.clause_by_key[reason.clause_key].conditions[reason.condition[0]]
        for step in reason.condition[1:]:
            assert isinstance(node, Group), "only groups hold conditions"
            node = node.conditions[step]
        return node

    def _is_only_obstacle(self) -> bool:
        """Whether exactly one condition or effect fails; the alternatives of an `AnyOf` count as one condition."""
        return (
            len({(reason.clause_key, reason.condition and reason.condition[0]) for reason in self.failed_reasons()})
            == 1
        )

    def _outcome_of_waiting(self, reason: Reason) -> str:
        """What becomes possible by waiting, as the end of a key of the catalogue."""
        if reason.finding.code is ReasonCode.CAP_REACHED:
            return "cap"
        if reason.finding.code in PRICE_CODES or _clause_kind(self.terms.clause_by_key[reason.clause_key]) == "reward":
            return "reward.alone" if self._is_only_obstacle() else "reward"
        return "earning"

    def _effect_text(self, reason: Reason, *, phrasebook: Phrasebook) -> str:
        """The sentence of an effect, with the names and numbers of its clause."""
        finding, clause = reason.finding, self.terms.clause_by_key[reason.clause_key]
        case, effect = self._effect_case(finding), clause.effect
        values = {
            "number": clause.number,
            "observed": value_in_words(finding.observed, code=finding.code, zone=self.zone, phrasebook=phrasebook)
            or "",
            "required": value_in_words(finding.required, code=finding.code, zone=self.zone, phrasebook=phrasebook)
            or "",
        }
        if finding.code in _TIER_CODES and isinstance(finding.observed, int):
            values["observed"] = phrasebook.counted("qualifying", finding.observed)
        if finding.code is ReasonCode.STILL_PENDING and isinstance(finding.required, datetime):
            values["from_"] = from_when(finding.required, at=self.at, zone_name=self.zone, phrasebook=phrasebook)
        if isinstance(effect, RewardCost):
            values["reward"] = effect.name or effect.reward
        elif isinstance(effect, Tier):
            values["tier"] = effect.name
        elif isinstance(effect, PointsCap):
            values |= {
                "points": phrasebook.points(effect.points),
                "scope": phrasebook(f"points_cap.{effect.scope.value}"),
            }
            case = _cap_case(effect, finding)
        if finding.clause_keys:
            numbers = [self.terms.clause_by_key[key].number for key in finding.clause_keys]
            values["clauses"] = phrasebook.listed(numbers, last="and")
            case = ".several" if len(numbers) > 1 else case
        return phrasebook.capitalised(phrasebook(f"reason.{finding.code.value}{case}", **values))

    def _effect_case(self, finding: Finding) -> str:
        """The ending of the catalogue's key for the variant of an effect's sentence; empty for the usual one."""
        if finding.code is ReasonCode.POINTS_AVAILABLE:
            debt_was_repaid = finding.required is not None
            return (".owed" if finding.observed else ".none") if debt_was_repaid else ""
        if finding.code in _ZERO_CASE_CODES and finding.observed == 0:
            return ".none"
        if finding.code is ReasonCode.POINTS_EARNED and any(
            reason.finding.code in REFUND_CODES for reason in self.reasons
        ):
            return ".kept"
        return ""

    def _figure_text(self, reason: Reason, condition: Condition, *, phrasebook: Phrasebook) -> str:
        """The sentence of a condition that is not met, with the observed and the required value."""
        finding = reason.finding
        values = {"observed": _figure_in_words(finding.observed, code=finding.code, phrasebook=phrasebook)}
        values["required"] = _figure_in_words(finding.required, code=finding.code, phrasebook=phrasebook)
        case = ".none" if finding.code in _ZERO_CASE_CODES and finding.observed == 0 else ""
        if isinstance(condition, MinimumSpend) and condition.basis is not None:
            case = f".{condition.basis.value}"
        if finding.code is ReasonCode.MEMBER_TOO_SHORT and finding.observed is None:
            case = ".unknown"
        if finding.clause_keys:
            numbers = [self.terms.clause_by_key[key].number for key in finding.clause_keys]
            values["clauses"] = phrasebook.listed(numbers, last="and")
            case = ".several" if len(numbers) > 1 else ""
        if finding.code is ReasonCode.USED_UP and not isinstance(condition, TimesPerPeriod):
            # The clause already had its effect for this birthday, or for the first purchase.
            case = ".birthday" if isinstance(condition, BirthdayWindow) else ".first"
        if isinstance(condition, TimesPerPeriod | TierAtLeast):
            values["when"] = answer_phrase(condition, phrasebook)
        return phrasebook.capitalised(phrasebook(f"reason.{finding.code.value}{case}", **values))

    def _choices(self, remedy: Remedy, *, phrasebook: Phrasebook) -> str:
        """The choices of a remedy: channels and payment methods in words, anything else by its name in quotation marks."""
        kind = {RemedyCode.USE_CHANNEL: "remedy.channel", RemedyCode.PAY_WITH: "payment"}.get(remedy.code)
        if kind is not None:
            return phrasebook.listed([phrasebook(f"{kind}.{choice}") for choice in remedy.choices], last="or")
        location_names = self.terms.location_names if remedy.code is RemedyCode.USE_LOCATION else {}
        return quoted([location_names.get(choice, choice) for choice in remedy.choices], phrasebook=phrasebook)


def _stated_condition(clause: Clause, path: Sequence[int]) -> tuple[Condition, bool]:
    """The condition that a reason states, and whether it should hold (False inside an exception).

    If `path` leads to one of several alternatives, it is the group of all alternatives: none of them alone is the reason.
    """
    node, expected = clause.conditions[path[0]], True
    for step in path[1:]:
        assert isinstance(node, Group), "only groups hold conditions"
        expected_inside = expected is not isinstance(node, ExceptWhen)
        if isinstance(node, AnyOf) is expected_inside and len(node.conditions) > 1:
            return node, expected
        node, expected = node.conditions[step], expected_inside
    return node, expected


def _clause_kind(clause: Clause) -> str:
    return "reward" if clause.kind is ClauseKind.REWARD else "earning"


def _cap_case(cap: PointsCap, finding: Finding) -> str:
    """The ending of the key for a cap: one purchase exceeds the cap, or the period has or has no points left."""
    if finding.required == cap.points:
        return ".purchase"
    return ".left" if finding.required else ".none"


def _figure_in_words(value: object, *, code: ReasonCode, phrasebook: Phrasebook) -> str:
    """The observed or required value of a condition in words; empty if there is none."""
    if value is None:
        return ""
    if code is ReasonCode.MEMBER_TOO_SHORT and isinstance(value, int):
        return phrasebook.days(value)
    if code is ReasonCode.BELOW_TIER and isinstance(value, int):
        return phrasebook.counted("qualifying", value)
    if code is ReasonCode.BUDGET_USED_UP and isinstance(value, int):
        return phrasebook.points(value)
    if isinstance(value, Decimal):
        return phrasebook.decimal(value.normalize())
    if isinstance(value, int):
        return phrasebook.number(value)
    return value_in_words(value, code=code, zone="UTC", phrasebook=phrasebook) or ""  # type: ignore[arg-type]  # money


def _missing_amounts(remedy: Remedy, *, phrasebook: Phrasebook) -> dict[str, str]:
    """The missing points or quantity of a remedy, by placeholder, in the words of every unit it could be in."""
    words = {}
    if remedy.points is not None:
        words = {kind: phrasebook.counted(f"more.{kind}", remedy.points) for kind in ("points", "qualifying")}
    if remedy.quantity is not None:
        words |= {
            kind: phrasebook.counted(f"more.{kind}", remedy.quantity) for kind in ("items", "stamps", "purchases")
        }
    return words
