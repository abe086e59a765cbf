"""What search engines and other programs read in a page: JSON-LD in the vocabulary of schema.org."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.programs.program import Program
from app.domain.terms.status import TermsStatus
from app.pages.addresses import Addresses
from app.pages.clauses import ClauseView
from app.queries.terms.public_terms import PublicTerms

_CONTEXT = "https://schema.org"


def program_data(program: Program, *, public_terms: PublicTerms | None, addresses: Addresses) -> Mapping[str, Any]:
    """A program, with the document of its terms, if it has any."""
    data: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "MemberProgram",
        "@id": f"/p/{program.slug}",
        "name": program.name,
        "url": addresses.home,
    }
    if public_terms is not None:
        data["subjectOf"] = {
            "@type": "DigitalDocument",
            "url": addresses.terms,
            "version": str(public_terms.published.terms.version),
        }
    return data


def terms_data(
    public_terms: PublicTerms, *, heading: str, clauses: Sequence[ClauseView], addresses: Addresses
) -> Mapping[str, Any]:
    """A version of the terms, clause by clause, and from when to when it is in force."""
    program, terms = public_terms.public_program.program, public_terms.published.terms
    address = f"/p/{program.slug}/terms/{terms.version}"
    return {
        "@context": _CONTEXT,
        "@type": "DigitalDocument",
        "@id": address,
        "name": heading,
        "url": addresses.version(terms.version),
        "inLanguage": addresses.language.locale,
        "version": str(terms.version),
        "creativeWorkStatus": public_terms.status.value,
        **_period(public_terms),
        "about": {"@type": "MemberProgram", "@id": f"/p/{program.slug}", "name": program.name},
        "hasPart": [
            {
                "@type": "CreativeWork",
                "@id": f"{address}#clause-{clause.number}",
                "position": int(clause.number),
                "text": clause.text,
            }
            for clause in clauses
        ],
    }


def _period(public_terms: PublicTerms) -> Mapping[str, str]:
    """From when to when a version is in force, ISO 8601; nothing for a withdrawn version."""
    if public_terms.status is TermsStatus.WITHDRAWN:
        return {}
    after = public_terms.published.after
    end = after.effective_from.isoformat() if after is not None else ".."
    return {"temporalCoverage": f"{public_terms.published.terms.effective_from.isoformat()}/{end}"}
