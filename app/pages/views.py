"""What the templates show: sentences and addresses, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.i18n import Phrasebook
from app.domain.programs.program import Program, ProgramKind
from app.domain.terms.highlights import highlights
from app.domain.terms.status import PublishedVersion, TermsStatus
from app.pages.addresses import Addresses
from app.pages.clauses import ChangeView, ClauseView
from app.pages.language import PageLanguage
from app.pages.people import PersonView
from app.pages.structured_data import program_data, terms_data
from app.queries.terms.public_terms import MAX_LISTED_VERSIONS, PublicProgram, PublicTerms, VersionStatus


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version in the list of all versions; `shown` marks the one on this page."""

    href: str
    text: str
    status: str
    shown: bool


def home_view(
    public_program: PublicProgram,
    *,
    public_terms: PublicTerms | None,
    addresses: Addresses,
    explorer: str | None,
    people: Sequence[PersonView],
) -> Mapping[str, Any]:
    """The first screen of a program."""
    phrasebook = addresses.language.phrasebook
    return {
        **_frame(public_program.program, addresses=addresses),
        "explorer": explorer,
        "terms": None
        if public_terms is None
        else {"href": addresses.terms, "since": _since(public_terms, phrasebook=phrasebook)},
        "essentials": []
        if public_terms is None
        else [ClauseView.of(clause, phrasebook=phrasebook) for clause in highlights(public_terms.published.terms)],
        "announced": _announced(public_program, addresses=addresses),
        "structured_data": program_data(public_program.program, public_terms=public_terms, addresses=addresses),
        "people": people,
    }


def terms_view(public_terms: PublicTerms, *, addresses: Addresses) -> Mapping[str, Any]:
    """One version of the terms, what it changed, and the list of all versions."""
    phrasebook = addresses.language.phrasebook
    terms, before = public_terms.published.terms, public_terms.published.before
    clauses = [ClauseView.of(clause, phrasebook=phrasebook) for clause in terms.printed_clauses]
    heading = phrasebook(
        "terms.heading",
        version=phrasebook.number(terms.version),
        start=phrasebook.instant_or_day(terms.effective_from, zone=terms.zone),
    )
    current = public_terms.public_program.current
    return {
        **_frame(public_terms.public_program.program, addresses=addresses),
        "heading": heading,
        "status": public_terms.status.value,
        "current": addresses.terms if current is not None and current.version.number != terms.version else None,
        "announced": _announced(public_terms.public_program, addresses=addresses)
        if public_terms.status is TermsStatus.IN_FORCE
        else None,
        "clauses": clauses,
        "changes": None
        if before is None
        else {
            "heading": phrasebook("page.changes.heading", version=phrasebook.number(before.version)),
            "entries": [ChangeView.of(change, phrasebook=phrasebook) for change in public_terms.published.changes],
        },
        "versions": [
            _version_view(
                version_status,
                shown=version_status.version.number == terms.version,
                public_terms=public_terms,
                addresses=addresses,
            )
            for version_status in public_terms.public_program.versions
        ],
        "truncated": phrasebook("page.versions.latest", n=phrasebook.number(MAX_LISTED_VERSIONS))
        if len(public_terms.public_program.versions) == MAX_LISTED_VERSIONS
        else None,
        "structured_data": terms_data(public_terms, heading=heading, clauses=clauses, addresses=addresses),
    }


def programs_view(
    programs: Sequence[Program], *, language: PageLanguage, explorer: str | None, path: str
) -> Mapping[str, Any]:
    """The list of programs; their links lead to `path` below each program's address."""
    title = language.phrasebook("page.terms.title")
    return {
        "brand": language.phrasebook("page.programs.heading"),
        "home": language.href("/"),
        "hidden_from_search": False,
        "programs": [
            {
                "name": program.name,
                "href": language.href(f"/p/{program.slug}{path}"),
                "terms": language.href(f"/p/{program.slug}/terms"),
                "terms_label": f"{title}: {program.name}",
            }
            for program in programs
        ],
        "explorer": explorer,
    }


def _frame(program: Program, *, addresses: Addresses) -> Mapping[str, Any]:
    return {"brand": program.name, "home": addresses.home, "hidden_from_search": program.kind is ProgramKind.SANDBOX}


def _since(public_terms: PublicTerms, *, phrasebook: Phrasebook) -> str:
    """Which version the clauses on the first screen are from, and since when it is or will be in force."""
    terms = public_terms.published.terms
    key = "page.home.in_force" if public_terms.status is TermsStatus.IN_FORCE else "page.home.announced"
    start = phrasebook.instant_or_day(terms.effective_from, zone=terms.zone)
    return phrasebook(key, version=phrasebook.number(terms.version), start=start)


def _announced(public_program: PublicProgram, *, addresses: Addresses) -> Mapping[str, str] | None:
    """The link to the version that starts next; None if there is none."""
    announced = public_program.announced
    if announced is None:
        return None
    phrasebook, version = addresses.language.phrasebook, announced.version
    text = phrasebook(
        "page.home.announced",
        version=phrasebook.number(version.number),
        start=_start(version, public_program=public_program, phrasebook=phrasebook),
    )
    return {"href": addresses.version(version.number), "text": text}


def _version_view(
    version_status: VersionStatus, *, shown: bool, public_terms: PublicTerms, addresses: Addresses
) -> VersionView:
    phrasebook = addresses.language.phrasebook
    text = phrasebook(
        "page.versions.entry",
        version=phrasebook.number(version_status.version.number),
        start=_start(version_status.version, public_program=public_terms.public_program, phrasebook=phrasebook),
    )
    return VersionView(
        href=addresses.version(version_status.version.number),
        text=text,
        status=version_status.status.value,
        shown=shown,
    )


def _start(version: PublishedVersion, *, public_program: PublicProgram, phrasebook: Phrasebook) -> str:
    return phrasebook.instant_or_day(version.effective_from, zone=public_program.program.zone)
