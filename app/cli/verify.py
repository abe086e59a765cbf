"""`troth verify`: verification of all stored balances."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.runtime import JsonOption, ProgramOption, err, out, run_with_application, select_program
from app.config import Settings
from app.jobs.parallel_verification import Range, processors, ranges, verify_ranges
from app.queries.programs.programs import all_programs
from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.verify_accounts import VerifiedPage
from app.queries.verification.verify_program import verify_program
from app.usecases.application import Application

AccountRanges = dict[str, tuple[Range, ...]]
"""The accounts of programs, in ranges, by program id."""


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
            processes=processes or processors(),
        )
        counts["accounts"] += sum(page.account_count for page in pages)
        counts["entries"] += sum(page.entry_count for page in pages)
        program_wide = run_with_application(partial(_verify_program_wide, program_id=program_id), settings=settings)
        discrepancies[program_id] = [
            *(discrepancy for page in pages for discrepancy in page.discrepancies),
            *program_wide,
        ]
    total = sum(len(of_program) for of_program in discrepancies.values())
    if as_json:
        listed = [
            f"{discrepancy.place}: {discrepancy.problem}"
            for of_program in discrepancies.values()
            for discrepancy in of_program
        ]
        print(json.dumps({"programs": len(discrepancies), **counts, "discrepancies": listed}))
    else:
        for of_program in discrepancies.values():
            for discrepancy in of_program:
                out.print(f"{discrepancy.place}: {discrepancy.problem}", style="red", markup=False)
        out.print(
            f"{len(discrepancies)} programs, {counts['accounts']} accounts, {counts['entries']} entries: "
            + ("no discrepancies." if not total else f"{total} discrepancies.")
        )
    if total:
        raise typer.Exit(1)


async def _verify_program_wide(application: Application, *, program_id: str) -> tuple[Discrepancy, ...]:
    """Verify what belongs to no single account: stock, budgets, pending refunds and quarantined receipts."""
    return await application.query_long(verify_program, program_id=program_id)


async def _account_ranges(application: Application, program: str | None) -> AccountRanges:
    """The accounts of the selected programs, in ranges."""
    programs = (
        [await select_program(application, program)]
        if program is not None
        else list(await application.query_across_programs(all_programs))
    )
    return {selected.id: await application.query_long(ranges, program_id=selected.id) for selected in programs}


def _verify_accounts(
    url: str, *, program_id: str, account_ranges: tuple[Range, ...], processes: int
) -> list[VerifiedPage]:
    """Verify the accounts of a program; the pages are in the order of the accounts."""
    by_position: dict[int, list[VerifiedPage]] = {}
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Verifying", total=len(account_ranges))
        for position, pages in verify_ranges(
            url, program_id=program_id, account_ranges=account_ranges, processes=processes
        ):
            by_position[position] = pages
            progress.advance(task)
    return [page for position in sorted(by_position) for page in by_position[position]]
