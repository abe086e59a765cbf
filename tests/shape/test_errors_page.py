"""docs/errors.md says of every status and every code what to do, and names none that does not exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLEnumType

from app.api.schema import schema
from app.domain.problems import ProblemCode
from app.graphql_server.http.response import _STATUS
from app.graphql_server.schema.core_schema import core_schema
from app.store.database.session import StorageProblem
from tests.cli.command import ROOT
from tests.errors_page import Action, Verdict, read_errors_page

PAGE = read_errors_page()
FROM_PROXIES = {"502", "504"}
CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")


def trees(*folders: str) -> Iterator[ast.Module]:
    """The modules of some folders or files of the application."""
    for path in (ROOT / "app" / folder for folder in folders):
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield ast.parse(Path(file).read_text(encoding="utf-8"))


def sizes(tree: ast.Module) -> set[ast.AST]:
    """The numbers that are a constant of the module, or an argument called `maxsize`: no statuses."""
    constants = {node.value for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value}
    return constants | {
        node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "maxsize"
    }


def statuses_of_the_server() -> set[str]:
    """Every number from 200 to 599 in the code that answers requests."""
    return {
        str(node.value)
        for tree in trees("graphql_server", "web", "main.py", "api/authentication.py")
        for node in set(ast.walk(tree)) - sizes(tree)
        if isinstance(node, ast.Constant) and type(node.value) is int and 200 <= node.value < 600
    }


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Texts that are a constant of the module, or are given as a code."""
    constants = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    for node in (*constants, *ast.walk(tree)):
        places: list[ast.AST | None] = []
        match node:
            case ast.Constant() if node in constants:
                places = [node]
            case ast.Dict():
                places = [
                    value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "code"
                ]
            case ast.keyword(arg="code" | "otherwise", value=value):
                places = [value]
        for inner in (inner for place in places if place is not None for inner in ast.walk(place)):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and CODE.fullmatch(inner.value):
                yield inner.value


def test_every_status_that_the_server_can_answer_is_on_the_page() -> None:
    found = statuses_of_the_server()
    assert {"200", "401", "429", "431", "503"} <= found, "the search finds what is there"
    assert found | FROM_PROXIES == PAGE.statuses.keys()


def test_every_code_of_errors_is_on_the_page() -> None:
    found = {code for tree in trees("graphql_server", "web", "main.py", "api", "pages") for code in codes_in(tree)}
    assert {"FORBIDDEN", "GRAPHQL_PARSE_FAILED", "INTERNAL_SERVER_ERROR"} <= found, "the search finds what is there"
    assert found == PAGE.codes.keys()


def test_every_code_of_the_schema_is_on_the_page() -> None:
    enums = {
        name: set(enum.values)
        for name, enum in core_schema(schema).type_map.items()
        if isinstance(enum, GraphQLEnumType) and name.endswith("Code")
    }
    assert enums.pop("UserErrorCode") == PAGE.problems.keys() == {code.value for code in ProblemCode}
    assert enums.keys() == PAGE.enums.keys()


def test_every_reason_why_nothing_can_be_written_is_on_the_page() -> None:
    assert [reason for reason in StorageProblem if f"`{reason.value}`" not in PAGE.text] == []


def test_status_and_code_say_the_same() -> None:
    by_code = {code: str(status) for code, status in _STATUS.items()}
    by_code |= {"INTERNAL_SERVER_ERROR": "500", "UNAVAILABLE": "503", "ANSWER_INCOMPLETE": "503"}
    assert [code for code, status in by_code.items() if PAGE.codes[code] is not PAGE.statuses[status]] == []


RETRY = {"errors": [{"message": "", "extensions": {"code": "RATE_LIMITED"}}]}
INVALID = {"errors": [{"message": "", "extensions": {"code": "BAD_USER_INPUT"}}]}


@pytest.mark.parametrize(
    ("status", "body", "action"),
    [
        (200, {"data": {"recordPurchase": {"userErrors": []}}}, Action.DONE),
        (200, {"data": {"recordPurchase": {"decision": {"outcome": "REFUSED"}, "userErrors": []}}}, Action.DONE),
        (200, {"data": {"recordPurchase": {"userErrors": [{"code": "CUSTOMER_NOT_FOUND"}]}}}, Action.TELL),
        (200, {"data": {"recordPurchase": {"userErrors": [{"code": "IDEMPOTENCY_KEY_REUSED"}]}}}, Action.STOP),
        (200, {"data": {"recordPurchase": {"userErrors": []}}, **RETRY}, Action.RETRY),
        (200, {"data": None, **RETRY}, Action.RETRY),
        (200, {"errors": [*RETRY["errors"], *INVALID["errors"]]}, Action.RETRY),
        (200, {"errors": [{"extensions": {"code": "FORBIDDEN"}}, *RETRY["errors"]]}, Action.STOP),
        (200, {"errors": [{"extensions": {"code": "A_NEW_ONE"}}]}, Action.TELL),
        (200, {"errors": [{"message": "a proxy's"}]}, Action.TELL),
        (200, "<html>Sign in to the free network</html>", Action.RETRY),
        (200, "", Action.RETRY),
        (200, [], Action.RETRY),
        (200, {"data": None}, Action.RETRY),
        (302, "", Action.STOP),
        (400, INVALID, Action.TELL),
        (400, {"errors": [{"extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]}, Action.STOP),
        (400, {"errors": [{"extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]}, Action.RETRY),
        (400, "<html>Bad request</html>", Action.TELL),
        (401, {"errors": [{"extensions": {"code": "UNAUTHENTICATED"}}]}, Action.STOP),
        (408, INVALID, Action.RETRY),
        (415, INVALID, Action.STOP),
        (418, "", Action.TELL),
        (429, "", Action.RETRY),
        (500, {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}, Action.RETRY_SOME),
        (502, "<html>Bad gateway</html>", Action.RETRY),
        (507, "", Action.RETRY),
    ],
)
def test_answers_are_looked_at_in_the_order_of_the_page(status: int, body: object, action: Action) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    found: Verdict = PAGE.verdict(status, text.encode())
    assert found.action is action


def test_a_code_that_is_listed_twice_is_found() -> None:
    row = "| `RATE_LIMITED` | retry | the caller's limit is used up, for the moment |\n"
    with pytest.raises(ValueError, match="RATE_LIMITED"):
        read_errors_page(PAGE.text.replace(row, row * 2))
