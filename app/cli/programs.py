"""`troth init`: create programs."""

from __future__ import annotations

import json
import re
from datetime import date, time
from typing import Annotated

import typer

from app.cli.runtime import (
    JsonOption,
    exit_after_printing,
    now,
    out,
    run_with_application,
)
from app.config import Settings
from app.domain.amounts import DECIMALS
from app.domain.calendar import day_start, zone_info
from app.domain.i18n.details import in_english
from app.domain.i18n.locales import FormOfAddress
from app.domain.names import InvalidNameError, normalised_name
from app.domain.programs.program import ProgramKind
from app.domain.programs.slug import SlugTaken, slug_error
from app.domain.purchases.receipt_numbers import Numbering, ReceiptNumbers
from app.domain.terms.templates import TEMPLATES
from app.usecases.application import Application
from app.usecases.programs.create_program import CreateProgram, NewProgram


def init(
    name: Annotated[str, typer.Option(help="The program's name.")] = "Our shop",
    template: Annotated[str, typer.Option(help=f"The template to start from: {', '.join(TEMPLATES)}.")] = "points",
    currency: Annotated[str, typer.Option(help="Currency, ISO 4217.")] = "EUR",
    time_zone: Annotated[str, typer.Option("--zone", help="IANA time zone of the rules.")] = "Europe/Berlin",
    region: Annotated[
        str, typer.Option(help="Region, ISO 3166: how phone numbers, amounts, dates and times are written.")
    ] = "DE",
    address: Annotated[
        FormOfAddress,
        typer.Option(case_sensitive=False, help="How German addresses members: FORMAL (Sie) or INFORMAL (du)."),
    ] = FormOfAddress.FORMAL,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Create a sandbox, for trying things out.")] = False,
    effective_from: Annotated[
        str | None, typer.Option(help="First day of the terms, YYYY-MM-DD; a past day needs --sandbox.")
    ] = None,
    receipt_numbers: Annotated[
        ReceiptNumbers, typer.Option(help="Where and when a receipt number is used only once.")
    ] = ReceiptNumbers.UNIQUE,
    receipt_day_starts: Annotated[
        str, typer.Option(help="When receipt numbers restart each day, local time, HH:MM.")
    ] = "00:00",
    slug: Annotated[
        str | None,
        typer.Option(help="Its name in public addresses: 3 to 40 of a-z, 0-9 and dashes. Default: from its name."),
    ] = None,
    listed: Annotated[
        bool | None,
        typer.Option("--listed/--unlisted", help="Show it on the first page. Default: yes, but not a sandbox."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a program from a template; prints its id and its keys, which are shown once."""
    command = _checked_command(
        name=name,
        template=template,
        currency=currency,
        time_zone=time_zone,
        region=region,
        form_of_address=address,
        sandbox=sandbox,
        effective_from=effective_from,
        numbering=_numbering(receipt_numbers, day_starts=receipt_day_starts),
        slug=slug,
        listed=listed,
    )

    _print_created(_create(command), as_json=as_json)


def _create(command: CreateProgram) -> NewProgram:
    async def work(application: Application) -> NewProgram:
        return await application.create_program(command)

    try:
        return run_with_application(work, settings=Settings(), migrating=True)
    except SlugTaken as error:
        raise exit_after_printing(f"another program has the slug {str(error)!r}") from error


def _print_created(new_program: NewProgram, *, as_json: bool) -> None:
    program = new_program.program
    tokens = {new_key.key.role.value.lower(): new_key.token for new_key in new_program.keys}
    if as_json:
        print(json.dumps({"program": program.id, "slug": program.slug, "keys": tokens}))
        return
    out.print(f"Program {program.id}: {program.name}", markup=False)
    out.print(f"Its terms, for anybody to read: /p/{program.slug}/terms", markup=False)
    out.print("Keys, shown once:")
    for role, token in tokens.items():
        out.print(f"  {role:6} {token}", markup=False, highlight=False)


def _checked_command(
    *,
    name: str,
    template: str,
    currency: str,
    time_zone: str,
    region: str,
    form_of_address: FormOfAddress,
    sandbox: bool,
    effective_from: str | None,
    numbering: Numbering,
    slug: str | None,
    listed: bool | None,
) -> CreateProgram:
    if template not in TEMPLATES:
        raise exit_after_printing(f"there is no template {template!r}; there are {', '.join(TEMPLATES)}")
    if currency not in DECIMALS:
        raise exit_after_printing(f"{currency!r} is not a currency in use (ISO 4217)")
    if len(region) != 2 or not region.isascii() or not region.isupper():
        raise exit_after_printing(f"{region!r} is not a region (ISO 3166, two capital letters)")
    try:
        name = normalised_name(name)
    except InvalidNameError as error:
        raise exit_after_printing(f"the name of a program: {error}") from error
    if slug is not None and (fault := slug_error(slug)) is not None:
        raise exit_after_printing(f"the slug of a program: {in_english(fault)}")
    try:
        zone_info(time_zone)
        start = day_start(date.fromisoformat(effective_from), zone_name=time_zone) if effective_from else None
    except ValueError as error:
        raise exit_after_printing(str(error)) from error
    if start is not None and start < now() and not sandbox:
        raise exit_after_printing("only a sandbox can have terms that start in the past: --sandbox")
    return CreateProgram(
        name=name,
        template=template,
        kind=ProgramKind.SANDBOX if sandbox else ProgramKind.LIVE,
        currency=currency,
        zone=time_zone,
        region=region,
        effective_from=start,
        numbering=numbering,
        form_of_address=form_of_address,
        slug=slug,
        listed=listed,
    )


def _numbering(numbers: ReceiptNumbers, *, day_starts: str) -> Numbering:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", day_starts):
        raise exit_after_printing(f"{day_starts!r} is not a time of day (HH:MM)")
    return Numbering(numbers, time.fromisoformat(day_starts))
