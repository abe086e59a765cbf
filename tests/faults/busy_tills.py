"""Tills that do everything a till and staff can do, at random, and remember what was acknowledged."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from app.domain.access import Role
from app.usecases.start import NewProgram
from tests.shop import real_now

_DECIDED = "entry { id type points } userErrors { code }"
_REDEEMED = f"redemption {{ id state }} {_DECIDED}"


def _mutation(name: str, answer: str) -> str:
    return f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {answer} }} }}"


MUTATIONS = {
    "recordPurchase": _mutation("recordPurchase", f"purchase {{ id externalId }} {_DECIDED}"),
    "recordRefund": _mutation("recordRefund", _DECIDED),
    "redeemReward": _mutation("redeemReward", _REDEEMED),
    "holdReward": _mutation("holdReward", "redemption { id state } userErrors { code }"),
    "captureHold": _mutation("captureHold", _REDEEMED),
    "releaseHold": _mutation("releaseHold", _REDEEMED),
    "cancelRedemption": _mutation("cancelRedemption", _REDEEMED),
    "deliverExpiryNotices": _mutation("deliverExpiryNotices", "delivered userErrors { code }"),
}
BY_STAFF = ("cancelRedemption", "deliverExpiryNotices")
CHANCES = (
    *("recordPurchase",) * 6,
    *("recordRefund",) * 2,
    *("redeemReward", "holdReward", "captureHold", "releaseHold", "cancelRedemption", "deliverExpiryNotices"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, and its answer once there is one."""

    verb: str
    card: str
    given: dict[str, Any]
    answer: dict[str, Any] | None = None

    @property
    def refused(self) -> bool:
        """Whether it was a technical refusal, which is kept under no key."""
        return self.answer is not None and self.answer["userErrors"] != []


@dataclass
class BusyTills:
    """One till for each card. `ahead` is how far the program's clock is ahead of the real one."""

    address: str
    program: NewProgram
    cards: list[str]
    seed: int
    others: list[str] = field(default_factory=list)
    """Cards that any till may sell to."""
    ahead: timedelta = timedelta()
    acknowledged: dict[str, Sent] = field(default_factory=dict)
    unanswered: dict[str, Sent] = field(default_factory=dict)
    _running: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)
    _at_hand: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def start(self) -> None:
        """Let them work."""
        self._running = True
        self._threads = [threading.Thread(target=self._work, args=(card,), daemon=True) for card in self.cards]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until each has finished what it was doing."""
        self._running = False
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def wait_for_more_than(self, before: int) -> None:
        """Wait until more than `before` requests are acknowledged."""
        latest = time.monotonic() + 60
        while len(self.acknowledged) <= before:
            assert time.monotonic() < latest, "the tills got nothing acknowledged for a minute"
            time.sleep(0.01)

    def send_again(self) -> None:
        """Send with its key what was not answered: it is done now, or was done and is answered."""
        with httpx.Client() as client:
            for key, sent in list(self.unanswered.items()):
                self.acknowledged[key] = self._answered(sent, client=client)
                del self.unanswered[key]

    def assert_answered_alike(self, count: int) -> None:
        """The latest answers, each sent again with its key, are the same."""
        kept = [one for one in self.acknowledged.values() if not one.refused][-count:]
        with httpx.Client() as client:
            unlike = [one for one in kept if _lasting(self._answered(one, client=client)) != _lasting(one)]
        assert unlike == []

    def counts(self) -> Counter[str]:
        """How many of each verb were acknowledged and not refused for a technical reason."""
        return Counter(one.verb for one in self.acknowledged.values() if not one.refused)

    def _work(self, card: str) -> None:
        chance = random.Random(f"{self.seed} {card} {len(self.acknowledged)}")
        with httpx.Client() as client:
            while self._running:
                verb = chance.choice(CHANCES)
                key = uuid.uuid4().hex
                given = self._given(verb, card, key, chance=chance)
                if given is not None:
                    self._send(Sent(verb, card, {"idempotencyKey": key, **given}), key, client=client)

    def _send(self, sent: Sent, key: str, *, client: httpx.Client) -> None:
        self.unanswered[key] = sent
        try:
            answered = self._answered(sent, client=client)
        except (httpx.HTTPError, RuntimeError, ValueError):
            time.sleep(0.05)
            return
        self.acknowledged[key] = answered
        del self.unanswered[key]
        self._remember(answered)

    def _answered(self, sent: Sent, *, client: httpx.Client) -> Sent:
        """Send it; raises httpx.HTTPError when there is no answer and RuntimeError for a fault."""
        role = Role.STAFF if sent.verb in BY_STAFF else Role.TILL
        answer = client.post(
            f"{self.address}/graphql",
            json={"query": MUTATIONS[sent.verb], "variables": {"input": sent.given}},
            headers={"Authorization": f"Bearer {self.program.token(role)}"},
            timeout=15,
        ).json()
        if "errors" in answer:
            raise RuntimeError(str(answer["errors"])[:300])
        return Sent(sent.verb, sent.card, sent.given, answer["data"][sent.verb])

    def _given(self, verb: str, card: str, key: str, *, chance: random.Random) -> dict[str, Any] | None:
        """What is sent; None where there is nothing to send it about."""
        known = self._at_hand.setdefault(card, {"sold": [], "paid": [], "held": []})
        who = {"customer": {"card": card}}
        match verb:
            case "recordPurchase":
                if self.others and chance.random() < 0.6:
                    who = {"customer": {"card": chance.choice(self.others)}}
                lines = [{"sku": "a", "quantity": "1", "unitPrice": "3.00"}]
                late = {}
                if chance.random() < 0.4:
                    days = timedelta(days=chance.uniform(0.5, 12))
                    late = {"occurredAt": (real_now() + self.ahead - days).isoformat()}
                return {**who, "purchase": {"externalId": key, "lines": lines, **late}}
            case "redeemReward":
                return {**who, "reward": {"key": "coffee"}}
            case "holdReward":
                return {**who, "reward": {"key": "coffee"}, "checkout": key, "minutes": 30}
            case "deliverExpiryNotices":
                return {**who, "channel": "INBOX"}
        about = {"recordRefund": "sold", "cancelRedemption": "paid"}.get(verb, "held")
        if not known[about]:
            return None
        one = known[about].pop(chance.randrange(len(known[about])))
        match verb:
            case "recordRefund":
                return {"purchase": {"externalId": one}}
            case "cancelRedemption":
                return {"redemption": one, "reason": "cold"}
        return {"hold": {"checkout": one}}

    def _remember(self, one: Sent) -> None:
        """What later requests may be about."""
        if one.refused or one.answer is None:
            return
        known = self._at_hand[one.card]
        made = one.answer.get("redemption")
        if one.verb == "recordPurchase":
            known["sold"].append(one.given["purchase"]["externalId"])
        elif one.verb in ("redeemReward", "captureHold") and made is not None:
            known["paid"].append(made["id"])
        elif one.verb == "holdReward" and made is not None:
            known["held"].append(one.given["checkout"])


def _lasting(one: Sent) -> object:
    """What must be the same whenever a key is sent again: all but how far the redemption has got since."""
    answer = one.answer or {}
    redemption = answer.get("redemption")
    return answer.get("entry"), redemption and redemption["id"], answer.get("userErrors")
