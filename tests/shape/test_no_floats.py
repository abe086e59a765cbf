"""No float decides or stores money or points: not in the code, the tables, the schema or requests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    parse,
    validate,
)
from graphql.utilities import validate_input_value

from app.api.schema import schema
from app.graphql_server.schema.core_schema import core_schema

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "app").rglob("*.py"))
CORE = core_schema(schema)

_SECONDS = "seconds: how long something may take, and when to come again"
SECONDS = {
    "app/graphql_server/http/response.py": f"{_SECONDS}; and the weights of an Accept header",
    "app/graphql_server/http/request.py": _SECONDS,
    "app/graphql_server/limits/rate_limits.py": "what a caller may ask grows back with every second",
    "app/graphql_server/limits/admission.py": _SECONDS,
    "app/graphql_server/http/errors.py": _SECONDS,
    "app/graphql_server/endpoint.py": _SECONDS,
    "app/api/authentication.py": "for how many seconds a key is remembered",
    "app/api/customer_lookups.py": "when the next look-up is possible",
    "app/api/rejected_keys.py": "seconds between lines of the log",
    "app/graphql_server/limits/introspection_cost.py": "the cost of introspection by the processor time that it takes",
    "app/graphql_server/limits/slow_lane.py": _SECONDS,
    "app/jobs/key_uses.py": "how often a job writes",
    "app/graphql_server/limits/time_budget.py": "seconds of work",
    "app/jobs/preview_process.py": "how often a job reports",
    "app/jobs/scheduler.py": "how often a job looks for work, and how long a request waits for it",
    "app/jobs/schedule_tier_reviews.py": "how long a job has for a program",
    "app/jobs/preview_worker.py": "how often a job looks for work",
    "app/main.py": _SECONDS,
    "app/pages/routes.py": _SECONDS,
    "app/store/database/long_reads.py": _SECONDS,
    "app/store/database/postgres.py": _SECONDS,
    "app/store/database/postgres_pool.py": _SECONDS,
    "app/store/database/serving_lock.py": _SECONDS,
    "app/store/database/sqlite.py": _SECONDS,
    "app/store/database/sqlite_readers.py": _SECONDS,
    "app/store/database/sqlite_storage.py": _SECONDS,
    "app/store/database/sqlite_writer.py": _SECONDS,
    "app/store/database/sqlite_long_reads.py": _SECONDS,
    "app/store/database/session.py": _SECONDS,
    "app/web/connection_limits.py": _SECONDS,
    "app/web/open_connections.py": _SECONDS,
    "app/web/turns.py": _SECONDS,
}
"""The modules that reckon with floats, and what for. None of them sees an amount or a number of points."""

OF_MONEY = ("amounts.py", "engine", "ledger", "purchases", "rewards", "wallets")
"""Modules and folders of the domain that money and points go through."""

_EXACT = {"Fraction", "Decimal", "Path"}
_WHOLE_MATH = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}
_INEXACT_MODULES = {"cmath", "random", "statistics", "time"}
_INEXACT_NAMES = {"float", "complex"}
_INEXACT_METHODS = {"timestamp", "total_seconds", "truediv"}
_INEXACT_SQL = re.compile(r"\b(avg|power|sqrt|random)\(|::(float|real|double)|\bdouble precision\b", re.IGNORECASE)


def _exact(node: ast.expr) -> bool:
    """Whether a number can be seen to be a Fraction or Decimal where it stands; a path counts, being no number."""
    if isinstance(node, ast.BinOp):
        return _exact(node.left) or _exact(node.right)
    if isinstance(node, ast.Constant | ast.JoinedStr):
        return isinstance(node, ast.JoinedStr) or isinstance(node.value, str)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _EXACT


def _inexact(node: ast.AST) -> bool:
    """Whether a item of code is a float, or may make one."""
    match node:
        case ast.Constant(value=float() | complex()) | ast.Constant(value="float"):
            return True
        case ast.Constant(value=str(text)):
            return _INEXACT_SQL.search(text) is not None
        case ast.Name(id=name):
            return name in _INEXACT_NAMES
        case ast.Attribute(attr=name):
            return name in _INEXACT_METHODS | _INEXACT_NAMES
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return not (_exact(left) or _exact(right))
        case ast.AugAssign(op=ast.Div(), value=value):
            return not _exact(value)
        case ast.BinOp(op=ast.Pow(), left=left, right=right) | ast.AugAssign(op=ast.Pow(), target=left, value=right):
            return not (_exact(left) or (isinstance(right, ast.Constant) and isinstance(right.value, int)))
        case ast.Import(names=names):
            return bool({name.name.partition(".")[0] for name in names} & (_INEXACT_MODULES | {"math"}))
        case ast.ImportFrom(module="math", names=names):
            return not {name.name for name in names} <= _WHOLE_MATH
        case ast.ImportFrom(module=str(module), level=0):
            return module.partition(".")[0] in _INEXACT_MODULES
    return False


def floats(source: str) -> list[int]:
    """The lines of a module on which a float is, or may come to be."""
    return sorted(getattr(node, "lineno", 0) for node in ast.walk(ast.parse(source)) if _inexact(node))


def _name(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "source",
    [
        "rate = 0.9",
        "rate = 1e3",
        "rate = 2j",
        "points = float(text)",
        "points = builtins.float(text)",
        "points = map(float, texts)",
        "def earn(points: float) -> int: ...",
        "def earn(points: int) -> float | None: ...",
        "def earn(points: 'float') -> int: ...",
        "points: list[float] = []",
        "share = part / whole",
        "share = int(part) / 2",
        "share = total.minor / 100",
        "share /= 2",
        "scale = 10 ** -decimals",
        "scale = 10 ** (3 - decimals)",
        "scale **= decimals",
        "import math",
        "from math import floor",
        "from math import lcm, sqrt",
        "import statistics",
        "from statistics import median",
        "from random import random",
        "import time",
        "from operator import truediv\nshare = operator.truediv(1, 3)",
        "days = (one - other).total_seconds()",
        "at = moment.timestamp()",
        "found = 'SELECT avg(points) FROM entries'",
        "found = 'SELECT sum(points)::float FROM entries'",
    ],
)
def test_every_source_of_a_float_is_found(source: str) -> None:
    assert floats(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "share = Fraction(part, whole)",
        "share = Fraction(part) / whole",
        "share = 1 / Fraction(rate)",
        "share = Decimal(part) * 2 / whole",
        "share = part // whole",
        "scale = 10 ** 9",
        "scale = Fraction(10) ** (3 - decimals)",
        "from math import lcm, gcd",
        "from datetime import time",
        "folder = root / 'pictures'",
        "picture = Path(root) / name",
        "picture = root / 'pictures' / name",
        "def earn(points: int) -> Fraction: ...",
        "found = 'SELECT sum(points) FROM entries'",
    ],
)
def test_exact_numbers_are_not_reported_as_floats(source: str) -> None:
    assert floats(source) == []


def test_no_float_decides_or_stores_money_or_points() -> None:
    found = {
        _name(path): lines
        for path in SOURCES
        if _name(path) not in SECONDS and (lines := floats(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_modules_with_floats_need_them_and_import_no_money() -> None:
    assert set(SECONDS) <= set(map(_name, SOURCES))
    assert all((ROOT / "app" / "domain" / name).exists() for name in OF_MONEY)
    for name in SECONDS:
        source = (ROOT / name).read_text(encoding="utf-8")
        assert floats(source) != [], f"{name} needs no floats any more"
        assert _imported(source) & {name.removesuffix(".py") for name in OF_MONEY} == set(), name


def _imported(source: str) -> set[str]:
    """The modules and folders right in the domain from which a module imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app.domain"):
            imported = (f"{node.module}.{name.name}" for name in node.names)
            found |= {name.removeprefix("app.domain.").partition(".")[0] for name in imported}
    return found


@pytest.mark.parametrize(
    "source",
    [
        "from app.domain import amounts",
        "from app.domain.amounts import Money",
        "from app.domain.engine.earning import earn",
    ],
)
def test_import_of_money_is_found(source: str) -> None:
    assert _imported(source) in ({"amounts"}, {"engine"})


def test_no_column_is_a_float() -> None:
    migrations = sorted((ROOT / "migrations").rglob("*.sql"))
    inexact = re.compile(r"\b(real|double|float\d?|numeric|decimal)\b", re.IGNORECASE)
    bare = {migration: re.sub(r"--.*", "", migration.read_text(encoding="utf-8")) for migration in migrations}
    assert len(bare) >= 2
    assert [path.name for path, text in bare.items() if inexact.search(text)] == []


def test_no_field_and_no_argument_of_the_api_is_a_float() -> None:
    found = []
    for name, type_ in CORE.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            for key, field in type_.fields.items():
                found += [f"{name}.{key}"] if get_named_type(field.type).name == "Float" else []
                found += [f"{name}.{key}.{a}" for a, b in field.args.items() if get_named_type(b.type).name == "Float"]
        if isinstance(type_, GraphQLInputObjectType):
            found += [
                f"{name}.{key}" for key, part in type_.fields.items() if get_named_type(part.type).name == "Float"
            ]
    assert found == []


def _decimals() -> Iterator[tuple[str, str]]:
    """Every input field that takes a decimal: the type that holds it, and its name."""
    for name, type_ in CORE.type_map.items():
        if isinstance(type_, GraphQLInputObjectType):
            yield from (
                (name, key) for key, part in type_.fields.items() if get_named_type(part.type).name == "Decimal"
            )


@pytest.mark.parametrize(("holder", "field"), sorted(_decimals()))
@pytest.mark.parametrize("sent", [1.5, 1, 0.1, 1e300])
def test_amount_is_accepted_as_text_and_rejected_as_a_number(holder: str, field: str, sent: float) -> None:
    part: Any = CORE.type_map[holder]
    type_ = part.fields[field].type
    refused: list[str] = []
    validate_input_value(sent, type_, lambda error, _: refused.append(error.message))
    assert refused != []
    taken: list[str] = []
    validate_input_value("1.5", type_, lambda error, _: taken.append(error.message))
    assert taken == []


@pytest.mark.parametrize("written", ["1.5", "1", "-0.1", "1e3"])
def test_amount_as_a_number_literal_is_rejected_before_execution(written: str) -> None:
    line = f'{{ sku: "a", quantity: "1", unitPrice: {written} }}'
    text = f'{{ basketCheck(customer: {{ card: "1" }}, basket: {{ lines: [{line}] }}) {{ customer {{ id }} }} }}'
    assert any("as text" in error.message for error in validate(CORE, parse(text)))
    quoted = text.replace(f"unitPrice: {written}", f'unitPrice: "{written}"')
    assert validate(CORE, parse(quoted)) == []
