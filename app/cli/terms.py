"""`troth terms`: terms in a file: check, compare, preview, publish and export them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.draft_files import check_file, file_text
from app.cli.impact_report import print_report
from app.cli.runtime import ProgramOption, err, exit_after_printing, out, run_with_application, select_program
from app.config import Settings
from app.domain.calendar import local_date
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.explanations.explanation import Explanation
from app.domain.i18n import Phrasebook, phrasebook_for
from app.domain.i18n.details import in_english
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.domain.simulation.impact import Impact
from app.domain.terms.changes import ChangeDirection
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.lint.finding import LintCode, LintFinding
from app.domain.terms.text import TextFormat, render
from app.domain.terms.version import Terms
from app.jobs.preview_simulation import simulate_program
from app.queries.terms.published_terms import TermsWithNeighbours, terms_at, terms_version
from app.queries.terms.terms_check import CheckedDraft
from app.usecases.application import Application
from app.usecases.results import Execution
from app.usecases.terms import publish_terms, withdraw_terms
from app.usecases.terms.preview_impact import MAX_DAYS
from app.usecases.terms.publish_terms import PublishTerms, PublishTermsResult
from app.usecases.terms.withdraw_terms import WithdrawTerms, WithdrawTermsResult

FileArgument = Annotated[Path, typer.Argument(help="A YAML file of terms.", exists=True, dir_okay=False)]
LocaleOption = Annotated[
    str,
    typer.Option("--locale", help="The language of the output, optionally with a region: en, en-US, de, zh-Hant."),
]
VersionOption = Annotated[int | None, typer.Option("--version", help="Which version; default the one in force.")]

terms = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Terms as a file: check, compare, publish, export, withdraw."
)


@terms.command()
def check(file: FileArgument, program: ProgramOption = None, locale: LocaleOption = "en") -> None:
    """Print the terms in the file, and what is unfair in them; ends with status 1 when there are findings."""
    selected, checked = _check_draft(file, program)
    phrasebook = _phrasebook(locale, selected)
    out.print(render(checked.draft, format=TextFormat.PLAIN, phrasebook=phrasebook), end="", markup=False)
    for finding in checked.findings:
        out.print(f"\n{_finding_text(finding, phrasebook=phrasebook)}", markup=False)
    _stop_at_unenforced(checked)
    if checked.findings:
        raise typer.Exit(1)
    out.print("\nNothing unfair found.")


@terms.command()
def diff(file: FileArgument, program: ProgramOption = None, locale: LocaleOption = "en") -> None:
    """Compare the file with the last published version, and print when it could start."""
    selected, checked = _check_draft(file, program)
    phrasebook = _phrasebook(locale, selected)
    for change in checked.changes:
        out.print(f"{change.direction}: {change.statement(phrasebook)}", markup=False)
    if not checked.changes:
        out.print("The first version." if checked.latest is None else "Nothing changes.")
        return
    if checked.earliest_from is None:
        out.print(f"Together: {checked.direction}. Published now, it cannot start at all.", markup=False)
        for finding in checked.findings:
            if finding.code is LintCode.NOTICE_TOO_LONG:
                out.print(_finding_text(finding, phrasebook=phrasebook), markup=False)
        return
    start = phrasebook.instant_with_weekday(checked.earliest_from, zone=checked.draft.zone)
    out.print(f"Together: {checked.direction}. Published now, it can start on {start}.", markup=False)


@terms.command()
def preview(
    file: FileArgument,
    program: ProgramOption = None,
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="How many days of the past to replay.")] = 90,
) -> None:
    """Replay the recent past under the terms in the file: who gains, who loses, what becomes unaffordable."""
    text = _read_text(file)

    async def work(application: Application) -> tuple[Impact, int] | None:
        selected = await select_program(application, program)
        _, checked = await check_file(application, text, program_id=selected.id)
        _stop_at_unenforced(checked)
        now = application.now(selected)
        in_force = await application.query(terms_at, program_id=selected.id, at=now)
        if in_force is None:
            return None
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("Members", total=None)

            async def on_progress(done: int, total: int) -> bool:
                progress.update(task, completed=done, total=total)
                return True

            impact = await simulate_program(
                application.database,
                program_id=selected.id,
                current=in_force.terms,
                draft=checked.draft,
                since=now - timedelta(days=days),
                on_progress=on_progress,
            )
            return (impact, checked.draft.policy_effect(OldPriceProtection).days) if impact is not None else None

    impact_and_days = run_with_application(work, settings=Settings())
    if impact_and_days is None:
        raise exit_after_printing("there are no terms in force to compare with")
    impact, old_price_days = impact_and_days
    print_report(impact, old_price_days=old_price_days)


def _stop_at_unenforced(checked: CheckedDraft) -> None:
    """End the command for a draft with a clause that is not enforced yet."""
    if checked.unenforced is not None:
        raise exit_after_printing(
            f"NOT_ENFORCED_YET: {'.'.join(checked.unenforced.path)}: {in_english(checked.unenforced.detail)}"
        )


@terms.command("publish")
def publish_file(
    file: FileArgument,
    program: ProgramOption = None,
    locale: LocaleOption = "en",
    even_unfair: Annotated[bool, typer.Option("--even-unfair", help="Publish in spite of findings.")] = False,
) -> None:
    """Publish the file: better changes at once, worse ones with notice. Publishing the same file twice changes nothing."""
    text = _read_text(file)

    async def work(
        application: Application,
    ) -> tuple[Program, CheckedDraft, Execution[PublishTermsResult] | Problem | None]:
        selected = await select_program(application, program)
        terms_file, checked = await check_file(application, text, program_id=selected.id)
        if (checked.latest is not None and not checked.changes) or (checked.findings and not even_unfair):
            return selected, checked, None
        execution = await application.execute(
            publish_terms.run,
            name="publishTerms",
            program=selected,
            principal=None,
            key=_idempotency_key(checked, text=text, now=application.now(selected)),
            fingerprint_input=text,
            command=PublishTerms(effective_from=terms_file.effective_from, clauses=terms_file.clauses),
        )
        return selected, checked, execution

    selected, checked, execution = run_with_application(work, settings=Settings())
    phrasebook = _phrasebook(locale, selected)
    if execution is not None:
        _print_result(execution, checked=checked, phrasebook=phrasebook)
    elif not checked.changes:
        out.print("Nothing changes; nothing was published.")
    else:
        for finding in checked.findings:
            out.print(_finding_text(finding, phrasebook=phrasebook), markup=False)
        raise exit_after_printing("not published: correct the findings, or use --even-unfair")


def _idempotency_key(checked: CheckedDraft, *, text: str, now: datetime) -> str:
    """The idempotency key: a hash of the text, the number of the next version, the version before it, and the day.

    The next number also counts withdrawn versions. A refusal by the notice clause is stored under the key. On the next
    day, or once the version before was withdrawn, the notice clause may allow the draft: the key is then another one.
    """
    previous_version = checked.latest.version if checked.latest is not None else 0
    today = local_date(now, zone_name=checked.draft.zone)
    return hashlib.sha256(f"{checked.draft.version}\n{previous_version}\n{today}\n{text}".encode()).hexdigest()


def _finding_text(finding: LintFinding, *, phrasebook: Phrasebook) -> str:
    text = phrasebook.text([finding.statement(phrasebook), finding.example(phrasebook)])
    return f"{finding.code} (clause {finding.clause.number}): {text}"


def _refusal_text(decision: Decision, *, terms: Terms, phrasebook: Phrasebook) -> str:
    """The reasons of a decision under `terms`, each with its code, the key of its clause and its remedies."""
    explanation, lines = Explanation.of(decision, terms=terms), []
    for reason in explanation.failed_reasons():
        finding = reason.finding
        remedies = [explanation.remedy(remedy, reason=reason, phrasebook=phrasebook) for remedy in finding.remedies]
        text = phrasebook.text([explanation.statement(reason, phrasebook=phrasebook), *remedies])
        lines.append(f"{finding.code} (clause {reason.clause_key}): {text}")
    return "\n".join(lines)


def _print_result(
    execution: Execution[PublishTermsResult] | Problem, *, checked: CheckedDraft, phrasebook: Phrasebook
) -> None:
    if isinstance(execution, Problem):
        raise exit_after_printing(
            f"{execution.code}: {'.'.join(map(str, execution.path))}: {in_english(execution.detail) if execution.detail else ''}"
        )
    decision = execution.result.decision
    if decision is not None and decision.outcome is DecisionOutcome.REFUSED:
        deciding_terms = checked.in_force or checked.draft
        raise exit_after_printing(_refusal_text(decision, terms=deciding_terms, phrasebook=phrasebook))
    start = phrasebook.instant_with_weekday(checked.draft.effective_from, zone=checked.draft.zone)
    effect = "" if checked.latest is None else f" {checked.direction} for customers."
    out.print(f"Version {execution.result.terms_version} starts on {start}.{effect}", markup=False)
    if checked.direction is ChangeDirection.WORSE:
        out.print("Members find the old and the new clauses in their inbox.")


@terms.command()
def show(
    program: ProgramOption = None,
    version: VersionOption = None,
    locale: LocaleOption = "en",
    format: Annotated[TextFormat, typer.Option("--format", case_sensitive=False)] = TextFormat.PLAIN,
) -> None:
    """Print a published version."""
    selected, published_terms = _published_terms(program, version)
    text = render(published_terms, format=format, phrasebook=_phrasebook(locale, selected))
    out.print(text, end="", markup=False, highlight=False)


@terms.command()
def export(program: ProgramOption = None, version: VersionOption = None) -> None:
    """Print a published version as a file that publishes to the same clauses."""
    _, published_terms = _published_terms(program, version)
    print(file_text(published_terms), end="")


@terms.command("withdraw")
def withdraw_version(
    version: Annotated[int, typer.Argument(help="The last version, before it starts.")], program: ProgramOption = None
) -> None:
    """Withdraw an announced version before it starts."""

    async def work(application: Application) -> Execution[WithdrawTermsResult] | Problem:
        selected = await select_program(application, program)
        return await application.execute(
            withdraw_terms.run,
            name="withdrawTerms",
            program=selected,
            principal=None,
            key=f"withdraw-{version}",
            fingerprint_input=version,
            command=WithdrawTerms(version=version),
        )

    if isinstance(execution := run_with_application(work, settings=Settings()), Problem):
        raise exit_after_printing(f"{execution.code}: {in_english(execution.detail) if execution.detail else ''}")
    out.print(f"Version {version} is withdrawn.")


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise exit_after_printing(f"{file}: not UTF-8") from error


def _phrasebook(locale: str, program: Program) -> Phrasebook:
    """The phrasebook of a locale, with the program's region unless the locale names one."""
    return phrasebook_for(locale, region=program.region, form_of_address=program.form_of_address)


def _check_draft(file: Path, program: str | None) -> tuple[Program, CheckedDraft]:
    """The selected program and the result of checking the draft in the file; ends the command if the file has an error."""
    text = _read_text(file)

    async def work(application: Application) -> tuple[Program, CheckedDraft]:
        selected = await select_program(application, program)
        _, checked = await check_file(application, text, program_id=selected.id)
        return selected, checked

    return run_with_application(work, settings=Settings())


def _published_terms(program: str | None, version: int | None) -> tuple[Program, Terms]:
    """The selected program and a version of its terms, by default the one in force; ends the command if there is none."""

    async def work(application: Application) -> tuple[Program, TermsWithNeighbours | None]:
        selected = await select_program(application, program)
        if version is not None:
            return selected, await application.query(terms_version, program_id=selected.id, number=version)
        return selected, await application.query(terms_at, program_id=selected.id, at=application.now(selected))

    selected, with_neighbours = run_with_application(work, settings=Settings())
    if with_neighbours is None:
        raise exit_after_printing("there is no such version")
    return selected, with_neighbours.terms
