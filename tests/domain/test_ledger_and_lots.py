"""Lots are spent in order; an entry's hash covers all its fields; identities have one normal form."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import AmountError, Money, Rounding, allocate_proportionally, rounded
from app.domain.customers.identities import IdentityError, IdentityKind, masked_identity, normalised_identity
from app.domain.ledger.entries import FIRST_HASH, Entry, EntryType, Movement, entry_hash
from app.domain.ledger.lots import Draw, LotsError, draw_points, last_day_of_validity
from tests.builders import NOON, a_lot


def test_lots_are_spent_by_their_last_day_then_by_age_then_by_id() -> None:
    lots = [
        a_lot("never", points=5),
        a_lot("late", points=5, promised_last_day=date(2027, 1, 1)),
        a_lot("young", points=5, promised_last_day=date(2026, 6, 1), earned_at=NOON + timedelta(1)),
        a_lot("b", points=5, promised_last_day=date(2026, 6, 1)),
        a_lot("a", points=5, promised_last_day=date(2026, 6, 1)),
    ]
    assert [draw.lot_id for draw in draw_points(lots, points=25)] == ["a", "b", "young", "late", "never"]
    assert draw_points(lots, points=7) == (Draw("a", 5), Draw("b", 2))
    assert draw_points(lots, points=7, preferred_lots={"never"}) == (Draw("never", 5), Draw("a", 2))
    assert draw_points(lots, points=0) == ()


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 400))
def test_draws_add_up_and_never_exceed_a_lot(remaining: list[int], points: int) -> None:
    lots = [a_lot(str(index), points=50, remaining=left) for index, left in enumerate(remaining)]
    if points > sum(remaining):
        with pytest.raises(LotsError):
            draw_points(lots, points=points)
        return
    draws = draw_points(lots, points=points)
    assert sum(draw.points for draw in draws) == points
    assert all(0 < draw.points <= remaining[int(draw.lot_id)] for draw in draws)
    assert len({draw.lot_id for draw in draws}) == len(draws)


@pytest.mark.parametrize(
    ("earned", "months", "last"),
    [
        ("2026-01-31T12:00:00+00:00", 1, date(2026, 2, 28)),
        ("2024-01-31T12:00:00+00:00", 1, date(2024, 2, 29)),
        ("2026-06-30T23:30:00+00:00", 12, date(2027, 7, 1)),
        ("2026-06-30T23:30:00+00:00", None, None),
    ],
)
def test_last_valid_day_is_counted_in_local_months(earned: str, months: int | None, last: date | None) -> None:
    at = datetime.fromisoformat(earned)
    assert last_day_of_validity(since=at, zone_name="Europe/London", months=months) == last


ENTRY = Entry(
    id="e",
    account_id="a",
    number=7,
    type=EntryType.EARN,
    subject="p",
    points=5,
    owed_change=0,
    unit="points",
    occurred_at=NOON,
    recorded_at=NOON,
    purchase_id="p",
    refund_id=None,
    redemption_id=None,
    decision="{}",
    movements=(Movement("m", "l", 5),),
    new_lots=(a_lot("l", points=5),),
    previous_hash=FIRST_HASH,
)


def changed(name: str) -> Entry:
    """The entry with one field different."""
    value = getattr(ENTRY, name)
    if name == "type":
        return replace(ENTRY, type=EntryType.CLAWBACK)
    if isinstance(value, datetime):
        return replace(ENTRY, **{name: value + timedelta(microseconds=1)})
    if isinstance(value, int):
        return replace(ENTRY, **{name: value + 1})
    if name == "movements":
        return replace(ENTRY, movements=(Movement("m", "l", 6),))
    if name == "new_lots":
        return replace(ENTRY, new_lots=(a_lot("l", points=5, promised_last_day=date(2027, 1, 1)),))
    return replace(ENTRY, **{name: f"{value or ''}x"})


@pytest.mark.parametrize("name", [field.name for field in fields(Entry)])
def test_changing_any_field_of_an_entry_changes_its_hash(name: str) -> None:
    assert entry_hash(changed(name)) != entry_hash(ENTRY)


def test_entry_hash_does_not_depend_on_the_zone_of_an_instant() -> None:
    from zoneinfo import ZoneInfo

    assert entry_hash(replace(ENTRY, occurred_at=NOON.astimezone(ZoneInfo("Asia/Taipei")))) == entry_hash(ENTRY)
    assert len(entry_hash(ENTRY)) == 64
    assert NOON.tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (IdentityKind.CARD, " 1234-5678 abc ", "12345678ABC"),
        (IdentityKind.PHONE, "020 7946 0018", "+442079460018"),
        (IdentityKind.PHONE, "+49 30 901820", "+4930901820"),
        (IdentityKind.EMAIL, " Ann@Example.ORG ", "ann@example.org"),
        (IdentityKind.TOKEN, "aB3", "aB3"),
        (IdentityKind.EXTERNAL_ID, "17850", "17850"),
    ],
)
def test_identity_has_one_normal_form(kind: IdentityKind, text: str, value: str) -> None:
    assert normalised_identity(kind, text, region="GB") == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (IdentityKind.CARD, "?"),
        (IdentityKind.CARD, "1" * 65),
        (IdentityKind.PHONE, "12"),
        (IdentityKind.PHONE, "not a number"),
        (IdentityKind.EMAIL, "ann"),
        (IdentityKind.EMAIL, "a@b"),
        (IdentityKind.TOKEN, ""),
        (IdentityKind.TOKEN, "a b"),
        (IdentityKind.EXTERNAL_ID, "x" * 201),
    ],
)
def test_invalid_identity_is_rejected_without_repeating_it(kind: IdentityKind, text: str) -> None:
    with pytest.raises(IdentityError) as refused:
        normalised_identity(kind, text, region="GB")
    assert not text or text not in str(refused.value)


def test_masked_identity_cannot_be_copied() -> None:
    assert masked_identity(IdentityKind.CARD, "12345678") == "•••5678"
    assert masked_identity(IdentityKind.CARD, "1234") == "•••"
    assert masked_identity(IdentityKind.EMAIL, "ann@example.org") == "a•••@example.org"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.50", "GBP", 1250),
        ("12.5", "GBP", 1250),
        ("1250", "JPY", 1250),
        ("1.250", "KWD", 1250),
        ("-0.01", "EUR", -1),
    ],
)
def test_money_is_whole_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.of(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1.001", "GBP"), ("0.5", "JPY"), ("1e400", "GBP"), ("NaN", "GBP"), ("1", "XXX"), ("99999999999999999", "GBP")],
)
def test_invalid_money_is_rejected(text: str, currency: str) -> None:
    with pytest.raises(AmountError):
        Money.of(text, currency)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**4), min_size=1, max_size=8))
def test_shares_add_up_and_are_within_one_of_their_exact_value(total: int, weights: list[int]) -> None:
    shares = allocate_proportionally(total, weights=weights)
    assert sum(shares) == total
    whole = sum(weights)
    if whole:
        assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, weights, strict=True))


def test_halves_are_rounded_by_mode() -> None:
    from fractions import Fraction

    halves = [Fraction(-5, 2), Fraction(-3, 2), Fraction(3, 2), Fraction(5, 2)]
    assert [rounded(halve, mode=Rounding.HALF_UP) for halve in halves] == [-3, -2, 2, 3]
    assert [rounded(halve, mode=Rounding.FLOOR) for halve in halves] == [-3, -2, 1, 2]
    assert [rounded(halve, mode=Rounding.HALF_EVEN) for halve in halves] == [-2, -2, 2, 2]
