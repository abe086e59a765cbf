"""The clock of a sandbox over HTTP: moved forward by its owner, and its effects. On both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.store import idempotency
from app.store.database.connect import open_database
from app.usecases.programs.advance_clock import LONGEST_STEP
from tests.api.test_access import code_of, customer_key
from tests.shop import BUY, START, Clock, Shop, create_program, open_shop
from tests.verification import discrepancies_in

ADVANCE = """mutation($input: AdvanceClockInput!) { advanceClock(input: $input) {
  clock userErrors { code path message detail } query { program { clock } } } }"""
CLOCK = "{ program { clock } }"
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) {
  terms { version status effectiveFrom } userErrors { code } } }"""
TERMS = "query($at: DateTime) { terms(at: $at) { version status } }"
CHECK = "query($clauses: [ClauseInput!]!) { termsCheck(clauses: $clauses) { earliestFrom } }"
DAY = timedelta(days=1)
LESS_THAN_A_SECOND = timedelta(microseconds=999_999)


@pytest.fixture
def frozen(database_url: str) -> Iterator[Shop]:
    """A sandbox on a server whose own clock stands still."""
    with open_shop(database_url, clock=lambda: START) as opened:
        yield opened


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms, on a server whose own clock starts late."""
    with open_shop(database_url, clock=Clock(), template="blank") as opened:
        yield opened


def advance(shop: Shop, to: datetime, *, key: str | None = None, language: str = "en") -> Any:
    """Move the clock as the owner."""
    input = {"idempotencyKey": key or uuid.uuid4().hex, "to": to.isoformat()}
    return shop.execute(ADVANCE, role=Role.OWNER, language=language, input=input)["advanceClock"]


def program_clock(shop: Shop, role: Role = Role.OWNER) -> datetime:
    """The time of the program's clock."""
    return datetime.fromisoformat(shop.execute(CLOCK, role=role)["program"]["clock"])


def refusals(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"]) for error in answer["userErrors"]]


def visits(points: int) -> list[Any]:
    """A clause that gives points for each visit."""
    return [{"key": "visit", "effect": {"pointsPerVisit": {"points": points}}}]


def publish(shop: Shop, points: int, **more: Any) -> Any:
    """Publish as the owner."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": visits(points), **more}
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert payload["userErrors"] == []
    return payload["terms"]


def test_sandbox_clock_is_server_time_until_it_is_moved(frozen: Shop) -> None:
    assert program_clock(frozen) == START
    moved = advance(frozen, START + 40 * DAY)
    assert moved == {
        "clock": "2090-04-15T12:00:00Z",
        "userErrors": [],
        "query": {"program": {"clock": "2090-04-15T12:00:00Z"}},
    }
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        assert program_clock(frozen, role) == START + 40 * DAY


def test_moved_clock_advances_with_the_server_clock(database_url: str) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock) as shop:
        advance(shop, START + DAY)
        clock.now += timedelta(hours=3)
        assert START + DAY + timedelta(hours=3) < program_clock(shop) < START + DAY + timedelta(hours=3, seconds=2)


@pytest.mark.parametrize("beyond", [timedelta(microseconds=1), timedelta(microseconds=999_999), timedelta(seconds=1)])
def test_clock_moved_to_the_start_of_terms_is_inside_them(frozen: Shop, beyond: timedelta) -> None:
    to = START + DAY + beyond
    reached = datetime.fromisoformat(advance(frozen, to)["clock"])
    assert to <= reached <= to + LESS_THAN_A_SECOND
    assert program_clock(frozen) == reached


@pytest.mark.parametrize("back", [timedelta(), timedelta(microseconds=1), DAY, 365 * DAY])
def test_clock_cannot_go_back_and_the_rejection_names_its_time(frozen: Shop, back: timedelta) -> None:
    advance(frozen, START + DAY)
    refused = advance(frozen, START + DAY - back)
    assert refusals(refused) == [("INVALID_INPUT", ["input", "to"])]
    assert "it shows 2090-03-07T12:00:00Z" in refused["userErrors"][0]["detail"]
    assert refused["clock"] == "2090-03-07T12:00:00Z"
    assert program_clock(frozen) == START + DAY


def test_clock_moves_at_most_ten_years_at_a_time(frozen: Shop) -> None:
    refused = advance(frozen, START + LONGEST_STEP + timedelta(microseconds=1))
    assert refusals(refused) == [("INVALID_INPUT", ["input", "to"])]
    assert "at most 10 years at once; it shows 2090-03-06T12:00:00Z" in refused["userErrors"][0]["detail"]
    assert program_clock(frozen) == START
    assert advance(frozen, START.replace(year=2100))["userErrors"] == []
    assert advance(frozen, START.replace(year=2110))["clock"] == "2110-03-06T12:00:00Z"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Only the clock of a sandbox can be moved."),
        ("de", "Nur in einer Sandbox lässt sich die Uhr verstellen."),
        ("zh-Hans", "只有沙盒环境才能调整时钟。"),
        ("zh-Hant", "只有沙盒環境才能調整時鐘。"),
    ],
)
def test_clock_of_a_live_program_cannot_be_moved(database_url: str, language: str, expected: str) -> None:
    with open_shop(database_url, clock=lambda: START, kind=ProgramKind.LIVE) as live:
        refused = advance(live, START + DAY, language=language)
        assert refused["userErrors"] == [
            {"code": "SANDBOX_ONLY", "path": ["input"], "message": expected, "detail": None}
        ]
        assert refused["clock"] == "2090-03-06T12:00:00Z"
        assert program_clock(live) == START


def test_only_the_owner_moves_the_clock_and_customers_cannot_read_it(frozen: Shop, database_url: str) -> None:
    own = customer_key(database_url, frozen, frozen.enrol())
    input = {"idempotencyKey": "k", "to": (START + DAY).isoformat()}
    assert code_of(frozen, ADVANCE, role=None, input=input) == "UNAUTHENTICATED"
    assert code_of(frozen, ADVANCE, key=own, input=input) == "FORBIDDEN"
    for role in (Role.STAFF, Role.TILL):
        assert code_of(frozen, ADVANCE, role=role, input=input) == "FORBIDDEN"
    assert program_clock(frozen) == START
    assert frozen.execute(CLOCK, key=own) == {"program": {"clock": None}}


def test_same_key_moves_the_clock_once_and_gets_the_same_response(database_url: str) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock) as shop:
        first = advance(shop, START + DAY, key="k")
        clock.now += timedelta(minutes=10)
        again = advance(shop, START + DAY, key="k")
        assert (again["clock"], again["userErrors"]) == (first["clock"], [])
        assert datetime.fromisoformat(again["query"]["program"]["clock"]) > START + DAY + timedelta(minutes=10)
        other = advance(shop, START + 2 * DAY, key="k")
        assert refusals(other) == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]
        assert program_clock(shop) < START + DAY + timedelta(minutes=11)


def test_parallel_duplicates_move_the_clock_once(frozen: Shop) -> None:
    moved = frozen.in_parallel([lambda: advance(frozen, START + DAY, key="k")] * 10)
    assert all(value == moved[0] for value in moved)
    assert moved[0]["userErrors"] == []


def test_concurrent_moves_leave_the_clock_at_the_latest_time(frozen: Shop) -> None:
    days = [3, 9, 1, 7, 5, 2, 8, 4]
    moved = frozen.in_parallel([lambda day=day: advance(frozen, START + day * DAY) for day in days])
    assert program_clock(frozen) == START + 9 * DAY
    for day, value in zip(days, moved, strict=True):
        reached = datetime.fromisoformat(value["clock"])
        if value["userErrors"]:
            assert refusals(value) == [("INVALID_INPUT", ["input", "to"])]
            assert reached >= START + day * DAY
        else:
            assert reached == START + day * DAY
    assert moved[days.index(9)]["userErrors"] == []


def test_next_request_on_another_server_uses_the_moved_clock(database_url: str) -> None:
    program = create_program(database_url)
    with (
        open_shop(database_url, program=program, clock=lambda: START) as here,
        open_shop(database_url, program=program, clock=lambda: START) as there,
    ):
        for step in range(1, 6):
            assert program_clock(there, Role.TILL) == START + (step - 1) * DAY, "and its key is remembered there"
            advance(here, START + step * DAY)
            assert program_clock(there, Role.TILL) == START + step * DAY


def test_moving_a_clock_does_not_move_that_of_another_program(frozen: Shop, database_url: str) -> None:
    sandbox = Shop(address=frozen.address, program=create_program(database_url), client=frozen.client)
    live = Shop(
        address=frozen.address, program=create_program(database_url, kind=ProgramKind.LIVE), client=frozen.client
    )
    advance(frozen, START + DAY, key="k")
    assert (program_clock(sandbox), program_clock(live)) == (START, START)
    assert advance(sandbox, START + 2 * DAY, key="k")["clock"] == "2090-03-08T12:00:00Z"
    assert (program_clock(frozen), program_clock(live)) == (START + DAY, START)


def test_later_mutations_of_the_same_request_use_the_moved_clock(frozen: Shop) -> None:
    card = frozen.enrol()
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "7.00"}]
    bought = {"idempotencyKey": "b", "customer": {"card": card}, "purchase": {"externalId": "r", "lines": lines}}
    payload = frozen.execute(
        """mutation($to: AdvanceClockInput!, $bought: RecordPurchaseInput!) {
          first: advanceClock(input: $to) { clock }
          recordPurchase(input: $bought) { decision { decidedFor } } }""",
        role=Role.OWNER,
        to={"idempotencyKey": "a", "to": (START + DAY).isoformat()},
        bought=bought,
    )
    assert payload["recordPurchase"]["decision"]["decidedFor"] == payload["first"]["clock"] == "2090-03-07T12:00:00Z"


def test_clock_skew_of_a_till_is_measured_against_the_program_clock(frozen: Shop) -> None:
    card = frozen.enrol()
    noon = START + 10 * DAY
    late = {"occurredAt": (noon + timedelta(minutes=5)).isoformat()}
    skewed = frozen.buy(card, "5.00", **late)
    assert refusals(skewed) == [("CLOCK_SKEW", ["input", "purchase", "occurredAt"])]
    advance(frozen, noon)
    later = {"occurredAt": (noon + timedelta(minutes=5, seconds=1)).isoformat()}
    assert refusals(frozen.buy(card, "5.00", **later)) == [("CLOCK_SKEW", ["input", "purchase", "occurredAt"])]
    assert frozen.buy(card, "5.00", **late)["decision"]["outcome"] == "GRANTED"


def test_event_without_a_time_happens_at_the_program_time(frozen: Shop) -> None:
    advance(frozen, START + 30 * DAY)
    noon = "2090-04-05T12:00:00Z"
    card = frozen.enrol()
    assert frozen.buy(card, "300.00", receipt="r")["decision"]["decidedFor"] == noon
    assert frozen.redeem(card)["decision"]["decidedFor"] == noon
    assert frozen.refund("r")["decision"]["decidedFor"] == noon
    by = {"card": card}
    shown = frozen.execute(
        """query($by: CustomerBy!) {
          customer(by: $by) { enrolledAt wallet { balances { asOf } } ledger { nodes { occurredAt recordedAt } } }
          rewards(for: $by) { nodes { decision { decidedFor } } }
          basketCheck(customer: $by, basket: { lines: [] }) { decision { decidedFor } } }""",
        by=by,
    )
    assert (shown["customer"]["enrolledAt"], shown["customer"]["wallet"]["balances"][0]["asOf"]) == (noon, noon)
    entries = shown["customer"]["ledger"]["nodes"]
    assert [(entry["occurredAt"], entry["recordedAt"]) for entry in entries] == [(noon, noon)] * 3
    assert {node["decision"]["decidedFor"] for node in shown["rewards"]["nodes"]} == {noon}
    assert shown["basketCheck"]["decision"]["decidedFor"] == noon
    assert discrepancies_in(frozen.url) == []


def test_announced_terms_start_when_the_clock_reaches_them(blank: Shop) -> None:
    publish(blank, 5)
    worse = publish(blank, 3)
    assert (worse["version"], worse["status"]) == (2, "SCHEDULED")
    starts = datetime.fromisoformat(worse["effectiveFrom"])
    card = blank.enrol()
    advance(blank, starts - DAY)
    assert blank.execute(TERMS)["terms"] == {"version": 1, "status": "IN_FORCE"}
    assert blank.buy(card, "1.00")["decision"]["points"][0]["points"] == 5
    advance(blank, starts)
    assert blank.execute(TERMS)["terms"] == {"version": 2, "status": "IN_FORCE"}
    assert blank.execute("{ program { terms { version } } }") == {"program": {"terms": {"version": 2}}}
    assert blank.execute(TERMS, at=(starts - DAY).isoformat())["terms"] == {"version": 1, "status": "SUPERSEDED"}
    assert blank.buy(card, "1.00")["decision"]["points"][0]["points"] == 3
    assert discrepancies_in(blank.url) == []


def test_notice_period_counts_from_the_program_clock(blank: Shop) -> None:
    publish(blank, 5)
    before = blank.execute(CHECK, role=Role.OWNER, clauses=visits(3))["termsCheck"]["earliestFrom"]
    advance(blank, datetime(2095, 6, 1, 12, tzinfo=UTC))
    after = blank.execute(CHECK, role=Role.OWNER, clauses=visits(3))["termsCheck"]["earliestFrom"]
    assert (before, after) == ("2090-04-05T23:00:00Z", "2095-07-01T23:00:00Z")
    assert publish(blank, 3)["effectiveFrom"] == after
    better = publish(blank, 9, effectiveFrom="2095-07-02T00:00:00Z")
    assert better["status"] == "SCHEDULED"
    advance(blank, datetime(2095, 7, 2, tzinfo=UTC))
    assert publish(blank, 12)["status"] == "IN_FORCE", "from now on, by the moved clock"


def test_idempotent_responses_are_stored_with_the_time_of_the_program(frozen: Shop) -> None:
    advance(frozen, START + DAY, key="move")
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "7.00"}]
    frozen.execute(
        BUY,
        input={
            "idempotencyKey": "buy",
            "customer": {"card": frozen.enrol()},
            "purchase": {"externalId": "r", "lines": lines},
        },
    )

    async def recorded() -> list[datetime]:
        database = open_database(frozen.url)
        await database.start()
        found = []
        for key in ("move", "buy"):
            first = await database.read(
                lambda session, key=key: idempotency.find(session, key=key), program_id=frozen.program.program.id
            )
            assert first is not None
            found.append(first.recorded_at)
        await database.stop()
        return found

    assert asyncio.run(recorded()) == [START, START + DAY]
