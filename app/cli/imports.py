"""`troth import`: import records of another system."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.runtime import (
    JsonOption,
    ProgramOption,
    err,
    exit_after_printing,
    out,
    run_with_application,
    select_program,
)
from app.config import Settings
from app.imports.csv_receipts import plan_import
from app.imports.execution import ImportCounts, import_target, run_plan
from app.imports.plan import Plan, reason_text
from app.usecases.application import Application

commands = typer.Typer(no_args_is_help=True, add_completion=False)


@commands.callback()
def _import() -> None:
    """Import records of another system."""


@commands.command("purchases")
def import_purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV of receipt lines.")],
    program: ProgramOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and report; write nothing.")] = False,
    errors: Annotated[Path | None, typer.Option(help="Where to write the rejected lines, as CSV.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Import a CSV: record its invoices as purchases and its returns as refunds. See docs/import.md."""

    async def work(application: Application) -> tuple[Plan, ImportCounts | None]:
        selected = await select_program(application, program)
        plan = plan_import(file, target=await import_target(selected, application=application))
        # Before anything is recorded: what is rejected must not get lost.
        if errors is not None:
            _write_rejected(plan, errors)
        if dry_run:
            return plan, None
        with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
            task = progress.add_task("Recording", total=len(plan.customers()) + len(plan.receipts))
            counts = await run_plan(
                plan, application=application, program=selected, on_progress=lambda steps: progress.advance(task, steps)
            )
        return plan, counts

    try:
        plan, counts = run_with_application(work, settings=Settings())
    except ValueError as error:
        raise exit_after_printing(str(error)) from error
    if errors is not None:
        _write_rejected(plan, errors)
    _report(plan, counts, as_json=as_json)
    if not plan.receipts:
        raise exit_after_printing(
            "nothing in this file could be imported: every line is rejected, for the reasons above"
        )


def _write_rejected(plan: Plan, file: Path) -> None:
    """Write the lines that are rejected so far."""
    try:
        with file.open("w", encoding="utf-8", newline="") as errors_file:
            writer = csv.writer(errors_file)
            writer.writerow(("line", "invoice", "reason", "detail"))
            for record in plan.rejected_in_file_order():
                detail = record.detail or reason_text(record.reason)
                writer.writerow((record.file_line, record.receipt_number, record.reason.value, detail))
    except OSError as error:
        raise exit_after_printing(f"{file} cannot be written: {error.strerror}") from error


def _report(plan: Plan, counts: ImportCounts | None, *, as_json: bool) -> None:
    counts_by_reason = plan.counts_by_reason()
    report = {
        "lines": plan.record_count,
        "purchases": len(plan.purchases),
        "purchase_lines": sum(len(facts.lines) for facts in plan.purchases),
        "customers": len(plan.customers()),
        "total_minor": sum(facts.total().minor for facts in plan.purchases),
        "refunds": len(plan.returns),
        "rejected": counts_by_reason,
        "written": None
        if counts is None
        else {"customers": counts.customers, "purchases": counts.purchases, "refunds": counts.refunds},
    }
    if as_json:
        print(json.dumps(report))
        return
    out.print(
        f"{report['lines']} lines: {report['purchases']} purchases of {report['customers']} customers"
        f" with {report['purchase_lines']} lines, {report['refunds']} refunds."
    )
    for reason, count in counts_by_reason.items():
        if count:
            out.print(f"  rejected, {reason}: {count}", markup=False)
    if counts is None:
        out.print("Dry run: nothing was written.")
    else:
        out.print(f"Written: {counts.customers} customers, {counts.purchases} purchases, {counts.refunds} refunds.")
