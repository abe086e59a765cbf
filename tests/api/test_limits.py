"""Limits of operations, and how little it costs to refuse them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from graphql import GraphQLError, get_introspection_query, parse, validate

from app.graphql_server.execution.document_cache import DocumentCache, InvalidDocumentError
from app.graphql_server.limits.document_limits import MeasuredDocument, measure, parse_document
from app.graphql_server.schema.core_schema import core_schema
from tests.api.minimal_schema import schema

CORE = core_schema(schema)


def excesses(text: str) -> list[str]:
    """The messages about exceeded limits."""
    metrics = measure(parse(text), schema=CORE)
    if isinstance(metrics, MeasuredDocument):
        return []
    assert {error.extensions["code"] for error in metrics if error.extensions} == {"OPERATION_TOO_COMPLEX"}
    return [error.message for error in metrics]


def deep(levels: int) -> str:
    """An operation of a depth."""
    return "{ shop { " + "next { " * (levels - 3) + "others { id }" + " }" * (levels - 3) + " } }"


def many(what: Callable[[int], str], count: int) -> str:
    """Repeated fields or arguments."""
    return " ".join(what(number) for number in range(count))


def doubling(fragments: int) -> str:
    """Fragments that each spread the next one twice."""
    chain = many(lambda n: f"fragment F{n} on Shop {{ next {{ ...F{n + 1} }} others {{ ...F{n + 1} }} }}", fragments)
    return f"{{ shop {{ ...F0 }} }} {chain} fragment F{fragments} on Shop {{ name }}"


def test_operation_at_every_limit_is_executed() -> None:
    assert excesses(deep(12)) == []
    assert excesses(
        "{ " + many(lambda n: f"a{n}: hello", 20) + " shop { " + many(lambda n: f"b{n}: id", 9) + " } }"
    ) == ["The operation may have at most 20 root fields."]
    assert (
        excesses("{ " + many(lambda n: f"a{n}: hello", 19) + " shop { " + many(lambda n: f"b{n}: id", 11) + " } }")
        == []
    )
    assert excesses("mutation { " + many(lambda n: f'a{n}: shout(word: "a")', 5) + " }") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (deep(13), "The operation may be nested at most 12 levels deep."),
        ("{ shop { ...F } } fragment F on Shop " + deep(13)[7:-1], "The operation may be nested at most 12 levels deep."),
        ("{ shop { " + many(lambda n: f"a{n}: id", 31) + " } }", "The operation may have at most 30 aliases."),
        ("{ " + "hello " * 21 + "}", "The operation may have at most 20 root fields."),
        ("{ ...F ...F } fragment F on Query { " + "hello " * 11 + "}", "The operation may have at most 20 root fields."),
        ("mutation { " + many(lambda n: f'a{n}: shout(word: "a")', 6) + " }", "The operation may have at most 5 root fields."),
        ("{ __schema { types { fields { type { fields { name } } } } } }", "The operation may not follow the lists of the introspection from type to type to type."),
        ("{ a: __schema { types { name } } }", "`__schema` and the lists below it may have no aliases."),
        ("{ __schema { a: types { name } b: types { name } } }", "`__schema` and the lists below it may have no aliases."),
        ("{ shop { ...F } } fragment F on Shop { " + "...G " * 50 + "} fragment G on Shop { " + "id name " * 25 + "}", "A fragment may have at most 1000 fields, those of fragments counted at every use."),
        ("{ hello @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) @skip(if: true) }", "One place may have at most 5 directives."),
        ("{ number(of: " + "[" * 11 + "]" * 11 + ") }", "Values may be nested at most 10 times."),
        ("query($o: Order = " + "{inner: " * 11 + "1" + "}" * 11 + ") { hello }", "Values may be nested at most 10 times."),
        ("query($n: " + "[" * 11 + "Int" + "]" * 11 + ") { hello }", "Types may be nested at most 10 times."),
        ("{ " + "... { " * 41 + "hello" + " }" * 41 + " }", "Selections may be nested at most 40 times."),
        ("{ shop { " + "id " * 51 + "} }", "One field may be asked for at most 50 times in one place."),
        ("{ shop { " + "... { id } " * 51 + "} }", "One place may use at most 50 fragments."),
        (many(lambda n: f"query Q{n} {{ hello }}", 51), "A document may hold at most 50 operations."),
    ],
)  # fmt: skip
def test_operation_just_over_a_limit_is_rejected(text: str, message: str) -> None:
    assert excesses(text) == [message]


def test_introspection_of_common_tools_is_allowed() -> None:
    assert excesses(get_introspection_query(specified_by_url=True, input_value_deprecation=True)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ " + "a " * 1500 + "}", "OPERATION_TOO_COMPLEX"),
        ("# x\n" * 1501 + "{ hello }", "OPERATION_TOO_COMPLEX"),
        ("{ a " * 700 + "}" * 700, "OPERATION_TOO_COMPLEX"),
        ("{ a(b: " + "[" * 700 + "]" * 700 + ") }", "OPERATION_TOO_COMPLEX"),
        ("{ hello", "GRAPHQL_PARSE_FAILED"),
    ],
)
def test_unparsable_document_is_rejected_with_a_reason(text: str, code: str) -> None:
    with pytest.raises(GraphQLError) as refused:
        parse_document(text)
    assert refused.value.extensions == {"code": code}


@pytest.mark.parametrize(
    "text",
    [
        "{ shop { ...A } } fragment A on Shop { next { ...A } }",
        "{ shop { ...A } } fragment A on Shop { ...B } fragment B on Shop { ...A }",
        "{ hello } fragment A on Shop { ...A ...A }",
        "{ shop { ...A } } fragment A on Shop { id } fragment A on Shop { name }",
    ],
)
def test_invalid_fragments_are_rejected_before_validation(text: str) -> None:
    metrics = measure(parse(text), schema=CORE)
    assert isinstance(metrics, list)
    assert [error.extensions for error in metrics] == [{"code": "GRAPHQL_VALIDATION_FAILED"}]


def test_unknown_types_and_fields_are_left_to_validation() -> None:
    metrics = measure(parse("{ nope { a ...F ...Gone } } fragment F on Nope { b }"), schema=CORE)
    assert isinstance(metrics, MeasuredDocument)
    assert metrics.reachable_fields == {"Query.nope"}


def test_needed_fields_include_fragments_and_interface_types() -> None:
    text = "query A { ...F thing { id ... on Shop { name } } } query B { hello } fragment F on Query { page { endCursor } }"
    metrics = measure(parse(text), schema=CORE)
    assert isinstance(metrics, MeasuredDocument)
    assert metrics.operations["A"].reachable_fields == {
        "Query.page", "PageInfo.endCursor", "Query.thing", "Thing.id", "Shop.id", "Shop.name",
    }  # fmt: skip
    assert metrics.operations["B"].reachable_fields == {"Query.hello"}
    assert not metrics.operations["A"].introspects


@pytest.mark.parametrize(
    "text",
    [
        "{ " + many(lambda _: "shop { " + "id " * 48 + "}", 20) + " }",
        "{ " + many(lambda _: "shop { " + "next { " * 9 + "id " * 40 + "}" * 9 + " }", 15) + " }",
        "{ " + many(lambda n: f"shop {{ ...F{n} }}", 18) + " } " + many(lambda n: f"fragment F{n} on Shop {{ {'id ' * 50} }}", 18),
    ],
)  # fmt: skip
def test_document_that_is_slow_to_validate_is_rejected_quickly(text: str) -> None:
    best = 10.0
    for _ in range(3):
        begun = time.process_time()
        with pytest.raises(InvalidDocumentError) as refused:
            DocumentCache(CORE).get(text)
        best = min(best, time.process_time() - begun)
    (error,) = refused.value.errors
    assert error.extensions == {"code": "OPERATION_TOO_COMPLEX"}
    assert error.message == "The operation asks for too many fields that have to be compared with each other."
    assert best < 0.15


def test_document_cache_has_a_size_limit() -> None:
    documents = DocumentCache(CORE)
    long = [f'query Q{number} {{ hello(name: "{"x" * 15_000}") }}' for number in range(60)]
    first, last = documents.get(long[0]), None
    for text in long:
        last = documents.get(text)
    assert documents.get(long[-1]) is last
    assert documents.get(long[0]) is not first


HOSTILE = {
    "fragments that double 60 times": doubling(60),
    "fragments that double 9 times": doubling(9),
    "unused fragments that double": doubling(60).replace("{ shop { ...F0 } }", "{ hello }"),
    "150 fragments in a circle": "{ shop { ...F0 } } " + many(lambda n: f"fragment F{n} on Shop {{ ...F{(n + 1) % 150} }}", 150),
    "180 fragments in a row": "{ shop { ...F0 } } " + many(lambda n: f"fragment F{n} on Shop {{ ...F{n + 1} }}", 180) + " fragment F180 on Shop { id }",
    "5,000 aliases": "{ " + many(lambda n: f"a{n}: hello", 5000) + " }",
    "400 aliases": "{ " + many(lambda n: f"a{n}: hello", 400) + " }",
    "one field 1,400 times": "{ shop {" + " id" * 1400 + " } }",
    "370 inline fragments": "{ shop { " + "... { id } " * 370 + "} }",
    "fragments on fragments": "{ shop { " + many(lambda n: f"...F{n}", 50) + " } } " + many(lambda n: f"fragment F{n} on Shop {{ id name next {{ id }} }}", 50),
    "450 arguments": "{ hello(" + many(lambda n: f"x{n}: 1", 450) + ") }",
    "350 variables": "query(" + many(lambda n: f"$x{n}: Int", 350) + ") { hello }",
    "a string of 99,000 characters": '{ hello(name: "' + "x" * 99_000 + '") }',
    "700 braces": "{ shop { " * 350,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_rejected_within_milliseconds(text: str) -> None:
    best = 10.0
    for _ in range(3):
        begun = time.process_time()
        try:
            document = parse_document(text)
        except GraphQLError:
            pass
        else:
            if isinstance(measure(document, schema=CORE), MeasuredDocument):
                validate(CORE, document, max_errors=10)
        best = min(best, time.process_time() - begun)
    assert best < 0.25
