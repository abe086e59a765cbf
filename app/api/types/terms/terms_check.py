"""termsCheck: a draft as it would be published, with its changes and the linter's findings."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, phrasebook_of
from app.api.conventions.user_errors import UserError, user_error
from app.api.types.terms.clause_input import ClauseInput, drafted_clauses
from app.api.types.terms.terms import Clause, ClauseChange, change_of
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import version as rules
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.lint.finding import LintCode, LintFinding
from app.domain.terms.text import TextFormat, render
from app.domain.terms.validation import TermsError
from app.queries.terms.terms_check import CheckedDraft, check_draft, draft_context
from app.usecases.terms.publish_terms import terms_problem


@strawberry.type(description="Something in a draft that nobody wants: unfair, unreachable, or without effect.")
class TermsFinding:
    """A finding of the linter."""

    finding: strawberry.Private[LintFinding]
    terms: strawberry.Private[rules.Terms]
    code: LintCode = strawberry.field(description="Stable; for programs to act on.")

    @strawberry.field(description="The clause that it is about.")
    def clause(self) -> Clause:
        """Of the draft, or of the version in force where the notice is too short or too long."""
        return Clause.of(self.finding.clause, terms=self.terms)

    @strawberry.field(description="What is wrong, in one sentence.")
    def statement(self, info: Info, locale: Language = None) -> str:
        """One sentence."""
        return self.finding.statement(phrasebook_of(info, locale))

    @strawberry.field(description="A case that proves it, in one sentence.")
    def example(self, info: Info, locale: Language = None) -> str:
        """One sentence."""
        return self.finding.example(phrasebook_of(info, locale))


@strawberry.type(description="A draft as it would be published.")
class TermsDraft:
    """Nothing is stored."""

    draft: strawberry.Private[rules.Terms]
    effective_from: datetime = strawberry.field(description="The instant from which it would decide.")

    @strawberry.field(description="The clauses with the standard ones, numbered.")
    def clauses(self) -> list[Clause]:
        """All of them."""
        return [Clause.of(clause, terms=self.draft) for clause in self.draft.clauses]

    @strawberry.field(description="The whole draft as one text.")
    def text(
        self,
        info: Info,
        format: Annotated[
            TextFormat | None, strawberry.argument(description="How it is marked up; default PLAIN.")
        ] = None,
        locale: Language = None,
    ) -> str:
        """Every clause with its number."""
        return render(self.draft, format=format or TextFormat.PLAIN, phrasebook=phrasebook_of(info, locale))


@strawberry.type(description="What a draft would do, worked out from its rules. Nothing is stored.")
class TermsCheck:
    """The draft, its changes, the findings, and the problem for which it cannot become terms."""

    checked_draft: strawberry.Private[CheckedDraft | None]
    problem: strawberry.Private[Problem | None]

    @strawberry.field(
        description="The draft; null when it cannot be read as terms. A draft with clauses that are not enforced yet is shown together with its error."
    )
    def draft(self) -> TermsDraft | None:
        """As it would be published."""
        if self.checked_draft is None:
            return None
        return TermsDraft(draft=self.checked_draft.draft, effective_from=self.checked_draft.draft.effective_from)

    @strawberry.field(
        description="What it changes against the last version, withdrawn ones left out; empty if it is the first."
    )
    def changes(self) -> list[ClauseChange]:
        """Clause by clause, by key."""
        if self.checked_draft is None or self.checked_draft.latest is None:
            return []
        before, after = self.checked_draft.latest, self.checked_draft.draft
        return [change_of(change, before=before, after=after) for change in self.checked_draft.changes]

    @strawberry.field(
        description="What all changes mean together: WORSE if any of them is. Null when the draft cannot be read as terms."
    )
    def effect_on_customer(self) -> ChangeDirection | None:
        """The direction of all changes together."""
        return None if self.checked_draft is None else self.checked_draft.direction

    @strawberry.field(
        description="The first moment at which it may start if it is published now; null if there is none, because a notice given now lapses before the version that it would follow starts (see `findings`), or if the draft cannot be read as terms."
    )
    def earliest_from(self) -> datetime | None:
        """By the notice clause of the version in force."""
        return None if self.checked_draft is None else self.checked_draft.earliest_from

    @strawberry.field(description="What is unfair, unreachable or without effect; empty is good.")
    def findings(self) -> list[TermsFinding]:
        """The findings of the linter."""
        if self.checked_draft is None:
            return []
        draft_clause_ids = {id(clause) for clause in self.checked_draft.draft.clauses}
        current = self.checked_draft.in_force or self.checked_draft.draft
        return [
            TermsFinding(
                finding=finding,
                terms=self.checked_draft.draft if id(finding.clause) in draft_clause_ids else current,
                code=finding.code,
            )
            for finding in self.checked_draft.findings
        ]

    @strawberry.field(description="Why the draft cannot become terms; empty when it can.")
    def user_errors(self) -> list[UserError]:
        """The first thing that is wrong, with its place."""
        return [] if self.problem is None else [user_error(self.problem, within=())]


async def check_terms(clauses: list[ClauseInput], *, effective_from: datetime | None, context: Context) -> TermsCheck:
    """Check a draft of these clauses."""
    try:
        drafted = drafted_clauses(clauses, currency=context.program.currency)
    except TermsError as error:
        problem = Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.detail)
        return TermsCheck(checked_draft=None, problem=problem)
    checking_context = await context.query(draft_context, now=context.now)
    checked = await asyncio.to_thread(
        check_draft,
        checking_context,
        program=context.program,
        clauses=drafted,
        effective_from=effective_from,
        now=context.now,
    )
    if isinstance(checked, TermsError):
        return TermsCheck(checked_draft=None, problem=terms_problem(checked))
    return TermsCheck(
        checked_draft=checked, problem=None if checked.unenforced is None else terms_problem(checked.unenforced)
    )
