"""A shop as large as the API lets it grow, and the most expensive queries against it. Lists inside lists, under twenty
aliases, for a hundred ids: whatever a caller may send, not what one would.

Lists inside lists, under twenty aliases, for a hundred ids: whatever a caller may send, not what one would.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.domain.access import Role

LINES = 500
REWARDS = 30
CLAUSES = 60
CUSTOMER = "CARD-OF-THE-WORST"

Ask = Callable[..., Any]
"""Sends a document with the key of a role and its variables; answers its data."""

_ENROL = "mutation($input: EnrolCustomerInput!) { enrolCustomer(input: $input) { customer { id } } }"
_REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { reward { id } userErrors { code } } }"
_PUBLISH = "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { id } userErrors { code path message } } }"
_BUY = """mutation($input: RecordPurchaseInput!) { recordPurchase(input: $input) {
    purchase { id } entry { id } userErrors { code path message } } }"""


def many(text: str, *, times: int = 20) -> str:
    """A field under many aliases."""
    return " ".join(f"a{number}: {text}" for number in range(times))


@dataclass
class Large:
    """The ids of what the shop holds."""

    customer: str = ""
    purchases: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)
    terms: str = ""
    rewards: list[str] = field(default_factory=list)


def basket(lines: int) -> dict[str, Any]:
    """So many different lines."""
    return {
        "lines": [
            {"sku": f"S{number}", "quantity": "1", "unitPrice": "1.37", "categories": ["tea", "cups"]}
            for number in range(lines)
        ]
    }


def fill_shop(ask: Ask) -> Large:
    """Fills the shop: terms of many conditions, rewards, purchases of 500 lines."""
    found = Large()
    done = ask(_ENROL, input={"idempotencyKey": "worst", "identities": [{"card": CUSTOMER}]})
    found.customer = done["enrolCustomer"]["customer"]["id"]
    for number in range(REWARDS):
        given = {"key": f"r{number}", "name": f"Reward {number}", "description": "Something to have."}
        done = ask(_REWARD, role=Role.OWNER, input={"idempotencyKey": f"r{number}", **given})["createReward"]
        assert done["userErrors"] == []
        found.rewards.append(done["reward"]["id"])
    input = {"idempotencyKey": "terms", "clauses": _clauses()}
    done = ask(_PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert done["userErrors"] == []
    found.terms = done["terms"]["id"]
    for _ in range(12):
        key = uuid.uuid4().hex
        given = {"externalId": key, **basket(LINES)}
        input = {"idempotencyKey": key, "customer": {"card": CUSTOMER}, "purchase": given}
        done = ask(_BUY, input=input)["recordPurchase"]
        assert done["userErrors"] == []
        found.purchases.append(done["purchase"]["id"])
        found.entries.append(done["entry"]["id"])
    return found


def _clauses() -> list[dict[str, Any]]:
    conditions = [
        {"minimumSpend": {"amount": "1000.00"}},
        {"weekdaysAndHours": {"days": ["MONDAY", "TUESDAY", "WEDNESDAY"], "start": "08:00", "end": "20:00"}},
        {"categories": {"include": [f"category{number}" for number in range(10)]}},
        {"dates": {"first": "2020-01-01", "last": "2020-12-31"}},
    ]
    earning = [
        {
            "key": f"e{number}",
            "conditions": conditions,
            "effect": {"pointsPerAmount": {"points": number + 1, "per": "10.00"}},
        }
        for number in range(CLAUSES)
    ]
    priced = [
        {
            "key": f"r{number}",
            "conditions": conditions,
            "effect": {"rewardCost": {"reward": f"r{number}", "points": 100 + number}},
        }
        for number in range(REWARDS)
    ]
    return [{"key": "every", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}, *earning, *priced]


REASONS = "reasons { code statement observed required clause { number statement conditions { kind statement } } remedies { code statement } }"


def worst_documents(large: Large) -> dict[str, tuple[str, dict[str, Any]]]:
    """Documents with their variables, by what is bad about them."""
    by = {"by": {"card": CUSTOMER}}
    lines = "lines { number sku name quantity unitPrice { amount currencyCode } kind }"
    first = large.purchases[0]
    ids = "query($ids: [ID!]!) { nodes(ids: $ids) "
    of = "query($by: CustomerBy!) { customer(by: $by) "
    tried = "query($by: CustomerBy!, $basket: BasketInput!) { "
    return {
        "one purchase a hundred times, its lines twenty times": (
            f"{ids} {{ ...on Purchase {{ {many(lines)} }} }} }}",
            {"ids": [first] * 100},
        ),
        "twelve purchases, their lines twenty times": (
            f"{ids} {{ ...on Purchase {{ {many(lines)} }} }} }}",
            {"ids": large.purchases},
        ),
        "five purchases in twenty root fields": (
            "query($ids: [ID!]!) { " + many(f"nodes(ids: $ids) {{ ...on Purchase {{ {lines} }} }}") + " }",
            {"ids": large.purchases[:5]},
        ),
        "the terms as text twenty times": ("{ " + many("terms { text }") + " }", {}),
        "texts of the terms under thirty aliases": (f"{{ terms {{ {many('text', times=30)} }} }}", {}),
        "the terms clause by clause twenty times": (
            "{ " + many("terms { clauses { statement conditions { kind statement } } }") + " }",
            {},
        ),
        "the terms a hundred times": (
            f"{ids} {{ ...on Terms {{ text clauses {{ statement conditions {{ statement }} }} }} }} }}",
            {"ids": [large.terms] * 100},
        ),
        "rewards with all their reasons": (
            "query($by: CustomerBy!) { "
            + many(f"rewards(for: $by, first: 50) {{ nodes {{ cost decision {{ {REASONS} }} }} }}", times=3)
            + " }",
            by,
        ),
        "rewards with a large basket": (
            tried + many("rewards(for: $by, basket: $basket, first: 1) { nodes { cost } }", times=9) + " }",
            {**by, "basket": basket(LINES)},
        ),
        "a large basket checked": (
            tried + many("basketCheck(customer: $by, basket: $basket) { decision { outcome } }", times=9) + " }",
            {**by, "basket": basket(LINES)},
        ),
        "a large basket checked with every reason": (
            tried
            + many(
                f"basketCheck(customer: $by, basket: $basket) {{ clauses {{ {REASONS} almostMet {{ statement }} }} }}",
                times=6,
            )
            + " }",
            {**by, "basket": basket(LINES)},
        ),
        "what the balance buys twenty times": (
            of + f"{{ wallet {{ balances {{ {many('buysToday { name }')} }} }} }} }}",
            by,
        ),
        "the ledger with purchases and decisions": (
            of
            + f"{{ ledger(first: 100) {{ nodes {{ lots {{ points }} purchase {{ {lines} }} decision {{ {REASONS} }} }} }} }} }}",
            by,
        ),
        "the ledger in both shapes": (
            of
            + "{ "
            + many(
                f"ledger(first: 100) {{ nodes {{ purchase {{ {lines} }} }} edges {{ node {{ purchase {{ {lines} }} }} }} }}",
                times=1,
            )
            + " } }",
            by,
        ),
        "decisions explained twenty times": (
            "query($e: ID!) { "
            + many(f"explain(entry: $e) {{ decision {{ {REASONS} }} entry {{ decision {{ {REASONS} }} }} }}")
            + " }",
            {"e": large.entries[0]},
        ),
    }
