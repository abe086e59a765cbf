"""Names in binding sentences: only those that read as what they are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.customers.profile import PreferenceKind
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.names import InvalidNameError, name_error, normalised_name
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.groups import AnyOf
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.products import Products
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.tier import Tier
from app.domain.terms.validation import TermsError
from app.domain.terms.version import Terms
from tests.builders import a_clause, some_terms

DECEIVING = [
    "Mug\u202etac",
    "\u202d5\u202c00",
    "Cof\u200bfee",
    "Cof\u00adfee",
    "\u2066Mug\u2069",
    "Mug\u200f",
    "\u061cMug",
    "Mug\x00",
    "Mug\tBlue",
    "Mug\nFree of charge",
    "Mug\x1b[1m",
    "Mug\u2028Free",
    "Mug\u2029Free",
    "Mug\ufeff!",
    "Mug\U000e0041",
    "Mug\x85Free",
]
BLANK = ["", " ", "\t\n", "\u00a0", "\u3000\u2003", "\u3164", "\u2800\u2800", "\u200d", "\u115f \u1160"]
SEEN = ["Mug", "7", "Café crème", "免费咖啡", "قهوة", "می‌خواهم", "👩‍🍳 Chef's menu", "5 % off", "🏴", "Ç"]


@pytest.mark.parametrize("text", DECEIVING + BLANK + ["x" * 201])
def test_deceptive_name_is_rejected(text: str) -> None:
    with pytest.raises(InvalidNameError):
        normalised_name(text)
    assert name_error(text) is not None


@pytest.mark.parametrize("text", [*SEEN, "x" * 200])
def test_name_in_any_script_is_accepted_and_trimmed(text: str) -> None:
    assert normalised_name(text) == normalised_name(f" {text}\n") == text
    assert name_error(text) is None
    assert name_error(f" {text}") is not None


def test_only_longer_texts_may_have_paragraphs() -> None:
    assert normalised_name("One cup.\nAny size.\n", allows_line_breaks=True) == "One cup.\nAny size."
    for text in ("One\tcup", "One\u202ecup", "One\u2028cup", "\n \n"):
        with pytest.raises(InvalidNameError):
            normalised_name(text, allows_line_breaks=True)


@given(st.text(max_size=30))
def test_accepted_name_is_unchanged_and_on_one_line(text: str) -> None:
    try:
        name = normalised_name(text)
    except InvalidNameError:
        return
    assert normalised_name(name) == name
    assert name.splitlines() == [name]


@pytest.mark.parametrize("text", [*DECEIVING, *BLANK, " tea", "x" * 201])
@pytest.mark.parametrize("kind", [Categories, Products])
@pytest.mark.parametrize("side", ["include", "exclude"])
def test_deceptive_article_or_category_in_terms_is_rejected(text: str, kind: type[Categories], side: str) -> None:
    condition = kind(**{side: frozenset({"cups", text})})
    for value in (condition, AnyOf((kind(include=frozenset({"tea"})), condition))):
        with pytest.raises(TermsError) as refused:
            some_terms(a_clause(PointsPerVisit(1), value))
        assert refused.value.path == ("clauses", "0", "conditions", "0")


@pytest.mark.parametrize("mark", "“”„«»‹›「」『』")
def test_quoted_names_contain_no_quotation_marks(mark: str) -> None:
    name = f"a{mark} and b"
    assert normalised_name(name, allows_line_breaks=True) == normalised_name(name) == name
    assert name_error(name) is None
    assert name_error(name, rejects_quotation_marks=True) is not None
    drafts = [
        a_clause(PointsPerVisit(1), Products(exclude=frozenset({name}))),
        a_clause(
            PointsPerVisit(1), AnyOf((Categories(include=frozenset({"a"})), Categories(include=frozenset({name}))))
        ),
        a_clause(PointsPerVisit(1), Preferences(PreferenceKind.DIET, frozenset({name}))),
        a_clause(Tier("silver", name, 100)),
    ]
    for draft in drafts:
        with pytest.raises(TermsError) as refused:
            some_terms(draft)
        assert refused.value.detail.key == "QUOTATION_MARKS"


@pytest.mark.parametrize("name", ["Chef's menu", "Chef’s menu", '5" plate', "Tea & cake", "a and b"])
def test_apostrophes_and_inch_signs_are_allowed(name: str) -> None:
    assert name_error(name, rejects_quotation_marks=True) is None


def test_stored_terms_with_quotation_marks_are_still_read() -> None:
    clean = some_terms(a_clause(PointsPerVisit(1), Categories(include=frozenset({"tea"})))).to_data()
    clean["clauses"][0]["conditions"][0]["include"] = ["a” and “b"]
    stored = Terms.from_data(clean)
    assert "a” and “b" in stored.clauses[0].statement(phrasebook_in(Locale.EN))


def test_stored_terms_with_invalid_names_are_still_read() -> None:
    clean = some_terms(a_clause(PointsPerVisit(1), Categories(include=frozenset({"tea"})))).to_data()
    clean["clauses"][0]["conditions"][0]["include"] = [" tea\u202e"]
    stored = Terms.from_data(clean)
    assert stored.effective_from == datetime(2020, 1, 1, tzinfo=UTC)
    assert "tea" in stored.clauses[0].statement(phrasebook_in(Locale.EN))
