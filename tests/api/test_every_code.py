"""Journeys through shops over HTTP that reach every code a response may contain. A code that no journey reaches fails
the test by its name: reach it, or remove it from the schema. The journeys are one test, because only together do they
reach every code.

A code that no journey reaches fails the test by its name: reach it, or take it out of the schema. The journeys are
one test, because only together do they reach every code.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from app.api.conventions.ids import decode
from app.domain.access import Role
from app.domain.i18n.locales import Locale
from app.domain.programs.program import ProgramKind
from app.graphql_server.limits.rate_limits import RateLimit
from tests.api.scheduled_shop import ManualClock
from tests.api.test_access import customer_key
from tests.api.test_access_keys import CREATE
from tests.api.test_staff_limits import tied_key
from tests.recorded_codes import BASKET, OFFERS, TRIED, CodeRecorder, RecordedShop, codes_of_the_schema
from tests.sentence_reader import figures_of
from tests.shop import create_program, open_shop
from tests.time_limits import eventually

NOW = datetime(2090, 3, 6, 12, tzinfo=UTC)
"""A Monday."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
PLENTY = RateLimit(100_000_000, 100_000_000)
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
BELOW_ZERO = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
TEN_DAYS = {"key": "validity", "effect": {"pointsValidity": {"days": 10, "expires": True}}}


def clause(key: str, effect: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    """A clause as GraphQL input."""
    return {"key": key, "effect": effect, "conditions": list(conditions)}


def bonus(key: str, *conditions: dict[str, Any], points: int = 5) -> dict[str, Any]:
    """Bonus points under conditions."""
    return clause(key, {"bonusPoints": {"points": points}}, *conditions)


def cost(reward: str, points: int, *, stamps: bool = False, **more: Any) -> dict[str, Any]:
    """The price of a reward."""
    return clause(
        reward, {"rewardCost": {"reward": reward, "points": points, **({"unit": "STAMPS"} if stamps else {}), **more}}
    )


def line(price: str = "10.00", *, sku: str = "tea", quantity: str = "1", **more: Any) -> dict[str, Any]:
    """A line of a receipt."""
    return {"sku": sku, "quantity": quantity, "unitPrice": price, **more}


Opening = Callable[..., Any]


@pytest.fixture
def codes() -> CodeRecorder:
    """The codes that all journeys have recorded."""
    return CodeRecorder()


@pytest.fixture
def opening(tmp_path: Path, sqlite_template: Path, codes: CodeRecorder) -> Opening:
    """Opens a shop under clauses in a database of its own, with recorded responses and a clock that the test moves."""

    @contextmanager
    def opened(
        *clauses: dict[str, Any], kind: ProgramKind = ProgramKind.SANDBOX, rewards: str = "", clock: Any = None
    ) -> Iterator[RecordedShop]:
        file = tmp_path / f"{uuid.uuid4().hex}.db"
        shutil.copyfile(sqlite_template, file)
        with open_shop(
            f"sqlite:///{file}", template="blank", kind=kind, clock=clock or ManualClock(NOW), rate_limit=PLENTY
        ) as plain:
            shop = RecordedShop(plain.address, plain.program, plain.client, plain.url, codes)
            for key in rewards.split():
                shop.succeed("createReward", key=key, name=key.title(), description=f"A {key}.")
            if clauses:
                publish(shop, *clauses, start=NOW - 400 * DAY if kind is ProgramKind.SANDBOX else None)
            yield shop

    return opened


def publish(shop: RecordedShop, *clauses: dict[str, Any], start: datetime | None = None, refused: str = "") -> Any:
    """Publishes terms from now on or from a given moment."""
    when = {} if start is None else {"effectiveFrom": start.isoformat()}
    payload = shop.mutate("publishTerms", clauses=list(clauses), **when)
    assert [error["code"] for error in payload["userErrors"]] == ([refused] if refused else []), payload["userErrors"]
    return payload


def bought(
    shop: RecordedShop, card: str, *lines: dict[str, Any], at: datetime | None = None, receipt: str = "", **more: Any
) -> Any:
    """A purchase; without lines, of 100.00."""
    when = {} if at is None else {"occurredAt": at.isoformat()}
    purchase = {"externalId": receipt or uuid.uuid4().hex, "lines": list(lines or [line("100.00")]), **when, **more}
    return shop.succeed("recordPurchase", role=Role.TILL, customer={"card": card}, purchase=purchase)


def returned(shop: RecordedShop, receipt: str, *, at: datetime | None = None, **more: Any) -> Any:
    """A refund."""
    when = {} if at is None else {"occurredAt": at.isoformat()}
    return shop.succeed("recordRefund", role=Role.TILL, purchase={"externalId": receipt}, **when, **more)


def redeemed(
    shop: RecordedShop, card: str, reward: str = "mug", *, at: datetime | None = None, role: Role = Role.TILL
) -> Any:
    """A redemption, at a business time."""
    basket = {} if at is None else {"basket": {"occurredAt": at.isoformat(), "lines": []}}
    return shop.succeed("redeemReward", role=role, customer={"card": card}, reward={"key": reward}, **basket)


def reason_codes(payload: Any) -> set[str]:
    """The codes of the reasons of a decision."""
    return {reason["code"] for reason in payload["decision"]["reasons"]}


def advance_clock(shop: RecordedShop, to: datetime, **more: Any) -> None:
    """Advances the sandbox's clock."""
    shop.succeed("advanceClock", to=to.isoformat(), **more)


def fail_every_condition(opening: Opening) -> None:
    friday = {"weekdaysAndHours": {"days": ["FRIDAY"], "start": "17:00", "end": "19:00"}}
    conditions: dict[str, Any] = {
        "much": {"minimumSpend": {"amount": "500.00"}},
        "many": {"minimumQuantity": {"quantity": 50}},
        "pots": {"products": {"include": ["pot"]}},
        "hours": friday,
        "dates": {"dates": {"first": "2095-01-01"}},
        "places": {"locations": {"locations": ["leeds"]}},
        "online": {"channels": {"channels": ["ONLINE"]}},
        "cash": {"paymentMethods": {"methods": ["CASH"]}},
        "first": {"firstPurchase": True},
        "fifth": {"everyNthVisit": {"nth": 5}},
        "seventh": {"everyNthItem": {"nth": 7}},
        "old": {"memberFor": {"days": 3000}},
        "birthday": {"birthdayWindow": {}},
        "grown": {"ageAtLeast": {"years": 90}},
        "group": {"segments": {"segments": ["student"]}},
        "taste": {"preferences": {"preference": "DIET", "values": ["vegan"]}},
        "gold": {"tierAtLeast": {"tier": "gold"}},
        "once": {"timesPerPeriod": {"times": 1, "period": "EVER"}},
        "budget": {"budget": {"points": 3, "mode": "WHOLE"}},
        "not": {"exceptWhen": {"conditions": [{"channels": {"channels": ["STORE"]}}]}},
        "alone": {"notCombinedWith": {"clauses": ["once"]}},
    }
    terms = [
        SPEND,
        clause("full", {"pointsPerFullAmount": {"points": 3, "per": "2.00"}}),
        clause("huge", {"pointsPerFullAmount": {"points": 3, "per": "9000.00"}}),
        *[bonus(key, value) for key, value in conditions.items()],
        clause("gold-tier", {"tier": {"tier": "gold", "name": "Gold", "points": 10_000}}),
        clause("cap", {"pointsCap": {"points": 60, "scope": "DAY"}}),
        clause("stamp", {"stamps": {"stamps": 1, "per": "ITEM"}}, {"categories": {"include": ["hot"]}}),
    ]
    with opening() as shop:
        shop.succeed("createLocation", key="leeds", name="Leeds", timeZone="Europe/London")
        publish(shop, *terms)
        card = shop.enrol()
        shop.succeed(
            "updateCustomer",
            customer={"card": card},
            preferences=[
                {"kind": "SIZE", "value": "M"},
                {"kind": "FAVOURITE_CATEGORY", "value": "hot"},
                {"kind": "DIET", "value": "all"},
            ],
        )
        first = bought(
            shop,
            card,
            line("30.00", categories=["hot"]),
            line("5.00", kind="SHIPPING"),
            line("1.00", kind="TIP"),
            line("2.00", kind="DEPOSIT"),
            line("20.00", kind="GIFT_CARD"),
            line("3.00", kind="REWARD"),
            line("0.00"),
            channel="STORE",
            payments=[{"kind": "CARD", "amount": "61.00"}],
        )
        second = bought(shop, card, channel="STORE", payments=[{"kind": "CARD", "amount": "100.00"}])
        for channel in ("ONLINE", "PHONE"):
            bought(shop, card, line("0.10"), channel=channel)
        shop.succeed("updateCustomer", customer={"card": card}, birthday="2050-05-10", segments=["other"])
        basket = {"lines": [line("100.00")], "payments": [{"kind": "CARD", "amount": "100.00"}]}
        shop.execute(BASKET, role=Role.OWNER, by={"card": card}, basket=basket)
        assert {"POINTS_EARNED", "STAMPS_EARNED", "CONDITION_MET", "CAP_REACHED"} <= reason_codes(first) | reason_codes(
            second
        )
        assert {
            "OTHER_CLAUSE_APPLIES",
            "MEMBER_TOO_SHORT",
            "BETTER_CLAUSE_APPLIED",
            "NOTHING_TO_COUNT",
        } <= reason_codes(first)
    with opening(
        clause("mode", {"combination": {"mode": "FIRST"}}),
        SPEND,
        clause("full", {"pointsPerFullAmount": {"points": 3, "per": "2.00"}}),
    ) as shop:
        assert "EARLIER_CLAUSE_APPLIED" in reason_codes(bought(shop, shop.enrol()))
    with opening({**SPEND, "conditions": [{"products": {"include": ["pot"]}}]}) as shop:
        payload = bought(shop, shop.enrol(), line(), line(sku="pot"))
        assert [line["excluded"] for line in payload["decision"]["lines"]] == [{"code": "GOODS_NOT_COUNTED"}, None]


def refuse_rewards_for_every_reason(opening: Opening) -> None:
    stamps = clause("stamp", {"stamps": {"stamps": 3}})
    terms = [
        SPEND,
        stamps,
        BELOW_ZERO,
        cost("mug", 60, cash="1.00"),
        cost("cake", 2, stamps=True),
        cost("shirt", 1),
        cost("last", 1),
    ]
    with opening(rewards="mug cake lost") as shop:
        shop.succeed("createReward", key="shirt", name="Shirt", description="A shirt.", variants=["S", "M"])
        shop.succeed("createReward", key="last", name="Last", description="The last one.", stock=1)
        publish(shop, *terms)
        card = shop.enrol()
        assert reason_codes(redeemed(shop, card)) >= {"INSUFFICIENT_POINTS", "CASH_DUE"}
        assert reason_codes(redeemed(shop, card, "cake")) == {"INSUFFICIENT_STAMPS"}
        bought(shop, card, receipt="R-1")
        assert "COST_PAID" in reason_codes(redeemed(shop, card))
        paid = redeemed(shop, card, "cake")
        assert reason_codes(paid) == {"STAMPS_PAID"}
        undo = shop.succeed(
            "cancelRedemption", role=Role.STAFF, redemption=paid["redemption"]["id"], reason="Wrong cake."
        )
        assert reason_codes(undo) == {"STAMPS_RETURNED"}
        redeemed(shop, card, "cake")
        redeemed(shop, card, "last")
        arguments = {"customer": {"card": card}, "role": Role.TILL}
        for key, code in (
            ("last", "OUT_OF_STOCK"),
            ("shirt", "VARIANT_REQUIRED"),
            ("lost", "REWARD_NOT_OFFERED"),
            ("none", "REWARD_NOT_FOUND"),
        ):
            assert shop.refusals("redeemReward", reward={"key": key}, **arguments) == [code]
        shop.execute(OFFERS, by={"card": card})
        assert {"BELOW_ZERO", "STAMPS_BELOW_ZERO", "STAMPS_CLAWED_BACK"} <= reason_codes(returned(shop, "R-1"))
        assert "NEGATIVE_BALANCE" in reason_codes(redeemed(shop, card))
        assert reason_codes(redeemed(shop, card, "cake")) == {"NEGATIVE_STAMPS"}
        assert shop.refusals("createReward", key="mug", name="Mug", description="Another one.") == ["REWARD_KEY_TAKEN"]


def redeem_in_self_service(opening: Opening) -> None:
    clock = ManualClock(NOW)
    window = clause("undo", {"undoWindow": {"hours": 1}})
    terms = (
        SPEND,
        window,
        cost("mug", 60),
        clause("cake", {"rewardCost": {"reward": "cake", "points": 1}}, {"atTill": True}),
    )
    with opening(*terms, rewards="mug cake", clock=clock) as shop:
        card = shop.enrol()
        own = customer_key(shop.url, shop, card)
        bought(shop, card, line("300.00"))

        def asked(reward: str = "mug") -> Any:
            return shop.succeed("redeemReward", token=own, customer={"card": card}, reward={"key": reward})

        refused = asked("cake")
        assert reason_codes(refused) >= {"NOT_AT_TILL"}
        redemption = asked()["redemption"]
        assert redemption["state"] == "ISSUED"
        paying = {"kind": "POINTS", "amount": "1.00", "redemptionId": redemption["id"]}
        unpaid = {"externalId": "R", "lines": [line()], "payments": [paying]}
        arguments = {"role": Role.TILL, "customer": {"card": card}, "purchase": unpaid}
        assert shop.refusals("recordPurchase", **arguments) == ["NOT_FULFILLED"]
        clock.now += timedelta(hours=1)
        late = shop.succeed("cancelRedemption", token=own, redemption=redemption["id"])
        assert reason_codes(late) == {"UNDO_WINDOW_OVER"}
        done = shop.succeed("fulfilRedemption", role=Role.TILL, redemption=redemption["id"])
        assert done["redemption"]["state"] == "FULFILLED"
        again = shop.refusals("fulfilRedemption", role=Role.TILL, redemption=redemption["id"])
        assert again == ["ALREADY_FULFILLED"]


def end_holds_and_redemptions(opening: Opening) -> None:
    clock = ManualClock(NOW)
    with opening(SPEND, TEN_DAYS, cost("mug", 60), rewards="mug", clock=clock) as shop:
        card = shop.enrol()
        own = customer_key(shop.url, shop, card)
        bought(shop, card, line("300.00"))

        def held(checkout: str, *, minutes: int = 30) -> Any:
            return shop.succeed(
                "holdRedemption",
                role=Role.TILL,
                customer={"card": card},
                reward={"key": "mug"},
                checkout=checkout,
                minutes=minutes,
            )

        assert held("c-1")["redemption"]["state"] == "HELD"
        redemption = shop.succeed("captureRedemption", role=Role.TILL, hold={"checkout": "c-1"})["redemption"]
        assert shop.refusals("captureRedemption", role=Role.TILL, hold={"checkout": "c-1"}) == ["NOT_HELD"]
        assert shop.refusals("captureRedemption", role=Role.TILL, hold={"checkout": "c-9"}) == ["HOLD_NOT_FOUND"]
        held("c-2", minutes=1)
        clock.now += 2 * MINUTE
        by_staff = redeemed(shop, card)["redemption"]["id"]
        node = "query($id: ID!) { node(id: $id) { ... on Redemption { state } } }"
        gone = shop.succeed("releaseRedemption", role=Role.TILL, hold={"id": held("c-3")["redemption"]["id"]})
        assert gone["redemption"]["state"] == "CANCELLED"
        assert shop.refusals("cancelRedemption", token=own, redemption=by_staff) == ["ALREADY_USED"]
        assert shop.refusals("cancelRedemption", role=Role.TILL, redemption=redemption["id"]) == ["NOT_CANCELLABLE"]
        assert shop.refusals("cancelRedemption", role=Role.STAFF, redemption=redemption["id"]) == ["REASON_MISSING"]
        assert shop.refusals("cancelRedemption", role=Role.STAFF, redemption="x", reason="No.") == [
            "REDEMPTION_NOT_FOUND"
        ]
        held("c-4", minutes=24 * 60)
        clock.now = NOW + 12 * DAY
        spared = shop.succeed(
            "cancelRedemption", role=Role.STAFF, redemption=redemption["id"], reason="Broken.", shopAtFault=True
        )
        assert reason_codes(spared) == {"REDEMPTION_UNDONE", "GRACE_AFTER_REVERSAL"}
        assert shop.refusals("cancelRedemption", role=Role.STAFF, redemption=redemption["id"], reason="Twice.") == [
            "ALREADY_REVERSED"
        ]
        shop.succeed("cancelRedemption", role=Role.STAFF, redemption=by_staff, reason="Changed their mind.")
        shop.customer(card)
        run_out = held("c-5", minutes=1)["redemption"]["id"]
        clock.now += 2 * MINUTE
        bought(shop, card, line("1.00"))
        assert shop.execute(node, id=run_out)["node"]["state"] == "EXPIRED"


def claw_back_and_restore_points(opening: Opening) -> None:
    terms = [
        SPEND,
        bonus("much", {"minimumSpend": {"amount": "100.00"}}, points=90),
        bonus("mid", {"minimumSpend": {"amount": "50.00"}}, points=1),
        bonus("little", {"notCombinedWith": {"clauses": ["mid"]}}, points=80),
        clause("stamp", {"stamps": {"stamps": 1, "per": "ITEM"}}),
        TEN_DAYS,
        cost("mug", 60),
    ]
    clock = ManualClock(NOW)
    with opening(*terms, rewards="mug", clock=clock) as shop:
        card = shop.enrol()
        bought(shop, card, line("30.00", quantity="4"), receipt="R-1")
        assert {"POINTS_CLAWED_BACK", "STAMPS_CLAWED_BACK"} <= reason_codes(
            returned(shop, "R-1", lines=[{"line": 1, "quantity": "2"}])
        )
        assert "POINTS_RESTORED" in reason_codes(returned(shop, "R-1", lines=[{"line": 1, "quantity": "1"}]))
        swapper = shop.enrol()
        bought(shop, swapper, line("30.00", quantity="3"), receipt="S-1")
        for old, new, lines in (("S-1", "S-2", [line("90.00")]), ("S-2", "S-3", [line("30.00", quantity="3")])):
            swapped = shop.succeed(
                "recordExchange",
                role=Role.TILL,
                refund={"purchase": {"externalId": old}},
                purchase={"externalId": new, "lines": lines},
            )
        assert "STAMPS_RESTORED" in reason_codes(swapped["refund"])
        paying = redeemed(shop, card)["redemption"]["id"]
        payments = [{"kind": "POINTS", "amount": "10.00", "redemptionId": paying}]
        bought(shop, card, line("100.00"), receipt="R-2", payments=payments)
        again = {"externalId": "R-9", "lines": [line("100.00")], "payments": payments}
        assert shop.refusals("recordPurchase", role=Role.TILL, customer={"card": card}, purchase=again) == [
            "REDEMPTION_SPENT"
        ]
        returned(shop, "R-2")
        redeemed(shop, card)
        bought(shop, card, receipt="R-3")
        clock.now = NOW + 12 * DAY
        assert "EXPIRED_COUNTS_AS_TAKEN" in reason_codes(returned(shop, "R-3"))
        spender = shop.enrol()
        bought(shop, spender, receipt="R-4")
        redeemed(shop, spender)
        redeemed(shop, spender)
        assert "CLAMPED_TO_BALANCE" in reason_codes(returned(shop, "R-4"))
        assert shop.refusals("recordRefund", role=Role.TILL, purchase={"externalId": "R-4"}) == ["NOTHING_TO_REFUND"]
        bought(shop, spender, receipt="R-5")
        back = {"purchase": {"externalId": "R-5"}, "externalId": "F-5"}
        exchanged = shop.succeed(
            "recordExchange", role=Role.TILL, refund=back, purchase={"externalId": "R-6", "lines": [line("150.00")]}
        )
        assert "NOT_IN_AN_EXCHANGE" in reason_codes(exchanged)
        look = shop.customer(card)
        assert {"POINTS_RETURNED", "POINTS_EXPIRED"} <= {
            reason["code"] for entry in look["ledger"]["nodes"] for reason in entry["decision"]["reasons"]
        }


def activate_and_expire_points(opening: Opening) -> None:
    validity = {
        "key": "validity",
        "effect": {"pointsValidity": {"days": 60, "expires": True, "noticeFrom": 30, "noticeUntil": 5}},
    }
    waiting = clause("waiting", {"pendingPeriod": {"days": 3}})
    with opening(SPEND, waiting, validity, cost("mug", 60), rewards="mug") as shop:
        cards = {channel: shop.enrol() for channel in ("INBOX", "RECEIPT", "MESSAGE")}
        for card in cards.values():
            bought(shop, card)
        card = cards["INBOX"]
        assert reason_codes(redeemed(shop, card)) == {"STILL_PENDING"}
        advance_clock(shop, NOW + 40 * DAY)
        held = shop.succeed(
            "holdRedemption", role=Role.TILL, customer={"card": card}, reward={"key": "mug"}, checkout="c", minutes=30
        )
        for channel, holder in cards.items():
            shop.succeed("deliverExpiryNotices", role=Role.STAFF, customer={"card": holder}, channel=channel)
        assert held["redemption"]["state"] == "HELD"
        advance_clock(shop, NOW + 70 * DAY)
        for holder in cards.values():
            codes = {
                reason["code"]
                for entry in shop.customer(holder)["ledger"]["nodes"]
                for reason in entry["decision"]["reasons"]
            }
            assert codes >= {"POINTS_AVAILABLE", "POINTS_EXPIRED"}


def restore_points_after_their_last_day(opening: Opening) -> None:
    clock = ManualClock(NOW)
    with opening(SPEND, TEN_DAYS, cost("mug", 60), rewards="mug", clock=clock) as shop:
        card = shop.enrol()
        bought(shop, card)
        paid = redeemed(shop, card)["redemption"]["id"]
        clock.now = NOW + 12 * DAY
        shop.succeed("cancelRedemption", role=Role.STAFF, redemption=paid, reason="Wrong mug.")
        found = [reason for entry in shop.customer(card)["ledger"]["nodes"] for reason in entry["decision"]["reasons"]]
        assert "EXPIRED_ON_RELEASE" in {value["code"] for value in found}


def reach_keep_and_lose_tiers(opening: Opening, period: str) -> None:
    clock = ManualClock(NOW)
    tiers = [
        clause("silver", {"tier": {"tier": "silver", "name": "Silver", "points": 50}}),
        clause("period", {"tierPeriod": {"period": period, "graceDays": 10}}),
    ]
    with opening(SPEND, *tiers, clock=clock) as shop:
        card = shop.enrol()
        bought(shop, card, receipt="R-1")
        returned(shop, "R-1")
        tier = shop.customer(card)["tier"]
        assert (tier["period"], [reason["code"] for reason in tier["reasons"]]) == (period, ["TIER_KEPT"])
        clock.now += 20 * DAY
        bought(shop, card, line("1.00"))
        turned = [
            reason["code"] for change in shop.customer(card)["tierChanges"] for reason in change["decision"]["reasons"]
        ]
        assert turned == ["TIER_LOST", "TIER_REACHED"]


def change_terms_with_notice(opening: Opening) -> None:
    quebec = clause("notice", {"noticePeriod": {"days": 60, "preset": "CA_QC"}})
    clock = ManualClock(NOW)
    with opening(rewards="mug", clock=clock, kind=ProgramKind.LIVE) as shop:
        publish(shop, SPEND, quebec, cost("mug", 60))
        card = shop.enrol()
        bought(shop, card)
        dearer = [SPEND, quebec, cost("mug", 80)]
        soon, late = (publish(shop, *dearer, start=NOW + days * DAY) for days in (10, 200))
        assert (reason_codes(soon), reason_codes(late)) == ({"NOTICE_TOO_SHORT"}, {"NOTICE_TOO_LONG"})
        for start, code in ((10, "NOTICE_TOO_SHORT"), (200, "NOTICE_TOO_LONG")):
            data = shop.execute(TRIED, role=Role.OWNER, clauses=dearer, **{"from": (NOW + start * DAY).isoformat()})
            assert code in {finding["code"] for finding in data["termsCheck"]["findings"]}
        second = publish(shop, *dearer)
        assert (reason_codes(second), second["terms"]["status"]) == ({"NOTICE_GIVEN"}, "SCHEDULED")
        withdrawn = shop.succeed("withdrawTerms", version=second["terms"]["version"])["terms"]
        assert withdrawn["status"] == "WITHDRAWN"
        assert shop.refusals("withdrawTerms", version=1) == ["NOT_WITHDRAWABLE"]
        clock.now += DAY
        publish(shop, *dearer)
        assert shop.customer(card)["notices"]
        clock.now = NOW + 80 * DAY
        assert "OLD_PRICE_KEPT" in reason_codes(redeemed(shop, card))
        better = [clause("often", {"pointsPerVisit": {"points": 1}}), SPEND, quebec, cost("mug", 70)]
        assert publish(shop, *better)["terms"]["status"] == "IN_FORCE"
        versions = shop.execute("{ terms(version: 1) { status changes { effectOnCustomer } clauses { kind } } }")
        assert versions["terms"]["status"] == "SUPERSEDED"
        spelt = [clause("often", {"pointsPerVisit": {"points": 1}}), SPEND, quebec, cost("mug", 70)]
        moved = [spelt[1], spelt[0], *spelt[2:]]
        shop.execute(TRIED, role=Role.OWNER, clauses=moved)
        publish(shop, clause("quotes", {"quoteValidity": {"minutes": 5}}), refused="NOT_ENFORCED_YET")
        publish(shop, cost("yacht", 5), refused="UNKNOWN_REWARD_IN_TERMS")
        publish(shop, bonus("far", {"locations": {"locations": ["mars"]}}), refused="UNKNOWN_LOCATION_IN_TERMS")


def lint_drafts(opening: Opening) -> None:
    online, store = ({"channels": {"channels": [channel]}} for channel in ("ONLINE", "STORE"))
    morning = {"weekdaysAndHours": {"days": ["SUNDAY"], "start": "03:00", "end": "04:00"}}
    with opening(SPEND, TEN_DAYS, rewards="cake") as shop:
        shop.succeed(
            "createReward",
            key="mug",
            name="Mug",
            description="mug",
            article="85123A",
            cashPart="2.50",
            pictureUrl="https://example.org/mug.png",
        )
        for card in (shop.enrol(), shop.enrol()):
            for place in range(12):
                bought(shop, card, line("1.00", sku=f"85123{'AB'[place % 2]}"), at=NOW - place * DAY)
        draft = [
            SPEND,
            TEN_DAYS,
            bonus("never", online, store),
            bonus("itself", online, {"exceptWhen": {"conditions": [online]}}),
            bonus("early", morning),
            clause("less", {"pointsPerAmount": {"points": 1, "per": "2.00"}}),
            clause("cap", {"pointsCap": {"points": 3, "scope": "PURCHASE"}}),
            cost("mug", 100_000),
            cost("cake", 1),
        ]
        terms_check = shop.execute(TRIED, role=Role.OWNER, clauses=draft)["termsCheck"]
        assert terms_check["userErrors"] == []
        assert {finding["code"] for finding in terms_check["findings"]} == {
            "NEVER_HOLDS",
            "EXCLUDES_ITSELF",
            "SHUTS_OUT_VISITS",
            "NEVER_COUNTS",
            "CONTRADICTION",
            "REWARD_OUT_OF_REACH",
            "NO_VARIANT_CHOICE",
            "CASH_NOT_STATED",
            "REWARD_WITHOUT_DESCRIPTION",
            "REWARD_WITHOUT_PICTURE",
        }


def causes(shop: RecordedShop, card: str) -> dict[str, Any]:
    """The corrections in a ledger and their causes."""
    nodes = shop.customer(card)["ledger"]["nodes"]
    assert all(node["correction"] == (node["cause"] is not None) for node in nodes)
    return {node["cause"]["kind"]: node["cause"] for node in nodes if node["cause"] is not None}


def correct_entries_for_every_cause(opening: Opening, codes: CodeRecorder) -> None:
    found: dict[str, Any] = {}
    cap = clause("cap", {"pointsCap": {"points": 150, "scope": "MONTH"}})
    with opening(SPEND, cap, TEN_DAYS, cost("mug", 60), rewards="mug", clock=ManualClock(NOW)) as shop:
        card, other = shop.enrol(), shop.enrol()
        bought(shop, card, receipt="R-1", at=NOW - 3 * DAY)
        bought(shop, card, receipt="R-2", at=NOW - 1 * DAY)
        returned(shop, "R-1", at=NOW - 2 * DAY)
        bought(shop, other, at=NOW - 5 * DAY)
        bought(shop, other, at=NOW - 4 * DAY)
        redeemed(shop, other, at=NOW - 2 * DAY)
        bought(shop, other, line("80.00"), at=NOW - 6 * DAY)
        redeemed(shop, other, at=NOW - 3 * DAY)
        found |= causes(shop, card) | causes(shop, other)
    # The clock of a till may be five minutes ahead: what it recorded comes after what staff does meanwhile.
    clock = ManualClock(NOW)
    ahead = NOW + 4 * MINUTE
    with opening(SPEND, TEN_DAYS, cost("mug", 60), rewards="mug", clock=clock) as shop:
        cards = {kind: shop.enrol() for kind in ("REVERSAL", "ADJUSTMENT", "AMENDMENT", "MOVE")}
        for kind, card in cards.items():
            bought(shop, card, line("70.00"), at=NOW - 2 * DAY, receipt=f"{kind}-1")
            bought(shop, card, line("70.00"), at=NOW - 1 * DAY, receipt=f"{kind}-2")
        first = redeemed(shop, cards["REVERSAL"], at=NOW - MINUTE)["redemption"]["id"]
        for card in cards.values():
            redeemed(shop, card, at=ahead)
        clock.now = NOW + MINUTE
        shop.succeed("cancelRedemption", role=Role.STAFF, redemption=first, reason="Wrong mug.")
        shop.succeed(
            "adjustPoints",
            role=Role.STAFF,
            customer={"card": cards["ADJUSTMENT"]},
            points=-30,
            unit="POINTS",
            reason="Mistake.",
        )
        away = shop.enrol()
        amended = {"externalId": "AMENDMENT-1", "lines": [line("75.00")]}
        shop.succeed("amendPurchase", role=Role.STAFF, purchase=amended, reason="Mistyped.")
        shop.succeed(
            "movePurchase",
            role=Role.STAFF,
            purchase={"externalId": "MOVE-1"},
            customer={"card": away},
            reason="Wrong card.",
        )
        for card in cards.values():
            found |= causes(shop, card)
    assert set(found) == codes_of_the_schema()["CauseKind"]
    for cause in found.values():
        day = datetime.fromisoformat(cause["occurredAt"]).astimezone(ZoneInfo("Europe/London")).date()
        assert figures_of(cause["statement"], locale=Locale.EN, today=date(2000, 1, 1)) == {day: 1}


def quarantine_park_and_reject_receipts(opening: Opening) -> None:
    clock = ManualClock(NOW)
    with opening(SPEND, clock=clock, kind=ProgramKind.LIVE) as shop:
        card, other = shop.enrol(), shop.enrol()
        wrong = {"ahead": NOW + 9 * MINUTE, "old": NOW - 300 * DAY}

        def quarantined(name: str, **more: Any) -> Any:
            return shop.mutate(name, role=Role.TILL, **more)["quarantined"]

        def receipt(number: str, at: datetime | None = None, *lines: Any, **more: Any) -> dict[str, Any]:
            when = {} if at is None else {"occurredAt": at.isoformat()}
            return {"externalId": number, "lines": list(lines or [line()]), **when, **more}

        ahead, old = (
            quarantined("recordPurchase", customer={"card": card}, purchase=receipt(f"Q-{name}", at))
            for name, at in wrong.items()
        )
        assert (ahead["implausibleTime"], old["implausibleTime"]) == ("AHEAD", "TOO_OLD")
        bought(shop, card, line(), receipt="R-1")
        quarantined("recordRefund", purchase={"externalId": "R-1"}, occurredAt=wrong["old"].isoformat())
        back = {"purchase": {"externalId": "R-1"}, "externalId": "F-1"}
        quarantined("recordExchange", refund=back, purchase=receipt("Q-x", wrong["ahead"]))
        clock.now += 20 * MINUTE
        settled = {"role": Role.STAFF, "reason": "Clock of till 2."}
        assert (
            shop.succeed("settleQuarantined", quarantined=ahead["id"], action="BOOK_AS_SENT", **settled)["quarantined"][
                "state"
            ]
            == "BOOKED"
        )
        assert (
            shop.succeed("settleQuarantined", quarantined=old["id"], action="DISMISS", **settled)["quarantined"][
                "state"
            ]
            == "DISMISSED"
        )
        assert shop.refusals("settleQuarantined", quarantined=old["id"], action="DISMISS", **settled) == [
            "ALREADY_SETTLED"
        ]
        assert shop.refusals("settleQuarantined", quarantined="x", action="DISMISS", **settled) == [
            "QUARANTINED_NOT_FOUND"
        ]
        unsettled = "{ pendingRefunds { id state code } }"
        for number, lines in (("W-1", [{"line": 1}]), ("W-2", [{"line": 4}]), ("W-3", [{"line": 1}])):
            early = returned(shop, number, lines=lines, externalId=f"F{number}", idempotencyKey=number)
            assert early["pending"]["code"] == "PENDING_DEPENDENCY"
        last = shop.execute(unsettled, role=Role.STAFF)["pendingRefunds"][-1]
        for number in ("W-1", "W-2"):
            bought(shop, card, line(), receipt=number)
        applied = returned(shop, "W-1", lines=[{"line": 1}], externalId="FW-1", idempotencyKey="W-1")["pending"]
        assert (applied["state"], applied["code"]) == ("APPLIED", None)
        (refused,) = (
            refund
            for refund in shop.execute(unsettled, role=Role.STAFF)["pendingRefunds"]
            if refund["id"] != last["id"]
        )
        assert (refused["state"], refused["code"]) == ("REJECTED", "NOTHING_TO_REFUND")
        gone = shop.succeed("settleQuarantined", quarantined=last["id"], action="DISMISS", **settled)["pending"]
        assert (gone["state"], gone["code"]) == ("DISMISSED", None)

        till = {"role": Role.TILL, "customer": {"card": card}}
        assert shop.refusals("recordPurchase", purchase=receipt("W-1", None, line("11.00")), **till) == [
            "RECEIPT_DIFFERS"
        ]
        assert shop.refusals("recordPurchase", purchase=receipt("W-2", None, line(), completion=2), **till) == [
            "ORDER_NOT_CANCELLED"
        ]
        assert shop.refusals("recordPurchase", purchase=receipt("E-1", None, currencyCode="EUR"), **till) == [
            "RATE_MISSING"
        ]
        assert shop.refusals(
            "recordPurchase", purchase=receipt("E-1", None, line("1000000000", quantity="3")), **till
        ) == ["AMOUNT_OUT_OF_RANGE"]
        assert shop.refusals("recordPurchase", purchase=receipt("E-1", None, locationId="x"), **till) == [
            "LOCATION_NOT_FOUND"
        ]
        assert shop.refusals("recordPurchase", purchase=receipt(""), **till) == ["INVALID_INPUT"]
        assert shop.refusals(
            "recordPurchase", role=Role.TILL, customer={"card": "NOBODY"}, purchase=receipt("E-1")
        ) == ["CUSTOMER_NOT_FOUND"]
        assert shop.refusals(
            "movePurchase", role=Role.STAFF, purchase={"externalId": "E-9"}, customer={"card": card}, reason="x"
        ) == ["PURCHASE_NOT_FOUND"]
        bought(shop, card, line(), receipt="M-1")
        returned(shop, "M-1")
        assert shop.refusals(
            "movePurchase", role=Role.STAFF, purchase={"externalId": "M-1"}, customer={"card": other}, reason="x"
        ) == ["NOT_MOVABLE"]
        stranger = {"customer": {"card": other}, "refund": {"purchase": {"externalId": "R-1"}}}
        assert shop.refusals("recordExchange", role=Role.TILL, purchase=receipt("X-1"), **stranger) == [
            "OTHER_CUSTOMER"
        ]
        assert shop.refusals("advanceClock", to=(NOW + DAY).isoformat()) == ["SANDBOX_ONLY"]
        key = {"idempotencyKey": "twice", "role": Role.TILL}
        shop.succeed("recordPurchase", customer={"card": card}, purchase=receipt("K-1"), **key)
        assert shop.refusals("recordPurchase", customer={"card": card}, purchase=receipt("K-2"), **key) == [
            "IDEMPOTENCY_KEY_REUSED"
        ]
        shop.succeed("updateProgram", receiptNumbers="PER_DAY")
        for _ in range(2):
            clock.now += DAY
            bought(shop, card, line(), receipt="0001", at=clock.now)
        assert shop.refusals("recordRefund", role=Role.TILL, purchase={"externalId": "0001"}) == ["RECEIPT_AMBIGUOUS"]


def adjust_merge_and_update_customers(opening: Opening) -> None:
    with opening(SPEND, clock=ManualClock(NOW)) as shop:
        cards = [shop.enrol() for _ in range(6)]
        for card in cards:
            bought(shop, card)
        by = [{"card": card} for card in cards]
        identities = [
            {"phone": "+441632960001"},
            {"email": "ann@example.org"},
            {"token": "app-1"},
            {"externalId": "crm-1"},
        ]
        shop.succeed("enrolCustomer", role=Role.TILL, identities=identities)
        assert shop.refusals("enrolCustomer", role=Role.TILL, identities=identities[:1]) == ["IDENTITY_TAKEN"]
        assert shop.refusals("enrolCustomer", role=Role.TILL, identities=[{"phone": "1"}]) == ["INVALID_IDENTITY"]
        for role in (Role.OWNER, Role.STAFF):
            shop.succeed("adjustPoints", role=role, customer=by[0], points=5, unit="POINTS", reason="Sorry.")
        adjusting = {"role": Role.STAFF, "unit": "POINTS", "reason": "Sorry."}
        assert shop.refusals("adjustPoints", customer=by[0], points=100_000, **adjusting) == ["ABOVE_LIMIT"]
        assert shop.refusals("adjustPoints", customer=by[0], points=-900, **adjusting) == ["NOT_ENOUGH_POINTS"]
        own = tied_key(shop, cards[0])
        assert shop.refusals("adjustPoints", token=own, customer=by[0], points=1, unit="POINTS", reason="Me.") == [
            "OWN_CARD"
        ]
        merging = {"role": Role.STAFF, "reason": "Two cards of one customer."}
        shop.succeed("transferPoints", **{"from": by[2]}, to=by[0], points=30, reason="Gift.")
        gone = shop.customer(cards[1])["id"]
        shop.succeed("mergeCustomers", merged=by[1], survivor=by[0], **merging)
        assert shop.refusals("mergeCustomers", merged={"id": gone}, survivor=by[2], **merging) == ["ALREADY_MERGED"]
        assert shop.refusals("mergeCustomers", merged=by[2], survivor=by[2], **merging) == ["SAME_CUSTOMER"]
        shop.succeed("joinHousehold", role=Role.STAFF, customer=by[3], household=by[4], reason="Family.")
        assert shop.refusals("joinHousehold", role=Role.STAFF, customer=by[3], household=by[5], reason="Family.") == [
            "WALLET_SHARED"
        ]
        token = customer_key(shop.url, shop, cards[5])
        shop.succeed("updateCustomer", token=token, customer=by[5], birthday="1990-05-10")
        assert shop.refusals("updateCustomer", token=token, customer=by[5], birthday="1991-05-10") == ["BIRTHDAY_KNOWN"]
        for role in (Role.OWNER, Role.STAFF, Role.TILL):
            shop.execute("{ viewer { role } }", role=role)
        shop.execute("{ viewer { role } }", key=token)
        shop.succeed("createLocation", key="leeds", name="Leeds", timeZone="Europe/London")
        assert shop.refusals("createLocation", key="leeds", name="York", timeZone="Europe/London") == ["LOCATION_TAKEN"]
        bought(shop, cards[5], line(), receipt="T-1")
        shop.succeed(
            "amendPurchase", role=Role.TILL, purchase={"externalId": "T-1", "lines": [line("9.00")]}, reason="Mistyped."
        )
        for card in (cards[0], cards[5]):
            shop.customer(card)


def set_up_programs_in_every_way(opening: Opening) -> None:
    for kind in ProgramKind:
        with opening(clock=ManualClock(NOW), kind=kind) as shop:
            given = {"customer": {"card": shop.enrol()}, "purchase": {"externalId": "R", "lines": [line()]}}
            assert shop.refusals("recordPurchase", role=Role.TILL, **given) == ["NO_TERMS_IN_FORCE"]
            for numbers in ("UNIQUE", "PER_LOCATION", "PER_DAY", "PER_LOCATION_AND_DAY"):
                shop.succeed("updateProgram", receiptNumbers=numbers)
            create_program(shop.url, slug=f"taken-{kind.value.lower()}")
            assert shop.refusals("updateProgram", slug=f"taken-{kind.value.lower()}") == ["SLUG_TAKEN"]
            for address in ("FORMAL", "INFORMAL"):
                shop.succeed("updateProgram", formOfAddress=address)


def end_access_keys_in_every_way(opening: Opening) -> None:
    with opening(SPEND) as shop:
        made = []
        for role in (Role.TILL, Role.INTEGRATION):
            given = {"idempotencyKey": f"key-{role}", "role": role.value}
            created = shop.execute(CREATE, role=Role.OWNER, input=given)["createAccessKey"]
            shop.execute("{ viewer { role } }", key=created["token"])
            made.append(created["accessKey"]["id"])
        assert shop.refusals("revokeAccessKey", accessKey="x") == ["ACCESS_KEY_NOT_FOUND"]
        shop.succeed("revokeAccessKey", accessKey=made[0])
        assert shop.refusals("rotateAccessKey", accessKey=made[0]) == ["ACCESS_KEY_ENDED"]
        assert shop.succeed("rotateAccessKey", accessKey=made[1], overlapMinutes=0)["replaced"]["state"] == "EXPIRED"


def end_impact_previews_in_every_way(opening: Opening) -> None:
    state = "query($id: ID!) { impactPreview(id: $id) { state } }"

    with opening(SPEND) as shop:

        def asked() -> str:
            id: str = shop.succeed("previewTermsImpact", clauses=[SPEND], days=10)["preview"]["id"]
            return id

        def worker(id: str) -> psutil.Process | None:
            key = decode(id, "ImpactPreview")
            return next(
                (process for process in psutil.Process().children(recursive=True) if key in process.cmdline()), None
            )

        def now(id: str) -> str:
            found: str = shop.execute(state, role=Role.OWNER, id=id)["impactPreview"]["state"]
            return found

        first, second, third = asked(), asked(), asked()
        process = eventually(lambda: worker(first))
        assert shop.refusals("previewTermsImpact", clauses=[SPEND], days=10) == ["TOO_MANY_PREVIEWS"]
        assert now(first) == "RUNNING"
        process.kill()
        shop.succeed("cancelImpactPreview", preview=second)
        assert (now(second), shop.refusals("cancelImpactPreview", preview="x")) == ("CANCELLED", ["PREVIEW_NOT_FOUND"])
        eventually(lambda: now(third) == "DONE" or None)
        assert now(first) == "FAILED"


JOURNEYS: tuple[Callable[[Opening], None], ...] = (
    fail_every_condition,
    refuse_rewards_for_every_reason,
    redeem_in_self_service,
    end_holds_and_redemptions,
    claw_back_and_restore_points,
    activate_and_expire_points,
    restore_points_after_their_last_day,
    change_terms_with_notice,
    lint_drafts,
    quarantine_park_and_reject_receipts,
    adjust_merge_and_update_customers,
    set_up_programs_in_every_way,
    end_access_keys_in_every_way,
    end_impact_previews_in_every_way,
)


def test_the_journeys_reach_every_code_of_the_schema(opening: Opening, codes: CodeRecorder) -> None:
    for journey in JOURNEYS:
        journey(opening)
    correct_entries_for_every_cause(opening, codes)
    for period in ("CALENDAR_YEAR", "ROLLING_YEAR", "SINCE_JOINING"):
        reach_keep_and_lose_tiers(opening, period)
    missing = {name: values - codes.seen.get(name, set()) for name, values in codes_of_the_schema().items()}
    assert {name: sorted(values) for name, values in missing.items() if values} == {}, "no journey reaches these"
