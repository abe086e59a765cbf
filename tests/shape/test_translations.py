"""Translations: every rule and code has a sentence in every language, with the same placeholders, and changed rules read
differently."""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest

from app.domain.customers.profile import PreferenceKind
from app.domain.decisions import Finding, Reason, ReasonCode, RemedyCode, Verdict
from app.domain.explanations.explanation import SELF_EXPLANATORY_CODES, Explanation
from app.domain.explanations.instants_in_words import from_when
from app.domain.i18n import CATALOGUES, Phrasebook, phrasebook_in
from app.domain.i18n.locales import Locale, locale_for
from app.domain.i18n.values import value_in_words
from app.domain.json_values import FindingValue
from app.domain.ledger.entries import CauseKind
from app.domain.problems import ProblemCode
from app.domain.terms.clause import Clause
from app.domain.terms.conditions import CONDITIONS
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import AnyOf, ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.products import Products
from app.domain.terms.effects import EFFECTS, STANDARD_CLAUSES
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.tier import Tier
from app.domain.terms.templates import TEMPLATES
from app.domain.terms.text import TextFormat, render
from app.domain.terms.validation import DraftedClause, TermsError, validate
from tests.builders import pounds, some_terms
from tests.ledger_findings import NOON, OF_THE_LEDGER
from tests.rule_samples import COMBINATIONS, CONDITION_VARIANTS, EFFECT_VARIANTS, HAPPY_HOUR

GOLDEN = Path(__file__).parents[1] / "domain" / "golden"
LONDON = "Europe/London"
LEVELS = (Tier("silver", "Silver", 100), Tier("gold", "Gold", 500))
QUOTES = set("“”„‟«»‹›「」『』")
JOINED = [
    *("a and b", "a or b", "a, b", "a und b", "a oder b", "a和b", "a、b", "a或b", "a，b", "a & b", "a\u200db"),
    *('a" and "b', "a' and 'b", "a’, ‘b"),
]
"""One name each, which could be taken for the two names a and b."""


def placeholders(message: object) -> set[str]:
    """The names in braces, of all plural forms together."""
    return {name for text in texts(message) for _, name, _, _ in string.Formatter().parse(text) if name}


def texts(message: object) -> list[str]:
    """Every form of a message: of each number, and of each form of address."""
    if isinstance(message, Mapping):
        return [text for form in message.values() for text in texts(form)]
    return [str(message)]


def test_every_language_has_the_same_sentences_with_the_same_placeholders() -> None:
    english = CATALOGUES[Locale.EN]
    for locale, catalogue in CATALOGUES.items():
        assert set(catalogue) == set(english), locale
        for key, message in catalogue.items():
            assert placeholders(message) == placeholders(english[key]), (locale, key)
            forms = message.values() if isinstance(message, Mapping) and "formal" in message else [message]
            assert all(placeholders(form) == placeholders(message) for form in forms), (locale, key)


def test_every_code_has_a_translation() -> None:
    english = CATALOGUES[Locale.EN]
    said_by_the_condition = SELF_EXPLANATORY_CODES | {ReasonCode.CONDITION_MET, ReasonCode.EXCEPTION_APPLIES}
    several = {key.rpartition(".")[0] for key in english}
    asked = [f"reason.{code.value}" for code in ReasonCode if code not in said_by_the_condition]
    asked += [f"remedy.{code.value}" for code in RemedyCode]
    expected = [key for key in asked if key not in several]
    expected += [f"error.{code.value}" for code in ProblemCode]
    expected += [f"correction.{kind.value}" for kind in CauseKind]
    assert [key for key in expected if key not in english] == []


def test_traditional_chinese_is_written_in_traditional_characters() -> None:
    foreign = set()
    for key, message in CATALOGUES[Locale.ZH_HANT].items():
        for text in texts(message):
            # The encoding of Taiwan holds what is written there, and hardly a simplified character.
            if text.encode("cp950", "ignore").decode("cp950") != text:
                foreign.add(key)
    assert foreign == set()


def test_every_kind_of_rule_has_samples() -> None:
    assert {condition.kind for condition in CONDITION_VARIANTS} == {value.kind for value in CONDITIONS}
    assert {effect.kind for effect in EFFECT_VARIANTS} == {value.kind for value in EFFECTS}
    assert {type(effect) for _, effect in STANDARD_CLAUSES} <= {type(effect) for effect in EFFECT_VARIANTS}


@pytest.mark.parametrize("locale", Locale)
def test_rules_that_differ_read_differently(locale: Locale) -> None:
    phrasebook = phrasebook_in(locale)
    for variants in (CONDITION_VARIANTS, EFFECT_VARIANTS):
        said: dict[str, object] = {}
        for variant in variants:
            sentence = variant.sentence(phrasebook)
            assert sentence not in said, (sentence, variant, said[sentence])
            said[sentence] = variant


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("kind", [Products, Categories])
@pytest.mark.parametrize("joined", JOINED)
def test_name_with_a_joining_word_reads_differently_from_two_names(
    joined: str, kind: type[Products | Categories], locale: Locale
) -> None:
    phrasebook = phrasebook_in(locale)
    for side in ("include", "exclude"):
        first, two = kind(**{side: frozenset({joined})}), kind(**{side: frozenset({"a", "b"})})
        assert checked_alone(first)
        assert {first.sentence(phrasebook), first.requirement(phrasebook)}.isdisjoint(
            {two.sentence(phrasebook), two.requirement(phrasebook)}
        )
    tastes = [Preferences(PreferenceKind.DIET, frozenset(names)) for names in ({joined}, {"a", "b"})]
    assert len({taste.sentence(phrasebook) for taste in tastes}) == 2
    places = (Locations(frozenset({"a"}), (joined,)), Locations(frozenset({"a", "b"}), ("a", "b")))
    for said in (Condition.sentence, Condition.requirement, Condition.exception):
        assert len({getattr(place, said.__name__)(phrasebook) for place in places}) == 2


def test_quotation_marks_of_sentences_are_rejected_in_names() -> None:
    marks = {mark for catalogue in CATALOGUES.values() for text in catalogue.values() for mark in str(text)} & QUOTES
    assert marks == set("“”„「」")
    for mark in QUOTES:
        assert not checked_alone(Products(include=frozenset({f"a{mark} b"})))
        assert not checked_alone(AnyOf((Categories(include=frozenset({"a"})), Categories(include=frozenset({mark})))))


@pytest.mark.parametrize("locale", [Locale.ZH_HANS, Locale.ZH_HANT])
def test_chinese_text_spaces_times_and_keeps_names(locale: Locale) -> None:
    phrasebook = phrasebook_in(locale)
    late = ExceptWhen((HAPPY_HOUR, Locations(frozenset({"late"}), ("19:00门店",))))
    for said in (late.sentence(phrasebook), AnyOf((HAPPY_HOUR, late)).sentence(phrasebook)):
        assert "17:00 至 19:00 " in said
        assert "19:00门店" in said


LEVEL = some_terms(("k", (), Tier("gold", "Gold", 1500)))
"""Terms in which the clause of every finding is that of a tier."""


def worded(finding: Finding, *, phrasebook: Phrasebook) -> str:
    """The finding and its remedies, in London time."""
    reason = Reason("k", Verdict.APPLIED if finding.met else Verdict.NOT_MET, finding)
    explained = Explanation((reason,), LEVEL, NOON, LONDON)
    ways = [explained.remedy(remedy, reason=reason, phrasebook=phrasebook) for remedy in finding.remedies]
    return phrasebook.text([explained.statement(reason, phrasebook=phrasebook), *ways])


def in_words(value: FindingValue, kind: str | None, *, phrasebook: Phrasebook) -> str | None:
    """A value worded by its kind."""
    match value, kind:
        case int(), "points":
            return phrasebook.points(value)
        case int(), "number":
            return phrasebook.number(value)
        case datetime(), "instant":
            return phrasebook.instant_with_weekday(value, zone=LONDON)
        case datetime(), "from":
            return from_when(value, at=NOON, zone_name=LONDON, phrasebook=phrasebook)
        case date(), "day":
            return phrasebook.date(value)
    assert (value, kind) == (None, None)
    return None


@pytest.mark.parametrize("locale", Locale)
def test_ledger_findings_name_their_values_and_read_differently(locale: Locale) -> None:
    phrasebook = phrasebook_in(locale)
    for finding, seen, asked in OF_THE_LEDGER:
        values = (
            in_words(finding.observed, seen, phrasebook=phrasebook),
            in_words(finding.required, asked, phrasebook=phrasebook),
        )
        shown = (values[0], phrasebook.instant_with_weekday(NOON, zone=LONDON) if asked == "from" else values[1])
        figures = (finding.observed, finding.required)
        assert (
            tuple(value_in_words(figure, code=finding.code, zone=LONDON, phrasebook=phrasebook) for figure in figures)
            == shown
        )
        assert all(value in worded(finding, phrasebook=phrasebook) for value in values if value is not None), finding
    bare = {str(CATALOGUES[locale][f"reason.{finding.code.value}"]) for finding, _, _ in OF_THE_LEDGER}
    assert len(bare) == len(OF_THE_LEDGER)


def checked_alone(condition: Condition) -> bool:
    """Whether terms accept the condition."""
    return is_accepted(("k", (condition,), PointsPerVisit(1)))


def is_accepted(clause: DraftedClause) -> bool:
    """Whether terms accept the clause, beside clauses that it may name."""
    tiers = [(tier.tier, (), tier) for tier in LEVELS if not isinstance(clause[2], Tier)]
    try:
        validate([clause, *(("a", (), PointsPerVisit(1)), ("b", (), PointsPerVisit(1))), *tiers], currency="GBP")
    except TermsError:
        return False
    return True


def shown(clauses: Iterable[tuple[Sequence[Condition], Effect]], *, phrasebook: Phrasebook) -> list[str]:
    """The statement of each clause that terms could hold."""
    drafted: list[DraftedClause] = [("k", tuple(conditions), effect) for conditions, effect in clauses]
    return [
        f"- {Clause('k', '1', tuple(clause[1]), clause[2]).statement(phrasebook)}"
        for clause in drafted
        if is_accepted(clause)
    ]


@pytest.mark.parametrize("locale", Locale)
def test_golden_file_shows_every_rule_in_its_language(locale: Locale) -> None:
    """Rewritten with TROTH_REWRITE_GOLDEN=1, to be read by somebody who reads the language."""
    phrasebook = phrasebook_in(locale)
    spend, cake = PointsPerAmount(1, pounds("1.00")), RewardCost("cake", 50, "Cake")
    together = shown(COMBINATIONS, phrasebook=phrasebook)
    assert len(together) == len(COMBINATIONS)
    lines = [f"# {locale.value}", "", "## Effects alone", ""]
    lines += shown((((), effect) for effect in EFFECT_VARIANTS), phrasebook=phrasebook)
    lines += ["", "## Conditions of an earning clause", ""]
    lines += shown((((condition,), spend) for condition in CONDITION_VARIANTS), phrasebook=phrasebook)
    lines += ["", "## Conditions of a reward", ""]
    lines += shown((((condition,), cake) for condition in CONDITION_VARIANTS), phrasebook=phrasebook)
    lines += ["", "## Several conditions", "", *together]
    for name, template in TEMPLATES.items():
        if clauses := template("GBP").clauses:
            whole = render(some_terms(*clauses), format=TextFormat.PLAIN, phrasebook=phrasebook)
            lines += ["", f"## Whole terms: {name}", "", whole.rstrip()]
    lines += [
        "",
        "## What the ledger answers",
        "",
        *(f"- {worded(finding, phrasebook=phrasebook)}" for finding, _, _ in OF_THE_LEDGER),
    ]
    text = "\n".join([*lines, ""])
    file = GOLDEN / f"{locale.value}.md"
    if os.environ.get("TROTH_REWRITE_GOLDEN") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        (None, Locale.EN),
        ("", Locale.EN),
        ("fr", Locale.EN),
        ("de-AT", Locale.DE),
        ("zh", Locale.ZH_HANS),
        ("zh-CN", Locale.ZH_HANS),
        ("zh-TW", Locale.ZH_HANT),
        ("zh-HK", Locale.ZH_HANT),
        ("zh-Hant-CN", Locale.ZH_HANT),
        ("fr, de;q=0.8, en;q=0.9", Locale.EN),
        ("fr;q=1, zh-TW;q=0.8, de;q=0.7", Locale.ZH_HANT),
        ("de;q=0, en;q=0.1", Locale.EN),
        ("en;q=.5, de;q=.7", Locale.DE),
        ("de;q=²", Locale.EN),
        ("de;q=", Locale.EN),
        ("zh_HK", Locale.ZH_HANT),
        ("yue", Locale.ZH_HANT),
        ("zh-Hans-TW", Locale.ZH_HANS),
        (";;;q=x,,", Locale.EN),
    ],
)
def test_requested_language_is_used(asked: str | None, locale: Locale) -> None:
    assert locale_for(asked) is locale
