"""Every version of a program's terms, and those that have been or will be in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.terms import versions


@dataclass(frozen=True, slots=True)
class Versions:
    """Every version of the terms by number, and those that have been or will be in force, oldest first."""

    all: Mapping[int, Terms]
    not_withdrawn: tuple[Terms, ...]


async def load(session: Session) -> Versions:
    """The versions of a program's terms."""
    every = await versions.all_versions(session)
    withdrawn = await versions.withdrawals(session) if len(every) > 1 else {}
    not_withdrawn = sorted(
        (version for version in every if version.version not in withdrawn),
        key=lambda version: version.effective_from,
    )
    return Versions(all={version.version: version for version in every}, not_withdrawn=tuple(not_withdrawn))
