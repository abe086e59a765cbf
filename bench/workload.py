"""Purchases, redemptions and card look-ups: as GraphQL requests, and as commands and queries."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.queries.customers.customers import customer_as_of
from app.queries.ledger.entries import Window, ledger_page
from app.queries.rewards.offers import Offers, offers_for
from app.usecases.application import Application
from app.usecases.purchases import record_purchase
from app.usecases.purchases.commands import RecordPurchase
from bench.load import graphql_request

RECORD_PURCHASE = """mutation Buy($input: RecordPurchaseInput!) { recordPurchase(input: $input) {
  decision { outcome points { points } reasons { code statement clause { number } } }
  balances { available } userErrors { code message } } }"""
REDEEM_REWARD = """mutation Redeem($input: RedeemRewardInput!) { redeemReward(input: $input) {
  decision { outcome reasons { code statement clause { number } } }
  balances { available } userErrors { code message } } }"""
CARD = """query Card($by: CustomerBy!) {
  customer(by: $by) { id state wallet { balances { available lifetime } }
    ledger(first: 20) { nodes { id type points occurredAt } } }
  rewards(for: $by) { nodes { reward { name } cost available missingPoints } } }"""


def card_number(customer: int) -> str:
    """The card of a customer, counted from 0."""
    return f"CARD{customer:06}"


def purchase_requests(token: str, count: int, *, customers: int) -> list[bytes]:
    """Requests that record purchases of five lines, by the customers in turn."""
    lines = [
        {"sku": f"SKU{line}", "name": "Something nice", "quantity": "2", "unitPrice": "3.00"} for line in range(1, 6)
    ]
    return [
        graphql_request(
            token=token,
            query=RECORD_PURCHASE,
            variables={
                "input": {
                    "idempotencyKey": uuid.uuid4().hex,
                    "customer": {"card": card_number(number % customers)},
                    "purchase": {"externalId": uuid.uuid4().hex, "lines": lines},
                }
            },
        )
        for number in range(count)
    ]


def redemption_requests(token: str, count: int, *, customers: int) -> list[bytes]:
    """Requests that redeem a coffee, by the customers in turn."""
    return [
        graphql_request(
            token=token,
            query=REDEEM_REWARD,
            variables={
                "input": {
                    "idempotencyKey": uuid.uuid4().hex,
                    "customer": {"card": card_number(number % customers)},
                    "reward": {"key": "coffee"},
                }
            },
        )
        for number in range(count)
    ]


def card_requests(token: str, count: int, *, customers: int) -> list[bytes]:
    """Requests for a card with its balance, offers and 20 ledger entries, of the customers in turn."""
    return [
        graphql_request(token=token, query=CARD, variables={"by": {"card": card_number(number % customers)}})
        for number in range(count)
    ]


def purchase_command(customer: int, *, receipt: str, price: int = 300) -> RecordPurchase:
    """A purchase of five lines of two items each; `price` of one item in pence."""
    lines = tuple(
        Line(number=line, sku=f"SKU{line}", name="Something nice", quantity=Decimal(2), unit_price=price)
        for line in range(1, 6)
    )
    facts = PurchaseFacts(
        occurred_at=datetime.now(UTC) - timedelta(seconds=1), zone="Europe/London", currency="GBP", lines=lines
    )
    return RecordPurchase(customer=_by_card(customer), external_id=receipt, facts=facts)


async def execute_purchase(application: Application, program: Program, command: RecordPurchase) -> None:
    """Record a purchase under an idempotency key that is its receipt number."""
    result = await application.execute(
        record_purchase.run,
        name="recordPurchase",
        program=program,
        principal=None,
        key=command.external_id,
        fingerprint_input=command.external_id,
        command=command,
    )
    assert not isinstance(result, Problem), result


async def look_up_card(application: Application, program: Program, customer: int) -> None:
    """The queries behind a card request."""
    by = _by_card(customer)
    customer_then = await application.query(customer_as_of, program_id=program.id, by=by, at=application.now(program))
    assert customer_then is not None
    page = await application.query(
        ledger_page, program_id=program.id, account_id=customer_then.account.id, window=Window(size=20)
    )
    assert len(page.entries) == 20
    facts = PurchaseFacts(occurred_at=datetime.now(UTC), zone="Europe/London", currency="GBP", lines=())
    offers = await application.query(offers_for, program_id=program.id, by=by, facts=facts, principal=None)
    assert isinstance(offers, Offers), offers


def _by_card(customer: int) -> CustomerReference:
    return CustomerReference(card_number(customer), IdentityKind.CARD)
