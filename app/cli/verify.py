"""`troth verify`: verification of all stored balances."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.runtime import JsonOption, ProgramOption, err, out, run_with_application, select_program
from app.config import Settings
from app.jobs.parallel_verification import AccountRange, processor_count, split_accounts, verify_ranges
from app.queries.programs.programs import all_programs
from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import VerifiedPage
from app.queries.verification.verify_program import verify_program
from app.usecases.application import Application

AccountRanges = dict[str, tuple[AccountRange, ...]]
"""The ranges of accounts of each program, by program id."""


def verify(
    program: ProgramOption = None,
    as_json: JsonOption = False,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, max=64, help="Number of parallel processes; default one per processor."),
    ] = None,
) -> None:
    """Verify every balance, lot, hold, tier, stock, budget and hash against the recorded events and entries.

    Ends with status 1 when there are discrepancies; the first one is the first bad entry of the first bad account.
    """
    settings = Settings()
    counts = {"accounts": 0, "entries": 0}
    discrepancies: dict[str, list[Discrepancy]] = {}
    ranges_by_program = run_with_application(
        lambda application: _account_ranges(application, program), settings=settings
    )
    for program_id, account_ranges in ranges_by_program.items():
        pages = _verify_accounts(
            settings.database_url,
            program_id=program_id,
            account_ranges=account_ranges,
            processes=processes or processor_count(),
        )
        counts["accounts"] += sum(page.account_count for page in pages)
        counts["entries"] += sum(page.entry_count for page in pages)
        program_wide = run_with_application(partial(_verify_program_wide, program_id=program_id), settings=settings)
        discrepancies[program_id] = [
            *(discrepancy for page in pages for discrepancy in page.discrepancies),
            *program_wide,
        ]
    discrepancy_count = sum(len(program_discrepancies) for program_discrepancies in discrepancies.values())
    if as_json:
        discrepancy_texts = [
            f"{discrepancy.place}: {discrepancy.problem}"
            for program_discrepancies in discrepancies.values()
            for discrepancy in program_discrepancies
        ]
        print(json.dumps({"programs": len(discrepancies), **counts, "discrepancies": discrepancy_texts}))
    else:
        for program_discrepancies in discrepancies.values():
            for discrepancy in program_discrepancies:
                out.print(f"{discrepancy.place}: {discrepancy.problem}", style="red", markup=False)
        out.print(
            f"{len(discrepancies)} programs, {counts['accounts']} accounts, {counts['entries']} entries: "
            + ("no discrepancies." if not discrepancy_count else f"{discrepancy_count} discrepancies.")
        )
    if discrepancy_count:
        raise typer.Exit(1)


async def _verify_program_wide(application: Application, *, program_id: str) -> tuple[Discrepancy, ...]:
    """Verify what belongs to no single account: stock, budgets, pending refunds and quarantined receipts."""
    return await application.query_long(verify_program, program_id=program_id)


async def _account_ranges(application: Application, program: str | None) -> AccountRanges:
    """The ranges of accounts of the selected program, or of all programs."""
    programs = (
        [await select_program(application, program)]
        if program is not None
        else list(await application.query_across_programs(all_programs))
    )
    return {selected.id: await application.query_long(split_accounts, program_id=selected.id) for selected in programs}


def _verify_accounts(
    url: str, *, program_id: str, account_ranges: tuple[AccountRange, ...], processes: int
) -> list[VerifiedPage]:
    """Verify the accounts of a program; the pages are in the order of the accounts."""
    pages_by_position: dict[int, list[VerifiedPage]] = {}
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Verifying", total=len(account_ranges))
        for position, pages in verify_ranges(
            url, program_id=program_id, account_ranges=account_ranges, processes=processes
        ):
            pages_by_position[position] = pages
            progress.advance(task)
    return [page for position in sorted(pages_by_position) for page in pages_by_position[position]]
