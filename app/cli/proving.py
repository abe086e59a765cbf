"""`troth verify`: the proof of the books."""

from __future__ import annotations

import json
from collections import Counter

import typer
from rich.progress import Progress

from app.cli.at_desk import JsonOption, ProgramOption, at_desk, chosen, err, out
from app.config import Settings
from app.queries.books import FIRST, Fault, prove_page, prove_whole
from app.queries.programs import every_program
from app.usecases.desk import Desk


def verify(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Prove every balance, lot, stock, budget and hash from the entries alone; ends with status 1 when something is wrong."""

    async def work(desk: Desk) -> dict[str, list[Fault]]:
        programs = [await chosen(desk, program)] if program is not None else list(await desk.ask(every_program))
        return {one.id: await _prove(desk, program_id=one.id, counts=counts) for one in programs}

    counts = {"accounts": 0, "entries": 0}
    faults = at_desk(work, settings=Settings())
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


async def _prove(desk: Desk, *, program_id: str, counts: dict[str, int]) -> list[Fault]:
    faults: list[Fault] = []
    spent: Counter[str] = Counter()
    passed = 0
    after: str | None = FIRST
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Proving", total=None)
        while after is not None:
            page = await desk.ask(prove_page, program_id=program_id, after=after)
            faults.extend(page.faults)
            spent.update(page.spent)
            passed += page.passed
            counts["accounts"] += page.accounts
            counts["entries"] += page.entries
            progress.advance(task, page.accounts)
            after = page.last
    faults.extend(await desk.ask(prove_whole, program_id=program_id, spent=spent, passed=passed))
    return faults
