"""What is stored is read back completely and exactly, and only in its own program."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.amounts import Money
from app.domain.customers.customer import Customer, CustomerReference, CustomerState, NewCustomer
from app.domain.customers.identities import IdentityKind
from app.domain.customers.profile import (
    EMPTY_PROFILE,
    BirthdayChange,
    CustomerProfile,
    Preference,
    PreferenceKind,
    ProfileChange,
    ProfilePart,
)
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.ledger.account import EMPTY_DIGEST, Account
from app.domain.ledger.entries import FIRST_HASH, Balance, Entry, EntryType, Movement, entry_hash
from app.domain.ledger.lots import Lot
from app.domain.programs.access_key import AccessKey
from app.domain.programs.program import Program, ProgramKind
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import Numbering
from app.domain.purchases.refund import Refund
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.rewards.reward import Reward
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.version import Terms
from app.store import idempotency
from app.store.customers import customers, profiles
from app.store.database.codecs import instant, instant_text, json_text
from app.store.database.row_digests import combine
from app.store.database.session import Database, Session, Work
from app.store.idempotency import StoredResult
from app.store.ledger import accounts, entries, lots
from app.store.programs import access_keys, programs
from app.store.purchases import purchases, refunds
from app.store.rewards import redemptions, rewards
from app.store.terms import versions
from tests.store.rows import NOW, OTHER_PROGRAM, PROGRAM, an_id

BERLIN_WINTER = timezone(timedelta(hours=1))
CAFE = Program(PROGRAM, ProgramKind.SANDBOX, "Café Größe 咖啡", "EUR", "Europe/Berlin", "DE", "points", NOW, "cafe")
TERMS = Terms.from_draft(
    version=1,
    effective_from=NOW - timedelta(days=30),
    currency="EUR",
    zone="Europe/Berlin",
    clauses=[("base", (), PointsPerAmount(points=1, per=Money.of("1", "EUR")))],
)
NEXT_TERMS = replace(TERMS, version=2, effective_from=NOW + timedelta(days=30))
ANNA = NewCustomer(
    id=an_id(1),
    wallet_id=an_id(2),
    account_id=an_id(3),
    locale="de",
    accepted_terms_version=1,
    enrolled_at=NOW,
    identities=((an_id(4), IdentityKind.CARD, "C-1"), (an_id(5), IdentityKind.PHONE, "+491701234567")),
)
FACTS = PurchaseFacts(
    occurred_at=datetime(2026, 3, 1, 10, 30, 0, 5, tzinfo=BERLIN_WINTER),
    zone="Europe/Berlin",
    currency="EUR",
    lines=(Line(number=1, sku="BEAN", quantity=Decimal("0.125"), unit_price=3200, name="Bohnen “Yirgacheffe”"),),
)
PURCHASE = Purchase(
    id=an_id(10),
    customer_id=ANNA.id,
    source="till",
    external_id="R-1",
    occurred_at=FACTS.occurred_at,
    recorded_at=NOW,
    total=Money(400, "EUR"),
    earned_points=4,
    terms_version=1,
    fingerprint="f" * 64,
    facts=FACTS,
    facts_text=json_text(FACTS.to_data()),
)
LOT = Lot(
    id=an_id(12),
    points=4,
    remaining=4,
    earned_at=FACTS.occurred_at,
    available_from=FACTS.occurred_at,
    promised_last_day=date(2027, 3, 31),
    entry_id=an_id(11),
    terms_version=1,
    zone="Europe/Berlin",
)
EARNED = Entry(
    id=an_id(11),
    account_id=ANNA.account_id,
    number=1,
    type=EntryType.EARN,
    subject=PURCHASE.id,
    points=4,
    owed_change=0,
    unit="points",
    occurred_at=FACTS.occurred_at,
    recorded_at=NOW,
    purchase_id=PURCHASE.id,
    refund_id=None,
    redemption_id=None,
    decision='{"b": 1,  "a":"ü"}',
    movements=(Movement(id=an_id(13), lot_id=LOT.id, points=4),),
    new_lots=(LOT,),
    previous_hash=FIRST_HASH,
)
REFUND = Refund(
    id=an_id(20),
    purchase_id=PURCHASE.id,
    external_id="C-R-1",
    occurred_at=NOW,
    recorded_at=NOW,
    lines={1: Decimal("0.025")},
    money=80,
    clawback_due=1,
    clawed_back=1,
    reason="stale",
    fingerprint="e" * 64,
)
TAKEN_BACK = replace(
    EARNED,
    id=an_id(21),
    number=2,
    type=EntryType.CLAWBACK,
    subject=REFUND.id,
    points=-1,
    occurred_at=NOW,
    refund_id=REFUND.id,
    movements=(Movement(id=an_id(22), lot_id=LOT.id, points=-1),),
    new_lots=(),
    previous_hash=entry_hash(EARNED),
)
MUG = Reward(
    an_id(30),
    "mug",
    "Mug",
    "A mug",
    "https://example.org/mug.png",
    900,
    5,
    5,
    NOW,
    article="85123A",
    variants=("Blue", "Grün"),
    cash_part=200,
)
ADVICE = Reward(an_id(31), "advice", "Advice", "As often as you like", None, None, None, None, NOW)
GRANTED = Decision(outcome=DecisionOutcome.GRANTED, points=3, terms_version=1, decided_for=NOW, reasons=())
GIVEN = Redemption(
    id=an_id(32),
    customer_id=ANNA.id,
    reward_id=MUG.id,
    state=RedemptionState.FULFILLED,
    points=3,
    occurred_at=NOW,
    recorded_at=NOW,
    facts=replace(FACTS, lines=()),
    terms_version=1,
    decision=GRANTED,
    facts_text=json_text(replace(FACTS, lines=()).to_data()),
    decision_text=json_text(GRANTED.to_data()),
)
PAID = replace(
    TAKEN_BACK,
    id=an_id(33),
    number=3,
    type=EntryType.REDEEM,
    subject=GIVEN.id,
    points=-3,
    purchase_id=None,
    refund_id=None,
    redemption_id=GIVEN.id,
    movements=(Movement(id=an_id(34), lot_id=LOT.id, points=-3),),
    previous_hash=entry_hash(TAKEN_BACK),
)


EARNED_AND_SPENT = replace(EARNED, new_lots=(LOT._replace(remaining=0),))
NEW_ACCOUNT = Account(id=ANNA.account_id, wallet_id=ANNA.wallet_id, unit="points")
HOLDER = customers.row_digest(ANNA.id, enrolled_at=ANNA.enrolled_at)
NEW_ACCOUNT = NEW_ACCOUNT._replace(events_digest=combine(EMPTY_DIGEST, [HOLDER, accounts.row_digest(NEW_ACCOUNT)]))
AFTER = NEW_ACCOUNT._replace(
    balance=Balance(available=0, lifetime=4, qualifying=4),
    entry_count=3,
    last_hash=entry_hash(PAID),
    replayed_through=NOW,
    next_change_at=NOW + timedelta(days=1),
    next_notice_at=NOW + timedelta(days=2),
    has_merges=True,
    terms_version=1,
    events_digest="e" * 64,
)


async def _shop(session: Session) -> None:
    await programs.create(session, program=CAFE)
    other = Session(session.across_programs, program_id=OTHER_PROGRAM)
    await programs.create(other, program=replace(CAFE, id=OTHER_PROGRAM, slug="other-cafe"))
    await versions.publish(session, id=an_id(6), terms=TERMS, published_at=NOW)
    await customers.enrol(session, customer=ANNA)
    await rewards.create(session, reward=MUG)
    await rewards.create(session, reward=ADVICE)


async def _history(session: Session) -> None:
    """Earned 4, 1 taken back, 3 spent on a mug."""
    append = partial(entries.append, session)
    await purchases.add(session, purchase=PURCHASE)
    await append(entry=EARNED, own_hash=entry_hash(EARNED))
    await refunds.add(session, refund=REFUND)
    await append(entry=TAKEN_BACK, own_hash=entry_hash(TAKEN_BACK))
    await redemptions.add(session, redemption=GIVEN)
    await append(entry=PAID, own_hash=entry_hash(PAID))
    await lots.set_lots(session, lots=[LOT._replace(remaining=0)])
    await accounts.update(session, account=AFTER)


@pytest.fixture
async def shop(database: Database) -> Database:
    """A café with a customer and two rewards."""
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")
    return database


async def _write(database: Database, work: Work[Any]) -> Any:
    return await database.write(work, program_id=PROGRAM, lock_key="turn")


async def test_program_is_found_by_its_id(shop: Database) -> None:
    assert await shop.read(partial(programs.get), program_id=PROGRAM) == CAFE
    assert await shop.read(partial(programs.get), program_id=an_id(99)) is None
    assert len(await shop.read_across_programs(programs.all_programs)) == 2


async def test_access_key_is_found_before_and_after_revocation(shop: Database) -> None:
    till = AccessKey(an_id(40), PROGRAM, Role.TILL, "hash", None, "Till 1", NOW, 1)
    card = AccessKey(an_id(41), PROGRAM, Role.CUSTOMER, "hash", ANNA.id, "Anna", NOW, 2)
    await _write(shop, partial(access_keys.issue, key=till))
    await _write(shop, partial(access_keys.issue, key=card))

    assert await shop.read_across_programs(partial(access_keys.find_in_any_program, access_key_id=till.id)) == till
    assert await shop.read(partial(access_keys.find, access_key_id=card.id), program_id=PROGRAM) == card
    assert await shop.read(partial(access_keys.find, access_key_id=card.id), program_id=OTHER_PROGRAM) is None
    revoke = partial(access_keys.revoke, access_key_id=till.id, at=NOW)
    assert await _write(shop, revoke) is True
    assert await _write(shop, revoke) is False
    assert await shop.read_across_programs(partial(access_keys.find_in_any_program, access_key_id=till.id)) == replace(
        till, revoked_at=NOW
    )


async def test_only_customer_keys_name_a_customer(shop: Database) -> None:
    for role, customer_id in ((Role.CUSTOMER, None), (Role.TILL, ANNA.id)):
        key = AccessKey(an_id(42), PROGRAM, role, "hash", customer_id, "odd", NOW, 1)
        with pytest.raises(Exception, match="access_keys_customer"):
            await _write(shop, partial(access_keys.issue, key=key))


@pytest.mark.parametrize(
    "by",
    [
        CustomerReference(ANNA.id),
        CustomerReference("C-1", IdentityKind.CARD),
        CustomerReference("+491701234567", IdentityKind.PHONE),
    ],
)
@pytest.mark.parametrize("lock", [True, False])
async def test_a_customer_is_found_by_every_identity_and_by_id(
    shop: Database, by: CustomerReference, lock: bool
) -> None:
    assert await _write(shop, partial(customers.find, by=by, lock=lock)) == Customer(
        id=ANNA.id,
        state=CustomerState.ACTIVE,
        locale="de",
        accepted_terms_version=1,
        enrolled_at=NOW,
        account=NEW_ACCOUNT,
    )


@pytest.mark.parametrize(
    "by",
    [
        CustomerReference(an_id(99)),
        CustomerReference("C-1", IdentityKind.TOKEN),
        CustomerReference("C-2", IdentityKind.CARD),
    ],
)
async def test_unknown_identity_finds_no_customer(shop: Database, by: CustomerReference) -> None:
    assert await shop.read(partial(customers.find, by=by), program_id=PROGRAM) is None


async def test_another_program_does_not_see_the_customer(shop: Database) -> None:
    for by in (CustomerReference(ANNA.id), CustomerReference("C-1", IdentityKind.CARD)):
        assert await shop.read(partial(customers.find, by=by), program_id=OTHER_PROGRAM) is None
    assert await shop.read(partial(customers.by_ids, customer_ids=[ANNA.id]), program_id=OTHER_PROGRAM) == {}
    assert await shop.read(partial(customers.page), program_id=OTHER_PROGRAM) == ()
    identities = await shop.read(partial(customers.identities_of, customer_ids=[ANNA.id]), program_id=OTHER_PROGRAM)
    assert identities == {ANNA.id: ()}


async def test_identities_are_listed_and_taken(shop: Database) -> None:
    found = await shop.read(partial(customers.identities_of, customer_ids=[ANNA.id, an_id(99)]), program_id=PROGRAM)
    assert {
        owner: [(identity.kind, identity.value) for identity in identities] for owner, identities in found.items()
    } == {
        ANNA.id: [(IdentityKind.CARD, "C-1"), (IdentityKind.PHONE, "+491701234567")],
        an_id(99): [],
    }
    expected = [(IdentityKind.PHONE, "C-1"), (IdentityKind.CARD, "C-1"), (IdentityKind.CARD, "C-2")]
    assert await shop.read(partial(customers.taken_identities, identities=expected), program_id=PROGRAM) == (
        expected[1],
    )
    assert await shop.read(partial(customers.taken_identities, identities=expected), program_id=OTHER_PROGRAM) == ()


async def test_customers_are_read_in_pages(shop: Database) -> None:
    for number in range(5):
        base = 100 + 10 * number
        another = replace(
            ANNA,
            id=an_id(base),
            wallet_id=an_id(base + 1),
            account_id=an_id(base + 2),
            identities=((an_id(base + 3), IdentityKind.CARD, f"N-{number}"),),
        )
        await _write(shop, partial(customers.enrol, customer=another))
    seen: list[str] = []
    while found := await shop.read(
        partial(customers.page, after=seen[-1] if seen else None, limit=4), program_id=PROGRAM
    ):
        seen += [row.id for row in found]

    assert seen == [ANNA.id, *[an_id(100 + 10 * number) for number in range(5)]]


async def test_terms_in_force_are_the_latest_started_version(shop: Database) -> None:
    publish = partial(versions.publish, id=an_id(7), terms=NEXT_TERMS, published_at=NOW)
    await _write(shop, publish)
    begins = NEXT_TERMS.effective_from
    microsecond = timedelta(microseconds=1)

    for at, expected in (
        (TERMS.effective_from - microsecond, None),
        (TERMS.effective_from, TERMS),
        (begins - microsecond, TERMS),
        (begins, NEXT_TERMS),
        (begins.astimezone(BERLIN_WINTER), NEXT_TERMS),
    ):
        assert await shop.read(partial(versions.in_force, at=at), program_id=PROGRAM) == expected
    assert await shop.read(partial(versions.version, number=1), program_id=PROGRAM) == TERMS
    assert await shop.read(partial(versions.version, number=3), program_id=PROGRAM) is None
    assert await _write(shop, partial(versions.latest, lock=True)) == NEXT_TERMS
    assert await shop.read(partial(versions.all_versions), program_id=PROGRAM) == (TERMS, NEXT_TERMS)
    assert await shop.read(partial(versions.in_force, at=NOW), program_id=OTHER_PROGRAM) is None


async def test_rolled_back_terms_are_not_cached(shop: Database) -> None:
    async def change_of_mind(session: Session) -> None:
        await versions.publish(session, id=an_id(7), terms=NEXT_TERMS, published_at=NOW)
        assert await versions.latest(session) == NEXT_TERMS
        raise LookupError

    with pytest.raises(LookupError):
        await _write(shop, change_of_mind)
    assert await shop.read(partial(versions.latest), program_id=PROGRAM) == TERMS


async def test_history_is_read_back_exactly_with_matching_hashes(shop: Database) -> None:
    await _write(shop, _history)
    read = partial(entries.page, account_id=ANNA.account_id)

    newest_first = await shop.read(read, program_id=PROGRAM)
    assert [stored.entry for stored in newest_first] == [
        PAID,
        TAKEN_BACK,
        EARNED_AND_SPENT,
    ]
    assert [stored.hash for stored in newest_first] == [entry_hash(stored.entry) for stored in newest_first]
    oldest_first = await shop.read(partial(read, newest_first=False, limit=2), program_id=PROGRAM)
    assert [stored.entry.number for stored in oldest_first] == [1, 2]
    assert [
        stored.entry.number for stored in await shop.read(partial(read, before=3, limit=1), program_id=PROGRAM)
    ] == [2]
    assert [
        stored.entry.number for stored in await shop.read(partial(read, after=1, before=3), program_id=PROGRAM)
    ] == [2]
    assert await shop.read(partial(entries.page, account_id=ANNA.account_id), program_id=OTHER_PROGRAM) == ()


async def test_the_account_follows_its_entries(shop: Database) -> None:
    await _write(shop, _history)

    anna = await shop.read(partial(customers.find, by=CustomerReference(ANNA.id)), program_id=PROGRAM)
    assert anna is not None
    assert anna.account == AFTER
    found = await shop.read(partial(accounts.by_ids, account_ids=[AFTER.id, an_id(99)]), program_id=PROGRAM)
    assert found == {AFTER.id: AFTER}
    assert await shop.read(partial(accounts.by_ids, account_ids=[AFTER.id]), program_id=OTHER_PROGRAM) == {}
    due = partial(accounts.with_due_changes, limit=9)
    assert await shop.read(partial(due, at=NOW), program_id=PROGRAM) == ()
    assert await shop.read(partial(due, at=NOW + timedelta(days=1)), program_id=PROGRAM) == (AFTER.id,)
    assert await shop.read(partial(accounts.next_due_time), program_id=PROGRAM) == AFTER.next_change_at


async def test_lot_keeps_its_dates_and_remaining_points(shop: Database) -> None:
    async def earn(session: Session) -> None:
        await purchases.add(session, purchase=PURCHASE)
        await entries.append(session, entry=EARNED, own_hash=entry_hash(EARNED))

    async def all_of_them(session: Session) -> tuple[tuple[Lot, ...], ...]:
        return (
            await lots.with_points(session, account_id=ANNA.account_id),
            await lots.of_entries(session, entry_ids=[EARNED.id]),
            await lots.all_lots(session, account_id=ANNA.account_id),
        )

    async def spend(session: Session) -> None:
        await refunds.add(session, refund=REFUND)
        await entries.append(session, entry=TAKEN_BACK, own_hash=entry_hash(TAKEN_BACK))
        await lots.set_lots(session, lots=[LOT._replace(remaining=3, held=2)])

    await _write(shop, earn)
    assert await shop.read(all_of_them, program_id=PROGRAM) == ((LOT,), (LOT,), (LOT,))
    await _write(shop, spend)
    left = LOT._replace(remaining=3, held=2)
    assert await shop.read(all_of_them, program_id=PROGRAM) == ((left,), (left,), (left,))


async def test_entries_are_found_by_their_subject(shop: Database) -> None:
    await _write(shop, _history)
    by_purchase = await shop.read(partial(entries.of_purchase, purchase_id=PURCHASE.id), program_id=PROGRAM)
    (by_refund,) = await shop.read(partial(entries.of_refund, refund_id=REFUND.id), program_id=PROGRAM)
    by_redemption = await shop.read(partial(entries.of_redemption, redemption_id=GIVEN.id), program_id=PROGRAM)
    assert by_purchase is not None
    assert by_redemption is not None
    assert (by_purchase.entry, by_refund.entry, by_redemption.entry) == (EARNED_AND_SPENT, TAKEN_BACK, PAID)
    some = await shop.read(
        partial(entries.entries_by_ids, entry_ids=[PAID.id, EARNED.id, an_id(99)]), program_id=PROGRAM
    )
    assert {entry_id: stored.entry for entry_id, stored in some.items()} == {PAID.id: PAID, EARNED.id: EARNED_AND_SPENT}
    for find in (
        partial(entries.of_purchase, purchase_id=PURCHASE.id),
        partial(entries.of_refund, refund_id=REFUND.id),
        partial(entries.of_redemption, redemption_id=GIVEN.id),
    ):
        assert not await shop.read(partial(find), program_id=OTHER_PROGRAM)


async def test_purchases_refunds_and_redemptions_are_read_back_exactly(shop: Database) -> None:
    await _write(shop, _history)
    at = {"origin": PURCHASE.origin, "numbering": Numbering()}
    receipt = partial(purchases.lookup_receipt, source="till", number="R-1", **at)
    refunded = partial(refunds.by_number, number="C-R-1", **at)

    assert await shop.read(partial(purchases.by_id, purchase_id=PURCHASE.id), program_id=PROGRAM) == PURCHASE
    assert await shop.read(partial(receipt), program_id=PROGRAM) == ((PURCHASE,), False, False, False)
    assert await shop.read(partial(receipt), program_id=OTHER_PROGRAM) == ((), False, False, False)
    assert await shop.read(partial(purchases.by_id, purchase_id=PURCHASE.id), program_id=OTHER_PROGRAM) is None
    several = partial(purchases.by_ids, purchase_ids=[PURCHASE.id, an_id(99)])
    assert await shop.read(partial(several), program_id=PROGRAM) == {PURCHASE.id: PURCHASE}
    assert await shop.read(partial(several), program_id=OTHER_PROGRAM) == {}

    assert await shop.read(partial(refunds.of_purchase, purchase_id=PURCHASE.id), program_id=PROGRAM) == (REFUND,)
    assert await shop.read(partial(refunded), program_id=PROGRAM) == (REFUND,)
    assert await shop.read(partial(refunds.by_ids, refund_ids=[REFUND.id]), program_id=PROGRAM) == {REFUND.id: REFUND}
    assert await shop.read(partial(refunds.of_purchase, purchase_id=PURCHASE.id), program_id=OTHER_PROGRAM) == ()
    assert await shop.read(partial(refunded), program_id=OTHER_PROGRAM) == ()

    by_ids = partial(redemptions.by_ids, redemption_ids=[GIVEN.id])
    assert await shop.read(partial(by_ids), program_id=PROGRAM) == {GIVEN.id: GIVEN}
    assert await shop.read(partial(by_ids), program_id=OTHER_PROGRAM) == {}
    assert await shop.read(partial(redemptions.counts_by_reward), program_id=PROGRAM) == {MUG.id: 1}


async def test_receipt_number_is_unique_and_unnumbered_refunds_may_repeat(shop: Database) -> None:
    await _write(shop, _history)
    without = replace(REFUND, id=an_id(50), external_id=None)
    await _write(shop, partial(refunds.add, refund=without))
    await _write(shop, partial(refunds.add, refund=replace(without, id=an_id(51))))

    with pytest.raises(Exception, match=r"(?i)unique"):
        await _write(shop, partial(refunds.add, refund=replace(REFUND, id=an_id(52))))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await _write(shop, partial(purchases.add, purchase=replace(PURCHASE, id=an_id(53))))
    assert len(await shop.read(partial(refunds.of_purchase, purchase_id=PURCHASE.id), program_id=PROGRAM)) == 3


async def test_customer_profile_is_read_back_as_far_as_requested(shop: Database) -> None:
    vegan, medium = Preference(PreferenceKind.DIET, "vegan"), Preference(PreferenceKind.SIZE, "M")
    find = partial(profiles.of_customers, customer_ids=[ANNA.id, an_id(99)])
    assert await shop.read(find, program_id=PROGRAM) == {ANNA.id: EMPTY_PROFILE, an_id(99): EMPTY_PROFILE}

    change = partial(profiles.update, customer_id=ANNA.id)
    whole = ProfileChange(BirthdayChange(date(1992, 2, 29)), frozenset({"vip", "student"}), frozenset({vegan, medium}))
    await _write(shop, partial(change, change=whole))
    anna = CustomerProfile(date(1992, 2, 29), frozenset({"vip", "student"}), frozenset({vegan, medium}))
    assert await shop.read(find, program_id=PROGRAM) == {ANNA.id: anna, an_id(99): EMPTY_PROFILE}
    for aspect, seen in {
        ProfilePart.BIRTHDAY: CustomerProfile(birthday=anna.birthday),
        ProfilePart.SEGMENTS: CustomerProfile(segments=anna.segments),
        ProfilePart.PREFERENCES: CustomerProfile(preferences=anna.preferences),
    }.items():
        value = partial(profiles.of_customer, customer_id=ANNA.id, aspects={aspect})
        assert await shop.read(value, program_id=PROGRAM) == seen
    foreign = partial(profiles.of_customer, customer_id=ANNA.id)
    assert await shop.read(foreign, program_id=OTHER_PROGRAM) == EMPTY_PROFILE

    await _write(shop, partial(change, change=ProfileChange(segments=frozenset({"vip"}))))
    assert (await shop.read(find, program_id=PROGRAM))[ANNA.id] == replace(anna, segments=frozenset({"vip"})), (
        "what is left out stays"
    )
    await _write(shop, partial(change, change=ProfileChange(BirthdayChange(None), preferences=frozenset())))
    assert (await shop.read(find, program_id=PROGRAM))[ANNA.id] == CustomerProfile(segments=frozenset({"vip"}))


async def test_last_reward_in_stock_is_taken_once(shop: Database) -> None:
    assert await shop.read(partial(rewards.by_id, reward_id=MUG.id), program_id=PROGRAM) == MUG
    assert await shop.read(partial(rewards.by_key, key="advice"), program_id=PROGRAM) == ADVICE
    assert await shop.read(partial(rewards.all_rewards), program_id=PROGRAM) == (MUG, ADVICE)
    assert await shop.read(partial(rewards.by_ids, reward_ids=[MUG.id]), program_id=PROGRAM) == {MUG.id: MUG}
    assert await shop.read(partial(rewards.by_id, reward_id=MUG.id), program_id=OTHER_PROGRAM) is None
    assert await shop.read(partial(rewards.all_rewards), program_id=OTHER_PROGRAM) == ()

    take = partial(rewards.take_from_stock, reward=MUG)
    got = await asyncio.gather(
        *[shop.write(take, program_id=PROGRAM, lock_key=str(customer)) for customer in range(50)]
    )
    assert sorted(got) == [False] * 45 + [True] * 5
    assert (await shop.read(partial(rewards.by_id, reward_id=MUG.id), program_id=PROGRAM)) == replace(MUG, stock=0)
    assert await _write(shop, partial(rewards.take_from_stock, reward=ADVICE)) is True
    assert await _write(shop, partial(rewards.take_from_stock, reward=MUG)) is False


async def test_stored_response_is_returned_unchanged_to_its_program_only(shop: Database) -> None:
    said = {"z": [1, "ü"], "a": None, "text": "\u0000 and 咖啡"}
    keep = partial(idempotency.add, key="k", mutation="earn", fingerprint="f", answer=said, actor=None)
    await _write(shop, partial(keep, recorded_at=NOW))

    find = partial(idempotency.find, key="k")
    stored = StoredResult(key="k", mutation="earn", fingerprint="f", answer=said, actor=None, recorded_at=NOW)
    for found in (
        await _write(shop, partial(find)),
        await shop.read(partial(find), program_id=PROGRAM),
    ):
        assert found == stored
        assert list(found.answer) == ["z", "a", "text"]
    assert not await shop.read(partial(find), program_id=OTHER_PROGRAM)


async def test_two_entries_of_an_account_can_be_written_in_one_transaction(shop: Database) -> None:
    async def exchange(session: Session) -> None:
        await _history(session)
        assert await lots.with_points(session, account_id=ANNA.account_id) == ()

    await _write(shop, exchange)


async def test_entry_with_a_taken_number_rolls_back_its_transaction(shop: Database) -> None:
    await _write(shop, _history)
    twice = replace(PAID, id=an_id(60), movements=())

    with pytest.raises(Exception, match=r"(?i)unique"):
        await _write(shop, partial(entries.append, entry=twice, own_hash="e" * 64))
    anna = await shop.read(partial(customers.find, by=CustomerReference(ANNA.id)), program_id=PROGRAM)
    assert anna is not None
    assert anna.account == AFTER


def test_instants_are_kept_to_the_microsecond_in_utc() -> None:
    assert instant_text(FACTS.occurred_at) == "2026-03-01 09:30:00.000005+00:00"
    assert instant("2026-03-01 09:30:00.000005+00:00") == FACTS.occurred_at
    assert instant("2026-03-01 09:30:00.000005+00:00").tzinfo is UTC
    with pytest.raises(ValueError, match="offset"):
        instant_text(datetime(2026, 3, 1))
