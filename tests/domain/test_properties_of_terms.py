"""Properties of all terms: sentences that distinguish rules, remedies that work, reasons in clauses, honest comparison.

The longest file of `tests/domain`: whole programs are drawn, replayed for several customers and compared. A few hundred
examples find what breaks a kind of rule; rare combinations of rules are the work of `make soak`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.amounts import Money
from app.domain.calendar import Period, birthday_in, local_date, period_start
from app.domain.customers.profile import CustomerProfile, Preference
from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Decision, DecisionOutcome, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.engine.earning import earn
from app.domain.engine.redemption import redeem
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.purchases.eligible import AmountBasis, EligiblePurchase
from app.domain.purchases.facts import Channel, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line
from app.domain.terms.changes import ChangeDirection, clause_changes, implies, overall_direction
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.profile_condition import answers_of
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.tier import Tier
from app.domain.terms.evaluation import counted_items, is_met
from app.domain.terms.rule import Rule
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from tests import strategies as some
from tests.rule_samples import CONDITION_VARIANTS, EFFECT_VARIANTS
from tests.soak_settings import property_settings

CLAUSE = "clause"
OF_ONE_KIND = [
    some.windows,
    some.dates,
    some.locations,
    some.channels,
    some.payments,
    some.selecting,
    some.measuring,
    some.nths,
    some.nth_items,
    some.memberships,
    some.birthdays,
    some.ages,
    some.segments,
    some.preferences,
    some.tiers,
    some.limits,
    some.budgets,
    some.groups,
    some.exceptions,
]


def terms_of(clauses: Sequence[DraftedClause], *, version: int = 1) -> Terms:
    """A version in force since before every purchase."""
    return Terms.from_draft(
        version=version,
        effective_from=some.FIRST,
        currency="GBP",
        zone="Europe/London",
        clauses=clauses,
        allow_unenforced=True,
    )


def eligible(facts: PurchaseFacts) -> EligiblePurchase:
    """The purchase as a condition sees it."""
    return EligiblePurchase.of(facts, basis=AmountBasis(), program_zone=facts.zone)._replace(clause_key=CLAUSE)


@given(first=some.conditions, second=some.conditions, facts=st.lists(some.purchases(), min_size=3, max_size=6))
@property_settings(50)
def test_conditions_with_the_same_sentence_decide_the_same(
    first: Condition, second: Condition, facts: list[PurchaseFacts]
) -> None:
    for locale in Locale:
        phrasebook = phrasebook_in(locale)
        if first.sentence(phrasebook) == second.sentence(phrasebook) or first.requirement(
            phrasebook
        ) == second.requirement(phrasebook):
            for fact in facts:
                assert is_met(first, purchase=eligible(fact)) == is_met(second, purchase=eligible(fact))


@given(data=st.data(), facts=st.lists(some.purchases(), min_size=2, max_size=4))
@property_settings(75)
def test_conditions_that_decide_differently_read_differently_in_every_language(
    data: st.DataObject, facts: list[PurchaseFacts]
) -> None:
    kind = data.draw(st.sampled_from(OF_ONE_KIND)).filter(some.fit)
    condition, other = data.draw(kind), data.draw(kind)
    if any(is_met(condition, purchase=eligible(fact)) != is_met(other, purchase=eligible(fact)) for fact in facts):
        for locale in Locale:
            phrasebook = phrasebook_in(locale)
            assert condition.sentence(phrasebook) != other.sentence(phrasebook)
            assert condition.requirement(phrasebook) != other.requirement(phrasebook)


def with_profile_remedy(facts: PurchaseFacts, remedy: Remedy, *, condition: Condition) -> CustomerProfile:
    """The customer after the remedy was applied to their profile."""
    profile = facts.rule_facts.profile
    assert profile is not None
    if remedy.code is RemedyCode.PROVIDE_BIRTHDAY:
        # Whoever is old enough today has their birthday today.
        years = condition.years if isinstance(condition, AgeAtLeast) else 0
        today = local_date(facts.occurred_at, zone_name=facts.zone)
        return replace(profile, birthday=birthday_in(today.year - years, birthday=today))
    if remedy.code is RemedyCode.ASK_STAFF:
        return replace(profile, segments=frozenset(remedy.choices[:1]))
    assert isinstance(condition, Preferences)
    stated = Preference(condition.preference, remedy.choices[-1].upper())
    return replace(profile, preferences=profile.preferences | {stated})


def with_remedy(facts: PurchaseFacts, remedy: Remedy, *, condition: Condition) -> PurchaseFacts:
    """The purchase after the customer has followed the remedy."""
    # What is given away counts for nothing, so that what helps has a price.
    line = Line(number=len(facts.lines) + 1, sku="anything", quantity=Decimal(1), unit_price=100_000)
    if isinstance(condition, TimesPerPeriod) and remedy.instant is not None:
        return replace(facts, occurred_at=remedy.instant, rule_facts=replace(facts.rule_facts, uses=()))
    if remedy.code in (RemedyCode.COME_AT, RemedyCode.WAIT_FOR_BIRTHDAY):
        assert remedy.instant is not None
        return replace(facts, occurred_at=remedy.instant)
    if remedy.code is RemedyCode.SPEND_MORE:
        assert remedy.amount is not None
        return replace(facts, lines=(*facts.lines, line._replace(unit_price=remedy.amount.minor)))
    if remedy.code is RemedyCode.ADD_QUANTITY:
        assert remedy.quantity is not None
        return replace(facts, lines=(*facts.lines, line._replace(quantity=Decimal(remedy.quantity))))
    if remedy.code is RemedyCode.ADD_PRODUCT:
        choice = remedy.choices[0] if remedy.choices else "anything"
        named = {"sku": choice} if isinstance(condition, Products) else {"categories": (choice,)}
        return replace(facts, lines=(*facts.lines, line._replace(**named)))
    if remedy.code is RemedyCode.USE_LOCATION:
        return replace(facts, location=remedy.choices[0] if remedy.choices else "elsewhere")
    if remedy.code is RemedyCode.USE_CHANNEL:
        return replace(facts, channel=Channel(remedy.choices[0]))
    if remedy.code is RemedyCode.ASK_AT_TILL:
        return replace(facts, self_service=False)
    if remedy.code is RemedyCode.PAY_WITH:
        return replace(facts, payments=(Payment(PaymentKind(remedy.choices[0]), 0),))
    if remedy.code in (RemedyCode.PROVIDE_BIRTHDAY, RemedyCode.ASK_STAFF, RemedyCode.STATE_PREFERENCE):
        return replace(
            facts,
            rule_facts=replace(facts.rule_facts, profile=with_profile_remedy(facts, remedy, condition=condition)),
        )
    if remedy.code is RemedyCode.COLLECT_QUALIFYING:
        assert remedy.points is not None
        return replace(
            facts,
            rule_facts=replace(facts.rule_facts, qualifying_points=facts.rule_facts.qualifying_points + remedy.points),
        )
    assert remedy.code is RemedyCode.COME_AGAIN
    assert remedy.quantity is not None
    return replace(facts, rule_facts=replace(facts.rule_facts, visits=facts.rule_facts.visits + remedy.quantity))


@given(
    condition=some.leaves,
    facts=some.purchases(),
    uses=st.integers(0, 4),
    items=st.integers(0, 20),
    left=st.integers(0, 3),
    excepted=st.booleans(),
)
@property_settings(50)
def test_following_a_remedy_fulfils_its_condition(
    condition: Condition, facts: PurchaseFacts, uses: int, items: int, left: int, excepted: bool
) -> None:
    assume(condition.can_be_excepted or not excepted)
    counted = {"uses": ((CLAUSE, uses),), "items": ((CLAUSE, items),), "common_budgets_left": ((CLAUSE, left),)}
    facts = replace(facts, rule_facts=replace(facts.rule_facts, **counted))
    check = condition.check_except if excepted else condition.check
    finding = check(eligible(facts))
    for remedy in finding.remedies:
        if remedy.code is RemedyCode.NONE:
            continue
        better = with_remedy(facts, remedy, condition=condition)
        again = condition.check_except(eligible(better)) if excepted else condition.check(eligible(better))
        assert again.met, (condition, remedy, again)
    assert finding.met is not bool(finding.remedies), "what fails says what would help, or that nothing does"


@given(clauses=some.drafts(), facts=some.purchases(), available=st.integers(0, 400))
@property_settings(50)
def test_every_decision_cites_clauses_of_its_terms(
    clauses: list[DraftedClause], facts: PurchaseFacts, available: int
) -> None:
    terms = terms_of(clauses)
    clause = terms.clause_of_reward("coffee")
    assert clause is not None
    earned = earn(terms=terms, facts=facts)
    for decision in (earned, redeem(terms=terms, clause=clause, facts=facts, available=available)):
        assert {reason.clause_key for reason in decision.reasons} <= {clause.key for clause in terms.clauses}
        failed = [reason for reason in decision.reasons if reason.verdict is not Verdict.APPLIED]
        assert failed or decision.outcome is DecisionOutcome.GRANTED
        for locale in Locale:
            named = [terms.clause_by_key[reason.clause_key] for reason in decision.reasons]
            assert all(clause.is_printed and clause.statement(phrasebook_in(locale)) for clause in named)
    again = earn(
        terms=Terms.from_data(terms.to_data()), facts=PurchaseFacts.from_data(stored_facts(facts, terms).to_data())
    )
    assert again == earned.without_personal_values()


def stored_facts(facts: PurchaseFacts, terms: Terms) -> PurchaseFacts:
    """The facts as they are stored, with the answers about the customer that the terms require."""
    profile = facts.rule_facts.profile
    assert profile is not None
    answers = answers_of(
        terms.required_facts.profile_conditions, profile=profile, at=facts.occurred_at, zone_name=facts.zone
    )
    return replace(facts, rule_facts=replace(facts.rule_facts, condition_answers=answers))


def with_tier(rule_facts: RuleFacts, *, terms: Terms) -> RuleFacts:
    """The customer at the tier that the terms give for the qualifying points."""
    reached = [clause.effect for clause in terms.clauses if isinstance(clause.effect, Tier)]
    held = max(
        (tier for tier in reached if tier.points <= rule_facts.qualifying_points),
        key=lambda tier: tier.points,
        default=None,
    )
    return replace(rule_facts, tier=None if held is None else held.tier)


def points_by_customer(terms: Terms, population: Sequence[Sequence[PurchaseFacts]]) -> list[int]:
    """The points of each customer when all purchases are made in order of time."""
    histories: list[list[tuple[PurchaseFacts, int, tuple[str, ...]]]] = [[] for _ in population]
    items: list[dict[str, int]] = [{} for _ in population]
    spent: dict[str, int] = {}
    totals = [0] * len(population)
    moments = sorted(
        (facts.occurred_at, who, place)
        for who, customer in enumerate(population)
        for place, facts in enumerate(customer)
    )
    for _, who, place in moments:
        facts = population[who][place]
        rule_facts = facts_before(terms, facts, histories[who], first=population[who][0].rule_facts)
        left = tuple((key, budget.points - spent.get(key, 0)) for key, budget in terms.budgets.items())
        known = replace(rule_facts, items=tuple(items[who].items()), common_budgets_left=left)
        seen = replace(facts, rule_facts=with_tier(known, terms=terms))
        decision = earn(terms=terms, facts=seen)
        histories[who].append((facts, decision.points, decision.applied_clause_keys()))
        for key, count in counted_items(terms, facts=facts):
            items[who][key] = items[who].get(key, 0) + count
        for key, points in decision.budget_usage:
            spent[key] = spent.get(key, 0) + points
            assert spent[key] <= terms.budgets[key].points, "no budget is overspent"
        totals[who] += decision.points
    return totals


def facts_before(
    terms: Terms,
    facts: PurchaseFacts,
    history: Sequence[tuple[PurchaseFacts, int, tuple[str, ...]]],
    *,
    first: RuleFacts,
) -> RuleFacts:
    """What is known of a customer with this history just before a purchase."""
    uses: list[tuple[str, int]] = []
    for key, period in terms.required_facts.limit_periods.items():
        start = period_start(facts.occurred_at, zone_name=facts.zone, period=period)
        times = sum(1 for facts, _, keys in history if key in keys and (start is None or facts.occurred_at >= start))
        uses.append((key, times))
    earned: list[tuple[Period, int]] = []
    for period in terms.required_facts.cap_periods:
        start = period_start(facts.occurred_at, zone_name=facts.zone, period=period)
        earned.append((period, sum(got for facts, got, _ in history if start is None or facts.occurred_at >= start)))
    return RuleFacts(
        first.enrolled_at,
        len(history),
        tuple(sorted(uses)),
        tuple(earned),
        profile=first.profile,
        qualifying_points=first.qualifying_points,
    )


@st.composite
def with_changed_tiers(draw: st.DrawFn, rest: list[DraftedClause]) -> list[DraftedClause]:
    """The same clauses with one tier more, and one at another threshold."""
    rest = [*rest, ("tier-new", (), Tier("new", "New", draw(st.sampled_from([50, 300, 2000]))))]
    place = draw(st.sampled_from([place for place, clause in enumerate(rest) if isinstance(clause[2], Tier)]))
    key, _, tier = rest[place]
    assert isinstance(tier, Tier)
    rest[place] = (key, (), replace(tier, points=draw(st.sampled_from([20, 90, 110, 450, 600, tier.points]))))
    return rest


@st.composite
def other_clauses(draw: st.DrawFn, *, tiered: bool) -> list[DraftedClause]:
    """Further clauses beside those under test, which may interfere with them."""
    mode: DraftedClause = ("mode", (), Combination(draw(st.sampled_from(list(CombinationMode)))))
    rest: list[DraftedClause] = [("earn-1", (), draw(some.earnings)), mode]
    if tiered:
        rest += [(f"tier-{tier.tier}", (), tier) for tier in some.LADDER]
    if draw(st.booleans()):
        rest.append(("yields", (NotCombinedWith(frozenset({"earn-0"})),), draw(some.earnings)))
    if draw(st.booleans()):
        rest.append(("cap", (), draw(some.caps)))
    if draw(st.booleans()):
        rest.append(("shared", (draw(some.budgets),), draw(some.earnings)))
    return rest


@st.composite
def changed_drafts(draw: st.DrawFn) -> tuple[list[DraftedClause], list[DraftedClause]]:
    """A draft, and the same one with a condition added, removed or changed, or with another effect."""
    kind = draw(st.sampled_from(OF_ONE_KIND)).filter(some.fit)
    condition, other = draw(kind), draw(kind)
    effect = draw(some.earnings)
    tiered = isinstance(condition, TierAtLeast)
    rest = draw(other_clauses(tiered=tiered))
    price = draw(some.costs)
    asked, asked_next = ((),) * 2 if isinstance(condition, Budget) else ((condition,), (other,))
    before: list[DraftedClause] = [("earn-0", (condition,), effect), *rest, ("coffee", asked, price)]
    kinds = ["condition", "condition", "fewer", "more", "effect", "cap", "mode", "new", "basis"]
    what = draw(st.sampled_from([*kinds, *(["tier"] * 8 if tiered else [])]))
    earning, reward = before[0], before[-1]
    if what == "condition":
        earning, reward = ("earn-0", (other,), effect), ("coffee", asked_next, price)
    elif what == "fewer":
        earning, reward = ("earn-0", (), effect), ("coffee", (), price)
    elif what == "more":
        more = draw(some.plain.filter(some.fit))
        earning, reward = ("earn-0", (condition, more), effect), ("coffee", (*asked, more), price)
    elif what == "effect":
        same = some.earnings.filter(lambda other: type(other) is type(effect))
        earning, reward = ("earn-0", (condition,), draw(same)), ("coffee", asked, draw(some.costs))
    elif what == "cap":
        rest = [clause for clause in rest if clause[0] != "cap"]
        rest += draw(st.just([]) | some.caps.map(lambda cap: [("cap", (), cap)]))
    elif what == "mode":
        rest[1] = ("mode", (), Combination(draw(st.sampled_from(list(CombinationMode)))))
    elif what == "tier":
        rest = draw(with_changed_tiers(rest))
    elif what == "basis":
        rest.append(("basis", (), CountedAmounts(taxes=draw(st.booleans()), shipping=draw(st.booleans()))))
    else:
        rest.append(("earn-new", (other,), draw(some.earnings)))
    return before, [earning, *rest, reward]


def cash_due(decision: Decision) -> int:
    """The cash that the till collects besides the points."""
    asked = [reason.finding.required for reason in decision.reasons if reason.finding.code is ReasonCode.CASH_DUE]
    return sum(value.minor for value in asked if isinstance(value, Money))


@st.composite
def changed_counting_drafts(draw: st.DrawFn) -> tuple[list[DraftedClause], list[DraftedClause]]:
    """A few small clauses of which one has a budget or counts items, and the same with one change."""

    def shared() -> DraftedClause:
        counts: tuple[Condition, ...] = draw(
            st.one_of(st.tuples(small_budgets), st.tuples(some.nth_items), st.just(()))
        )
        where = draw(st.sampled_from([(), (), (Products(include=frozenset({"tea"})),)]))
        return ("shared", (*counts, *where), draw(small_gifts))

    def others() -> list[DraftedClause]:
        found: list[DraftedClause] = []
        if draw(st.booleans()):
            found.append(("rival", draw(st.tuples(some.selecting.filter(some.fit)) | st.just(())), draw(small_gifts)))
        if draw(st.booleans()):
            found.append(("cap", (), PointsCap(draw(st.integers(1, 20)), CapScope.PURCHASE)))
        if draw(st.booleans()):
            found.append(("basis", (), CountedAmounts(shipping=draw(st.booleans()))))
        return found

    mode: DraftedClause = ("mode", (), Combination(draw(st.sampled_from(list(CombinationMode)))))
    first, rest = shared(), others()
    what = draw(st.sampled_from(["budget", "shared", "rest"]))
    if what == "budget":
        budget = [condition for condition in first[1] if isinstance(condition, Budget)]
        grown = [replace(condition, points=condition.points + draw(st.integers(-2, 10))) for condition in budget]
        kept = [condition for condition in first[1] if not isinstance(condition, Budget)]
        second: DraftedClause = (
            "shared",
            (*[budget for budget in grown if some.fit(budget)], *kept),
            first[2],
        )
        return [first, mode, *rest], [second, mode, *rest]
    return [first, mode, *rest], [
        shared() if what == "shared" else first,
        mode,
        *(others() if what == "rest" else rest),
    ]


small_budgets = st.builds(Budget, points=st.integers(1, 25), mode=st.sampled_from(list(BudgetMode)))
small_gifts: st.SearchStrategy[Effect] = st.one_of(
    st.builds(BonusPoints, points=st.integers(1, 9)),
    st.builds(PointsPerItem, points=st.integers(1, 4)),
    st.builds(PointsPerVisit, points=st.integers(1, 9)),
    st.builds(PointsMultiplier, factor=st.sampled_from([Decimal(2), Decimal(3)])),
)
populations = st.lists(st.lists(some.purchases(), min_size=1, max_size=4), min_size=2, max_size=4)


@given(both=changed_counting_drafts(), population=populations)
@property_settings(38)
def test_better_change_of_counting_clauses_costs_nobody_points(
    both: tuple[list[DraftedClause], list[DraftedClause]], population: list[list[PurchaseFacts]]
) -> None:
    before, after = terms_of(both[0]), terms_of(both[1], version=2)
    change = overall_direction(clause_changes(before, after))
    assume(change is not ChangeDirection.WORSE)
    for then, now in zip(points_by_customer(before, population), points_by_customer(after, population), strict=True):
        assert now >= then, (clause_changes(before, after), then, now)
        assert change is ChangeDirection.BETTER or now == then


@given(
    both=changed_drafts(),
    population=st.lists(st.lists(some.purchases(), min_size=1, max_size=7), min_size=2, max_size=3),
)
@property_settings(50)
def test_better_change_costs_nobody_points(
    both: tuple[list[DraftedClause], list[DraftedClause]], population: list[list[PurchaseFacts]]
) -> None:
    before, after = terms_of(both[0]), terms_of(both[1], version=2)
    change = overall_direction(clause_changes(before, after))
    if change is ChangeDirection.WORSE:
        return
    for then, now in zip(points_by_customer(before, population), points_by_customer(after, population), strict=True):
        assert now >= then, (clause_changes(before, after), then, now)
        assert change is ChangeDirection.BETTER or now == then
    for customer in population:
        for facts in customer:
            old, new = before.clause_of_reward("coffee"), after.clause_of_reward("coffee")
            assert new is not None or old is None
            if old is not None and new is not None:
                then_seen = replace(facts, rule_facts=with_tier(facts.rule_facts, terms=before))
                now_seen = replace(facts, rule_facts=with_tier(facts.rule_facts, terms=after))
                could = redeem(terms=before, clause=old, facts=then_seen, available=200)
                can = redeem(terms=after, clause=new, facts=now_seen, available=200)
                if could.outcome is DecisionOutcome.GRANTED:
                    assert can.outcome is DecisionOutcome.GRANTED
                    assert can.points <= could.points
                    assert cash_due(can) <= cash_due(could)


@given(given_=st.lists(some.conditions, max_size=3), wanted=some.conditions, facts=some.purchases())
@property_settings(50)
def test_implied_conditions_hold(given_: list[Condition], wanted: Condition, facts: PurchaseFacts) -> None:
    if implies(given_, [wanted]) and all(is_met(condition, purchase=eligible(facts)) for condition in given_):
        assert is_met(wanted, purchase=eligible(facts))


def test_every_rule_survives_storage() -> None:
    rules: list[Rule] = [*CONDITION_VARIANTS, *EFFECT_VARIANTS]
    for rule in rules:
        assert type(rule).from_data_of_any_kind(rule.to_data()) == rule
    assert Condition.from_data_of_any_kind({"kind": "dates", "first": "2026-06-01"}).to_data() == {
        "kind": "dates",
        "first": "2026-06-01",
    }
