"""Negative balances: no reward during a debt, and how many points it takes to have one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decisions import DecisionOutcome, Finding, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.engine.old_prices import RewardCharge
from app.domain.engine.redemption import redeem
from app.domain.explanations.explanation import Explanation
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.terms.effects.reward_cost import RewardCost
from tests.builders import a_clause, a_purchase, some_terms

MUG = RewardCost("mug", 100, "Mug")
TERMS = some_terms(a_clause(), ("mug", (), MUG))


@pytest.mark.parametrize(
    ("available", "owed", "cost", "needed", "missing"),
    [
        (0, 20, None, 120, 120),
        (0, 1, None, 101, 101),
        (0, 20, 80, 100, 100),
        (30, 20, None, 120, 90),
        (100, 20, None, 120, 20),
        (500, 20, None, 120, 20),
    ],
)
def test_reward_is_refused_during_a_debt_and_names_the_missing_points(
    available: int, owed: int, cost: int | None, needed: int, missing: int
) -> None:
    assert MUG.check(available=available, owed=owed, cost=cost) == Finding(
        False,
        ReasonCode.NEGATIVE_BALANCE,
        owed,
        needed,
        (Remedy(RemedyCode.COLLECT_POINTS, points=missing),),
    )


@pytest.mark.parametrize(("available", "code"), [(100, ReasonCode.COST_PAID), (99, ReasonCode.INSUFFICIENT_POINTS)])
def test_balance_without_debt_needs_only_the_price(available: int, code: ReasonCode) -> None:
    assert MUG.check(available=available, owed=0) == MUG.check(available=available)
    assert MUG.check(available=available).code is code


@given(available=st.integers(0, 300), owed=st.integers(1, 300), cost=st.integers(1, 300))
def test_missing_points_of_the_remedy_are_exact(available: int, owed: int, cost: int) -> None:
    (remedy,) = MUG.check(available=available, owed=owed, cost=cost).remedies
    assert remedy.points is not None
    for collected, enough in ((remedy.points, True), (remedy.points - 1, False)):
        filled = min(owed, collected)
        after = MUG.check(available=available + collected - filled, owed=owed - filled, cost=cost)
        assert after.met is enough


@pytest.mark.parametrize(("charge", "needed"), [(None, 120), (RewardCharge(80, (), 80), 100)])
def test_refund_policy_refuses_redemptions_during_a_debt(charge: RewardCharge | None, needed: int) -> None:
    clause = TERMS.clause_by_key["mug"]
    decision = redeem(terms=TERMS, clause=clause, facts=a_purchase(), available=0, owed=20, charge=charge)
    assert (decision.outcome, decision.points) == (DecisionOutcome.REFUSED, 0)
    reason = decision.reasons[0]
    assert (reason.clause_key, reason.verdict, reason.condition) == ("refunds", Verdict.NOT_MET, None)
    assert (reason.finding.observed, reason.finding.required) == (20, needed)
    assert decision.without_personal_values() == decision


def test_customer_without_debt_can_redeem() -> None:
    decision = redeem(terms=TERMS, clause=TERMS.clause_by_key["mug"], facts=a_purchase(), available=100, owed=0)
    assert (decision.outcome, decision.points) == (DecisionOutcome.GRANTED, 100)
    assert [reason.finding.code for reason in decision.reasons] == [ReasonCode.COST_PAID]


@pytest.mark.parametrize(
    ("locale", "expected", "way"),
    [
        (Locale.EN, "You owe 20 points; with this reward that makes 120 points.", "Collect 120 more points."),
        (
            Locale.DE,
            "Sie sind 20 Punkte im Minus; mit dieser Prämie brauchen Sie 120 Punkte.",
            "Noch 120 Punkte sammeln.",
        ),
        (Locale.ZH_HANS, "您尚欠 20 积分，连同本次兑换共需 120 积分。", "再累积 120 积分即可。"),
        (Locale.ZH_HANT, "您尚欠 20 點，連同這次兌換共需 120 點。", "再集 120 點即可。"),
    ],
)
def test_debt_and_missing_points_are_explained(locale: Locale, expected: str, way: str) -> None:
    decision = redeem(terms=TERMS, clause=TERMS.clause_by_key["mug"], facts=a_purchase(), available=0, owed=20)
    (reason,) = decision.reasons
    (remedy,) = reason.finding.remedies
    phrasebook = phrasebook_in(locale)
    explained = Explanation.of(decision, terms=TERMS)
    assert explained.statement(reason, phrasebook=phrasebook) == expected
    assert explained.remedy(remedy, reason=reason, phrasebook=phrasebook) == way
