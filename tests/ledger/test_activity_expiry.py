"""Points whose expiry is postponed by activity: a new last day needs a new notice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import RecordPurchase
from app.usecases.rewards import create_reward, redeem_reward
from app.usecases.rewards.commands import RedeemReward
from app.usecases.rewards.create_reward import CreateReward
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms
from tests.builders import a_line, a_purchase
from tests.ledger.program_driver import OutcomeCounts, ProgramDriver, open_runner
from tests.ledger.terms_strategies import LONDON, START
from tests.ledger.test_database_stateful import draft

ALIVE = PointsValidity(days=90, expires=True, since=ValidityStart.ACTIVITY, notice_from=20, notice_until=5)


@pytest.mark.parametrize("kept_alive_by", ["a purchase", "a redemption"])
def test_activity_after_a_notice_brings_a_notice_of_the_new_last_day(database_url: str, kept_alive_by: str) -> None:
    with open_runner(database_url) as where:
        shop = ProgramDriver(where, kind=ProgramKind.SANDBOX, start=START, counts=OutcomeCounts())
        card = CustomerReference("ANNA", IdentityKind.CARD)
        for key in ("coffee", "mug"):
            payload = shop.execute(create_reward.run, CreateReward(key, key, "Nice.", None, None, None))
            assert not isinstance(payload, Problem), payload
        clauses = draft((ALIVE, RefundPolicy(), None, None, None, (10, 25), True, None), None)
        shop.execute(publish_terms.run, PublishTerms(START - timedelta(days=1), clauses))
        shop.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.CARD, "ANNA"),), None))
        shop.execute(record_purchase.run, RecordPurchase(card, "r1", a_purchase(a_line(price="200.00"), at=shop.now)))
        shop.clock.now += timedelta(days=75)
        shop.run_due_jobs()
        if kept_alive_by == "a purchase":
            shop.execute(record_purchase.run, RecordPurchase(card, "r2", a_purchase(a_line(price="1.00"), at=shop.now)))
        else:
            basket = PurchaseFacts(occurred_at=shop.now, zone=LONDON, currency="GBP", lines=())
            shop.execute(redeem_reward.run, RedeemReward(card, None, "coffee", basket))
        assert shop.discrepancies() == []
        before = shop.row_count_and_accounts()[0]
        shop.clock.now += timedelta(days=75)
        shop.run_due_jobs()
        assert shop.row_count_and_accounts()[0] == before + 1, "one more notice"
        assert shop.discrepancies() == []
