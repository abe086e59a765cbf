"""Fairness checks of a draft: each finding has its clause and an example that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.domain.terms.clause import Clause
from app.domain.terms.lint.contradictions import contradictions, never_counts
from app.domain.terms.lint.finding import CatalogueReward, LintCode, LintFinding, VisitStatistics
from app.domain.terms.lint.impossible import excludes_itself, never_fits
from app.domain.terms.lint.rewards import reward_findings
from app.domain.terms.lint.windows import MAX_MOMENTS, excludes_most_visits, never_applies
from app.domain.terms.version import Terms


def lint(
    terms: Terms, *, statistics: VisitStatistics, catalogue: Mapping[str, CatalogueReward]
) -> tuple[LintFinding, ...]:
    """Every finding in the order of the clauses. `catalogue` holds the rewards by their keys."""
    found: list[LintFinding] = []
    moments = iter(range(MAX_MOMENTS))
    for clause in terms.clauses:
        never = never_fits(clause, terms=terms) or never_applies(clause, terms=terms, attempts=moments)
        if never is not None:
            found.append(never)
            continue
        found.extend(excludes_most_visits(clause, terms=terms, statistics=statistics))
        found.extend(excludes_itself(clause))
        found.extend(never_counts(clause, terms=terms))
        found.extend(contradictions(clause, terms=terms))
        found.extend(reward_findings(clause, terms=terms, statistics=statistics, catalogue=catalogue))
    return tuple(found)


def notice_finding(clause: Clause, *, wanted: date, earliest: date) -> LintFinding:
    """A start that comes sooner than the notice clause in force allows."""
    return LintFinding(LintCode.NOTICE_TOO_SHORT, clause, dates={"wanted": wanted, "earliest": earliest})


def lapsed_notice_finding(clause: Clause, *, wanted: date, latest: date, behind: int | None = None) -> LintFinding:
    """A start later than a notice given today reaches: `latest` is the last day that it does.

    `behind` is the number of a version that starts on `wanted` and has to come first, where that is what delays it.
    """
    dates = {"wanted": wanted, "latest": latest}
    if behind is not None:
        return LintFinding(LintCode.NOTICE_TOO_LONG, clause, "behind", dates=dates, numbers={"version": behind})
    return LintFinding(LintCode.NOTICE_TOO_LONG, clause, dates=dates)
