"""Where a published version of the terms stands in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TermsStatus(StrEnum):
    """Where a published version stands in time."""

    SCHEDULED = "SCHEDULED"
    IN_FORCE = "IN_FORCE"
    SUPERSEDED = "SUPERSEDED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """A version without its clauses. `effective_from` is the instant from which it decides unless it was withdrawn."""

    number: int
    effective_from: datetime
    is_withdrawn: bool


def status_at(
    now: datetime, *, effective_from: datetime, withdrawn: bool, next_effective_from: datetime | None
) -> TermsStatus:
    """The status of a version; `next_effective_from` is the start of the next version that was not withdrawn, if any."""
    if withdrawn:
        return TermsStatus.WITHDRAWN
    if effective_from > now:
        return TermsStatus.SCHEDULED
    if next_effective_from is not None and next_effective_from <= now:
        return TermsStatus.SUPERSEDED
    return TermsStatus.IN_FORCE


def statuses_at(now: datetime, *, versions: Sequence[PublishedVersion]) -> Iterator[TermsStatus]:
    """The status of each version, in the given order; `versions` are newest first, from the latest one on, without gaps."""
    next_effective_from: datetime | None = None
    for version in versions:
        yield status_at(
            now,
            effective_from=version.effective_from,
            withdrawn=version.is_withdrawn,
            next_effective_from=next_effective_from,
        )
        if not version.is_withdrawn:
            next_effective_from = version.effective_from
