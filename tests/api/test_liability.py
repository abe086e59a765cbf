"""The liability at any moment: summed by the database, equal to a replay of every account. On both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.access import Role
from app.domain.calendar import add_months, day_start, local_date
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityKind
from app.domain.ledger.entries import Balance
from app.domain.ledger.liability import AGES, Liability
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.domain.purchases.receipt_numbers import ReceiptReference
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.version import Terms
from app.queries.ledger.liability import liability_at
from app.store.database.connect import open_database
from app.store.database.session import Database, Session
from app.store.events.replay import replay_wallet
from app.store.ledger import accounts
from app.store.terms import versions
from app.usecases.application import Application
from app.usecases.command import WriteContext
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.ledger.post_differences import post_differences
from app.usecases.purchases import record_purchase, record_refund
from app.usecases.purchases.commands import RecordPurchase, RecordRefund
from tests.api.test_access import code_of, customer_key
from tests.api.test_holds import CAPTURE, HOLD, RELEASE, end
from tests.builders import a_clause, a_line, a_purchase
from tests.shop import START, Clock, Shop, create_program, new_id, open_shop
from tests.verification import discrepancies_in

ASK = """query($at: DateTime) { liability(at: $at) { at units { unit { code } outstanding available pending held customerDebt
  ages { fromMonths belowMonths points breakageRate } expectedBreakage closedMonths } } }"""
FIRST = datetime(2090, 1, 5, 12, tzinfo=UTC)
LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOBODY = str(uuid.UUID(int=0))
ZONE = "Europe/London"


@dataclass
class LiabilityProgram:
    """An application with a late clock, and a program whose points are pending for 14 days and expire 100 days after
    that."""

    application: Application
    database: Database
    runner: asyncio.Runner
    url: str
    program: Program = field(init=False)

    def begin(self) -> None:
        """Creates a program; its terms could not be published in the past, so they are stored directly."""
        self.program = create_program(self.url, template="blank").program
        week = PointsValidity(days=100, expires=True, notice_from=200, notice_until=150)
        deciding_terms = Terms.from_draft(
            version=1,
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
            currency="GBP",
            zone=ZONE,
            clauses=[a_clause(), ("wait", (), PendingPeriod(14)), ("validity", (), week)],
            allow_unenforced=True,
        )

        async def work(session: Session) -> None:
            await versions.publish(session, id=new_id(), terms=deciding_terms, published_at=FIRST)

        self.runner.run(self.database.write(work, program_id=self.program.id, lock_key="terms"))

    def execute(self, verb: Any, order: Any) -> None:
        """Executes a command."""
        key = new_id()
        payload = self.runner.run(
            self.application.execute(
                verb,
                name=verb.handler.__name__,
                program=self.program,
                principal=None,
                key=key,
                fingerprint_input=key,
                command=order,
            )
        )
        assert not isinstance(payload, Problem), payload

    def settle(self, *, until: datetime) -> None:
        """Settles every account, as a job would."""

        async def work(session: Session) -> None:
            write_context = WriteContext(self.program.id, LONG_AFTER, new_id)
            for account in await accounts.page(session, after=NOBODY, limit=100):
                held = await accounts.by_ids(session, account_ids=[account.id], lock=True)
                replayed = await replay_wallet(session, account=held[account.id], until=until)
                await post_differences(session, write_context=write_context, replayed=replayed)

        self.runner.run(self.database.write(work, program_id=self.program.id, lock_key="settle"))

    def replayed(self, at: datetime) -> tuple[Balance, list[int]]:
        """The sum of all accounts replayed up to a moment, and the points by age band."""

        async def work(session: Session) -> tuple[Balance, list[int]]:
            whole, bands = Balance(), [0] * len(AGES)
            starts = [
                day_start(add_months(local_date(at, zone_name=ZONE), months=-value), zone_name=ZONE) for value in AGES
            ]
            for account in await accounts.page(session, after=NOBODY, limit=100):
                replayed = await replay_wallet(session, account=account, until=LONG_AFTER)
                inventory = replayed.as_of(at).point_account.inventory
                whole = whole.plus(inventory.balance(at=at))
                for lot in inventory.lots.values():
                    younger = (index for index, start in enumerate(starts[1:]) if lot.earned_at >= start)
                    bands[next(younger, len(AGES) - 1)] += lot.remaining
            return whole, bands

        return self.runner.run(self.database.read(work, program_id=self.program.id))

    def summed(self, at: datetime) -> Liability:
        """The sums of the database."""
        (found,) = self.runner.run(self.application.query(liability_at, program_id=self.program.id, at=at, zone=ZONE))
        return found


@pytest.fixture
def program(database_url: str) -> Iterator[LiabilityProgram]:
    """A program whose ledger is verified at the end."""
    with asyncio.Runner() as runner:
        database = open_database(database_url)
        runner.run(database.start())
        application = Application(database=database, clock=lambda: LONG_AFTER, new_id=new_id)
        yield LiabilityProgram(application, database, runner, database_url)
        runner.run(database.stop())
    assert discrepancies_in(database_url) == []


purchases = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose
        st.integers(0, 800),  # day
        st.integers(1, 90),  # pounds
        st.one_of(st.none(), st.integers(0, 200)),  # days to the refund
        st.booleans(),  # whether everything is settled afterwards
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=purchases, days=st.lists(st.integers(0, 1200), min_size=3, max_size=6))
def test_liability_query_equals_the_replay_of_every_account(
    program: LiabilityProgram, happened: list[tuple[int, int, int, int | None, bool]], days: list[int]
) -> None:
    program.begin()
    customers = [new_id() for _ in range(3)]
    for known in customers:
        program.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.TOKEN, known),), None))
    for who, day, pounds, back, settled in happened:
        by = CustomerReference(customers[who], IdentityKind.TOKEN)
        facts = a_purchase(a_line(price=f"{pounds}.00", quantity="2"), at=FIRST + day * DAY)
        receipt = new_id()
        program.execute(record_purchase.run, RecordPurchase(by, receipt, facts))
        if back is not None:
            program.execute(record_refund.run, a_refund(receipt, at=facts.occurred_at + back * DAY))
        if settled:
            program.settle(until=FIRST + 900 * DAY)
    program.settle(until=LONG_AFTER)
    for day in days:
        at = FIRST + day * DAY + timedelta(hours=3)
        found, (whole, bands) = program.summed(at), program.replayed(at)
        assert (found.available, found.pending, found.held, found.customer_debt) == (
            whole.available,
            whole.pending,
            whole.held,
            whole.owed,
        )
        assert [band.points for band in found.bands] == bands


def test_expiry_undone_by_a_late_refund_never_counts(program: LiabilityProgram) -> None:
    program.begin()
    known = new_id()
    program.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.TOKEN, known),), None))
    facts = a_purchase(a_line(price="20.00"), at=FIRST)
    program.execute(record_purchase.run, RecordPurchase(CustomerReference(known, IdentityKind.TOKEN), "r", facts))
    program.settle(until=FIRST + 500 * DAY)
    assert program.summed(FIRST + 300 * DAY).outstanding == 0, "it expired"
    program.execute(record_refund.run, a_refund("r", at=FIRST + 30 * DAY, items=None))
    for day, points in ((29, 20), (31, 0), (300, 0), (499, 0), (600, 0)):
        found, (whole, _) = program.summed(FIRST + day * DAY), program.replayed(FIRST + day * DAY)
        assert (found.outstanding, whole.available + whole.pending) == (points, points), day


def a_refund(receipt: str, *, at: datetime, items: int | None = 1) -> RecordRefund:
    """A refund of one of two items, or of everything."""
    lines = None if items is None else {1: Decimal(items)}
    return RecordRefund(None, ReceiptReference(receipt), lines, at, None, None, receipt)


@pytest.fixture
def clock() -> Clock:
    """The shop's time."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop with a point a pound and a coffee for 100; its ledger is verified at the end."""
    with open_shop(database_url, clock=clock) as opened:
        yield opened
    assert discrepancies_in(database_url) == []


def liability(shop: Shop, at: datetime | None = None) -> Any:
    """The liability in points, for the owner."""
    given = {} if at is None else {"at": at.isoformat()}
    (unit,) = shop.execute(ASK, role=Role.OWNER, **given)["liability"]["units"]
    return unit


def test_liability_is_reported_by_age_at_any_past_moment(shop: Shop, clock: Clock) -> None:
    card, other = shop.enrol(), shop.enrol()
    nothing = liability(shop)
    assert (nothing["outstanding"], nothing["expectedBreakage"], nothing["closedMonths"]) == ("0", "0", 0)
    shop.buy(card, "150.00")
    clock.now = START + 100 * DAY
    shop.buy(other, "80.00", receipt="back")
    clock.now = START + 200 * DAY
    shop.redeem(card)
    shop.buy(card, "7.00")
    clock.now = START + 210 * DAY
    shop.refund("back")
    now = liability(shop)
    assert [(age["fromMonths"], age["belowMonths"], age["points"]) for age in now["ages"]] == [
        (0, 3, "7"),
        (3, 6, "0"),
        (6, 12, "50"),
        (12, 24, "0"),
        (24, None, "0"),
    ]
    assert (now["outstanding"], now["available"], now["pending"], now["held"], now["customerDebt"]) == (
        "57",
        "57",
        "0",
        "0",
        "0",
    )
    assert (now["unit"]["code"], now["expectedBreakage"], {age["breakageRate"] for age in now["ages"]}) == (
        "points",
        None,
        {None},
    )
    assert liability(shop, START + 199 * DAY)["outstanding"] == "230"
    assert liability(shop, START - DAY)["outstanding"] == "0"


def test_late_event_counts_in_the_liability_from_its_own_time(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    clock.now = START + 50 * DAY
    shop.buy(card, "20.00")
    before = START + 10 * DAY
    assert liability(shop, before)["outstanding"] == "0"
    shop.buy(card, "30.00", occurredAt=(START + 5 * DAY).isoformat())
    assert liability(shop, before)["outstanding"] == "30"
    assert liability(shop)["outstanding"] == "50"


def test_liability_shows_held_points_while_the_hold_lasts(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "350.00")
    clock.now = START + DAY
    for checkout, minutes in (("paid", 30), ("released", 30), ("left", 60)):
        input = {
            "idempotencyKey": checkout,
            "customer": {"card": card},
            "reward": {"key": "coffee"},
            "checkout": checkout,
            "minutes": minutes,
        }
        assert shop.execute(HOLD, input=input)["holdRedemption"]["decision"]["outcome"] == "GRANTED"
    assert outstanding(shop) == ("350", "50", "300")
    clock.now = START + DAY + timedelta(minutes=10)
    end(shop, CAPTURE, "paid")
    end(shop, RELEASE, "released")
    assert outstanding(shop) == ("250", "150", "100")
    # What is paid for was paid for when it was reserved; what was released was held until then.
    assert outstanding(shop, START + DAY + timedelta(minutes=5)) == ("250", "50", "200")
    assert outstanding(shop, START + timedelta(hours=1)) == ("350", "350", "0")
    clock.now = START + 2 * DAY
    assert outstanding(shop) == ("250", "250", "0")


def outstanding(shop: Shop, at: datetime | None = None) -> tuple[str, str, str]:
    """Points outstanding, available and held."""
    unit = liability(shop, at)
    return unit["outstanding"], unit["available"], unit["held"]


def test_year_of_closed_months_gives_a_breakage_estimate(program: LiabilityProgram) -> None:
    program.begin()
    known = new_id()
    program.execute(enrol_customer.run, EnrolCustomer(((IdentityKind.TOKEN, known),), None))
    by = CustomerReference(known, IdentityKind.TOKEN)
    for number in range(14):
        at = FIRST + number * 30.5 * DAY
        program.execute(record_purchase.run, RecordPurchase(by, new_id(), a_purchase(a_line(price="10.00"), at=at)))
    program.settle(until=FIRST + 13 * 30.5 * DAY + DAY)
    found = program.summed(FIRST + 13 * 30.5 * DAY + DAY)
    # Ten months are closed: all their points expired. That is no year yet.
    assert (found.outstanding, found.cohort_count, found.expected_breakage) == (40, 10, None)
    later = FIRST + 13 * 30.5 * DAY + 60 * DAY
    program.settle(until=later)
    found = program.summed(later)
    assert (found.cohort_count, found.outstanding, found.expected_breakage) == (12, 20, 20)


def test_liability_in_the_future_is_rejected(shop: Shop) -> None:
    given = {"at": (START + 400 * DAY).isoformat()}
    assert code_of(shop, ASK, role=Role.OWNER, **given) == "BAD_USER_INPUT"


def test_only_the_owner_reads_the_liability_of_their_program(shop: Shop, database_url: str) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00")
    own = customer_key(database_url, shop, card)
    for role in (Role.STAFF, Role.TILL):
        assert code_of(shop, ASK, role=role) == "FORBIDDEN"
    assert code_of(shop, ASK, role=None, key=own) == "FORBIDDEN"
    with open_shop(database_url, program=create_program(database_url)) as other:
        assert liability(other)["outstanding"] == "0"
    assert liability(shop)["outstanding"] == "10"
