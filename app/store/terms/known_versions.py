"""All versions of a program's terms, and which of them have been or will be in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.terms import versions


@dataclass(frozen=True, slots=True)
class Versions:
    """All versions of the terms by number, and those not withdrawn, in the order in which they come into force."""

    by_number: Mapping[int, Terms]
    not_withdrawn: tuple[Terms, ...]


async def load(session: Session) -> Versions:
    """The versions of a program's terms."""
    all_terms = await versions.all_versions(session)
    withdrawals = await versions.withdrawals(session) if len(all_terms) > 1 else {}
    not_withdrawn = sorted(
        (version for version in all_terms if version.version not in withdrawals),
        key=lambda version: version.effective_from,
    )
    return Versions(by_number={version.version: version for version in all_terms}, not_withdrawn=tuple(not_withdrawn))
