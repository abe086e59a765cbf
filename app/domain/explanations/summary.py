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
_RANK = {code: index for index, code in enumerate(ReasonCode)}


def correction_sentence(kind: CauseKind, *, occurred_at: datetime, zone: str, phrasebook: Phrasebook) -> str:
    """The event recorded late, or the correction, that made an entry necessary; its date is local to `zone`."""
    return phrasebook(f"correction.{kind.value}", date=phrasebook.date(local_date(occurred_at, zone_name=zone)))


def summary(
    decision: Decision, *, terms: Terms, phrasebook: Phrasebook, correction: str | None = None
) -> tuple[str, ...]:
    """The result of a decision and, if it could be more, why and what would help.

    Conditions that are met are omitted. `terms` are those that decided. A decision without reasons is of an entry that no
    clause decided: `correction` says why it was made (see `correction_sentence`), None if staff moved the points.
    """
    explained = Explanation.of(decision, terms=terms)
    codes = {reason.finding.code for reason in decision.reasons}
    if not decision.reasons:
        return (correction or _moved_by_staff(decision, phrasebook=phrasebook),)
    if codes & PRICE_CODES:
        sentences = _reward_sentences(decision, explained=explained, phrasebook=phrasebook)
    elif codes & REFUND_CODES:
        sentences = _statements(
            (reason for reason in decision.reasons if _is_about_refund(reason)),
            explained=explained,
            phrasebook=phrasebook,
        )
    elif codes & _EARNING_CODES or any(reason.condition is not None for reason in decision.reasons):
        sentences = _purchase_sentences(decision, explained=explained, phrasebook=phrasebook)
    else:
        sentences = _statements(decision.reasons, explained=explained, phrasebook=phrasebook)
    return tuple(sentences[:MAX_SENTENCES])


def _reward_sentences(decision: Decision, *, explained: Explanation, phrasebook: Phrasebook) -> list[str]:
    """The cost of a reward, or why it was refused."""
    if decision.outcome is DecisionOutcome.REFUSED:
        return _statements(_in_order(explained.failed()), explained=explained, phrasebook=phrasebook)
    unit = Unit.POINTS if decision.points else Unit.STAMPS
    paid = next(reason for reason in decision.reasons if reason.finding.code in PRICE_CODES)
    effect = explained.terms.clause_by_key[paid.clause_key].effect
    assert isinstance(effect, RewardCost), "what is granted is said by the clause that prices it"
    first = phrasebook(
        "summary.reward",
        reward=effect.name or effect.reward,
        cost=phrasebook.counted(unit.value, decision.amount(unit)),
    )
    besides = (ReasonCode.CASH_DUE, ReasonCode.OLD_PRICE_KEPT)
    additional = (reason for reason in decision.reasons if reason.finding.code in besides)
    return [first, *_statements(additional, explained=explained, phrasebook=phrasebook)]


def _purchase_sentences(decision: Decision, *, explained: Explanation, phrasebook: Phrasebook) -> list[str]:
    """What is earned, and the limits that reduced it; or one sentence that says why it is nothing."""
    limits = [reason for reason in decision.reasons if reason.verdict is Verdict.LIMITED]
    if decision.outcome is DecisionOutcome.NOTHING_EARNED:
        return [_nothing_earned(limits=limits, explained=explained, phrasebook=phrasebook)]
    earned = [phrasebook.counted(unit.value, decision.amount(unit)) for unit in Unit if decision.amount(unit)]
    first = phrasebook("summary.earned", earned=phrasebook.listed(earned, last="and"))
    return [first, *_statements(limits, explained=explained, phrasebook=phrasebook)]


def _nothing_earned(*, limits: Sequence[Reason], explained: Explanation, phrasebook: Phrasebook) -> str:
    """That a purchase earns nothing and, where there is one, the one reason for it."""
    giving, stamping = bool(explained.terms.point_clauses), bool(explained.terms.stamp_clauses)
    nothing = phrasebook(f"summary.nothing.{'both' if giving and stamping else ('stamps' if stamping else 'points')}")
    causes = {explained.statement(reason, phrasebook=phrasebook) for reason in limits or explained.failed()}
    if len(causes) > 1:
        # Of several clauses that fail for different reasons none is the reason; of one clause its first reason is.
        clauses = {reason.clause_key for reason in explained.failed()}
        if not limits and len(clauses) > 1:
            return phrasebook("summary.nothing", nothing=nothing)
        first = _in_order(limits or explained.failed())[0]
        causes = {explained.statement(first, phrasebook=phrasebook)}
    if not causes:
        return phrasebook("summary.nothing", nothing=nothing)
    return phrasebook("summary.nothing.because", nothing=nothing, cause=_continued(causes.pop(), phrasebook=phrasebook))


def _continued(sentence: str, *, phrasebook: Phrasebook) -> str:
    """A sentence after a colon, which English begins with a small letter."""
    return sentence[:1].lower() + sentence[1:] if phrasebook.locale is Locale.EN else sentence


def _moved_by_staff(decision: Decision, *, phrasebook: Phrasebook) -> str:
    """Points moved by people without a clause, or a tier lost with its clause."""
    moved = [phrasebook.counted(unit.value, decision.amount(unit)) for unit in Unit if decision.amount(unit)]
    if moved:
        return phrasebook("summary.moved", moved=phrasebook.listed(moved, last="and"))
    # Only a tier is ever refused without a reason: what is lost with its clause.
    return phrasebook("summary.tier_gone" if decision.outcome is DecisionOutcome.REFUSED else "summary.unmoved")


def _is_about_refund(reason: Reason) -> bool:
    return reason.condition is None and reason.finding.code in REFUND_CODES


def _in_order(reasons: Iterable[Reason]) -> list[Reason]:
    """Reasons by the precedence of their codes."""
    return sorted(reasons, key=lambda reason: _RANK[reason.finding.code])


def _statements(reasons: Iterable[Reason], *, explained: Explanation, phrasebook: Phrasebook) -> list[str]:
    """The distinct statements and, if there is room, the distinct remedies."""
    listed = list(reasons)
    statements = list(dict.fromkeys(explained.statement(reason, phrasebook=phrasebook) for reason in listed))
    helps = [
        explained.remedy(remedy, reason=reason, phrasebook=phrasebook)
        for reason in listed
        for remedy in reason.finding.remedies
        if remedy.code is not RemedyCode.NONE
    ]
    return [*statements[:MAX_SENTENCES], *dict.fromkeys(helps)]
