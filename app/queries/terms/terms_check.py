"""A check of drafted terms: their text, the changes, the earliest start, and whether they are fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain.amounts import Money
from app.domain.calendar import local_date
from app.domain.programs.program import Program
from app.domain.rewards.reward import Reward
from app.domain.terms.changes import ChangeDirection, ClauseChange, clause_changes, overall_direction
from app.domain.terms.effects.notice_period import NoticePeriod
from app.domain.terms.lint import lapsed_notice_finding, lint, notice_finding
from app.domain.terms.lint.finding import CatalogueReward, LintFinding, VisitStatistics
from app.domain.terms.notice import earliest_start, next_start, notice_lapses_at
from app.domain.terms.validation import (
    DraftedClause,
    TermsError,
    UnenforcedClauseError,
    check_enforceable,
    with_calendars,
    with_names,
)
from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.previews import visit_statistics
from app.store.previews.visit_statistics import sold_articles
from app.store.programs import locations
from app.store.rewards import rewards
from app.store.terms import versions


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft that could be published, except for `unenforced`: a clause that is not enforced yet.

    `latest` is the version that it would follow, `in_force` the one whose notice clause applies, both None for the
    first. `earliest_from` is None if the draft, published now, could never start: a notice given now lapses before the
    version that it would follow starts.
    """

    draft: Terms
    latest: Terms | None
    changes: tuple[ClauseChange, ...]
    direction: ChangeDirection
    earliest_from: datetime | None
    findings: tuple[LintFinding, ...]
    unenforced: UnenforcedClauseError | None = None
    in_force: Terms | None = None


@dataclass(frozen=True, slots=True)
class DraftContext:
    """What a draft is checked against: the catalogue, the locations, the versions, the visit statistics and the latest receipts."""

    catalogue: tuple[Reward, ...]
    locations: Mapping[str, str]
    zones: frozenset[str]
    number: int
    latest: Terms | None
    in_force: Terms | None
    statistics: VisitStatistics
    receipts: tuple[str, ...]

    @property
    def rewards(self) -> Mapping[str, str]:
        """The names of rewards, by key."""
        return {reward.key: reward.name for reward in self.catalogue}


async def draft_context(session: Session, *, now: datetime) -> DraftContext:
    """Read what a draft is checked against."""
    return DraftContext(
        catalogue=tuple(await rewards.all_rewards(session)),
        locations=await locations.names(session),
        zones=await locations.zones(session),
        number=await versions.last_number(session) + 1,
        latest=await versions.latest(session),
        in_force=await versions.in_force(session, at=now),
        statistics=await visit_statistics.recent(session),
        receipts=await visit_statistics.latest_receipts(session),
    )


def check_draft(
    checking_context: DraftContext,
    *,
    program: Program,
    clauses: Sequence[DraftedClause],
    effective_from: datetime | None,
    now: datetime,
) -> CheckedDraft | TermsError:
    """Check a draft; nothing is stored. If the clauses cannot be terms at all, the error says what is wrong, and where.

    The check needs no database but may take a while, so no transaction should be open meanwhile.
    """
    drafted = list(clauses)
    try:
        drafted = with_names(drafted, rewards=checking_context.rewards, locations=checking_context.locations)
        drafted = with_calendars(drafted, zone=program.zone, zones=checking_context.zones)
        draft = Terms.from_draft(
            version=checking_context.number,
            effective_from=effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=drafted,
            allow_unenforced=True,
        )
    except TermsError as error:
        return error
    latest = checking_context.latest
    changes = clause_changes(latest, draft) if latest is not None else ()
    direction = overall_direction(changes)
    findings: list[LintFinding] = []
    earliest: datetime | None = now
    if latest is not None:
        in_force = checking_context.in_force or latest
        first_start = next_start(latest=latest, in_force=in_force, direction=direction, now=now)
        lapses_at = notice_lapses_at(in_force=in_force, direction=direction, now=now)
        earliest = first_start if lapses_at is None or first_start < lapses_at else None
        if effective_from is None:
            draft = replace(draft, effective_from=first_start)
        findings.extend(_timing_findings(draft, latest=latest, in_force=in_force, direction=direction, now=now))
    findings.extend(_lint_findings(draft, checking_context=checking_context))
    return CheckedDraft(
        draft=draft,
        latest=latest,
        changes=changes,
        direction=direction,
        earliest_from=earliest,
        findings=tuple(findings),
        unenforced=_unenforced_clause(drafted),
        in_force=checking_context.in_force or latest,
    )


def _timing_findings(
    draft: Terms, *, latest: Terms, in_force: Terms, direction: ChangeDirection, now: datetime
) -> tuple[LintFinding, ...]:
    """The findings about the draft's start under the notice clause in force. They name days on which it may start."""

    def day(at: datetime) -> date:
        return local_date(at, zone_name=in_force.zone)

    clause = in_force.policy_clauses[NoticePeriod]
    first_start = next_start(latest=latest, in_force=in_force, direction=direction, now=now)
    lapses_at = notice_lapses_at(in_force=in_force, direction=direction, now=now)
    start = draft.effective_from
    if lapses_at is not None and (first_start >= lapses_at or start >= lapses_at):
        # The last day that the notice covers is the one before the instant at which it lapses.
        last_covered_day = day(lapses_at) - timedelta(days=1)
        if first_start >= lapses_at:
            latest_start_day = day(latest.effective_from)
            return (
                lapsed_notice_finding(
                    clause, wanted=latest_start_day, latest=last_covered_day, version_before=latest.version
                ),
            )
        return (lapsed_notice_finding(clause, wanted=day(start), latest=last_covered_day),)
    if start < earliest_start(in_force=in_force, direction=direction, now=now):
        return (notice_finding(clause, wanted=day(start), earliest=day(first_start)),)
    return ()


def _lint_findings(draft: Terms, *, checking_context: DraftContext) -> tuple[LintFinding, ...]:
    """The findings of the linter, with the catalogue and the latest purchases."""
    statistics = replace(checking_context.statistics, sold_articles=sold_articles(checking_context.receipts))
    catalogue = {
        reward.key: _catalogue_reward(reward, currency=draft.currency) for reward in checking_context.catalogue
    }
    return lint(draft, statistics=statistics, catalogue=catalogue)


def _unenforced_clause(clauses: Sequence[DraftedClause]) -> UnenforcedClauseError | None:
    try:
        check_enforceable(clauses)
    except UnenforcedClauseError as error:
        return error
    return None


def _catalogue_reward(reward: Reward, *, currency: str) -> CatalogueReward:
    return CatalogueReward(
        name=reward.name,
        description=reward.description,
        has_picture=reward.picture_url is not None,
        variants=reward.variants,
        article=reward.article,
        cash_part=None if reward.cash_part is None else Money(reward.cash_part, currency),
    )
