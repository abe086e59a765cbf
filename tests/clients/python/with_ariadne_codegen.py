"""A till's day with the client that ariadne-codegen makes of schema.graphql and till.graphql: methods and typed models."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from till_client import (
    BasketInput,
    CancelRedemptionInput,
    Client,
    CustomerBy,
    EnrolCustomerInput,
    IdentityInput,
    PurchaseBy,
    PurchaseInput,
    PurchaseLineInput,
    RecordPurchaseInput,
    RecordRefundInput,
    RedeemRewardInput,
    RefundLineInput,
    RewardBy,
)

address, key = sys.argv[1:3]
client = Client(address, headers={"Authorization": f"Bearer {key}"})
anna = CustomerBy(card="ANNA")


def report(step, answered, problems=()):
    """What the answer of a step says, and what is then in the wallet."""
    shown = client.look_up(by=anna).customer.wallet.balances[0].available
    print(json.dumps({"step": step, "answered": answered, "shown": shown, "problems": [p.code for p in problems]}))


def report_payload(step, payload):
    """As `report`, of a mutation."""
    report(step, payload.balances[0].available, payload.user_errors)


def lines(sku, quantity, unit_price):
    """One line of a receipt."""
    return [PurchaseLineInput(sku=sku, quantity=Decimal(quantity), unit_price=Decimal(unit_price))]


def buy(step, idempotency_key, external_id, bought, occurred_at=None):
    """Record a purchase."""
    purchase = PurchaseInput(external_id=external_id, lines=bought, occurred_at=occurred_at)
    given = RecordPurchaseInput(idempotency_key=idempotency_key, customer=anna, purchase=purchase)
    report_payload(step, client.buy(input=given).record_purchase)


mugs = lines("mug", "2", "30.00")
enrolled = client.enrol(input=EnrolCustomerInput(idempotency_key="1", identities=[IdentityInput(card="ANNA")]))
report_payload("enrol", enrolled.enrol_customer)
report("look up", client.look_up(by=anna).customer.wallet.balances[0].available)
report("check", client.check(by=anna, basket=BasketInput(lines=mugs)).basket_check.decision.points[0].points)
buy("buy", "2", "R-1", mugs)
buy("buy more", "3", "R-2", lines("pot", "1", "70.00"))
buy("send a receipt again", "2", "R-1", mugs)
redeemed = client.redeem(
    input=RedeemRewardInput(idempotency_key="4", customer=anna, reward=RewardBy(key="coffee"))
).redeem_reward
report_payload("redeem", redeemed)
back = RecordRefundInput(
    idempotency_key="5", purchase=PurchaseBy(external_id="R-1"), lines=[RefundLineInput(line=1, quantity=Decimal(1))]
)
report_payload("refund", client.refund(input=back).record_refund)
undone = client.undo(input=CancelRedemptionInput(idempotency_key="6", redemption=redeemed.redemption.id))
report_payload("undo", undone.cancel_redemption)
yesterday = datetime.now(UTC) - timedelta(days=1)
buy("late receipt", "7", "R-0", lines("bun", "1", "10.00"), occurred_at=yesterday)
