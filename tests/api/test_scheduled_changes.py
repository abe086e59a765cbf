"""Scheduled changes over HTTP on both databases: pending points, notices, expiry; a year of them in seconds."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from app.domain.programs.program import ProgramKind
from app.store.database.session import Session
from app.usecases.command import WriteContext
from app.usecases.ledger.run_due_changes import NOTHING_DUE, DueChangesSummary
from tests.api.scheduled_shop import (
    DAY,
    START,
    ManualClock,
    advance,
    balance,
    dated_entries,
    deliver,
    inbox,
    pending,
    run_due_jobs,
    scheduled_shop,
    validity,
    visit,
)
from tests.time_limits import usual_seconds
from tests.verification import discrepancies_in

YEAR = (visit(), pending(14), validity(months=12))


def test_a_year_of_activation_notice_and_expiry_runs_in_one_call(database_url: str) -> None:
    with scheduled_shop(database_url, *YEAR) as shop:
        usual = usual_seconds(lambda: shop.buy(shop.enrol(), "0.50"))
        card = shop.enrol()
        shop.buy(card, "10.00")
        began = time.monotonic()
        payload = advance(shop, datetime.fromisoformat("2091-04-30T12:00:00Z"), deliverNotices=True)
        assert time.monotonic() - began < 100 * usual, "a year takes no longer than a hundred purchases"
        assert (payload["clock"], payload["complete"]) == ("2091-04-30T12:00:00Z", True)
        assert dated_entries(shop, card) == [
            ("EARN", 100, "2090-03-06T12:00:00Z"),
            ("ACTIVATE", 0, "2090-03-21T00:00:00Z"),
            # Valid from 21 March for 12 months; British Summer Time begins on the 25th.
            ("EXPIRE", -100, "2091-03-22T00:00:00Z"),
        ]
        (notice,) = inbox(shop, card)
        # 60 days before the last day, at the moment when it may count, and opened then.
        assert notice == {
            "givenAt": "2091-01-20T00:00:00Z",
            "lots": [
                {
                    "points": 100,
                    "lastDay": "2091-03-21",
                    "statement": "100 points will expire after 21 March 2091 at the earliest.",
                }
            ],
            "deliveries": [{"channel": "INBOX", "deliveredAt": "2091-01-20T00:00:00Z"}],
        }
        assert shop.available(card) == 0
        assert discrepancies_in(database_url) == []


def test_changes_on_the_way_are_recorded_with_their_own_times(database_url: str) -> None:
    with scheduled_shop(database_url, visit(), pending(14), validity(days=100, noticeFrom=20, noticeUntil=5)) as shop:
        cards = [shop.enrol() for _ in range(3)]
        for day, card in enumerate(cards):
            if day:
                advance(shop, START + day * DAY)
            shop.buy(card, "10.00")
        advance(shop, START + 200 * DAY, deliverNotices=True)
        for day, card in enumerate(cards):
            first = (START + day * DAY).date()
            given = [notice["givenAt"][:10] for notice in inbox(shop, card)]
            last = first + timedelta(days=15 + 100)
            assert given in ([(last - timedelta(days=20)).isoformat()], [(last - timedelta(days=21)).isoformat()])
            assert [value[:2] for value in dated_entries(shop, card)] == [
                ("EARN", 100),
                ("ACTIVATE", 0),
                ("EXPIRE", -100),
            ]
        assert discrepancies_in(database_url) == []


def test_points_expire_only_after_a_delivered_notice_and_a_late_notice_extends_them(database_url: str) -> None:
    with scheduled_shop(database_url, *YEAR) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, datetime.fromisoformat("2091-06-01T12:00:00Z"))
        assert shop.available(card) == 100, "a notice was given, and nobody has read it"
        assert balance(shop, card)["nextExpiry"] == {"lastDay": "2091-07-01", "at": None, "points": 100}
        (open_,) = inbox(shop, card)
        assert open_["deliveries"] == []
        payload = deliver(shop, card)
        assert payload["delivered"] == 1
        assert payload["notices"][0]["deliveries"] == [{"channel": "INBOX", "deliveredAt": "2091-06-01T12:00:00Z"}]
        # 30 whole days after the day on which it was read.
        assert balance(shop, card)["nextExpiry"] == {
            "lastDay": "2091-07-01",
            "at": "2091-07-01T23:00:00Z",
            "points": 100,
        }
        advance(shop, datetime.fromisoformat("2091-07-01T22:59:59Z"))
        assert shop.available(card) == 100
        advance(shop, datetime.fromisoformat("2091-07-01T23:00:00Z"))
        assert shop.available(card) == 0
        assert dated_entries(shop, card)[-1] == ("EXPIRE", -100, "2091-07-01T23:00:00Z")
        assert len(inbox(shop, card)) == 1, "one notice for each day"
        assert discrepancies_in(database_url) == []


def test_activity_after_the_notice_postpones_expiry_and_needs_a_new_notice(database_url: str) -> None:
    with scheduled_shop(
        database_url, visit(10), validity(days=90, since="ACTIVITY", noticeFrom=30, noticeUntil=10)
    ) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 80 * DAY, deliverNotices=True)
        assert [value["lots"][0]["lastDay"] for value in inbox(shop, card)] == ["2090-06-04"]
        shop.buy(card, "10.00")
        advance(shop, START + 150 * DAY)
        assert shop.available(card) == 20
        second, first = inbox(shop, card)
        assert [lot["lastDay"] for lot in second["lots"]] == ["2090-08-23"] * 2
        assert second["deliveries"] == []
        assert deliver(shop, card)["delivered"] == 1
        advance(shop, START + 200 * DAY)
        assert [value[:2] for value in dated_entries(shop, card)] == [
            ("EARN", 10),
            ("EARN", 10),
            ("EXPIRE", -10),
            ("EXPIRE", -10),
        ]
        assert first["lots"][0]["points"] == 10
        assert discrepancies_in(database_url) == []


def test_only_a_notice_through_an_accepted_channel_lets_points_expire(database_url: str) -> None:
    terms = (visit(), validity(days=100, noticeFrom=30, noticeUntil=10, noticeBy=["RECEIPT"]))
    with scheduled_shop(database_url, *terms) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 80 * DAY)
        assert deliver(shop, card, "INBOX")["delivered"] == 1
        assert deliver(shop, card, "INBOX")["delivered"] == 0, "it was read, which does not count"
        assert balance(shop, card)["nextExpiry"]["at"] is None
        assert deliver(shop, card, "RECEIPT")["delivered"] == 1
        assert balance(shop, card)["nextExpiry"]["at"] == "2090-06-14T23:00:00Z"
        assert deliver(shop, card, "RECEIPT")["delivered"] == 0, "nothing is open any more"
        assert [delivery["channel"] for delivery in inbox(shop, card)[0]["deliveries"]] == ["INBOX", "RECEIPT"]
        advance(shop, START + 101 * DAY)
        assert shop.available(card) == 0
        assert discrepancies_in(database_url) == []


def test_advancing_the_clock_can_deliver_notices_through_an_accepted_channel(database_url: str) -> None:
    terms = (visit(), validity(days=100, noticeFrom=30, noticeUntil=10, noticeBy=["RECEIPT"]))
    with scheduled_shop(database_url, *terms) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 120 * DAY, deliverNotices=True)
        assert [delivery["channel"] for delivery in inbox(shop, card)[0]["deliveries"]] == ["RECEIPT"]
        assert [value[:2] for value in dated_entries(shop, card)] == [("EARN", 100), ("EXPIRE", -100)]
        assert discrepancies_in(database_url) == []


def test_short_lived_points_expire_with_the_receipt_as_their_notice(database_url: str) -> None:
    with scheduled_shop(database_url, visit(), validity(days=7, noticeFrom=20, noticeUntil=10)) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        assert balance(shop, card)["nextExpiry"] == {
            "lastDay": "2090-03-13",
            "at": "2090-03-14T00:00:00Z",
            "points": 100,
        }
        advance(shop, START + 8 * DAY)
        assert (shop.available(card), inbox(shop, card)) == (0, [])
        assert discrepancies_in(database_url) == []


def test_concurrent_and_repeated_job_runs_do_the_work_once(database_url: str) -> None:
    clock = ManualClock()
    with scheduled_shop(database_url, *YEAR, clock=clock, kind=ProgramKind.LIVE) as shop:
        cards = [shop.enrol() for _ in range(30)]
        for card in cards:
            shop.buy(card, "10.00")
        clock.now = START + 20 * DAY
        assert run_due_jobs(database_url, clock, times=3).lots_activated == 30
        assert run_due_jobs(database_url, clock) == NOTHING_DUE
        clock.now = START + 340 * DAY
        assert run_due_jobs(database_url, clock, times=3).notices_given == 30
        for card in cards[:10]:
            assert deliver(shop, card)["delivered"] == 1
        clock.now = START + 400 * DAY
        assert run_due_jobs(database_url, clock, times=3).lots_expired == 10
        assert run_due_jobs(database_url, clock) == NOTHING_DUE
        assert sorted(shop.available(card) for card in cards) == [0] * 10 + [100] * 20
        assert discrepancies_in(database_url) == []


def test_late_notice_of_a_live_program_has_its_real_time(database_url: str) -> None:
    clock = ManualClock()
    with scheduled_shop(database_url, *YEAR, clock=clock, kind=ProgramKind.LIVE) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        clock.now = START + 370 * DAY
        assert run_due_jobs(database_url, clock) == DueChangesSummary(accounts=1, lots_activated=1, notices_given=1)
        assert [value["givenAt"] for value in inbox(shop, card)] == ["2091-03-11T12:00:00Z"]
        assert discrepancies_in(database_url) == []


def test_unfinished_advance_is_completed_by_the_next_run_or_the_same_key(database_url: str) -> None:
    from app.api.mutations.programs import advance_clock

    with scheduled_shop(database_url, *YEAR) as shop, pytest.MonkeyPatch.context() as patch:
        card = shop.enrol()
        shop.buy(card, "10.00")
        patch.setattr(advance_clock, "TIME_LIMIT", -1)
        to = START + 500 * DAY
        payload = advance(shop, to, key="k", deliverNotices=True)
        assert (payload["complete"], inbox(shop, card)) == (False, [])
        assert [value[0] for value in dated_entries(shop, card)] == ["EARN"]
        assert shop.available(card) == 100, "by the time that the clock shows they can be spent"
        patch.undo()
        again = advance(shop, to, key="k", deliverNotices=True)
        assert (again["complete"], again["clock"]) == (True, payload["clock"])
        assert [value[0] for value in dated_entries(shop, card)] == ["EARN", "ACTIVATE", "EXPIRE"]
        assert discrepancies_in(database_url) == []


def test_notices_given_by_another_server_are_read_too(database_url: str) -> None:
    """Somebody else did all that was due, without anybody reading; then the developer's request comes to it."""
    from app.api.mutations.programs import advance_clock

    with scheduled_shop(database_url, *YEAR) as shop, pytest.MonkeyPatch.context() as patch:
        card = shop.enrol()
        shop.buy(card, "10.00")
        patch.setattr(advance_clock, "TIME_LIMIT", -1)
        to = START + 500 * DAY
        advance(shop, to, key="k", deliverNotices=True)
        patch.undo()
        assert run_due_jobs(database_url, ManualClock()).notices_given == 1
        assert [value["givenAt"] for value in inbox(shop, card)] == ["2091-01-20T00:00:00Z"]
        advance(shop, to, key="k", deliverNotices=True)
        assert dated_entries(shop, card)[-1] == ("EXPIRE", -100, "2091-03-22T00:00:00Z")
        assert discrepancies_in(database_url) == []


def test_advancing_the_clock_changes_tiers_and_expires_points(database_url: str) -> None:
    terms = (
        visit(),
        validity(months=6, noticeFrom=40, noticeUntil=10),
        {"key": "gold", "effect": {"tier": {"tier": "gold", "name": "Gold", "points": 150}}},
        {"key": "period", "effect": {"tierPeriod": {"period": "CALENDAR_YEAR", "graceDays": 30}}},
    )
    held = "query($by: CustomerBy!) { customer(by: $by) { tier { key qualifyingPoints } } }"
    with scheduled_shop(database_url, *terms) as shop:
        card = shop.enrol()
        for _ in range(2):
            shop.buy(card, "10.00")
        tiers = []
        for to in ("2090-10-01", "2091-12-31", "2092-01-15", "2092-02-01"):
            advance(shop, datetime.fromisoformat(f"{to}T12:00:00Z"), deliverNotices=True)
            tier = shop.execute(held, by={"card": card})["customer"]["tier"]
            tiers.append((tier["key"], tier["qualifyingPoints"], shop.available(card)))
        # What expires does not lower a tier; the year after the year that reached it, and the days of grace, end it.
        assert tiers == [("gold", 200, 0), ("gold", 0, 0), ("gold", 0, 0), (None, 0, 0)]
        assert [value[:2] for value in dated_entries(shop, card)] == [("EARN", 100)] * 2 + [("EXPIRE", -100)] * 2
        assert discrepancies_in(database_url) == []


def test_inconsistent_account_is_skipped_and_stops_no_other(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.jobs import scheduler

    clock = ManualClock()
    with scheduled_shop(database_url, *YEAR, clock=clock, kind=ProgramKind.LIVE) as shop:
        cards = [shop.enrol() for _ in range(5)]
        for card in cards:
            shop.buy(card, "10.00")
        clock.now = START + 20 * DAY
        settle, tried = scheduler.run_due_changes, list[str]()

        async def picky(session: Session, *, write_context: WriteContext, account_id: str) -> DueChangesSummary:
            tried.append(account_id)
            if account_id == tried[0]:
                raise LookupError("a fact is missing")
            return await settle(session, write_context=write_context, account_id=account_id)

        with monkeypatch.context() as patch:
            patch.setattr(scheduler, "run_due_changes", picky)
            assert run_due_jobs(database_url, clock).lots_activated == 4
        assert tried.count(tried[0]) == 1
        assert run_due_jobs(database_url, clock).lots_activated == 1, (
            "another server, or a later time, finds it well again"
        )
        assert discrepancies_in(database_url) == []
