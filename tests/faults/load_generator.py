"""Tills that do everything tills and staff can do, at random, and record what was acknowledged."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.shop import UNUSED_TLS, real_now
from tests.time_limits import HANGS

_DECIDED = "entry { id type points } userErrors { code }"
_REDEEMED = f"redemption {{ id state }} {_DECIDED}"


def _mutation(name: str, answer: str, *, called: str | None = None) -> str:
    """A mutation, the field of its answer perhaps called by another name than its own."""
    return f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {called or name}: {name}(input: $input) {{ {answer} }} }}"


MUTATIONS = {
    "recordPurchase": _mutation("recordPurchase", f"purchase {{ id externalId }} {_DECIDED}"),
    "recordRefund": _mutation("recordRefund", _DECIDED),
    "recordExchange": _mutation("recordExchange", _DECIDED),
    "exchangeEarly": _mutation("recordExchange", f"pending {{ id }} {_DECIDED}", called="exchangeEarly"),
    "sellAwaited": _mutation("recordPurchase", _DECIDED, called="sellAwaited"),
    "amendPurchase": _mutation("amendPurchase", _DECIDED),
    "sellAhead": _mutation("recordPurchase", f"quarantined {{ id }} {_DECIDED}", called="sellAhead"),
    "settleQuarantined": _mutation("settleQuarantined", _DECIDED),
    "redeemReward": _mutation("redeemReward", _REDEEMED),
    "holdRedemption": _mutation("holdRedemption", "redemption { id state } userErrors { code }"),
    "captureRedemption": _mutation("captureRedemption", _REDEEMED),
    "releaseRedemption": _mutation("releaseRedemption", _REDEEMED),
    "cancelRedemption": _mutation("cancelRedemption", _REDEEMED),
    "issueToCustomer": _mutation("redeemReward", _REDEEMED, called="issueToCustomer"),
    "fulfilRedemption": _mutation("fulfilRedemption", "redemption { id state } userErrors { code }"),
    "undoByCustomer": _mutation("cancelRedemption", _REDEEMED, called="undoByCustomer"),
    "deliverExpiryNotices": _mutation("deliverExpiryNotices", "delivered userErrors { code }"),
}
BY_CUSTOMERS = ("issueToCustomer", "undoByCustomer")
BY_STAFF = ("cancelRedemption", "deliverExpiryNotices", "amendPurchase", "settleQuarantined")
CHANCES = (
    *("recordPurchase",) * 6,
    *("recordRefund",) * 2,
    "recordExchange",
    *("exchangeEarly", "sellAwaited", "amendPurchase", "sellAhead", "settleQuarantined"),
    *("holdRedemption", "captureRedemption", "releaseRedemption") * 2,
    *("redeemReward", "cancelRedemption", "deliverExpiryNotices"),
    *("issueToCustomer", "fulfilRedemption", "undoByCustomer"),
)


_AWAITED = "-awaited"
"""After the number of an exchange: the receipt of what comes back in it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request and, once there is one, its response."""

    verb: str
    card: str
    given: dict[str, Any]
    answer: dict[str, Any] | None = None

    @property
    def refused(self) -> bool:
        """Whether it was refused for a technical reason, which is stored under no key; a quarantined receipt is not
        refused."""
        return self.answer is not None and self.answer["userErrors"] != [] and not self.answer.get("quarantined")

    def new_receipts(self) -> frozenset[str]:
        """The receipts that exist once it is done."""
        match self.verb:
            case "recordPurchase" | "recordExchange":
                return frozenset((self.given["purchase"]["externalId"],))
            case "sellAwaited":
                sold: str = self.given["purchase"]["externalId"]
                return frozenset((sold, sold.removesuffix(_AWAITED)))
            case "sellAhead" if self.answer is not None and not self.answer["quarantined"]:
                # Sent again when the clock had come that far.
                return frozenset((self.given["purchase"]["externalId"],))
            case "settleQuarantined" if self.given["action"] == "BOOK_AT":
                return frozenset((self.given["reason"],))
        return frozenset()

    def refunded_receipts(self) -> frozenset[str]:
        """The receipts with a refund once it is done."""
        match self.verb:
            case "recordRefund" | "sellAwaited":
                return frozenset((self.given["purchase"]["externalId"],))
            case "recordExchange":
                return frozenset((self.given["refund"]["purchase"]["externalId"],))
        return frozenset()


@dataclass
class BusyTills:
    """One till for each card. `ahead` is how far the program's clock is ahead of the real one."""

    address: str
    program: NewProgram
    cards: list[str]
    seed: int
    others: list[str] = field(default_factory=list)
    """Cards that any till may sell to."""
    keys: dict[str, str] = field(default_factory=dict)
    """The own access key of each card's customer."""
    ahead: timedelta = timedelta()
    acknowledged: dict[str, Sent] = field(default_factory=dict)
    unanswered: dict[str, Sent] = field(default_factory=dict)
    _running: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)
    _at_hand: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def start(self) -> None:
        """Starts the tills."""
        self._running = True
        self._threads = [threading.Thread(target=self._work, args=(card,), daemon=True) for card in self.cards]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Waits until each till has finished its request."""
        self._running = False
        for thread in self._threads:
            thread.join(HANGS)
            assert not thread.is_alive()

    def wait_for_more_than(self, before: int) -> None:
        """Wait until more than `before` requests are acknowledged."""
        latest = time.monotonic() + HANGS
        while len(self.acknowledged) <= before:
            assert time.monotonic() < latest, "the tills got nothing acknowledged for minutes"
            time.sleep(0.01)

    def send_again(self) -> None:
        """Sends unanswered requests again with their keys."""
        with httpx.Client(verify=UNUSED_TLS) as client:
            for key, sent in list(self.unanswered.items()):
                self.acknowledged[key] = self._answered(sent, client=client)
                del self.unanswered[key]

    def assert_answered_alike(self, count: int) -> None:
        """The latest requests, sent again with their keys, get the same responses."""
        kept = [sent for sent in self.acknowledged.values() if not sent.refused][-count:]
        with httpx.Client(verify=UNUSED_TLS) as client:
            unlike = [sent for sent in kept if _lasting(self._answered(sent, client=client)) != _lasting(sent)]
        assert unlike == []

    def counts(self) -> Counter[str]:
        """The number of acknowledged and not refused requests by kind."""
        return Counter(sent.verb for sent in list(self.acknowledged.values()) if not sent.refused)

    def _work(self, card: str) -> None:
        chance = random.Random(f"{self.seed} {card} {len(self.acknowledged)}")
        with httpx.Client(verify=UNUSED_TLS) as client:
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
        token = self.keys[sent.card] if sent.verb in BY_CUSTOMERS else self.program.token(role)
        body = client.post(
            f"{self.address}/graphql",
            json={"query": MUTATIONS[sent.verb], "variables": {"input": sent.given}},
            headers={"Authorization": f"Bearer {token}"},
            timeout=HANGS,
        ).json()
        if "errors" in body:
            raise RuntimeError(str(body["errors"])[:300])
        return Sent(sent.verb, sent.card, sent.given, body["data"][sent.verb])

    def _given(self, verb: str, card: str, key: str, *, chance: random.Random) -> dict[str, Any] | None:
        """What is sent; None where there is nothing to send it about."""
        kinds = ("sold", "paid", "issued", "held", "awaited", "ahead")
        known = self._at_hand.setdefault(card, {kind: [] for kind in kinds})
        now = real_now() + self.ahead
        if verb not in ABOUT:
            return self._new(verb, {"customer": {"card": card}}, key, now, chance=chance)
        there = known[ABOUT[verb]]
        if not there:
            return None
        if verb == "amendPurchase":
            return {"purchase": _receipt(chance.choice(there), chance=chance), "reason": "typed wrong"}
        return _about(verb, there.pop(chance.randrange(len(there))), card, key, now, chance=chance)

    def _new(
        self, verb: str, who: dict[str, Any], key: str, now: datetime, *, chance: random.Random
    ) -> dict[str, Any] | None:
        """What is about nothing that was sent before."""
        match verb:
            case "recordPurchase":
                if self.others and chance.random() < 0.6:
                    who = {"customer": {"card": chance.choice(self.others)}}
                lines = [{"sku": "a", "quantity": "1", "unitPrice": "3.00"}]
                late = {}
                if chance.random() < 0.4:
                    days = timedelta(days=chance.uniform(0.5, 12))
                    late = {"occurredAt": (now - days).isoformat()}
                return {**who, "purchase": {"externalId": key, "lines": lines, **late}}
            case "sellAhead":
                ahead = {"occurredAt": (now + timedelta(days=1)).isoformat()}
                return {**who, "purchase": {**_receipt(key, chance=chance), **ahead}}
            case "exchangeEarly":
                back = {"purchase": {"externalId": f"{key}{_AWAITED}"}}
                return {"refund": back, "purchase": _receipt(key, chance=chance)}
            case "redeemReward" | "issueToCustomer":
                return {**who, "reward": {"key": "coffee"}}
            case "holdRedemption":
                return {**who, "reward": {"key": "coffee"}, "checkout": key, "minutes": 30}
            case "deliverExpiryNotices":
                return {**who, "channel": "INBOX"}
        raise AssertionError(verb)

    def _remember(self, sent: Sent) -> None:
        """What later requests may be about."""
        if sent.refused or sent.answer is None:
            return
        known = self._at_hand[sent.card]
        made = sent.answer.get("redemption")
        if sent.verb in ("recordPurchase", "recordExchange"):
            known["sold"].append(sent.given["purchase"]["externalId"])
        elif sent.verb == "exchangeEarly":
            known["awaited"].append(sent.given["purchase"]["externalId"])
        elif sent.verb == "sellAhead" and sent.answer["quarantined"]:
            known["ahead"].append(f"{sent.answer['quarantined']['id']} {sent.given['purchase']['externalId']}")
        elif sent.verb == "issueToCustomer" and made is not None:
            known["issued"].append(made["id"])
        elif sent.verb in ("redeemReward", "captureRedemption", "fulfilRedemption") and made is not None:
            known["paid"].append(made["id"])
        elif sent.verb == "holdRedemption" and made is not None:
            known["held"].append(sent.given["checkout"])


ABOUT = {
    "recordRefund": "sold",
    "recordExchange": "sold",
    "amendPurchase": "sold",
    "cancelRedemption": "paid",
    "fulfilRedemption": "issued",
    "undoByCustomer": "issued",
    "captureRedemption": "held",
    "releaseRedemption": "held",
    "sellAwaited": "awaited",
    "settleQuarantined": "ahead",
}
"""What a request is about, where it is about something that was sent before."""


def _about(verb: str, text: str, card: str, key: str, now: datetime, *, chance: random.Random) -> dict[str, Any]:
    """What is sent about something that was sent before."""
    match verb:
        case "recordRefund":
            return {"purchase": {"externalId": text}}
        case "recordExchange":
            return {"refund": {"purchase": {"externalId": text}}, "purchase": _receipt(key, chance=chance)}
        case "sellAwaited":
            early = {"occurredAt": (now - timedelta(days=1)).isoformat()}
            purchase = {**_receipt(f"{text}{_AWAITED}", chance=chance), **early}
            return {"customer": {"card": card}, "purchase": purchase}
        case "settleQuarantined":
            kept, receipt = text.split()
            return {"quarantined": kept, "reason": receipt, **_settling(now, chance=chance)}
        case "cancelRedemption":
            return {"redemption": text, "reason": "cold"}
        case "fulfilRedemption" | "undoByCustomer":
            return {"redemption": text}
    return {"hold": {"checkout": text}}


def _receipt(number: str, *, chance: random.Random) -> dict[str, Any]:
    """A receipt of one article."""
    lines = [{"sku": "a", "quantity": "1", "unitPrice": f"{chance.randrange(1, 9)}.00"}]
    return {"externalId": number, "lines": lines}


def _settling(now: datetime, *, chance: random.Random) -> dict[str, str]:
    """What a person does with a receipt of a wrong clock."""
    if chance.random() < 0.3:
        return {"action": "DISMISS"}
    return {"action": "BOOK_AT", "occurredAt": (now - timedelta(hours=1)).isoformat()}


def _lasting(sent: Sent) -> object:
    """What must be the same whenever a key is sent again: all but how far the redemption has got since."""
    answer = sent.answer or {}
    redemption = answer.get("redemption")
    return answer.get("entry"), redemption and redemption["id"], answer.get("userErrors")
