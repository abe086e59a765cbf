"""Every figure in the sentences of a decision equals one worked out here from the terms and the purchase."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import Money
from app.domain.calendar import Weekday
from app.domain.decisions import Decision
from app.domain.engine.earning import earn
from app.domain.engine.redemption import redeem
from app.domain.explanations.explanation import Explanation
from app.domain.explanations.summary import summary
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.conditions.groups import ExceptWhen
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from tests import strategies as some
from tests.builders import NOON, a_line, a_purchase, some_terms
from tests.domain.test_properties_of_terms import terms_of
from tests.soak_settings import property_settings

FIGURE = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Rate:
    """Points for every full amount (pence), from a minimum spend on (pence, 0: none)."""

    points: int
    per: int
    least: int

    def gives(self, price: int) -> int | None:
        """The points for a price in pence; None where it is too little for the clause."""
        return None if price < self.least else self.points * (price // self.per)


rates = st.builds(
    Rate, st.integers(1, 40), st.sampled_from([50, 100, 250, 1000]), st.sampled_from([0, 500, 1999, 5000])
)


def pence(amount: int) -> str:
    """An amount as it is written: whole pounds without pence."""
    return f"{amount // 100:,}" if amount % 100 == 0 else f"{amount // 100:,}.{amount % 100:02}"


def figures(sentence: str) -> list[str]:
    """The numbers in a sentence in order, without those in quoted names."""
    return FIGURE.findall(re.sub("“[^”]*”|「[^」]*」", "", sentence))


def figures_by_reason(decision: Decision, *, terms: Terms) -> list[list[str]]:
    """The figures of each reason and of its remedies."""
    explained, phrasebook = Explanation.of(decision, terms=terms), phrasebook_in(Locale.EN)
    found = []
    for reason in decision.reasons:
        ways = [explained.remedy(remedy, reason=reason, phrasebook=phrasebook) for remedy in reason.finding.remedies]
        found.append(figures(" ".join([explained.statement(reason, phrasebook=phrasebook), *ways])))
    return found


def assert_alike_in_all_languages(decision: Decision, *, terms: Terms) -> None:
    """The figures are the same in every language, in any order."""
    explained = Explanation.of(decision, terms=terms)
    for reason in decision.reasons:
        english = Counter(figures(explained.statement(reason, phrasebook=phrasebook_in(Locale.EN))))
        for locale in (Locale.ZH_HANS, Locale.ZH_HANT):
            assert Counter(figures(explained.statement(reason, phrasebook=phrasebook_in(locale)))) == english
        german = explained.statement(reason, phrasebook=phrasebook_in(Locale.DE))
        turned = [value.replace(".", "").replace(",", ".") for value in re.findall(r"[0-9][0-9.]*(?:,[0-9]+)?", german)]
        assert Counter(value.rstrip(".") for value in turned) == Counter(
            element.replace(",", "") for element in english.elements()
        )


@given(
    clauses=st.lists(rates, min_size=1, max_size=4),
    price=st.integers(1, 20_000),
    cap=st.none() | st.integers(1, 300),
    mode=st.sampled_from([CombinationMode.BEST, CombinationMode.FIRST]),
)
def test_figures_of_a_purchase_are_those_of_its_clauses(
    clauses: list[Rate], price: int, cap: int | None, mode: CombinationMode
) -> None:
    drafted = [
        (
            f"k{place}",
            (MinimumSpend(Money(rate.least, "GBP")),) if rate.least else (),
            PointsPerFullAmount(rate.points, Money(rate.per, "GBP")),
        )
        for place, rate in enumerate(clauses)
    ]
    limits = [("cap", (), PointsCap(cap, CapScope.PURCHASE))] if cap is not None else []
    terms = some_terms(*drafted, *limits, ("mode", (), Combination(mode)))
    decision = earn(terms=terms, facts=a_purchase(a_line(price=f"{price / 100:.2f}")))

    fitting = [(place, gives) for place, rate in enumerate(clauses) if (gives := rate.gives(price)) is not None]
    winner = None
    if fitting:
        winner = fitting[0] if mode is CombinationMode.FIRST else max(fitting, key=lambda value: (value[1], -value[0]))
    expected: list[list[str]] = []
    for place, rate in enumerate(clauses):
        gives, number = rate.gives(price), str(place + 1)
        if rate.least and gives is None:
            expected.append([pence(price), pence(rate.least), pence(rate.least - price)])
            continue
        if rate.least:
            expected.append([pence(rate.least)])
        if gives == 0:
            expected.append([number])
        elif winner is not None and winner[0] == place:
            expected.append([f"{gives:,}", number])
        else:
            assert winner is not None
            instead = [str(winner[0] + 1)] + ([f"{winner[1]:,}"] if mode is CombinationMode.BEST else [])
            expected.append([number, f"{gives:,}", *instead])
    total = winner[1] if winner is not None else 0
    if cap is not None and total > cap:
        expected.append([f"{cap:,}", f"{total:,}"])
    assert figures_by_reason(decision, terms=terms) == expected
    assert_alike_in_all_languages(decision, terms=terms)

    sentences = summary(decision, terms=terms, phrasebook=phrasebook_in(Locale.EN))
    assert 1 <= len(sentences) <= 3
    earned = total if cap is None else min(total, cap)
    if earned:
        assert figures(sentences[0]) == [f"{earned:,}"]
        assert [figures(text) for text in sentences[1:]] == ([[f"{cap:,}", f"{total:,}"]] if earned < total else [])
    else:
        assert len(sentences) == 1


@given(
    cost=st.integers(1, 3_000),
    available=st.integers(0, 3_000),
    owed=st.integers(0, 50),
    days=st.frozensets(st.sampled_from(list(Weekday)), min_size=1, max_size=6),
    hours=st.tuples(st.integers(0, 22), st.integers(1, 23)).filter(lambda found: found[0] < found[1]),
    later=st.integers(0, 14 * 48),
)
def test_figures_of_a_reward_are_price_missing_points_and_date(
    cost: int, available: int, owed: int, days: frozenset[Weekday], hours: tuple[int, int], later: int
) -> None:
    at = NOON + later * timedelta(minutes=30)
    window = WeekdaysAndHours(days, time(hours[0]), time(hours[1]))
    terms = some_terms(
        ("spend", (), PointsPerFullAmount(1, Money(100, "GBP"))),
        ("mug", (ExceptWhen((window,)),), RewardCost("mug", cost, "Mug no. 7")),
    )
    decision = redeem(
        terms=terms, clause=terms.clause_by_key["mug"], facts=a_purchase(at=at), available=available, owed=owed
    )
    explained, phrasebook = Explanation.of(decision, terms=terms), phrasebook_in(Locale.EN)
    closed, price = decision.reasons
    inside = within(at, days=days, hours=hours)
    assert closed.finding.met is not inside
    if inside:
        (remedy,) = closed.finding.remedies
        opens = at
        while within(opens, days=days, hours=hours):
            opens += timedelta(minutes=30)
        clock = opens.astimezone(LONDON)
        hour = [] if clock.time() == time(0) else [f"{clock.hour}:{clock.minute:02}"]
        sentence = explained.remedy(remedy, reason=closed, phrasebook=phrasebook)
        assert re.findall("[0-9]+:[0-9]{2}", sentence) == hour
        same_day = clock.date() == at.astimezone(LONDON).date()
        assert ("today" in sentence, "tomorrow" in sentence) == (same_day, not same_day)
        assert sentence.startswith("You can have it" if price.finding.met else "Available")
    missing = owed + max(cost - available, 0) if owed else max(cost - available, 0)
    figure = explained.statement(price, phrasebook=phrasebook)
    if owed:
        assert figures(figure) == [f"{owed:,}", f"{owed + cost:,}"]
    else:
        assert figures(figure) == [f"{cost:,}", f"{available:,}"]
    ways = [explained.remedy(remedy, reason=price, phrasebook=phrasebook) for remedy in price.finding.remedies]
    assert [figures(way) for way in ways] == ([[f"{missing:,}"]] if missing else [])
    short = summary(decision, terms=terms, phrasebook=phrasebook)
    assert 1 <= len(short) <= 3
    if not inside and not missing:
        assert short == (f"“Mug no. 7” for {cost:,} point{'s' if cost != 1 else ''}.",)


def within(at: datetime, *, days: frozenset[Weekday], hours: tuple[int, int]) -> bool:
    """Whether a moment lies in the window, by the clock in London."""
    clock = at.astimezone(LONDON)
    return list(Weekday)[clock.weekday()] in days and time(hours[0]) <= clock.time() < time(hours[1])


@given(clauses=some.drafts(), facts=some.purchases(), available=st.integers(0, 400), held=st.integers(0, 3))
@property_settings(50)
def test_every_decision_is_explained_in_every_language(
    clauses: list[DraftedClause], facts: PurchaseFacts, available: int, held: int
) -> None:
    terms = terms_of(clauses)
    clause = terms.clause_of_reward("coffee")
    assert clause is not None
    rule_facts = replace(facts.rule_facts, total_uses=tuple((clause.key, held) for clause in terms.clauses))
    facts = replace(facts, rule_facts=rule_facts)
    for decision in (
        earn(terms=terms, facts=facts),
        redeem(terms=terms, clause=clause, facts=facts, available=available),
    ):
        explained = Explanation.of(decision, terms=terms)
        for locale in Locale:
            phrasebook = phrasebook_in(locale)
            assert 1 <= len(summary(decision, terms=terms, phrasebook=phrasebook)) <= 3
            for reason in decision.reasons:
                assert explained.statement(reason, phrasebook=phrasebook)
                assert all(
                    explained.remedy(remedy, reason=reason, phrasebook=phrasebook) for remedy in reason.finding.remedies
                )
