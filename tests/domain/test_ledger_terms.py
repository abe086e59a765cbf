"""Clauses that only the ledger enforces: expiry, pending points, tiers, undoing, quotes, stamps: their sentences and
comparison, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.amounts import Money
from app.domain.calendar import Period
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import DecisionOutcome, Reason, ReasonCode, RemedyCode, Verdict
from app.domain.engine.redemption import redeem
from app.domain.explanations.explanation import Explanation
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd, last_day_of_validity
from app.domain.terms.changes import ChangeDirection, clause_changes, overall_direction
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AnyOf
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.quote_validity import QuoteValidity
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.validation import DraftedClause, TermsError, UnenforcedClauseError
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests import strategies as some
from tests.builders import a_clause, a_purchase, eligible_purchase, pounds
from tests.soak_settings import property_settings

B, N, W = ChangeDirection.BETTER, ChangeDirection.NEUTRAL, ChangeDirection.WORSE
YEARLY = PointsValidity(12, expires=True)
GOLD: DraftedClause = ("gold", (), Tier("gold", "Gold", 500))
SILVER: DraftedClause = ("silver", (), Tier("silver", "Silver", 100))


def unenforced_terms(*clauses: DraftedClause) -> Terms:
    """Terms that may contain unenforced clauses."""
    return Terms.from_draft(
        version=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        currency="GBP",
        zone="Europe/London",
        clauses=clauses or (a_clause(),),
        allow_unenforced=True,
    )


def compared(before: Terms, after: Terms) -> tuple[ChangeDirection, ChangeDirection]:
    """The classification of a change and of its reversal."""
    return overall_direction(clause_changes(before, after)), overall_direction(clause_changes(after, before))


# Validity


@pytest.mark.parametrize(
    ("since", "months", "days", "until", "last"),
    [
        ("2026-01-31T12:00", 1, None, ValidityEnd.DAY, date(2026, 2, 28)),
        ("2028-01-31T12:00", 1, None, ValidityEnd.DAY, date(2028, 2, 29)),
        ("2026-01-31T12:00", None, 30, ValidityEnd.DAY, date(2026, 3, 2)),
        ("2026-01-31T12:00", 1, None, ValidityEnd.MONTH, date(2026, 2, 28)),
        ("2026-02-01T12:00", 12, None, ValidityEnd.MONTH, date(2027, 2, 28)),
        ("2027-02-01T12:00", 12, None, ValidityEnd.MONTH, date(2028, 2, 29)),
        ("2026-01-01T12:00", None, 1, ValidityEnd.QUARTER, date(2026, 3, 31)),
        ("2026-03-31T12:00", None, 1, ValidityEnd.QUARTER, date(2026, 6, 30)),
        ("2026-08-15T12:00", 1, None, ValidityEnd.QUARTER, date(2026, 9, 30)),
        ("2026-11-30T12:00", None, 31, ValidityEnd.QUARTER, date(2026, 12, 31)),
        ("2026-12-31T12:00", None, 1, ValidityEnd.YEAR, date(2027, 12, 31)),
        ("2026-01-01T12:00", 11, None, ValidityEnd.YEAR, date(2026, 12, 31)),
        ("2026-01-01T12:00", None, None, ValidityEnd.YEAR, None),
        # The local day decides: half past midnight in London in summer.
        ("2026-06-30T23:30", None, 1, ValidityEnd.MONTH, date(2026, 7, 31)),
        ("2026-06-29T23:30", None, 0, ValidityEnd.QUARTER, date(2026, 6, 30)),
    ],
)
def test_points_are_valid_to_the_end_of_a_day_month_quarter_or_year(
    since: str, months: int | None, days: int | None, until: ValidityEnd, last: date | None
) -> None:
    at = datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert last_day_of_validity(since=at, zone_name="Europe/London", months=months, days=days, ends_with=until) == last


@given(validity=some.validities, day=st.dates(date(2023, 1, 1), date(2031, 12, 31)))
def test_validity_lasts_exactly_as_stated(validity: PointsValidity, day: date) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    last = validity.last_day(since=noon, zone_name="Europe/London")
    if last is None:
        assert validity.never_expires
    else:
        assert validity.fewest_days <= (last - day).days <= validity.most_days
        assert validity.until is not ValidityEnd.YEAR or (last.month, last.day) == (12, 31)


def test_stored_terms_without_newer_validity_fields_mean_the_same() -> None:
    stored = PointsValidity.from_data_of_any_kind({"kind": "points_validity", "months": 12})
    assert stored == PointsValidity(12)
    assert PointsValidity.from_data_of_any_kind({"kind": "points_validity"}) == PointsValidity()
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert PointsValidity(12).last_day(since=at, zone_name="Europe/London") == date(2027, 1, 31)


@pytest.mark.parametrize(
    "wrong",
    [
        PointsValidity(12, 30),
        PointsValidity(0),
        PointsValidity(121),
        PointsValidity(days=0),
        PointsValidity(days=3651),
        PointsValidity(expires=True),
        PointsValidity(until=ValidityEnd.YEAR),
        PointsValidity(since=ValidityStart.ACTIVITY),
        PointsValidity(12, notice_from=90),
        PointsValidity(12, notice_by=frozenset({NoticeChannel.INBOX})),
        replace(YEARLY, notice_from=30),
        replace(YEARLY, notice_from=29),
        replace(YEARLY, notice_until=0),
        replace(YEARLY, notice_from=366),
        replace(YEARLY, notice_by=frozenset()),
        PendingPeriod(0),
        PendingPeriod(366),
        ReversalWindow(0),
        ReversalWindow(8761),
        QuoteValidity(0),
        QuoteValidity(10_081),
        Stamps(0),
        Stamps(101),
        Tier("Gold!", "Gold", 500),
        Tier("gold", " ", 500),
        Tier("gold", "G" * 61, 500),
        Tier("gold", "Gold", 0),
        TierPeriod(grace_days=-1),
        TierPeriod(grace_days=401),
        RewardCost("mug", 100, cash=pounds("0.00")),
        RewardCost("mug", 100, cash=Money(200, "EUR")),
    ],
)
def test_invalid_effect_is_rejected_with_its_path(wrong: Effect) -> None:
    with pytest.raises(TermsError) as refused:
        unenforced_terms(SILVER, ("wrong", (), wrong))
    assert refused.value.path == ("clauses", "1", "effect")


def test_short_validity_is_announced_on_the_receipt() -> None:
    short = PointsValidity(days=20, expires=True)
    assert short.validation_error() is None
    assert "you are told on the receipt with which you earn them" in short.sentence(phrasebook_in(Locale.EN))
    assert "receipt on which" not in YEARLY.sentence(phrasebook_in(Locale.EN))
    assert PointsValidity(days=29, expires=True).receipt_is_notice
    assert not PointsValidity(days=30, expires=True).receipt_is_notice, "the day of the earning is 30 days before"


# What is not enforced yet


@pytest.mark.parametrize(
    ("clauses", "path"),
    [
        ((a_clause(), ("n", (), QuoteValidity(24))), ("clauses", "1", "effect")),
    ],
)
def test_unenforced_clause_can_be_read_and_not_published(
    clauses: tuple[DraftedClause, ...], path: tuple[str, ...]
) -> None:
    terms = unenforced_terms(*clauses)
    for locale in Locale:
        assert all(clause.statement(phrasebook_in(locale)) for clause in terms.clauses)
    assert Terms.from_data(terms.to_data()) == terms
    with pytest.raises(UnenforcedClauseError) as refused:
        Terms.from_draft(version=1, effective_from=some.FIRST, currency="GBP", zone="Europe/London", clauses=clauses)
    assert refused.value.path == path


@pytest.mark.parametrize("condition", [TierAtLeast("gold"), AnyOf((TierAtLeast("gold"), FirstPurchase()))])
def test_unenforced_condition_is_rejected_with_its_path(condition: Condition, monkeypatch: pytest.MonkeyPatch) -> None:
    clauses = (a_clause(None, condition), GOLD)
    assert Terms.from_draft(version=1, effective_from=some.FIRST, currency="GBP", zone="Europe/London", clauses=clauses)
    monkeypatch.setattr(TierAtLeast, "is_unenforced", lambda _: True)
    with pytest.raises(UnenforcedClauseError) as refused:
        Terms.from_draft(version=1, effective_from=some.FIRST, currency="GBP", zone="Europe/London", clauses=clauses)
    assert refused.value.path == ("clauses", "0", "conditions", "0")


def test_enforced_clauses_are_not_rejected_with_unenforced_ones() -> None:
    kept = (
        a_clause(None, TierAtLeast("gold")),
        GOLD,
        ("tiers", (), TierPeriod(TierWindow.ROLLING_YEAR, 60)),
        ("v", (), PointsValidity(days=90, until=ValidityEnd.QUARTER, since=ValidityStart.ACTIVITY)),
        ("m", (), RewardCost("mug", 100, cash=pounds("2.00"))),
        ("w", (), PendingPeriod(14)),
        ("u", (), ReversalWindow(24)),
    )
    expiring = (a_clause(), ("n", (), YEARLY))
    assert (
        Terms.from_draft(
            version=1, effective_from=some.FIRST, currency="GBP", zone="Europe/London", clauses=expiring
        ).validity
        == YEARLY
    )
    assert Terms.from_draft(version=1, effective_from=some.FIRST, currency="GBP", zone="Europe/London", clauses=kept)


# Tiers


def test_tiers_add_a_period_clause_unless_there_is_one() -> None:
    assert unenforced_terms(a_clause(), GOLD).policy_effect(TierPeriod) == TierPeriod()
    own = unenforced_terms(a_clause(), GOLD, ("p", (), TierPeriod(TierWindow.SINCE_JOINING)))
    assert own.policy_effect(TierPeriod).period is TierWindow.SINCE_JOINING
    assert TierPeriod not in unenforced_terms(a_clause()).policy_clauses


@pytest.mark.parametrize(
    ("clauses", "path"),
    [
        ((a_clause(), ("p", (), TierPeriod())), ("clauses", "1", "effect")),
        ((GOLD, a_clause(None, TierAtLeast("black"))), ("clauses", "1", "conditions", "0")),
        (
            (GOLD, a_clause(None, AnyOf((TierAtLeast("gold"), TierAtLeast("black"))))),
            ("clauses", "1", "conditions", "0"),
        ),
        ((GOLD, ("again", (), Tier("gold", "Or", 600))), ("clauses", "1", "effect")),
        ((GOLD, ("same", (), Tier("black", "Black", 500))), ("clauses", "1", "effect")),
        ((GOLD, ("name", (), Tier("black", "Gold", 600))), ("clauses", "1", "effect")),
        (
            tuple((f"l-{number}", (), Tier(f"l-{number}", f"L{number}", number)) for number in range(1, 12)),
            ("clauses", "10", "effect"),
        ),
        ((GOLD, ("if", (TierAtLeast("gold"),), Tier("black", "Black", 900))), ("clauses", "1", "conditions")),
    ],
)
def test_tiers_must_differ_and_conditions_must_name_existing_ones(
    clauses: tuple[DraftedClause, ...], path: tuple[str, ...]
) -> None:
    with pytest.raises(TermsError) as refused:
        unenforced_terms(*clauses)
    assert refused.value.path == path


def test_condition_on_a_tier_gets_its_name_wherever_it_is() -> None:
    ask = TierAtLeast("silver")
    terms = unenforced_terms(a_clause(None, ask, AnyOf((ask, TierAtLeast("gold")))), SILVER, GOLD)
    silver, gold = (
        TierAtLeast("silver").with_tier_data(some.LADDER[:2]),
        TierAtLeast("gold").with_tier_data(some.LADDER[:2]),
    )
    assert terms.clause_by_key["spend"].conditions == (silver, AnyOf((silver, gold)))
    assert silver.satisfied_by == {"silver", "gold"}
    assert "“Silver” or above" in terms.clause_by_key["spend"].statement(phrasebook_in(Locale.EN))


@pytest.mark.parametrize(
    ("rule_facts", "missing"),
    [
        (RuleFacts(), 500),
        (RuleFacts(tier="silver", qualifying_points=499), 1),
        (RuleFacts(tier="gold", qualifying_points=500), None),
        (RuleFacts(tier="gold", qualifying_points=20), None),
        (RuleFacts(tier="black", qualifying_points=20), None),
    ],
)
def test_missing_tier_names_the_missing_points(rule_facts: RuleFacts, missing: int | None) -> None:
    finding = TierAtLeast("gold").with_tier_data(some.LADDER).check(eligible_purchase(rule_facts=rule_facts))
    assert finding.met is (missing is None)
    assert [(remedy.code, remedy.points) for remedy in finding.remedies] == (
        [] if missing is None else [(RemedyCode.COLLECT_QUALIFYING, missing)]
    )
    assert finding.met or finding.code is ReasonCode.BELOW_TIER
    for locale in Locale:
        reason = Reason("spend", Verdict.NOT_MET, finding, (0,))
        explained = Explanation(
            (reason,),
            unenforced_terms(a_clause(None, TierAtLeast("gold")), SILVER, GOLD),
            datetime(2026, 3, 4, tzinfo=UTC),
            "Europe/London",
        )
        sentences = [
            explained.remedy(remedy, reason=reason, phrasebook=phrasebook_in(locale)) for remedy in finding.remedies
        ]
        assert all(str(missing) in text for text in sentences)


def test_tier_of_the_customer_is_stored_with_the_purchase() -> None:
    rule_facts = RuleFacts(tier="gold", qualifying_points=700)
    assert RuleFacts.from_data(rule_facts.to_data()) == rule_facts


RISEN = ("gold", (), Tier("gold", "Gold", 600))
CALLED = ("gold", (), Tier("gold", "Or", 500))
FOR_GOLD = a_clause(PointsPerVisit(5), TierAtLeast("gold"), key="for-gold")


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        ((GOLD,), (RISEN,), W, B),
        ((GOLD,), (CALLED,), N, N),
        ((GOLD,), (GOLD, SILVER), B, W),
        ((), (GOLD,), B, W),
        ((GOLD, FOR_GOLD), (RISEN, FOR_GOLD), W, B),
        (
            (GOLD, SILVER, FOR_GOLD),
            (GOLD, SILVER, a_clause(PointsPerVisit(5), TierAtLeast("silver"), key="for-gold")),
            B,
            W,
        ),
        ((GOLD, FOR_GOLD), (GOLD, a_clause(PointsPerVisit(5), key="for-gold")), B, W),
        ((GOLD,), (GOLD, ("p", (), TierPeriod(grace_days=60))), W, W),
        ((GOLD, ("p", (), TierPeriod())), (GOLD, ("p", (), TierPeriod(grace_days=60))), B, W),
        ((GOLD, ("p", (), TierPeriod())), (GOLD, ("p", (), TierPeriod(TierWindow.SINCE_JOINING))), B, W),
        ((GOLD, ("p", (), TierPeriod())), (GOLD, ("p", (), TierPeriod(TierWindow.ROLLING_YEAR))), W, W),
    ],
)
def test_change_of_tiers_is_classified(
    before: tuple[DraftedClause, ...], after: tuple[DraftedClause, ...], forth: ChangeDirection, back: ChangeDirection
) -> None:
    assert compared(unenforced_terms(a_clause(), *before), unenforced_terms(a_clause(), *after)) == (forth, back)


def test_lower_tier_threshold_is_worse_where_its_clause_displaces_another() -> None:
    yields = a_clause(PointsPerVisit(9), NotCombinedWith(frozenset({"for-gold"})), key="yields")
    once = a_clause(PointsPerVisit(5), TierAtLeast("gold"), TimesPerPeriod(1, Period.MONTH), key="for-gold")
    bonus = a_clause(BonusPoints(5), TierAtLeast("gold"), TimesPerPeriod(1, Period.MONTH), key="for-gold")
    for rest in ((FOR_GOLD, yields), (a_clause(), once), (a_clause(), bonus)):
        assert compared(unenforced_terms(RISEN, *rest), unenforced_terms(GOLD, *rest))[0] is W
    assert compared(unenforced_terms(RISEN, a_clause(), FOR_GOLD), unenforced_terms(GOLD, a_clause(), FOR_GOLD))[0] is B


def test_change_of_a_tier_alone_reports_only_the_tier() -> None:
    found = clause_changes(unenforced_terms(a_clause(), GOLD, FOR_GOLD), unenforced_terms(a_clause(), RISEN, FOR_GOLD))
    assert [change.after.key for change in found if change.after] == ["gold"]


# Comparison


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        (YEARLY, PointsValidity(12), B, W),
        (YEARLY, PointsValidity(6), W, W),
        (YEARLY, PointsValidity(), B, W),
        (YEARLY, replace(YEARLY, months=13), B, W),
        (YEARLY, replace(YEARLY, until=ValidityEnd.MONTH), B, W),
        (replace(YEARLY, until=ValidityEnd.QUARTER), replace(YEARLY, until=ValidityEnd.YEAR), B, W),
        (replace(YEARLY, until=ValidityEnd.YEAR), replace(YEARLY, months=13), W, W),
        (replace(YEARLY, since=ValidityStart.EARNING), YEARLY, B, W),
        (YEARLY, replace(YEARLY, since=ValidityStart.ACTIVITY), B, W),
        (YEARLY, replace(YEARLY, notice_until=45), B, W),
        (YEARLY, replace(YEARLY, notice_from=90), W, B),
        (YEARLY, replace(YEARLY, notice_from=90, notice_until=60), W, W),
        (YEARLY, replace(YEARLY, notice_by=frozenset({NoticeChannel.MESSAGE})), B, W),
        (PointsValidity(days=28, expires=True), PointsValidity(1, expires=True), B, W),
        (PointsValidity(days=30, expires=True), PointsValidity(1, expires=True), W, W),
        (PointsValidity(days=31, expires=True), PointsValidity(1, expires=True), W, B),
        # More points have no notice but their receipt.
        (PointsValidity(days=40, expires=True), PointsValidity(days=40, expires=True, notice_until=45), W, W),
        (PendingPeriod(14), PendingPeriod(7), B, W),
        (ReversalWindow(24), ReversalWindow(48), B, W),
        (QuoteValidity(30), QuoteValidity(15), W, B),
        (Stamps(1), Stamps(2), B, W),
        (Stamps(1), Stamps(1, StampOccasion.ITEM), W, W),
        (RewardCost("mug", 100, cash=pounds("2.00")), RewardCost("mug", 100, cash=pounds("1.00")), B, W),
        (RewardCost("mug", 100, cash=pounds("2.00")), RewardCost("mug", 100), B, W),
        (RewardCost("mug", 100, cash=pounds("2.00")), RewardCost("mug", 90, cash=pounds("2.50")), W, W),
        (RewardCost("mug", 100), RewardCost("mug", 10, unit=Unit.STAMPS), W, W),
    ],
)
def test_change_of_an_effect_is_classified(
    before: Effect, after: Effect, forth: ChangeDirection, back: ChangeDirection
) -> None:
    old, new = (
        unenforced_terms(a_clause(key="base"), a_clause(before)),
        unenforced_terms(a_clause(key="base"), a_clause(after)),
    )
    assert compared(old, new) == (forth, back)


def test_added_and_removed_clauses_are_classified() -> None:
    for effect, comes, goes in (
        (PendingPeriod(14), W, B),
        (ReversalWindow(24), B, W),
        (QuoteValidity(30), B, W),
        (Stamps(1), B, W),
        (RewardCost("mug", 100, cash=pounds("2.00")), B, W),
    ):
        assert compared(unenforced_terms(a_clause()), unenforced_terms(a_clause(), ("new", (), effect))) == (
            comes,
            goes,
        )


def test_earlier_activation_is_worse_where_validity_runs_from_it() -> None:
    long, short = ("wait", (), PendingPeriod(14)), ("wait", (), PendingPeriod(7))
    for since, effect in ((ValidityStart.EARNING, B), (ValidityStart.ACTIVATION, W), (ValidityStart.ACTIVITY, W)):
        validity = ("v", (), replace(YEARLY, since=since))
        assert (
            compared(unenforced_terms(a_clause(), validity, long), unenforced_terms(a_clause(), validity, short))[0]
            is effect
        )
        assert (
            compared(unenforced_terms(a_clause(), validity, long), unenforced_terms(a_clause(), validity))[0] is effect
        )
    promised = ("v", (), PointsValidity(12))
    assert compared(unenforced_terms(a_clause(), promised, long), unenforced_terms(a_clause(), promised, short))[0] is B


# Properties


@given(data=st.data(), kind=st.sampled_from(some.OF_THE_LEDGER))
@property_settings(50)
def test_changed_field_changes_the_sentence_in_every_language(
    data: st.DataObject, kind: st.SearchStrategy[Effect]
) -> None:
    first, other = data.draw(kind), data.draw(kind)
    assume(first != other)
    if isinstance(first, Tier) and isinstance(other, Tier):
        # The key of a tier is nothing that members read.
        assume((first.name, first.points) != (other.name, other.points))
    for locale in Locale:
        assert first.sentence(phrasebook_in(locale)) != other.sentence(phrasebook_in(locale))


@given(
    validity=some.validities,
    other=some.validities,
    earned=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    waits=st.integers(0, 40),
    active=st.integers(-5, 50),
    days_before=st.integers(0, 120),
    by=st.sampled_from(list(NoticeChannel)),
)
@property_settings(50)
def test_better_validity_expires_points_no_sooner_and_with_no_less_notice(
    validity: PointsValidity,
    other: PointsValidity,
    earned: date,
    waits: int,
    active: int,
    days_before: int,
    by: NoticeChannel,
) -> None:
    assume(validity.at_least_as_good(other))
    if not validity.expires:
        return
    mine, theirs = (_span(each, earned=earned, waits=waits, active=active) for each in (validity, other))
    assert mine[1] >= theirs[1]
    if mine[1] == theirs[1] and _expire(validity, span=mine, days_before=days_before, by=by):
        assert _expire(other, span=theirs, days_before=days_before, by=by)


def _span(validity: PointsValidity, *, earned: date, waits: int, active: int) -> tuple[date, date]:
    """First and last day of points that are pending for some days, of a customer who was last active some days later."""
    days = {ValidityStart.EARNING: 0, ValidityStart.ACTIVATION: waits, ValidityStart.ACTIVITY: max(waits, active)}
    start = earned + timedelta(days=days[validity.since])
    last = validity.last_day(since=datetime(start.year, start.month, start.day, 12, tzinfo=UTC), zone_name="UTC")
    assert last is not None
    return start, last


def _expire(validity: PointsValidity, *, span: tuple[date, date], days_before: int, by: NoticeChannel) -> bool:
    """Whether the points expire when the only notice besides the receipt was given some days before."""
    if (span[1] - span[0]).days < validity.notice_until:
        return True
    return by in validity.notice_by and validity.notice_until <= days_before <= validity.notice_from


def test_decision_names_the_cash_to_collect() -> None:
    terms = unenforced_terms(a_clause(), ("mug", (), RewardCost("mug", 100, "Mug", cash=pounds("2.00"))))
    clause = terms.clause_by_key["mug"]
    assert clause.statement(phrasebook_in(Locale.EN)) == "You can have “Mug” for 100 points and £2."
    for available, outcome in ((100, DecisionOutcome.GRANTED), (99, DecisionOutcome.REFUSED)):
        decision = redeem(terms=terms, clause=clause, facts=a_purchase(), available=available)
        assert decision.outcome is outcome
        (due,) = [reason for reason in decision.reasons if reason.finding.code is ReasonCode.CASH_DUE]
        assert (due.clause_key, due.finding.required) == ("mug", pounds("2.00"))
        assert (
            Explanation.of(decision, terms=terms).statement(due, phrasebook=phrasebook_in(Locale.EN))
            == "Plus £2 to pay."
        )
    free = unenforced_terms(a_clause(), ("mug", (), RewardCost("mug", 100, "Mug")))
    decision = redeem(terms=free, clause=free.clause_by_key["mug"], facts=a_purchase(), available=100)
    assert [reason.finding.code for reason in decision.reasons] == [ReasonCode.COST_PAID]
