"""Templates: each can be published in any currency, with a picture of every reward, and nothing unfair is found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.linting import Habits, LintCode, lint
from app.domain.templates import TEMPLATES
from app.domain.terms import Terms
from app.domain.wording import Locale, wording
from app.web.pictures import FOLDER


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("name", [name for name in TEMPLATES if name != "blank"])
def test_a_template_is_found_fair_in_every_currency(name: str, currency: str) -> None:
    template = TEMPLATES[name](currency)
    terms = Terms.drafted(
        version=1,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        currency=currency,
        zone="Europe/Berlin",
        clauses=template.clauses,
    )
    findings = lint(
        terms, habits=Habits(), pictured=frozenset(reward.key for reward in template.rewards if reward.picture)
    )
    assert findings == ()
    assert {(FOLDER.parent / reward.picture.lstrip("/")).is_file() for reward in template.rewards} == {True}
    bare = lint(terms, habits=Habits(), pictured=frozenset())
    assert [one.code for one in bare] == [LintCode.REWARD_WITHOUT_PICTURE] * len(template.rewards)
    for locale in Locale:
        assert all(clause.statement(wording(locale)) for clause in terms.clauses)
