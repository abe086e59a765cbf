"""A draft of terms tried out: what it says, what it changes, when it could start, and whether it is fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain.amounts import Money
from app.domain.calendar import local_date
from app.domain.changing.comparing import ChangeEffect, ClauseChange, changes, worst
from app.domain.changing.linting import Finding, Habits, RewardShown, lint, notice_finding, stale_notice_finding
from app.domain.changing.notice import earliest_start, first_start, latest_start
from app.domain.drafting import DraftedClause, TermsError, UnkeptError, by_calendars, kept, named
from app.domain.effects.notice_period import NoticePeriod
from app.domain.terms import Terms
from app.store import habits, locations, rewards, terms
from app.store.habits import sold_on
from app.store.programs import Program
from app.store.rewards import Reward
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft that could be published, but for what is `unkept`: a clause that nothing would keep yet.

    `current` is the version that it would follow, `in_force` the one whose notice clause it is held to, both None for
    the first. `earliest_from` is None when it can start at no time, published now: the version that it would follow
    starts later than a notice given now reaches.
    """

    draft: Terms
    current: Terms | None
    changes: tuple[ClauseChange, ...]
    change: ChangeEffect
    earliest_from: datetime | None
    findings: tuple[Finding, ...]
    unkept: UnkeptError | None = None
    in_force: Terms | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a draft is held against: the catalogue, the places, the versions that stand, how customers behave, their latest receipts."""

    catalogue: tuple[Reward, ...]
    locations: Mapping[str, str]
    zones: frozenset[str]
    number: int
    latest: Terms | None
    in_force: Terms | None
    habits: Habits
    receipts: tuple[str, ...]

    @property
    def rewards(self) -> Mapping[str, str]:
        """What every reward is called, by key."""
        return {reward.key: reward.name for reward in self.catalogue}


async def draft_basis(session: Session, *, program_id: str, now: datetime) -> Basis:
    """Read what a draft is held against."""
    return Basis(
        catalogue=tuple(await rewards.all_rewards(session, program_id=program_id)),
        locations=await locations.names(session, program_id=program_id),
        zones=await locations.zones(session, program_id=program_id),
        number=await terms.last_number(session, program_id=program_id) + 1,
        latest=await terms.latest(session, program_id=program_id),
        in_force=await terms.in_force(session, program_id=program_id, at=now),
        habits=await habits.recent(session, program_id=program_id),
        receipts=await habits.receipts(session, program_id=program_id),
    )


def check_draft(
    basis: Basis,
    *,
    program: Program,
    clauses: Sequence[DraftedClause],
    effective_from: datetime | None,
    now: datetime,
) -> Checked | TermsError:
    """Try a draft out; nothing is stored. One that is no terms at all answers with what is wrong, and where.

    It asks no database and may take a while: no till should wait for it.
    """
    given = list(clauses)
    try:
        given = named(given, rewards=basis.rewards, locations=basis.locations)
        given = by_calendars(given, zone=program.zone, zones=basis.zones)
        draft = Terms.drafted(
            version=basis.number,
            effective_from=effective_from or now,
            currency=program.currency,
            zone=program.zone,
            clauses=given,
            even_unkept=True,
        )
    except TermsError as error:
        return error
    latest = basis.latest
    found = changes(latest, draft) if latest is not None else ()
    change = worst(found)
    findings: list[Finding] = []
    earliest: datetime | None = now
    if latest is not None:
        in_force = basis.in_force or latest
        first = first_start(latest=latest, in_force=in_force, change=change, now=now)
        stale = latest_start(current=in_force, change=change, now=now)
        earliest = first if stale is None or first < stale else None
        if effective_from is None:
            draft = replace(draft, effective_from=first)
        findings.extend(_ill_timed(draft, latest=latest, in_force=in_force, change=change, now=now))
    findings.extend(_unfair(draft, basis=basis))
    return Checked(
        draft=draft,
        current=latest,
        changes=found,
        change=change,
        earliest_from=earliest,
        findings=tuple(findings),
        unkept=_unkept(given),
        in_force=basis.in_force or latest,
    )


def _ill_timed(
    draft: Terms, *, latest: Terms, in_force: Terms, change: ChangeEffect, now: datetime
) -> tuple[Finding, ...]:
    """What the notice clause in force does not allow in the draft's start; the days it names are days that it allows."""

    def day(at: datetime) -> date:
        return local_date(at, zone_name=in_force.zone)

    clause = in_force.policy_clause(NoticePeriod)
    first = first_start(latest=latest, in_force=in_force, change=change, now=now)
    stale = latest_start(current=in_force, change=change, now=now)
    wanted = draft.effective_from
    if stale is not None and (first >= stale or wanted >= stale):
        # The last day that the notice reaches is the one before the instant at which it is stale.
        last = day(stale) - timedelta(days=1)
        if first >= stale:
            scheduled = day(latest.effective_from)
            return (stale_notice_finding(clause, wanted=scheduled, latest=last, behind=latest.version),)
        return (stale_notice_finding(clause, wanted=day(wanted), latest=last),)
    if wanted < earliest_start(current=in_force, change=change, now=now):
        return (notice_finding(clause, wanted=day(wanted), earliest=day(first)),)
    return ()


def _unfair(draft: Terms, *, basis: Basis) -> tuple[Finding, ...]:
    """What the linter finds, held against the catalogue and what was bought of late."""
    seen = replace(basis.habits, sold=sold_on(basis.receipts))
    shown = {reward.key: _shown(reward, currency=draft.currency) for reward in basis.catalogue}
    return lint(draft, habits=seen, catalogue=shown)


def _unkept(clauses: Sequence[DraftedClause]) -> UnkeptError | None:
    try:
        kept(clauses)
    except UnkeptError as error:
        return error
    return None


def _shown(reward: Reward, *, currency: str) -> RewardShown:
    return RewardShown(
        name=reward.name,
        description=reward.description,
        pictured=reward.picture_url is not None,
        variants=reward.variants,
        article=reward.article,
        cash_part=None if reward.cash_part is None else Money(reward.cash_part, currency),
    )
