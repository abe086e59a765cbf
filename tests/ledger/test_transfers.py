"""Random actions of three customers with transfers, merges and shared wallets, in any order of arrival: the ledger
verifies and no points appear from nowhere."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import event, given, note
from hypothesis import strategies as st

from app.domain.access import Role
from tests.shop import Clock, Shop, open_shop
from tests.soak_settings import property_settings
from tests.transfers import join, merge, transfer
from tests.verification import discrepancies_in

PUBLISH = "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { userErrors { code path } } }"
REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"
CANCEL = """mutation($input: CancelRedemptionInput!) { cancelRedemption(input: $input) { userErrors { code path } } }"""
KINDS = ("buy", "buy", "buy", "buy", "refund", "refund", "redeem", "redeem", "undo", "transfer", "transfer", "merge", "join")  # fmt: skip


@dataclass(frozen=True)
class Action:
    """An action of one customer towards another, some hours before it is recorded."""

    kind: str
    who: int
    step: int
    amount: int
    late: int
    wait: int


ACTIONS = st.lists(
    st.builds(
        Action,
        st.sampled_from(KINDS),
        st.integers(0, 2),
        st.integers(1, 2),
        st.integers(1, 120),
        st.sampled_from([0, 0, 1, 5, 30, 80]),
        st.sampled_from([0, 1, 10, 40]),
    ),
    min_size=4,
    max_size=16,
)
TERMS = st.tuples(st.sampled_from(["CLAMP_TO_ZERO", "ALLOW_NEGATIVE"]), st.booleans(), st.booleans())


def clauses(terms: tuple[str, bool, bool]) -> list[dict[str, Any]]:
    """A point a pound, a monthly bonus and one for the first purchase, a mug for 50; perhaps pending points and tiers."""
    mode, waiting, tiers = terms
    found: list[dict[str, Any]] = [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "first", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 7}}},
        {
            "key": "monthly",
            "conditions": [{"timesPerPeriod": {"times": 1, "period": "MONTH"}}],
            "effect": {"bonusPoints": {"points": 3}},
        },
        {"key": "mug", "effect": {"rewardCost": {"reward": "mug", "points": 50}}},
        {"key": "refunds", "effect": {"refundPolicy": {"mode": mode}}},
    ]
    if waiting:
        found.append({"key": "waiting", "effect": {"pendingPeriod": {"days": 1}}})
    if tiers:
        found.append({"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silver", "points": 100}}})
        found.append(
            {
                "key": "extra",
                "conditions": [{"tierAtLeast": {"tier": "silver"}}],
                "effect": {"bonusPoints": {"points": 5}},
            }
        )
    return found


@dataclass
class ThreeCustomers:
    """A shop with three customers, and what can be refunded or cancelled."""

    shop: Shop
    clock: Clock
    cards: list[str]
    receipts: list[str]
    redemptions: list[str]

    def carry_out(self, action: Action) -> Any:
        """Carries out an action; returns the payload."""
        self.clock.now += timedelta(hours=action.wait)
        shop, card, other = self.shop, self.cards[action.who], self.cards[(action.who + action.step) % 3]
        at = (self.clock.now - timedelta(hours=action.late)).isoformat()
        match action.kind:
            case "buy":
                self.receipts.append(uuid.uuid4().hex)
                return shop.buy(card, f"{action.amount}.00", receipt=self.receipts[-1], occurredAt=at)
            case "refund" if self.receipts:
                receipt = self.receipts[action.amount % len(self.receipts)]
                more = {"lines": [{"line": 1, "quantity": "0.5"}]} if action.amount % 2 else {}
                return shop.refund(receipt, occurredAt=at, **more)
            case "redeem":
                payload = shop.redeem(card, "mug", basket={"occurredAt": at, "lines": []})
                if payload["redemption"] is not None:
                    self.redemptions.append(payload["redemption"]["id"])
                return payload
            case "undo" if self.redemptions:
                redemption = self.redemptions[action.amount % len(self.redemptions)]
                input = {"idempotencyKey": uuid.uuid4().hex, "redemption": redemption, "reason": "broken"}
                return shop.execute(CANCEL, role=Role.STAFF, input=input)["cancelRedemption"]
            case "transfer":
                return transfer(shop, card, other, action.amount // 4 + 1)
            case "merge":
                return merge(shop, card, other)
            case "join":
                return join(shop, card, other)
        return None


@property_settings(13)
@given(actions=ACTIONS, terms=TERMS)
def test_ledger_verifies_after_random_transfers_merges_and_late_events(
    sqlite_template: Path, tmp_path_factory: Any, actions: list[Action], terms: tuple[str, bool, bool]
) -> None:
    file = tmp_path_factory.mktemp("day") / "shop.db"
    shutil.copyfile(sqlite_template, file)
    clock = Clock()
    with open_shop(f"sqlite:///{file}", clock=clock, template="blank") as shop:
        mug = {"idempotencyKey": "mug", "key": "mug", "name": "Mug", "description": "A mug."}
        shop.execute(REWARD, role=Role.OWNER, input=mug)
        start = {"idempotencyKey": "t", "clauses": clauses(terms), "effectiveFrom": "2021-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=start)["publishTerms"]["userErrors"] == []
        day = ThreeCustomers(shop, clock, [shop.enrol() for _ in range(3)], [], [])
        for card in day.cards:
            shop.buy(card, "90.00", occurredAt=(clock.now - timedelta(hours=60)).isoformat())
        for action in actions:
            done = day.carry_out(action)
            note(f"{action} -> {done}")
            if done is not None:
                event(f"{action.kind}: {[error['code'] for error in done['userErrors']]}")
    assert discrepancies_in(f"sqlite:///{file}") == []
    with sqlite3.connect(file) as books:
        (held,) = books.execute("SELECT sum(available + pending + held - owed) FROM accounts").fetchone()
        (issued,) = books.execute("SELECT sum(points) FROM entries WHERE counter_account <> 'WALLETS'").fetchone()
        (passed,) = books.execute("SELECT sum(points) FROM entries WHERE counter_account = 'WALLETS'").fetchone()
    assert (held or 0, passed or 0) == (issued or 0, 0)
