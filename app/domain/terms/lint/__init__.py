"""Fairness checks of a draft: each finding has its clause and an example that proves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.domain.terms.clause import Clause
from app.domain.terms.lint.contradictions import contradiction_findings, ineffective_clause_findings
from app.domain.terms.lint.finding import CatalogueReward, LintCode, LintFinding, VisitStatistics
from app.domain.terms.lint.impossible import never_fits_finding, self_exclusion_findings
from app.domain.terms.lint.rewards import reward_findings
from app.domain.terms.lint.windows import MAX_MOMENTS, excluded_visit_findings, never_applies_finding
from app.domain.terms.version import Terms


def lint(
    terms: Terms, *, statistics: VisitStatistics, catalogue: Mapping[str, CatalogueReward]
) -> tuple[LintFinding, ...]:
    """Every finding, in the order of the clauses. `catalogue` has the rewards by key."""
    findings: list[LintFinding] = []
    attempts = iter(range(MAX_MOMENTS))
    for clause in terms.clauses:
        inapplicable_finding = never_fits_finding(clause, terms=terms) or never_applies_finding(
            clause, terms=terms, attempts=attempts
        )
        if inapplicable_finding is not None:
            findings.append(inapplicable_finding)
            continue
        findings.extend(excluded_visit_findings(clause, terms=terms, statistics=statistics))
        findings.extend(self_exclusion_findings(clause))
        findings.extend(ineffective_clause_findings(clause, terms=terms))
        findings.extend(contradiction_findings(clause, terms=terms))
        findings.extend(reward_findings(clause, terms=terms, statistics=statistics, catalogue=catalogue))
    return tuple(findings)


def notice_finding(clause: Clause, *, wanted: date, earliest: date) -> LintFinding:
    """The finding that a version starts sooner than the notice clause in force allows."""
    return LintFinding(LintCode.NOTICE_TOO_SHORT, clause, dates={"wanted": wanted, "earliest": earliest})


def lapsed_notice_finding(
    clause: Clause, *, wanted: date, latest: date, version_before: int | None = None
) -> LintFinding:
    """The finding that a notice of today will have lapsed when a version starts; `latest` is the last day for its start.

    `version_before` is the number of a version that starts on the day `wanted` and has to come first; None if there is none.
    """
    dates = {"wanted": wanted, "latest": latest}
    if version_before is not None:
        return LintFinding(LintCode.NOTICE_TOO_LONG, clause, "behind", dates=dates, numbers={"version": version_before})
    return LintFinding(LintCode.NOTICE_TOO_LONG, clause, dates=dates)
