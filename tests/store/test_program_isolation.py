"""A session of one program reads and writes nothing of another, on both databases.

A whole shop is recorded while every call of a store function is noted. Then its rows are copied into a second program,
with the same ids and later times. Each call must give the first program what it gave before, and a program without rows
what it gives in a database of its own; no call for the empty program may change a row of the other two.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tortoise.expressions import Q

import app.store
from app.domain.customers.profile import ProfileChange
from app.domain.programs.location import Location
from app.domain.programs.program import Program
from app.domain.programs.staff_limits import StaffBudget
from app.domain.simulation.impact import Impact
from app.domain.simulation.preview import Preview
from app.store.customers import profiles
from app.store.customers.profiles import ProfilePart
from app.store.database.codecs import instant
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.models.programs import ProgramRow
from app.store.database.models.rewards import RewardRow
from app.store.database.orm import rows_of_all_programs
from app.store.database.session import ConcurrentChange, Database, Session, UnscopedSession, UnscopedStatementError
from app.store.previews import previews
from app.store.programs import locations
from app.store.terms import versions
from tests.faults.whole_shop import whole_shop
from tests.ledger.program_driver import open_runner
from tests.ledger.terms_strategies import LONDON, START
from tests.soak_settings import STEPS
from tests.store.expected_schema import TABLES
from tests.store.rows import OTHER_PROGRAM, PROGRAM, a_program, an_id

EMPTY = "01900000-0000-7000-8000-00000000000e"
"""A program with nothing in it."""
PREVIEW = "01900000-0000-7000-8000-00000000000f"
_NO_IMPACT = Impact(0, 0, 0, 0, 0, 0, 0, (), (), (), 0, 0)
FOLDER = Path(app.store.__path__[0])
CALLS_EACH = 4 if STEPS else 2
"""Calls of a function that are run again: the first one and the latest, in the soak more of these."""


class Call(NamedTuple):
    """A call of a store function, without its session."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]


Calls = dict[str, list[Call]]


def _store_functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the store that takes the session of a program."""
    functions = {}
    for module in pkgutil.walk_packages(app.store.__path__, "app.store."):
        if module.name.startswith("app.store.database"):
            continue
        for name, function in vars(importlib.import_module(module.name)).items():
            if (
                inspect.iscoroutinefunction(function)
                and not name.startswith("_")
                and function.__module__ == module.name
                and next(iter(inspect.get_annotations(function).values())) == "Session"
            ):
                functions[f"{module.name.removeprefix('app.store.')}.{name}"] = function
    return functions


def _recording(function: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    @wraps(function)
    async def record(session: Session, *arguments: Any, **named: Any) -> Any:
        named = {name: list(value) if isinstance(value, Iterator) else value for name, value in named.items()}
        if len(calls) == CALLS_EACH:
            del calls[1]
        calls.append(Call(function, arguments, named))
        return await function(session, *arguments, **named)

    return record


def _rest(calls: Calls, rows: Mapping[str, list[dict[str, Any]]], *, program: Program) -> Calls:
    """A call of each function that the shop did not need, with what is in the tables and in the arguments of others."""
    known = {
        name: value for of_function in calls.values() for call in of_function for name, value in call.named.items()
    }
    for table, singular in _IDS.items():
        known |= {f"{singular}_id": rows[table][0]["id"], f"{singular}_ids": [row["id"] for row in rows[table]]}
    known |= {
        "since": START - timedelta(days=400),
        "until": START + timedelta(days=4000),
        "uses": {rows["access_keys"][0]["id"]: START},
        "access_key_id": rows["access_keys"][0]["id"],
        "limit": 100,
        "n": 1,
        "ids": [row[column] for table, column in _SUBJECTS for row in rows[table]],
        "checkout": next(row["checkout"] for row in rows["redemptions"] if row["checkout"]),
        "keys": [row["key"] for row in rows["locations"]],
        "name": rows["locations"][0]["name"],
        "budget": StaffBudget.ADJUSTMENTS,
        "change": ProfileChange(segments=frozenset({"vip"})),
        "program": replace(program, slug="of-its-own"),
        "ahead": timedelta(days=1),
        "aspects": frozenset(ProfilePart),
        "after": START,
        "occurred_at": START,
        "done": 1,
        "from_end": False,
        "newest_first": False,
        "with_lots": True,
        "total": 2,
        "result": _NO_IMPACT,
        "number": 1,
    }
    return {
        name: calls[name] or [Call(function, (), _named(name, function, known))]
        for name, function in _store_functions().items()
    }


_IDS = {
    "customers": "customer",
    "mergers": "merger",
    "wallets": "wallet",
    "accounts": "account",
    "entries": "entry",
    "transfers": "transfer",
    "purchases": "purchase",
    "refunds": "refund",
    "redemptions": "redemption",
    "rewards": "reward",
    "locations": "location",
    "impact_previews": "preview",
    "access_keys": "access_key",
}
"""Tables whose ids are arguments, and what the arguments call them."""
_SUBJECTS = (("entries", "subject"), ("purchases", "id"), ("quarantined_receipts", "id"))
_OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    "customers.customers.page": {"after": None},
    "customers.profiles.of_customer": {},
    "ledger.entries.page": {"after": None, "before": None},
    "ledger.expiry_notices.undelivered": {"after": ""},
    "ledger.liability.flows": {"earned_since": [START + timedelta(days=days) for days in (150, 100, 50, 0)]},
    "previews.customer_histories.page": {"after": ""},
    "programs.access_keys.page": {"role": None, "state": None, "after": None, "before": None},
    "programs.locations.page": {"after": None, "before": None},
    "purchases.quarantine.page": {"state": None, "after": None, "before": None},
    "rewards.redemptions.page": {"state": None, "after": None, "before": None},
    "terms.versions.after": {"number": 1},
    "terms.versions.before": {"number": 2},
    "terms.versions.withdraw": {"number": 2},
}
"""Arguments of functions for which the others' do not do."""


def _named(name: str, function: Callable[..., Any], known: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and (parameter.default is inspect.Parameter.empty or parameter.name in _OTHERWISE.get(name, {}))
    ]
    return {parameter.name: {**known, **_OTHERWISE.get(name, {})}[parameter.name] for parameter in parameters}


async def _more_rows(session: Session) -> None:
    """What the shop has none of: a location, what a customer said of herself, and a preview of other terms."""
    anna = (await _rows(session.across_programs, "customers"))[0]["id"]
    await profiles.update(session, customer_id=anna, change=ProfileChange(segments=frozenset({"vip"})))
    location = Location(PREVIEW, 1, "mitte", "Mitte", LONDON, None, START)
    await locations.create(session, location=location)
    terms = await versions.latest(session)
    assert terms is not None
    draft = Preview(PREVIEW, terms.version, terms, days=10, since=START, requested_at=START)
    await previews.add(session, preview=draft)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls of every store function from now on."""
    recorded: Calls = {}
    replaced = {}
    for name, function in _store_functions().items():
        recorded[name] = []
        replaced[function] = _recording(function, recorded[name])
    for module in [module for name, module in sys.modules.items() if name.startswith("app.")]:
        for name, value in list(vars(module).items()):
            if inspect.iscoroutinefunction(value) and value in replaced:
                monkeypatch.setattr(module, name, replaced[value])
    return recorded


class _RolledBack(Exception):
    def __init__(self, result: object) -> None:
        self.result = result


def _plain(value: object) -> str:
    """What a result says, without addresses of objects; not in order, which is not what is tested here."""
    if isinstance(value, Mapping):
        return str(sorted((_plain(key), _plain(item)) for key, item in value.items()))
    if isinstance(value, Collection) and not isinstance(value, str):
        return str(sorted(_plain(item) for item in value))
    if is_dataclass(value):
        return str([_plain(getattr(value, field.name)) for field in fields(value)])
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


async def _run(database: Database, call: Call, *, program_id: str, keep: bool = False) -> str:
    """What a call gives to a program; what it writes is rolled back, unless it is to be kept."""

    async def work(session: Session) -> object:
        try:
            result = await call.function(session, *call.arguments, **call.named)
        except ConcurrentChange as change:
            # The database would try again for eight seconds.
            raise _RolledBack(change) from None
        if keep:
            return result
        raise _RolledBack(result)

    try:
        return _plain(await database.write(work, program_id=program_id, lock_key="call"))
    except _RolledBack as done:
        return _plain(done.result)
    except Exception as error:  # noqa: BLE001 - what a function refuses, it may refuse alike everywhere
        return f"{type(error).__name__}"


async def _results(database: Database, calls: Calls, *, program_id: str) -> dict[str, list[str]]:
    return {
        name: [await _run(database, call, program_id=program_id) for call in of_function]
        for name, of_function in calls.items()
    }


async def _rows(session: UnscopedSession, table: str) -> list[dict[str, Any]]:
    key = "id" if table == "programs" else "program_id"
    columns = [column.rstrip("?") for column in TABLES[table].columns]
    rows = await session.rows(f"SELECT {', '.join(columns)} FROM {table} WHERE {key} <> $1", EMPTY)
    return [dict(zip(columns, row, strict=True)) for row in rows]


async def _every_row(session: UnscopedSession) -> dict[str, list[dict[str, Any]]]:
    return {table: await _rows(session, table) for table in TABLES}


async def _all_rows(session: UnscopedSession) -> dict[str, list[str]]:
    return {table: sorted(str(row) for row in await _rows(session, table)) for table in TABLES}


def _by_reference() -> list[str]:
    """The tables, each after those that it refers to."""
    ordered: list[str] = []
    while len(ordered) < len(TABLES):
        ordered += [
            name
            for name, table in TABLES.items()
            if name not in ordered and {reference.table for reference in table.references} <= {*ordered, name}
        ]
    return ordered


async def _copy(session: Session) -> None:
    """Copy every row into a program with another id: the same ids, an hour later."""
    for table in _by_reference():
        kinds = {column.rstrip("?"): kind for column, kind in TABLES[table].columns.items()}
        key = "id" if table == "programs" else "program_id"
        for row in await _rows(session.across_programs, table):
            copied = {
                column: instant(value) + timedelta(hours=1) if kinds[column] == "instant" and value else value
                for column, value in row.items()
            } | {key: OTHER_PROGRAM}
            if table == "programs":
                copied["slug"] = "copied"
            places = ", ".join(f"${place}" for place in range(1, len(copied) + 1))
            await session.across_programs.execute(
                f"INSERT INTO {table} ({', '.join(copied)}) VALUES ({places})", *copied.values()
            )


async def _an_empty_program(session: Session) -> None:
    await a_program(session, EMPTY)


async def _alone(url: str, calls: Calls) -> dict[str, list[str]]:
    """What the calls give in a database that has nothing but the empty program."""
    await migrate(url)
    database = open_database(url)
    await database.start()
    await database.write(_an_empty_program, program_id=EMPTY, lock_key="")
    try:
        return await _results(database, calls, program_id=EMPTY)
    finally:
        await database.stop()


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_store_functions_read_and_write_only_the_program_of_their_session(
    dialect: str, request: pytest.FixtureRequest, calls: Calls
) -> None:
    url, other_url = request.getfixturevalue(f"{dialect}_url"), request.getfixturevalue(f"empty_{dialect}_url")
    with open_runner(url) as where:
        program = whole_shop(where).program
        program_id = program.id
        where.run(where.database.write(_more_rows, program_id=program_id, lock_key=""))
        recorded = {name: [*of_function] for name, of_function in calls.items()}
        rows = where.run(where.database.read_across_programs(_every_row))
        calls = _rest(recorded, rows, program=program)
        before = where.run(_results(where.database, calls, program_id=program_id))
        where.run(where.database.write(_copy, program_id=program_id, lock_key=""))
        where.run(where.database.write(_an_empty_program, program_id=EMPTY, lock_key=""))

        assert where.run(_results(where.database, calls, program_id=program_id)) == before
        nothing = where.run(_results(where.database, calls, program_id=EMPTY))
        assert nothing == where.run(_alone(other_url, calls))

        lines = where.run(where.database.read_across_programs(_all_rows))
        for of_function in calls.values():
            for call in of_function:
                where.run(_run(where.database, call, program_id=EMPTY, keep=True))
        assert where.run(where.database.read_across_programs(_all_rows)) == lines


@pytest.mark.parametrize("method", ["rows", "row", "execute", "enqueue"])
async def test_statement_without_the_program_is_rejected(database: Database, method: str) -> None:
    async def work(session: Session) -> None:
        await getattr(session, method)("SELECT id FROM programs WHERE id = $2", PROGRAM)

    with pytest.raises(UnscopedStatementError, match=r"\$2"):
        await database.write(work, program_id=PROGRAM, lock_key="")


async def _a_reward(session: Session, *, number: int, **columns: Any) -> None:
    given = {"id": an_id(number), "key": f"k{number}", "name": "Mug", "description": "A mug", "created_at": START}
    await session.orm(RewardRow).create(**(given | columns))


async def test_models_read_and_write_the_rows_of_their_program(database: Database) -> None:
    for program_id in (PROGRAM, OTHER_PROGRAM):
        await database.write(partial(a_program, program_id=program_id), program_id=program_id, lock_key="program")
        await database.write(partial(_a_reward, number=1), program_id=program_id, lock_key="reward")

    async def look(session: Session) -> list[int]:
        rewards = session.orm(RewardRow)
        everything = Q(program_id=OTHER_PROGRAM) | Q(name="Mug")
        others = (rewards.filter(program_id=OTHER_PROGRAM), rewards.all().filter(everything), rewards.all())
        return [await rows.count() for rows in others]

    async def change(session: Session) -> list[int]:
        rewards = session.orm(RewardRow)
        changed = await rewards.all().update(name="Cup"), await rewards.filter(program_id=OTHER_PROGRAM).update(name="")
        renamed = await session.orm(ProgramRow).all().update(name="Ours")
        await _a_reward(session, number=2, program_id=OTHER_PROGRAM)
        return [*changed, renamed, await rewards.filter(id=an_id(2)).count(), await rewards.filter(name="Cup").delete()]

    assert await database.read(look, program_id=PROGRAM) == [0, 1, 1]
    assert await database.write(change, program_id=PROGRAM, lock_key="change") == [1, 0, 1, 1, 1]

    async def left(session: UnscopedSession) -> tuple[list[Any], list[Any]]:
        programs = rows_of_all_programs(ProgramRow, session).order_by("id").values_list("id", "name")
        rewards = rows_of_all_programs(RewardRow, session).order_by("id").values_list("program_id", "id", "name")
        return await programs, await rewards

    assert await database.read_across_programs(left) == (
        [(PROGRAM, "Ours"), (OTHER_PROGRAM, "Café")],
        [(OTHER_PROGRAM, an_id(1), "Mug"), (PROGRAM, an_id(2), "Mug")],
    )


async def test_a_row_of_a_model_cannot_be_changed_past_its_program(database: Database) -> None:
    async def work(session: Session) -> None:
        await a_program(session)
        await _a_reward(session, number=1)
        reward = await session.orm(RewardRow).all().first()
        assert reward is not None
        reward.name = "Cup"
        await reward.save()

    with pytest.raises(RuntimeError, match=r"session\.orm\(Model\)"):
        await database.write(work, program_id=PROGRAM, lock_key="save")


def _names(path: Path) -> set[str]:
    """The names that a module uses: of things, attributes, and keyword arguments."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                names.add(name)
    return names


@pytest.mark.parametrize("escape", ["using_db", "SessionClient", "connections"])
def test_no_module_outside_the_orm_gives_a_model_a_connection(escape: str) -> None:
    using = [path.name for path in sorted(FOLDER.rglob("*.py")) if escape in _names(path)]
    assert using == (["orm.py"] if escape in ("using_db", "SessionClient") else [])
