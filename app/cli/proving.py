"""`troth verify`: the proof of the books."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.at_desk import JsonOption, ProgramOption, at_desk, chosen, err, out
from app.config import Settings
from app.jobs.proving import Range, processors, prove_ranges, ranges
from app.queries.books import Fault, ProvedPage, prove_whole
from app.queries.programs import every_program
from app.usecases.desk import Desk

Parts = dict[str, tuple[Range, ...]]
"""The accounts of programs, by the program's id."""


def verify(
    program: ProgramOption = None,
    as_json: JsonOption = False,
    processes: Annotated[
        int | None,
        typer.Option("--processes", min=1, max=64, help="Processes beside one another; default one per processor."),
    ] = None,
) -> None:
    """Prove every balance, lot, hold, level, stock, budget and hash from the facts and entries alone.

    Ends with status 1 when something is wrong; the first fault is the first bad entry of the first bad account.
    """
    settings = Settings()
    counts = {"accounts": 0, "entries": 0}
    faults: dict[str, list[Fault]] = {}
    for program_id, parts in at_desk(lambda desk: _parts(desk, program), settings=settings).items():
        pages = _pages(settings.database_url, program_id=program_id, parts=parts, processes=processes or processors())
        counts["accounts"] += sum(page.accounts for page in pages)
        counts["entries"] += sum(page.entries for page in pages)
        whole = at_desk(partial(_whole, program_id=program_id), settings=settings)
        faults[program_id] = [*(fault for page in pages for fault in page.faults), *whole]
    wrong = sum(len(found) for found in faults.values())
    if as_json:
        listed = [f"{one.place}: {one.what}" for found in faults.values() for one in found]
        print(json.dumps({"programs": len(faults), **counts, "faults": listed}))
    else:
        for found in faults.values():
            for one in found:
                out.print(f"{one.place}: {one.what}", style="red", markup=False)
        out.print(
            f"{len(faults)} programs, {counts['accounts']} accounts, {counts['entries']} entries: "
            + ("the books are proved." if not wrong else f"{wrong} faults.")
        )
    if wrong:
        raise typer.Exit(1)


async def _whole(desk: Desk, *, program_id: str) -> tuple[Fault, ...]:
    """Prove what belongs to no single account."""
    return await desk.ask(prove_whole, program_id=program_id)


async def _parts(desk: Desk, program: str | None) -> Parts:
    """The accounts of the programs that are meant, in ranges."""
    programs = [await chosen(desk, program)] if program is not None else list(await desk.ask(every_program))
    return {one.id: await desk.ask(ranges, program_id=one.id) for one in programs}


def _pages(url: str, *, program_id: str, parts: tuple[Range, ...], processes: int) -> list[ProvedPage]:
    """Prove the accounts of a program; the pages in the order of the accounts."""
    found: dict[int, list[ProvedPage]] = {}
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Proving", total=len(parts))
        for place, pages in prove_ranges(url, program_id=program_id, parts=parts, processes=processes):
            found[place] = pages
            progress.advance(task)
    return [page for place in sorted(found) for page in found[place]]
