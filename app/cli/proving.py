"""`troth verify`: the proof of the books."""

from __future__ import annotations

import json
from collections import Counter

import typer
from rich.progress import Progress

from app.cli.at_desk import JsonOption, ProgramOption, at_desk, chosen, err, out
from app.config import Settings
from app.domain.ledger import EntryType
from app.queries.books import Fault, prove_page, prove_whole
from app.queries.programs import every_program
from app.usecases.desk import Desk


def verify(program: ProgramOption = None, as_json: JsonOption = False) -> None:
    """Prove every balance, lot, stock, budget and hash from the entries alone; ends with status 1 when something is wrong."""

    async def work(desk: Desk) -> dict[str, list[Fault]]:
        programs = [await chosen(desk, program)] if program is not None else list(await desk.ask(every_program))
        return {one.id: await _prove(desk, program_id=one.id, counts=counts) for one in programs}

    counts = {"customers": 0, "entries": 0}
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
            f"{len(faults)} programs, {counts['customers']} customers, {counts['entries']} entries: "
            + ("the books are proved." if not wrong else f"{wrong} faults.")
        )
    if wrong:
        raise typer.Exit(1)


async def _prove(desk: Desk, *, program_id: str, counts: dict[str, int]) -> list[Fault]:
    faults: list[Fault] = []
    entries: Counter[EntryType] = Counter()
    spent: Counter[str] = Counter()
    after: str | None = None
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("Proving", total=None)
        while True:
            page = await desk.ask(prove_page, program_id=program_id, after=after)
            faults.extend(page.faults)
            entries.update(page.entries)
            spent.update(page.spent)
            counts["customers"] += page.customers
            progress.advance(task, page.customers)
            if page.last is None:
                break
            after = page.last
    counts["entries"] += sum(entries.values())
    faults.extend(await desk.ask(prove_whole, program_id=program_id, entries=entries, spent=spent))
    return faults
