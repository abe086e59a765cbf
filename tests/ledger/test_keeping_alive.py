"""Points that activity keeps alive: whoever was told of an old last day is told of the new one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.effects.points_validity import PointsValidity, ValidityStart
from app.domain.effects.refund_policy import RefundPolicy
from app.domain.facts import PurchaseFacts
from app.domain.identities import IdentityKind
from app.store.customers import CustomerBy
from app.store.programs import ProgramKind
from app.usecases.call import Answer
from app.usecases.create_reward import NewReward, create_reward
from app.usecases.earn import NewPurchase, earn
from app.usecases.enrol import Enrolment, enrol
from app.usecases.publish import Draft, publish
from app.usecases.redeem import NewRedemption, redeem
from tests.builders import a_line, a_purchase
from tests.ledger.living_program import LivingProgram, Tally, opened
from tests.ledger.some_terms import LONDON, START
from tests.ledger.test_database_machine import draft

ALIVE = PointsValidity(days=90, expires=True, since=ValidityStart.ACTIVITY, notice_from=20, notice_until=5)


@pytest.mark.parametrize("kept_alive_by", ["a purchase", "a redemption"])
def test_activity_after_a_notice_brings_a_notice_of_the_new_last_day(database_url: str, kept_alive_by: str) -> None:
    with opened(database_url) as where:
        shop = LivingProgram(where, kind=ProgramKind.SANDBOX, start=START, tally=Tally())
        card = CustomerBy("ANNA", IdentityKind.CARD)
        for key in ("coffee", "mug"):
            assert isinstance(shop.do(create_reward, NewReward(key, key, "Nice.", None, None, None)), Answer)
        clauses = draft((ALIVE, RefundPolicy(), None, None, None, (10, 25), True, None), None)
        shop.do(publish, Draft(START - timedelta(days=1), clauses))
        shop.do(enrol, Enrolment(((IdentityKind.CARD, "ANNA"),), None))
        shop.do(earn, NewPurchase(card, "r1", a_purchase(a_line(price="200.00"), at=shop.now)))
        shop.clock.now += timedelta(days=75)
        shop.let_the_jobs_run()
        if kept_alive_by == "a purchase":
            shop.do(earn, NewPurchase(card, "r2", a_purchase(a_line(price="1.00"), at=shop.now)))
        else:
            basket = PurchaseFacts(occurred_at=shop.now, zone=LONDON, currency="GBP", lines=())
            shop.do(redeem, NewRedemption(card, None, "coffee", basket))
        assert shop.faults() == []
        before = shop.recorded()[0]
        shop.clock.now += timedelta(days=75)
        shop.let_the_jobs_run()
        assert shop.recorded()[0] == before + 1, "one more notice"
        assert shop.faults() == []
