"""Templates: each can be published in any currency, has a picture for every reward, and has no findings."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.terms.lint import lint
from app.domain.terms.lint.finding import CatalogueReward, LintCode, VisitStatistics
from app.domain.terms.templates import TEMPLATES
from app.domain.terms.version import Terms
from app.web.pictures import FOLDER


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "blank"])
def test_template_has_no_findings_in_any_currency(name: str, currency: str) -> None:
    template = TEMPLATES[name](currency)
    terms = Terms.from_draft(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency=currency,
        zone="Europe/Berlin",
        clauses=template.clauses,
    )
    catalogue = {
        reward.key: CatalogueReward(reward.name, reward.description, has_picture=bool(reward.picture))
        for reward in template.rewards
    }
    assert lint(terms, statistics=VisitStatistics(), catalogue=catalogue) == ()
    assert {(FOLDER.parent / reward.picture.lstrip("/")).is_file() for reward in template.rewards} == {True}
    bare = lint(terms, statistics=VisitStatistics(), catalogue={})
    missing = [LintCode.REWARD_WITHOUT_PICTURE, LintCode.REWARD_WITHOUT_DESCRIPTION]
    assert [finding.code for finding in bare] == missing * len(template.rewards)
    for locale in Locale:
        assert all(clause.statement(phrasebook_in(locale)) for clause in terms.clauses)


@pytest.mark.parametrize(("pace", "found"), [(Fraction(25), []), (Fraction(10), [LintCode.REWARD_OUT_OF_REACH])])
def test_tiered_rewards_can_be_reached_before_points_expire(pace: Fraction, found: list[LintCode]) -> None:
    template = TEMPLATES["tiered"]("EUR")
    terms = Terms.from_draft(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency="EUR",
        zone="Europe/Berlin",
        clauses=template.clauses,
    )
    catalogue = {
        reward.key: CatalogueReward(reward.name, reward.description, has_picture=True) for reward in template.rewards
    }
    assert [
        finding.code
        for finding in lint(terms, statistics=VisitStatistics(median_points_per_month=pace), catalogue=catalogue)
    ] == found
    assert [tier.name for tier in terms.tiers] == ["Silver", "Gold", "Platinum"]
