"""`troth keys`: list, create, rotate and revoke access keys."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from app.cli.runtime import (
    JsonOption,
    ProgramOption,
    execute,
    exit_after_printing,
    out,
    run_with_application,
    select_program,
)
from app.config import Settings
from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.customers.identities import IdentityError, IdentityKind, normalised_identity
from app.domain.i18n.details import in_english
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.access_key import DEFAULT_OVERLAP, MAX_OVERLAP, AccessKey
from app.domain.programs.program import Program
from app.queries.programs.access_keys import access_key_page
from app.usecases.application import Application
from app.usecases.programs import create_access_key, revoke_access_key, rotate_access_key
from app.usecases.programs.create_access_key import CreateAccessKey
from app.usecases.programs.revoke_access_key import RevokeAccessKey
from app.usecases.programs.rotate_access_key import RotateAccessKey

CUSTOMER_KEY_DAYS = 90
"""The days after which a customer's key expires if --days is not given."""

_PAGE_SIZE = 100

commands = typer.Typer(no_args_is_help=True, add_completion=False, help="Access keys: list, create, rotate, revoke.")

KeyArgument = Annotated[str, typer.Argument(help="The key's id, as `troth keys list` prints it; not the key itself.")]


@commands.command("list")
def list_keys(
    program: ProgramOption = None,
    role: Annotated[Role | None, typer.Option(case_sensitive=False, help="Only keys of this role.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List keys, without their secrets: role, state, last use, label."""

    async def work(application: Application) -> tuple[list[AccessKey], datetime]:
        selected = await select_program(application, program)
        now, keys, after = application.server_now(), list[AccessKey](), None
        while True:
            page = await application.query(
                access_key_page,
                program_id=selected.id,
                role=role,
                state=None,
                at=now,
                size=_PAGE_SIZE,
                after=after,
                before=None,
                from_end=False,
            )
            keys += page.keys
            if not page.more_after:
                return keys, now
            after = page.keys[-1].number

    keys, now = run_with_application(work, settings=Settings())
    if as_json:
        print(json.dumps({"keys": [_as_json(key, at=now) for key in keys]}))
        return
    for key in keys:
        last_use = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at is not None else "never used"
        expiry = f", expires {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at is not None else ""
        print(f"{key.id}  {key.role.value:11}  {key.state(now).value:7}  {last_use}{expiry}  {key.label}".rstrip())


def _as_json(key: AccessKey, *, at: datetime) -> dict[str, str | None]:
    def iso(instant: datetime | None) -> str | None:
        return instant.isoformat() if instant is not None else None

    return {
        "id": key.id,
        "role": key.role.value,
        "state": key.state(at).value,
        "label": key.label,
        "created_at": iso(key.created_at),
        "expires_at": iso(key.expires_at),
        "revoked_at": iso(key.revoked_at),
        "last_used_at": iso(key.last_used_at),
        "replaces": key.replaces_id,
    }


@commands.command("create")
def create_key(
    role: Annotated[Role, typer.Option(case_sensitive=False, help="What the key may do.")],
    customer: Annotated[
        str | None,
        typer.Option(
            help="A customer, by external id or as card:…, phone:…, email:… or token:…. With the role"
            " CUSTOMER: whose key it is. With any other: the customer record of the key's holder, which the key must not touch."
        ),
    ] = None,
    label: Annotated[str, typer.Option(help="Who or what uses the key.")] = "",
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=3650, help=f"Days until it expires. Default: a customer's key {CUSTOMER_KEY_DAYS}, others never."
        ),
    ] = None,
    program: ProgramOption = None,
) -> None:
    """Create an access key and print it: it is shown once."""
    if customer is None and role is Role.CUSTOMER:
        raise exit_after_printing("a key with the role CUSTOMER needs --customer")
    if days is None and role is Role.CUSTOMER:
        days = CUSTOMER_KEY_DAYS

    async def work(application: Application) -> str | None:
        selected = await select_program(application, program)
        command = CreateAccessKey(
            role=role,
            label=label,
            customer=_customer(customer, program=selected) if customer is not None else None,
            expires_at=application.server_now() + timedelta(days=days) if days is not None else None,
        )
        result = await execute(
            application, create_access_key.run, name="createAccessKey", program=selected, command=command
        )
        if isinstance(result, Problem):
            raise exit_after_printing(_problem_text(result, customer=customer))
        return result.token

    print(run_with_application(work, settings=Settings()))


@commands.command("rotate")
def rotate_key(
    key: KeyArgument,
    overlap_minutes: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_OVERLAP // timedelta(minutes=1), help="For how many minutes the old key keeps working."
        ),
    ] = DEFAULT_OVERLAP // timedelta(minutes=1),
    program: ProgramOption = None,
) -> None:
    """Replace a key by a new one and print that: it is shown once. The old one keeps working for a while."""
    command = RotateAccessKey(access_key_id=_key_id(key), overlap=timedelta(minutes=overlap_minutes))

    async def work(application: Application) -> str | None:
        selected = await select_program(application, program)
        result = await execute(
            application, rotate_access_key.run, name="rotateAccessKey", program=selected, command=command
        )
        if isinstance(result, Problem):
            raise exit_after_printing(_problem_text(result, key=key))
        return result.token

    print(run_with_application(work, settings=Settings()))


@commands.command("revoke")
def revoke_key(key: KeyArgument, program: ProgramOption = None) -> None:
    """End a key: running servers stop accepting it within ten seconds."""
    command = RevokeAccessKey(access_key_id=_key_id(key))

    async def work(application: Application) -> None:
        selected = await select_program(application, program)
        result = await execute(
            application, revoke_access_key.run, name="revokeAccessKey", program=selected, command=command
        )
        if isinstance(result, Problem):
            raise exit_after_printing(_problem_text(result, key=key))

    run_with_application(work, settings=Settings())
    out.print(f"Key {key} is revoked.", markup=False)


def _customer(text: str, *, program: Program) -> CustomerReference:
    """The customer of an option: `kind:value`, or an external id."""
    kind, _, value = text.partition(":")
    try:
        identity_kind = IdentityKind(kind.upper())
    except ValueError:
        identity_kind, value = IdentityKind.EXTERNAL_ID, text
    try:
        return CustomerReference(normalised_identity(identity_kind, value, region=program.region), identity_kind)
    except IdentityError as error:
        raise exit_after_printing(f"--customer: {error}") from error


def _key_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise exit_after_printing("this is no id of a key: `troth keys list` prints them") from error


def _problem_text(problem: Problem, *, customer: str | None = None, key: str | None = None) -> str:
    """A problem in English; `customer` and `key` are the arguments of the command."""
    match problem.code:
        case ProblemCode.CUSTOMER_NOT_FOUND:
            return f"there is no customer {customer!r}"
        case ProblemCode.ACCESS_KEY_NOT_FOUND:
            return f"there is no key {key}"
        case ProblemCode.ACCESS_KEY_ENDED:
            return f"the key {key} cannot be rotated: {in_english(problem.detail) if problem.detail is not None else problem.code.value}"
    return f"{'.'.join(str(step) for step in problem.path)}: {in_english(problem.detail) if problem.detail is not None else problem.code.value}"
