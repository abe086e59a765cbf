"""`troth import`: import records of another system."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.runtime import JsonOption, ProgramOption, err, error_exit, out, run_with_application, select_program
from app.config import Settings
from app.imports.csv_receipts import plan_import
from app.imports.execution import Imported, execute, import_target
from app.imports.plan import Plan, reason_text
from app.usecases.application import Application


def import_purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV of receipt lines.")],
    program: ProgramOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; write nothing.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Where to write the rejected lines, as CSV.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import a CSV: record its invoices as purchases and its returns as refunds. See docs/import.md."""

    async def work(application: Application) -> tuple[Plan, Imported | None]:
        selected = await select_program(application, program)
        plan = plan_import(file, target=await import_target(selected, application=application))
        if dry_run:
            return plan, None
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("Recording", total=len(plan.customers()) + len(plan.receipts))
            done = await execute(
                plan, application=application, program=selected, done=lambda steps: progress.advance(task, steps)
            )
        return plan, done

    try:
        plan, done = run_with_application(work, settings=Settings())
    except ValueError as error:
        raise error_exit(str(error)) from error
    if errors is not None:
        with errors.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(("line", "invoice", "reason", "detail"))
            for rejected in plan.rejected_in_file_order():
                detail = rejected.detail or reason_text(rejected.reason)
                writer.writerow((rejected.number, rejected.receipt_number, rejected.reason.value, detail))
    _report(plan, done, as_json=as_json)
    if not plan.receipts:
        raise error_exit("nothing in this file could be imported: every line is rejected, for the reasons above")


def _report(plan: Plan, done: Imported | None, *, as_json: bool) -> None:
    rejected = plan.counts_by_reason()
    facts = {
        "lines": plan.lines,
        "purchases": len(plan.purchases),
        "purchase_lines": sum(len(facts.lines) for facts in plan.purchases),
        "customers": len(plan.customers()),
        "total_minor": sum(facts.total().minor for facts in plan.purchases),
        "refunds": len(plan.returns),
        "rejected": rejected,
        "written": None
        if done is None
        else {"customers": done.customers, "purchases": done.purchases, "refunds": done.refunds},
    }
    if as_json:
        print(json.dumps(facts))
        return
    out.print(
        f"{facts['lines']} lines: {facts['purchases']} purchases of {facts['customers']} customers"
        f" with {facts['purchase_lines']} lines, {facts['refunds']} refunds."
    )
    for reason, count in rejected.items():
        if count:
            out.print(f"  rejected, {reason}: {count}", markup=False)
    if done is None:
        out.print("Dry run: nothing was written.")
    else:
        out.print(f"Written: {done.customers} customers, {done.purchases} purchases, {done.refunds} refunds.")
