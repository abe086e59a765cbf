"""The summary of a decision in one to three sentences, for a receipt or to be read aloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.domain.calendar import local_date
from app.domain.decisions import Decision, DecisionOutcome, Reason, ReasonCode, RemedyCode, Verdict
from app.domain.explanations.explanation import PRICE_CODES, REFUND_CODES, Explanation
from app.domain.i18n import Phrasebook
from app.domain.i18n.locales import Locale
from app.domain.ledger.entries import CauseKind
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit

MAX_SENTENCES = 3
"""The most sentences of a summary."""

_EARNING_CODES = frozenset(
    {
        ReasonCode.POINTS_EARNED,
        ReasonCode.STAMPS_EARNED,
        ReasonCode.NOTHING_TO_COUNT,
        ReasonCode.BETTER_CLAUSE_APPLIED,
        ReasonCode.EARLIER_CLAUSE_APPLIED,
        ReasonCode.CAP_REACHED,
        ReasonCode.NO_ELIGIBLE_PRODUCT,
        ReasonCode.NOT_IN_AN_EXCHANGE,
    }
)
_PRECEDENCE = {code: index for index, code in enumerate(ReasonCode)}


def correction_sentence(kind: CauseKind, *, occurred_at: datetime, zone: str, phrasebook: Phrasebook) -> str:
    """A sentence about the late event, or the correction, that made an entry necessary, with its date in `zone`."""
    return phrasebook(f"correction.{kind.value}", date=phrasebook.date(local_date(occurred_at, zone_name=zone)))


def summary(
    decision: Decision, *, terms: Terms, phrasebook: Phrasebook, correction: str | None = None
) -> tuple[str, ...]:
    """The result of a decision and, if it could be more, why and what would help.

    Conditions that are met are omitted. `terms` are those that decided. A decision without reasons belongs to an entry that
    no clause decided: `correction` says why that entry was made (see `correction_sentence`), None if staff moved the points.
    """
    explanation = Explanation.of(decision, terms=terms)
    codes = {reason.finding.code for reason in decision.reasons}
    if not decision.reasons:
        return (correction or _staff_movement_sentence(decision, phrasebook=phrasebook),)
    if codes & PRICE_CODES:
        sentences = _reward_sentences(decision, explanation=explanation, phrasebook=phrasebook)
    elif codes & REFUND_CODES:
        sentences = _statements_and_remedies(
            (reason for reason in decision.reasons if _is_about_refund(reason)),
            explanation=explanation,
            phrasebook=phrasebook,
        )
    elif codes & _EARNING_CODES or any(reason.condition is not None for reason in decision.reasons):
        sentences = _purchase_sentences(decision, explanation=explanation, phrasebook=phrasebook)
    else:
        sentences = _statements_and_remedies(decision.reasons, explanation=explanation, phrasebook=phrasebook)
    return tuple(sentences[:MAX_SENTENCES])


def _reward_sentences(decision: Decision, *, explanation: Explanation, phrasebook: Phrasebook) -> list[str]:
    """The cost of a reward, or why the reward was refused."""
    if decision.outcome is DecisionOutcome.REFUSED:
        return _statements_and_remedies(
            _by_precedence(explanation.failed_reasons()), explanation=explanation, phrasebook=phrasebook
        )
    unit = Unit.POINTS if decision.points else Unit.STAMPS
    price_reason = next(reason for reason in decision.reasons if reason.finding.code in PRICE_CODES)
    effect = explanation.terms.clause_by_key[price_reason.clause_key].effect
    assert isinstance(effect, RewardCost), "a granted reward has a reason of the clause that prices it"
    reward_sentence = phrasebook(
        "summary.reward",
        reward=effect.name or effect.reward,
        cost=phrasebook.counted(unit.value, decision.amount(unit)),
    )
    additional_codes = (ReasonCode.CASH_DUE, ReasonCode.OLD_PRICE_KEPT)
    additional_reasons = (reason for reason in decision.reasons if reason.finding.code in additional_codes)
    return [
        reward_sentence,
        *_statements_and_remedies(additional_reasons, explanation=explanation, phrasebook=phrasebook),
    ]


def _purchase_sentences(decision: Decision, *, explanation: Explanation, phrasebook: Phrasebook) -> list[str]:
    """What a purchase earns, and the limits that reduced it; or one sentence that says why it earns nothing."""
    limiting_reasons = [reason for reason in decision.reasons if reason.verdict is Verdict.LIMITED]
    if decision.outcome is DecisionOutcome.NOTHING_EARNED:
        return [
            _nothing_earned_sentence(limiting_reasons=limiting_reasons, explanation=explanation, phrasebook=phrasebook)
        ]
    earned_amounts = [phrasebook.counted(unit.value, decision.amount(unit)) for unit in Unit if decision.amount(unit)]
    earned_sentence = phrasebook("summary.earned", earned=phrasebook.listed(earned_amounts, last="and"))
    return [
        earned_sentence,
        *_statements_and_remedies(limiting_reasons, explanation=explanation, phrasebook=phrasebook),
    ]


def _nothing_earned_sentence(
    *, limiting_reasons: Sequence[Reason], explanation: Explanation, phrasebook: Phrasebook
) -> str:
    """A sentence that a purchase earns nothing, with the reason if a single one can be named."""
    gives_points, gives_stamps = bool(explanation.terms.point_clauses), bool(explanation.terms.stamp_clauses)
    nothing = phrasebook(
        f"summary.nothing.{'both' if gives_points and gives_stamps else ('stamps' if gives_stamps else 'points')}"
    )
    statements = {
        explanation.statement(reason, phrasebook=phrasebook)
        for reason in limiting_reasons or explanation.failed_reasons()
    }
    if len(statements) > 1:
        # If several clauses fail for different reasons, none of them is named; if only one clause fails, its first reason is.
        clause_keys = {reason.clause_key for reason in explanation.failed_reasons()}
        if not limiting_reasons and len(clause_keys) > 1:
            return phrasebook("summary.nothing", nothing=nothing)
        first_reason = _by_precedence(limiting_reasons or explanation.failed_reasons())[0]
        statements = {explanation.statement(first_reason, phrasebook=phrasebook)}
    if not statements:
        return phrasebook("summary.nothing", nothing=nothing)
    return phrasebook(
        "summary.nothing.because", nothing=nothing, cause=_after_colon(statements.pop(), phrasebook=phrasebook)
    )


def _after_colon(sentence: str, *, phrasebook: Phrasebook) -> str:
    """A sentence as it is written after a colon: in English with a small first letter."""
    return sentence[:1].lower() + sentence[1:] if phrasebook.locale is Locale.EN else sentence


def _staff_movement_sentence(decision: Decision, *, phrasebook: Phrasebook) -> str:
    """A sentence about points that staff moved without a clause, or about a tier that was lost with its clause."""
    amounts = [phrasebook.counted(unit.value, decision.amount(unit)) for unit in Unit if decision.amount(unit)]
    if amounts:
        return phrasebook("summary.moved", moved=phrasebook.listed(amounts, last="and"))
    # A decision is refused without a reason only where a tier is lost because the terms no longer have its clause.
    return phrasebook("summary.tier_gone" if decision.outcome is DecisionOutcome.REFUSED else "summary.unmoved")


def _is_about_refund(reason: Reason) -> bool:
    return reason.condition is None and reason.finding.code in REFUND_CODES


def _by_precedence(reasons: Iterable[Reason]) -> list[Reason]:
    """Reasons by the precedence of their codes."""
    return sorted(reasons, key=lambda reason: _PRECEDENCE[reason.finding.code])


def _statements_and_remedies(
    reasons: Iterable[Reason], *, explanation: Explanation, phrasebook: Phrasebook
) -> list[str]:
    """The distinct statements, at most `MAX_SENTENCES`, followed by the distinct remedies."""
    listed_reasons = list(reasons)
    statements = list(dict.fromkeys(explanation.statement(reason, phrasebook=phrasebook) for reason in listed_reasons))
    remedies = [
        explanation.remedy(remedy, reason=reason, phrasebook=phrasebook)
        for reason in listed_reasons
        for remedy in reason.finding.remedies
        if remedy.code is not RemedyCode.NONE
    ]
    return [*statements[:MAX_SENTENCES], *dict.fromkeys(remedies)]
