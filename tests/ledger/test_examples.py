"""Examples with dates worked out by hand, and histories in which the engine once differed from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, note

from app.domain.calendar import day_start, local_date
from app.domain.decisions import ReasonCode
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd
from app.domain.purchases.facts import Payment, PaymentKind
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import (
    ExchangeRecorded,
    ExpiryNoticeDelivered,
    HoldPlaced,
    PointsAdjusted,
    PurchaseRecorded,
    RedemptionReversed,
    RefundRecorded,
    RewardRedeemed,
    TransferSent,
)
from app.domain.wallets.history import Event, EventHistory, WalletMerged, business_time_key
from app.domain.wallets.unit_account import UnitAccount
from app.domain.wallets.wallet import Wallet, replay
from tests.builders import a_line, a_lot, a_purchase
from tests.ledger import reference
from tests.ledger.history_strategies import ANN, BOB, HISTORIES, HistoryBuilder, stable_id
from tests.ledger.reference_lots import last_day
from tests.ledger.terms_strategies import LONDON, START, terms_of
from tests.ledger.wallet_summaries import core_summary, differences, reference_summary
from tests.soak_settings import property_settings

FOR_EVER = PointsValidity()
TEN_DAYS = PointsValidity(days=10, expires=True)
YEAR = PointsValidity(months=12, expires=True)


def make_terms(
    validity: PointsValidity = FOR_EVER, *, pending: PendingPeriod | None = None, period: TierPeriod | None = None
) -> Terms:
    """Terms of a point for £10, with tiers at 10 and 25 points where a period is given."""
    drawn = (validity, RefundPolicy(), pending, None, period, (10, 25), True, None)
    return terms_of(1, START - timedelta(days=400), drawn)


def on(day: float) -> datetime:
    """A number of days after the start."""
    return START + timedelta(days=day)


def replayed(events: Sequence[Event], *, until: datetime, by: Terms) -> Wallet:
    """The engine's wallet, checked against the reference."""
    history = EventHistory(ANN, {ANN: on(-1)}, tuple(events))
    wallet = replay(history, versions=(by,), until=until)
    assert (
        differences(
            core_summary(wallet, until), reference_summary(reference.replay_reference(history, (by,), until), until)
        )
        == {}
    )
    return wallet


def purchase(name: str, points: int, *, at: datetime, by: Terms, who: str = ANN) -> PurchaseRecorded:
    """A purchase that earns these points, not counting bonuses."""
    return PurchaseRecorded(stable_id(name), who, name, a_purchase(a_line(price=f"{points * 10}.00"), at=at), by)


def redemption(name: str, points: int, *, at: datetime, by: Terms) -> RewardRedeemed:
    """A redemption."""
    return RewardRedeemed(stable_id(name), ANN, a_purchase(at=at), by, points)


# Dates


@pytest.mark.parametrize(
    ("length", "until", "first", "last"),
    [
        ({"months": 1}, ValidityEnd.DAY, date(2026, 1, 31), date(2026, 2, 28)),
        ({"months": 1}, ValidityEnd.DAY, date(2028, 1, 31), date(2028, 2, 29)),
        ({"days": 30}, ValidityEnd.DAY, date(2026, 1, 31), date(2026, 3, 2)),
        ({"months": 1}, ValidityEnd.MONTH, date(2026, 3, 31), date(2026, 4, 30)),
        ({"days": 1}, ValidityEnd.MONTH, date(2026, 1, 30), date(2026, 1, 31)),
        ({"days": 1}, ValidityEnd.QUARTER, date(2026, 3, 31), date(2026, 6, 30)),
        ({"months": 12}, ValidityEnd.YEAR, date(2026, 1, 1), date(2027, 12, 31)),
    ],
)
def test_reference_computes_last_days_by_the_calendar(
    length: dict[str, int], until: ValidityEnd, first: date, last: date
) -> None:
    assert last_day(PointsValidity(**length, expires=True, until=until), first) == last  # type: ignore[arg-type]  # months or days, by their names


@pytest.mark.parametrize(
    ("told_on", "gone_on"),
    [
        ((), None),
        # 10 January 2027 is the last day: a notice counts from 11 November on, and is in time by 11 December.
        ((date(2026, 11, 10),), None),
        ((date(2026, 11, 11),), date(2027, 1, 11)),
        ((date(2026, 12, 11),), date(2027, 1, 11)),
        ((date(2026, 12, 12),), date(2027, 1, 12)),
        ((date(2027, 3, 1),), date(2027, 4, 1)),
        ((date(2026, 11, 10), date(2027, 3, 1), date(2027, 2, 1)), date(2027, 3, 4)),
    ],
)
def test_points_valid_for_a_year_expire_only_after_a_timely_notice(
    told_on: tuple[date, ...], gone_on: date | None
) -> None:
    by = make_terms(YEAR)
    bought = purchase("a", 5, at=on(0), by=by)
    warned = [
        ExpiryNoticeDelivered(
            stable_id(day),
            datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            frozenset({bought.id}),
            NoticeChannel.INBOX,
        )
        for day in told_on
    ]
    wallet = replayed([bought, *warned], until=on(900), by=by)
    expired = [
        local_date(posting.at, zone_name=LONDON)
        for posting in wallet.point_account.postings
        if posting.key.type == "EXPIRE"
    ]
    assert expired == ([gone_on] if gone_on is not None else [])


def test_receipt_is_the_notice_of_short_lived_points_and_activity_extends_them() -> None:
    by = make_terms(PointsValidity(days=10, expires=True, since=ValidityStart.ACTIVITY))
    first, second = purchase("a", 5, at=on(0), by=by), purchase("b", 5, at=on(9), by=by)
    wallet = replayed([first, second], until=on(40), by=by)
    # 10 January and ten days; then, after the purchase of 19 January, to the end of the 29th.
    assert {posting.at.date() for posting in wallet.point_account.postings if posting.key.type == "EXPIRE"} == {
        date(2026, 1, 30)
    }


@pytest.mark.parametrize(("days", "left"), [(29, 0), (30, 12)])
def test_only_points_that_are_valid_for_less_than_the_time_of_notice_expire_without_one(days: int, left: int) -> None:
    by = make_terms(PointsValidity(days=days, expires=True))
    assert (
        replayed([purchase("a", 5, at=on(0), by=by)], until=on(400), by=by).point_account.inventory.unheld_points()
        == left
    )


def test_points_that_never_expire_are_spent_last_whatever_their_last_day() -> None:
    lasting, mortal = make_terms(PointsValidity(days=10)), make_terms(PointsValidity(days=300, expires=True))
    versions = (lasting, replace(mortal, version=2, effective_from=on(5)))
    events = (purchase("a", 5, at=on(0), by=versions[0]), purchase("b", 5, at=on(6), by=versions[1]))
    history = EventHistory(ANN, {ANN: on(-1)}, (*events, redemption("r", 4, at=on(8), by=versions[1])))
    wallet = replay(history, versions=versions, until=on(9))
    assert (
        differences(
            core_summary(wallet, on(9)), reference_summary(reference.replay_reference(history, versions, on(9)), on(9))
        )
        == {}
    )
    assert [lot.remaining for lot in wallet.point_account.inventory.lots.values()] == [12, 1]


def test_redemption_takes_the_points_that_its_hold_reserved() -> None:
    short = make_terms(PointsValidity(days=60, expires=True, since=ValidityStart.ACTIVITY))
    fixed = replace(make_terms(PointsValidity(days=60, expires=True)), version=2, effective_from=on(5))
    events = (purchase("a", 5, at=on(0), by=short), purchase("b", 5, at=on(6), by=fixed))
    taken = []
    for last in (HoldPlaced(stable_id("h"), on(20), 4, on(30), None, fixed), redemption("h", 4, at=on(20), by=fixed)):
        history = EventHistory(ANN, {ANN: on(-1)}, (*events, last))
        wallet = replay(history, versions=(short, fixed), until=on(21))
        taken.append([lot.points - lot.free for lot in wallet.point_account.inventory.lots.values()])
        told_plainly = reference.replay_reference(history, (short, fixed), on(21))
        assert differences(core_summary(wallet, on(21)), reference_summary(told_plainly, on(21))) == {}
    assert taken[0] == taken[1]


def purchase_paid_by(redeemed: RewardRedeemed, bought: PurchaseRecorded) -> PurchaseRecorded:
    """A purchase of which a redemption paid a penny."""
    payments = (Payment(PaymentKind.POINTS, 1, redeemed.id),)
    return replace(bought, facts=replace(bought.facts, payments=payments))


@pytest.mark.parametrize("name", ["a", "z"])
@pytest.mark.parametrize("reverse", [False, True])
def test_purchase_is_applied_after_the_redemption_that_paid_it_at_the_same_instant(name: str, reverse: bool) -> None:
    by = make_terms(TEN_DAYS)
    spent = redemption("r", 4, at=on(1), by=by)
    paid = purchase_paid_by(spent, purchase(name, 6, at=on(1), by=by))
    facts = [
        purchase("m", 6, at=on(1), by=by),
        paid,
        spent,
        RefundRecorded(stable_id("b"), paid.id, on(1), {1: Decimal(1)}),
    ]
    wallet = replayed(facts[::-1] if reverse else facts, until=on(2), by=by)
    assert consumed_by_lot(wallet) == {
        stable_id("m"): 0,
        paid.id: wallet.point_account.inventory.lots[paid.id].points,
    }, "only what it earned"
    del facts[-1]
    wallet = replayed(facts[::-1] if reverse else facts, until=on(2), by=by)
    assert consumed_by_lot(wallet) == {stable_id("m"): 4, paid.id: 0}


def consumed_by_lot(wallet: Wallet) -> dict[str, int]:
    """How many points of each lot are consumed."""
    return {lot.id: lot.points - lot.remaining for lot in wallet.point_account.inventory.lots.values()}


def test_return_of_exchanged_goods_is_ordered_after_its_exchange_at_the_same_instant() -> None:
    by = make_terms(TEN_DAYS)
    first = purchase("s", 6, at=on(1), by=by)
    new = replace(purchase("n", 6, at=on(1), by=by), facts=replace(first.facts, replaced_price=6000))
    swapped = ExchangeRecorded(stable_id("x"), first.id, on(1), {1: Decimal(1)}, new, "c")
    again = RefundRecorded(stable_id("b"), new.id, on(1), {1: Decimal(1)}, "a")
    other = RefundRecorded(stable_id("o"), stable_id("t"), on(1), {1: Decimal(1)}, "b")
    events = (again, swapped, other, first, purchase("t", 6, at=on(1), by=by))
    in_order = EventHistory(ANN, {ANN: on(-1)}, events).in_business_time_order()
    assert [event.id for event in in_order] == [stable_id(name) for name in ("s", "t", "o", "x", "b")]
    replayed(events, until=on(2), by=by)


def test_activity_before_activation_does_not_shorten_validity() -> None:
    by = make_terms(PointsValidity(days=10, expires=True, since=ValidityStart.ACTIVITY), pending=PendingPeriod(14))
    wallet = replayed([purchase("a", 5, at=on(0), by=by), purchase("b", 5, at=on(5), by=by)], until=on(60), by=by)
    ends = [
        (posting.key.id, posting.at.date()) for posting in wallet.point_account.postings if posting.key.type == "EXPIRE"
    ]
    # Available from 25 and 30 January, for ten days.
    assert ends == [(stable_id("a"), date(2026, 2, 5)), (stable_id("b"), date(2026, 2, 10))]


# What was found


def test_pending_points_repay_debts_when_they_become_available() -> None:
    by = make_terms(pending=PendingPeriod(14))
    events: list[Event] = [redemption("r", 8, at=on(0), by=by), purchase("a", 5, at=on(1), by=by)]
    early = replayed(events, until=on(10), by=by).point_account.inventory
    assert (early.owed, early.unheld_points()) == (8, 12)
    later = replayed(events, until=on(20), by=by).point_account.inventory
    assert (later.owed, later.unheld_points()) == (0, 4)


def test_points_activated_together_pay_debts_in_consumption_order() -> None:
    by = make_terms(pending=PendingPeriod(14))
    events: list[Event] = [
        redemption("r", 3, at=on(0), by=by),
        *(purchase(name, 5, at=on(n / 24), by=by) for n, name in enumerate("abcdef")),
    ]
    lots = replayed(events, until=on(20), by=by).point_account.inventory.lots
    assert [lot.id for lot in lots.values() if lot.remaining < lot.points] == [stable_id("a")]


def test_purchase_refunded_while_its_points_are_pending_repays_no_debt() -> None:
    by = make_terms(pending=PendingPeriod(14))
    bought = purchase("a", 5, at=on(1), by=by)
    refund = RefundRecorded(stable_id("b"), bought.id, on(3), {1: bought.facts.lines[0].quantity})
    wallet = replayed([redemption("r", 8, at=on(0), by=by), bought, refund], until=on(30), by=by)
    assert (wallet.point_account.inventory.owed, wallet.point_account.inventory.unheld_points()) == (8, 0)


def test_released_points_repay_debts() -> None:
    by = make_terms()
    held = HoldPlaced(stable_id("h"), on(1), 10, on(3))
    events: list[Event] = [purchase("a", 5, at=on(0), by=by), held, redemption("r", 8, at=on(2), by=by)]
    assert replayed(events, until=on(2), by=by).point_account.inventory.owed == 6
    wallet = replayed(events, until=on(4), by=by)
    assert (wallet.point_account.inventory.owed, wallet.point_account.inventory.available_points(at=on(4))) == (0, 4)
    assert sum(posting.points for posting in wallet.point_account.postings) == 4


def test_restored_points_repay_debts_in_consumption_order() -> None:
    by = make_terms(PointsValidity(days=60, expires=True))
    events: list[Event] = [purchase("a", 5, at=on(0), by=by), purchase("b", 5, at=on(1), by=by)]
    spent = [redemption("r", 17, at=on(2), by=by), redemption("s", 4, at=on(3), by=by)]
    wallet = replayed([*events, *spent, RedemptionReversed(stable_id("u"), stable_id("r"), on(4))], until=on(5), by=by)
    assert wallet.point_account.inventory.lots[stable_id("a")].remaining == 12 - 4
    assert wallet.point_account.inventory.lots[stable_id("b")].remaining == 5


def test_clawback_takes_points_of_the_purchase_then_pending_ones_then_those_spent_first() -> None:
    by = make_terms(pending=PendingPeriod(14))
    first, second = purchase("a", 5, at=on(0), by=by), purchase("b", 9, at=on(1), by=by)
    events: list[Event] = [first, second, redemption("r", 7, at=on(16), by=by), purchase("c", 4, at=on(17), by=by)]
    refund = RefundRecorded(stable_id("x"), first.id, on(18), {1: first.facts.lines[0].quantity})
    lots = replayed([*events, refund], until=on(18), by=by).point_account.inventory.lots
    # 12 were earned, and 7 of them spent: 5 go from there, and 4 of the lot that waits, 3 from the one that does not.
    assert [lots[stable_id(name)].remaining for name in "abc"] == [0, 6, 0]


def test_transfer_takes_its_recorded_points_and_others_only_if_those_are_gone() -> None:
    by = make_terms()
    events: list[Event] = [purchase("a", 5, at=on(0), by=by), purchase("b", 5, at=on(1), by=by)]
    passed = TransferSent(stable_id("p"), on(2), {stable_id("a"): 1, stable_id("b"): 4})
    lots = replayed([*events, passed], until=on(3), by=by).point_account.inventory.lots
    assert (lots[stable_id("a")].remaining, lots[stable_id("b")].remaining) == (11, 1)


def test_purchase_at_the_instant_of_a_merge_belongs_to_the_survivor() -> None:
    by = make_terms()
    joined = WalletMerged(stable_id("j"), on(1), EventHistory(BOB, {BOB: on(0)}, ()), ANN)
    wallet = replayed([purchase("a", 5, at=on(1), by=by, who=BOB), joined], until=on(2), by=by)
    assert wallet.point_account.inventory.unheld_points() == 12


def test_merge_keeps_the_remaining_days_of_a_tier() -> None:
    by = make_terms(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    bought = purchase("a", 12, at=on(1), by=by, who=BOB)
    refund = RefundRecorded(stable_id("b"), bought.id, on(2), {1: bought.facts.lines[0].quantity})
    joined = WalletMerged(stable_id("j"), on(5), EventHistory(BOB, {BOB: on(0)}, (bought, refund)), ANN)
    assert replayed([joined], until=on(31), by=by).memberships[ANN].tier.key == "silver"
    after = replayed([joined], until=on(33), by=by)
    assert after.memberships[ANN].tier.key is None
    assert [(change.customer_id, change.after) for change in after.tier_changes] == [(ANN, "silver"), (ANN, None)]


def test_each_lost_tier_has_its_own_days_of_grace() -> None:
    by = make_terms(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    first, second = purchase("a", 14, at=on(0), by=by), purchase("b", 12, at=on(1), by=by)
    # 26 points are gold; on day 3 there are 14 (silver), and on day 20 none.
    back = [
        RefundRecorded(stable_id(recorded.id), recorded.id, on(day), {1: recorded.facts.lines[0].quantity})
        for recorded, day in ((second, 3), (first, 20))
    ]
    wallet = replayed([first, second, *back], until=on(90), by=by)
    assert [(change.after, local_date(change.at, zone_name=LONDON)) for change in wallet.tier_changes] == [
        ("silver", date(2026, 1, 10)),
        ("gold", date(2026, 1, 11)),
        ("silver", date(2026, 2, 13)),
        (None, date(2026, 3, 2)),
    ]


@pytest.mark.parametrize(("grace", "falls"), [(0, date(2028, 1, 1)), (1, date(2028, 1, 2)), (30, date(2028, 1, 31))])
def test_tier_lost_at_midnight_is_held_for_exactly_the_days_of_grace(grace: int, falls: date) -> None:
    by = make_terms(period=TierPeriod(TierWindow.CALENDAR_YEAR, grace))
    wallet = replayed([purchase("a", 12, at=on(0), by=by)], until=on(800), by=by)
    assert wallet.tier_changes[-1].after is None
    assert wallet.tier_changes[-1].at == day_start(falls, zone_name=LONDON)


def test_notice_read_after_a_merge_counts_for_the_merged_wallet() -> None:
    by = make_terms(YEAR)
    bought = purchase("a", 5, at=on(0), by=by, who=BOB)
    heard = ExpiryNoticeDelivered(stable_id("w"), on(340), frozenset({bought.id}), NoticeChannel.INBOX)
    other = EventHistory(BOB, {BOB: on(-1)}, (bought, heard))
    events: list[Event] = [WalletMerged(stable_id("j"), on(320), other, ANN), redemption("r", 2, at=on(330), by=by)]
    wallet = replayed(events, until=on(380), by=by)
    assert [(posting.key.type.value, posting.points) for posting in wallet.point_account.postings] == [
        ("MERGE", 12),
        ("REDEEM", -2),
        ("EXPIRE", -10),
    ]
    assert wallet.merged_wallets[0].at == on(320)


def test_later_reversal_does_not_shorten_a_grace_period() -> None:
    wallet = UnitAccount(Unit.POINTS, versions=(make_terms(TEN_DAYS),))
    wallet.open(a_lot("a", earned_at=on(0), promised_last_day=date(2026, 1, 20)), at=on(0))
    wallet.grant_grace({"a"}, until=on(40))
    wallet.grant_grace({"a"}, until=on(20))
    assert wallet.expires_at(wallet.inventory.lots["a"]) == on(40)


def test_hold_is_merged_with_its_wallet_and_ends_there() -> None:
    by = make_terms()
    held = HoldPlaced(stable_id("h"), on(1), 10, on(9))
    other = EventHistory(BOB, {BOB: on(-1)}, (purchase("a", 5, at=on(0), by=by, who=BOB), held))
    joined = WalletMerged(stable_id("j"), on(3), other)
    balances = [replayed([joined], until=on(day), by=by).point_account.inventory.balance(at=on(day)) for day in (4, 10)]
    assert [(balance.available, balance.held) for balance in balances] == [(2, 10), (12, 0)]


@property_settings(75)
@given(builder=HISTORIES)
def test_full_refund_after_partial_ones_claws_back_everything_earned(
    builder: HistoryBuilder,
) -> None:
    note(repr(builder))
    exchanged = {
        event.purchase_id for event, _ in builder.events_of(ExchangeRecorded) if isinstance(event, ExchangeRecorded)
    }
    for bought in [event for event, _ in builder.events_of(PurchaseRecorded) if event.id not in exchanged]:
        left = {number: quantity for number, quantity in builder.remaining_quantities[bought.id].items() if quantity}
        at = max(
            event.at
            for event in (bought, *builder.base.events, *(refund for refund, _ in builder.events_of(RefundRecorded)))
        )
        whole = RefundRecorded(stable_id("whole"), bought.id, at, left, "z")
        who = next(who for event, who in builder.events if event is bought)
        earlier = [event for event in builder.events if business_time_key(event[0]) < business_time_key(whole)]
        wallet = replay(builder.history_of([*earlier, (whole, who)]), versions=builder.versions, until=at)
        sold = wallet.purchases[bought.id]
        taken = [
            wallet.return_outcomes[event.id]
            for event, _ in builder.events_of(RefundRecorded)
            if event.id in wallet.return_outcomes
        ]
        assert sold.clawback_due == sold.decision.points
        assert sold.qualifying_points == 0
        assert all(returned.refund_outcome.clawed_back <= returned.refund_outcome.clawback_due for returned in taken)
        lot = wallet.point_account.inventory.lots.get(wallet.point_account.lot_id_map.get(bought.id, bought.id))
        # Points that were spent or held when goods came back, and were given back later, are the customer's.
        given_back = [event for event, _ in earlier if isinstance(event, HoldPlaced | RedemptionReversed)] or any(
            points for back in wallet.return_outcomes.values() for points in back.restored.values()
        )
        assert lot is None or lot.free == 0 or given_back


def test_adjustment_beyond_the_balance_becomes_a_debt() -> None:
    by = make_terms()
    wallet = replayed(
        [PointsAdjusted(stable_id("a"), on(0), 3, by), PointsAdjusted(stable_id("b"), on(1), -5, by)],
        until=on(2),
        by=by,
    )
    assert wallet.point_account.inventory.owed == 2


def test_tier_is_reevaluated_when_terms_with_other_tiers_start_and_not_before() -> None:
    plain, tiered = make_terms(), make_terms(period=TierPeriod(TierWindow.SINCE_JOINING, 30))
    versions = (
        replace(plain, version=1),
        replace(plain, version=2, effective_from=on(10)),
        replace(tiered, version=3, effective_from=on(40)),
        replace(plain, version=4, effective_from=on(80)),
    )
    bought = purchase("a", 12, at=on(1), by=versions[0])
    wallet = replay(EventHistory(ANN, {ANN: on(0)}, (bought,)), versions=versions, until=on(1))
    assert wallet.next_change() == on(40)
    wallet.advance_to(on(40))
    assert wallet.memberships[ANN].tier.key == "silver"
    assert wallet.next_change() == on(80)
    wallet.advance_to(on(80))
    assert wallet.memberships[ANN].tier.key is None


def test_terms_with_tiers_may_start_at_the_end_of_a_hold() -> None:
    before, tiers = make_terms(), TierPeriod(TierWindow.CALENDAR_YEAR, 30)
    after = terms_of(2, on(20), (FOR_EVER, RefundPolicy(), None, None, tiers, (10, 25), True, None))
    bought = purchase("tea", 12, at=on(1), by=before)
    held = HoldPlaced(stable_id("hold"), on(2), 3, expires_at=on(20))
    history = EventHistory(ANN, {ANN: on(-1)}, (bought, held))
    versions, until = (before, after), on(40)
    wallet = replay(history, versions=versions, until=until)
    assert wallet.memberships[ANN].tier.key == "silver"
    assert wallet.memberships[ANN].tier.since == on(20)
    assert (
        differences(
            core_summary(wallet, until), reference_summary(reference.replay_reference(history, versions, until), until)
        )
        == {}
    )


DIP = (FOR_EVER, RefundPolicy(), None, None, None, (10, 25), False, None, "dip")
"""£130 earn a point for each £10, from £90 on it is one for £40, and below that one for each £10 again."""


def dip_terms(mode: RefundMode = RefundMode.CLAMP_TO_ZERO, validity: PointsValidity = FOR_EVER) -> Terms:
    return terms_of(1, START - timedelta(days=400), (validity, RefundPolicy(mode), *DIP[2:]))


def refund_of_money(name: str, of: str, pounds: int, *, at: datetime) -> RefundRecorded:
    """A refund of money without goods."""
    return RefundRecorded(stable_id(name), stable_id(of), at, {}, name, {1: pounds * 100})


@pytest.mark.parametrize("steps", [(30, 20), (50,), (10, 10, 10, 20)])
def test_clawback_does_not_depend_on_intermediate_refunds(steps: tuple[int, ...]) -> None:
    by = dip_terms()
    events: list[Event] = [purchase("a", 13, at=on(0), by=by)]
    events += [refund_of_money(f"b{number}", "a", pounds, at=on(number + 1)) for number, pounds in enumerate(steps)]
    wallet = replayed(events, until=on(9), by=by)
    assert (
        wallet.point_account.inventory.available_points(at=on(9)),
        wallet.purchases[stable_id("a")].clawback_due,
    ) == (8, 5)


def test_lower_clawback_first_reduces_shortfall_and_debt() -> None:
    for mode, owed in ((RefundMode.CLAMP_TO_ZERO, 0), (RefundMode.ALLOW_NEGATIVE, 6)):
        by = dip_terms(mode)
        spent = RewardRedeemed(stable_id("r"), ANN, a_purchase(at=on(1)), by, 9)
        events: list[Event] = [purchase("a", 13, at=on(0), by=by), spent, refund_of_money("b", "a", 30, at=on(2))]
        wallet = replayed(events, until=on(3), by=by)
        moved = wallet.return_outcomes[stable_id("b")].refund_outcome.movement
        assert (moved.due, moved.taken, moved.owed, moved.shortfall) == (10, 4, owed, 6 - owed)
        wallet = replayed([*events, refund_of_money("c", "a", 20, at=on(4))], until=on(5), by=by)
        moved = wallet.return_outcomes[stable_id("c")].refund_outcome.movement
        # Five points less are due: none of them had been there.
        assert (moved.restored, moved.forgiven) == (0, 5)
        assert wallet.point_account.inventory.owed == (1 if owed else 0)


def test_points_no_longer_due_are_restored_to_their_lots() -> None:
    by = dip_terms()
    events: list[Event] = [
        purchase("a", 13, at=on(0), by=by),
        refund_of_money("b", "a", 30, at=on(2)),
        refund_of_money("c", "a", 20, at=on(4)),
    ]
    wallet = replayed(events, until=on(5), by=by)
    assert wallet.return_outcomes[stable_id("c")].refund_outcome.movement.restored == 5
    decision = wallet.return_outcomes[stable_id("c")].refund_outcome.decision
    assert [reason.finding.code for reason in decision.reasons][:1] == [ReasonCode.POINTS_RESTORED]
    assert (decision.points, wallet.point_account.inventory.lots[stable_id("a")].remaining) == (5, 8)


def test_points_that_expired_unspent_count_as_clawed_back_once() -> None:
    by = make_terms(TEN_DAYS)
    a = purchase("a", 6, at=on(0), by=by)
    events: list[Event] = [a, purchase("b", 9, at=on(195), by=by)]
    expired = ExpiryNoticeDelivered(stable_id("w"), on(1), frozenset({stable_id("a")}), NoticeChannel.INBOX)
    returned = RefundRecorded(stable_id("r"), a.id, on(200), {1: Decimal(1)}, "r")
    wallet = replayed([*events, expired, returned], until=on(201), by=by)
    moved = wallet.return_outcomes[stable_id("r")].refund_outcome.movement
    assert moved.due == wallet.purchases[a.id].decision.points
    assert (moved.expired, moved.taken, moved.shortfall) == (moved.due, 0, 0)
    assert wallet.point_account.inventory.lots[stable_id("b")].remaining > 0, "those of another purchase are left alone"
