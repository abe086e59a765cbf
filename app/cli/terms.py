"""`troth terms`: an owner's terms as a file, checked, compared, published, and read aloud."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.api.terms_files import TermsFile, TermsFileError, read, write
from app.cli.at_desk import ProgramOption, at_desk, chosen, err, out, stop
from app.cli.impact import tell
from app.config import Settings
from app.domain.calendar import local_date
from app.domain.changing.comparing import ChangeEffect
from app.domain.changing.impact import Impact
from app.domain.changing.linting import Finding, LintCode
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.effects.grandfathering import Grandfathering
from app.domain.explaining.explanation import Explanation
from app.domain.printing import TextFormat, printed
from app.domain.problems import Problem
from app.domain.terms import Terms, TermsError
from app.domain.wording import Wording, wording_for
from app.jobs.replaying import replayed
from app.queries.drafts import Checked, check_draft, draft_basis
from app.queries.published_terms import PublishedTerms, terms_at, terms_version
from app.queries.records import Program
from app.usecases.call import Answer
from app.usecases.desk import Desk
from app.usecases.preview import MOST_DAYS
from app.usecases.publish import Draft, publish
from app.usecases.withdraw import Withdrawal, withdraw

FileArgument = Annotated[Path, typer.Argument(help="A YAML file of terms.", exists=True, dir_okay=False)]
LocaleOption = Annotated[
    str,
    typer.Option("--locale", help="The language to say them in, with a region if you like: en, en-US, de, zh-Hant."),
]
VersionOption = Annotated[int | None, typer.Option("--version", help="Which version; default the one in force.")]

terms = typer.Typer(no_args_is_help=True, help="Terms as a file: check, compare, publish, export, withdraw.")


@terms.command()
def check(file: FileArgument, program: ProgramOption = None, locale: LocaleOption = "en") -> None:
    """Say how the file reads and what is unfair in it; ends with status 1 when something is found."""
    owner, found = _checked(file, program)
    say = _words(locale, owner)
    out.print(printed(found.draft, format=TextFormat.PLAIN, say=say), end="", markup=False)
    for one in found.findings:
        out.print(f"\n{_said(one, say=say)}", markup=False)
    _stop_at_unkept(found)
    if found.findings:
        raise typer.Exit(1)
    out.print("\nNothing unfair found.")


@terms.command()
def diff(file: FileArgument, program: ProgramOption = None, locale: LocaleOption = "en") -> None:
    """Say what the file changes against the last published version, and when it could start."""
    owner, found = _checked(file, program)
    say = _words(locale, owner)
    for one in found.changes:
        out.print(f"{one.effect_on_customer}: {one.statement(say)}", markup=False)
    if not found.changes:
        out.print("The first version." if found.current is None else "Nothing changes.")
        return
    if found.earliest_from is None:
        out.print(f"Together: {found.change}. Published now, it cannot start at all.", markup=False)
        for finding in found.findings:
            if finding.code is LintCode.NOTICE_TOO_LONG:
                out.print(_said(finding, say=say), markup=False)
        return
    start = say.instant(found.earliest_from, zone=found.draft.zone)
    out.print(f"Together: {found.change}. Published now, it can start on {start}.", markup=False)


@terms.command()
def preview(
    file: FileArgument,
    program: ProgramOption = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How many days of the past to replay.")] = 90,
) -> None:
    """Replay the recent past under the file: who gains, who loses, what becomes unaffordable."""
    text = _text(file)

    async def work(desk: Desk) -> tuple[Impact, int] | None:
        one = await chosen(desk, program)
        _, found = await _check(desk, text, program_id=one.id)
        _stop_at_unkept(found)
        now = desk.now(one)
        in_force = await desk.ask(terms_at, program_id=one.id, at=now)
        if in_force is None:
            return None
        with Progress(console=err, transient=True) as shown:
            task = shown.add_task("Members", total=None)

            async def told(done: int, total: int) -> bool:
                shown.update(task, completed=done, total=total)
                return True

            impact = await replayed(
                desk.database,
                program_id=one.id,
                current=in_force.terms,
                draft=found.draft,
                since=now - timedelta(days=days),
                told=told,
            )
            return (impact, found.draft.policy(Grandfathering).days) if impact is not None else None

    found = at_desk(work, settings=Settings())
    if found is None:
        raise stop("there are no terms in force to compare with")
    impact, days = found
    tell(impact, grandfathered=days)


def _stop_at_unkept(found: Checked) -> None:
    """Ends the command for a draft that can be read and compared, but that nothing would keep yet."""
    if found.unkept is not None:
        raise stop(f"NOT_KEPT_YET: {'.'.join(found.unkept.path)}: {found.unkept.message}")


@terms.command("publish")
def publish_file(
    file: FileArgument,
    program: ProgramOption = None,
    locale: LocaleOption = "en",
    even_unfair: Annotated[bool, typer.Option("--even-unfair", help="Publish in spite of findings.")] = False,
) -> None:
    """Publish the file: better changes at once, worse ones with notice. Publishing the same file again does nothing."""
    text = _text(file)

    async def work(desk: Desk) -> tuple[Program, Checked, Answer | Problem | None]:
        one = await chosen(desk, program)
        sent, found = await _check(desk, text, program_id=one.id)
        if (found.current is not None and not found.changes) or (found.findings and not even_unfair):
            return one, found, None
        order = Draft(effective_from=sent.effective_from, clauses=sent.clauses)
        answer = await desk.do(
            publish,
            name="publishTerms",
            program=one,
            principal=None,
            key=_key(found, text=text, now=desk.now(one)),
            payload=text,
            order=order,
        )
        return one, found, answer

    one, found, answer = at_desk(work, settings=Settings())
    say = _words(locale, one)
    if answer is None and found.changes:
        for finding in found.findings:
            out.print(_said(finding, say=say), markup=False)
        raise stop("not published: mend what was found, or say --even-unfair")
    if answer is None:
        out.print("Nothing changes; nothing was published.")
        return
    _told(answer, found=found, say=say)


def _key(found: Checked, *, text: str, now: datetime) -> str:
    """The same for the same text as the same next version after the same one, on the same day.

    The next number counts versions that were withdrawn. A refusal by the notice clause is an answer that is kept; the
    day after, or once the version before is gone, the clause may say otherwise, so that then it is asked again.
    """
    follows = found.current.version if found.current is not None else 0
    today = local_date(now, zone_name=found.draft.zone)
    return hashlib.sha256(f"{found.draft.version}\n{follows}\n{today}\n{text}".encode()).hexdigest()


def _said(finding: Finding, *, say: Wording) -> str:
    said = say.text([finding.statement(say), finding.example(say)])
    return f"{finding.code} (clause {finding.clause.number}): {said}"


def _refused(decision: Decision, *, terms: Terms, say: Wording) -> str:
    """The decision's own reasons, each with its code, its clause's key and what would help; `terms` decided it."""
    explained, told = Explanation.of(decision, terms=terms), []
    for reason in explained.failed():
        helps = [explained.remedy(remedy, reason=reason, say=say) for remedy in reason.finding.remedies]
        said = say.text([explained.statement(reason, say=say), *helps])
        told.append(f"{reason.finding.code} (clause {reason.clause}): {said}")
    return "\n".join(told)


def _told(answer: Answer | Problem, *, found: Checked, say: Wording) -> None:
    if isinstance(answer, Problem):
        raise stop(f"{answer.code}: {'.'.join(str(step) for step in answer.path)}: {answer.detail or ''}")
    if answer.decision is not None and answer.decision.outcome is DecisionOutcome.REFUSED:
        raise stop(_refused(answer.decision, terms=found.in_force or found.draft, say=say))
    start = say.instant(found.draft.effective_from, zone=found.draft.zone)
    effect = "" if found.current is None else f" {found.change} for customers."
    out.print(f"Version {answer.terms_version} starts on {start}.{effect}", markup=False)
    if found.change is ChangeEffect.WORSE:
        out.print("Members find the old and the new clauses in their inbox.")


@terms.command()
def show(
    program: ProgramOption = None,
    version: VersionOption = None,
    locale: LocaleOption = "en",
    format: Annotated[TextFormat, typer.Option("--format", case_sensitive=False)] = TextFormat.PLAIN,
) -> None:
    """Say a published version."""
    one, found = _published(program, version)
    out.print(printed(found.terms, format=format, say=_words(locale, one)), end="", markup=False, highlight=False)


@terms.command()
def export(program: ProgramOption = None, version: VersionOption = None) -> None:
    """Print a published version as a file that publishes to the same clauses."""
    _, found = _published(program, version)
    print(write(found.terms), end="")


@terms.command("withdraw")
def withdraw_version(
    version: Annotated[int, typer.Argument(help="The last version, before it starts.")], program: ProgramOption = None
) -> None:
    """Take back an announced version before it starts."""

    async def work(desk: Desk) -> Answer | Problem:
        one = await chosen(desk, program)
        return await desk.do(
            withdraw,
            name="withdrawTerms",
            program=one,
            principal=None,
            key=f"withdraw-{version}",
            payload=version,
            order=Withdrawal(version=version),
        )

    answer = at_desk(work, settings=Settings())
    if isinstance(answer, Problem):
        raise stop(f"{answer.code}: {answer.detail}")
    out.print(f"Version {version} is withdrawn.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise stop(f"{file}: not UTF-8") from error


def _words(locale: str, program: Program) -> Wording:
    """The words of a locale, written as where the program is unless the locale names a region."""
    return wording_for(locale, region=program.region, address=program.address)


def _checked(file: Path, program: str | None) -> tuple[Program, Checked]:
    text = _text(file)

    async def work(desk: Desk) -> tuple[Program, Checked]:
        one = await chosen(desk, program)
        _, found = await _check(desk, text, program_id=one.id)
        return one, found

    return at_desk(work, settings=Settings())


async def _check(desk: Desk, text: str, *, program_id: str) -> tuple[TermsFile, Checked]:
    """The file and what it comes to; ends the command with the line of whatever is wrong."""
    one = await chosen(desk, program_id)
    try:
        sent = read(text, currency=one.currency)
    except TermsFileError as error:
        raise stop(str(error)) from error
    at = desk.now(one)
    basis = await desk.ask(draft_basis, program_id=one.id, now=at)
    found = check_draft(basis, program=one, clauses=sent.clauses, effective_from=sent.effective_from, now=at)
    if isinstance(found, TermsError):
        raise stop(str(sent.error(found))) from found
    return sent, found


def _published(program: str | None, version: int | None) -> tuple[Program, PublishedTerms]:
    async def work(desk: Desk) -> tuple[Program, PublishedTerms | None]:
        one = await chosen(desk, program)
        if version is not None:
            return one, await desk.ask(terms_version, program_id=one.id, number=version)
        return one, await desk.ask(terms_at, program_id=one.id, at=desk.now(one))

    one, found = at_desk(work, settings=Settings())
    if found is None:
        raise stop("there is no such version")
    return one, found
