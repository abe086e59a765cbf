"""Compiled selections give the same values, errors and error paths as graphql-core."""

from __future__ import annotations

import gc
import weakref
from enum import Enum
from inspect import isawaitable
from typing import Any

import pytest
import strawberry
from graphql import execute, parse
from strawberry.schema.config import StrawberryConfig

from app.graphql_server.execution.document_cache import DocumentCache
from app.graphql_server.execution.executor import CompiledExecutor
from app.graphql_server.limits.time_budget import TimeBudget
from app.graphql_server.schema.core_schema import core_schema


@strawberry.enum
class Colour(Enum):
    RED = "r"
    BLUE = "b"


@strawberry.type
class Leaf:
    name: str
    colour: Colour | None = None

    @strawberry.field
    def place(self, info: strawberry.Info) -> str:
        """Where it is shown, whatever it is called there."""
        return "/".join(map(str, info.path.as_list()))

    @strawberry.field
    def shout(self, times: int = 1) -> str:
        return self.name * times

    @strawberry.field
    def painted(self, colour: Colour | None = None, words: list[str] | None = None) -> str:
        return f"{self.name} {colour} {words}"

    @strawberry.field
    def called(self, name: str) -> str:
        return name

    @strawberry.field
    def broken(self) -> str:
        raise LookupError(f"no {self.name}")

    @strawberry.field
    def perhaps(self) -> str | None:
        return None if self.name == "l0" else self.name


@strawberry.interface
class Bird:
    name: str


@strawberry.type
class Owl(Bird):
    age: int


@strawberry.type
class Branch:
    name: str
    birds: list[Bird]
    resident: Bird | None
    leaf: Leaf
    none: Leaf | None
    leaves: list[Leaf]
    names: list[str]
    maybe: list[Leaf | None]
    count: int

    @strawberry.field
    def first(self) -> Leaf | None:
        return self.leaves[0] if self.leaves else None

    @strawberry.field
    def grid(self) -> list[list[Leaf]]:
        return [self.leaves[:2], []]

    @strawberry.field
    async def later(self) -> Leaf:
        return self.leaf


def branch(size: int, **wrong: Any) -> Branch:
    leaves = [Leaf(name=f"l{number}", colour=Colour.BLUE) for number in range(size)]
    leaf = Leaf(name="one", colour=Colour.RED)
    given = {
        "name": "b",
        "leaf": leaf,
        "none": None,
        "leaves": leaves,
        "names": ["x", "y"],
        "maybe": [leaf, None, leaf],
        "birds": [],
        "resident": None,
    }
    return Branch(**{**given, "count": size, **wrong})


@strawberry.type
class Query:
    @strawberry.field
    async def small(self) -> Branch | None:
        return branch(3)

    @strawberry.field
    async def large(self) -> Branch | None:
        return branch(40)

    @strawberry.field
    async def null_leaf(self) -> Branch | None:
        return branch(2, leaf=None)

    @strawberry.field
    async def null_name(self) -> Branch | None:
        return branch(2, names=["x", None])

    @strawberry.field
    async def count_out_of_range(self) -> Branch | None:
        return branch(2, count=2**40)

    @strawberry.field
    async def with_birds(self) -> Branch | None:
        return branch(1, birds=[Owl(name="Minerva", age=3)], resident=Owl(name="Strix", age=None))

    @strawberry.field
    async def leaf_of_other_type(self) -> Branch | None:
        return branch(2, leaf=branch(1))

    @strawberry.field
    def plain(self) -> list[Branch]:
        return [branch(1), branch(2)]


CORE = core_schema(strawberry.Schema(query=Query, types=[Owl], config=StrawberryConfig()))
DOCUMENTS = DocumentCache(CORE)


def executor_of(text: str, given: dict[str, Any] | None = None) -> CompiledExecutor:
    """An executor as the endpoint makes one."""
    operation = DOCUMENTS.get(text).operation(None)
    variables = operation.variables.coerce(given or {})
    assert not isinstance(variables, list)
    return CompiledExecutor.of(
        operation.measured.node,
        schema=CORE,
        fragments=operation.fragments,
        variables=variables,
        collected_cache=operation.collected_cache,
        compiled_cache=operation.compiled_cache,
        context=None,
        time_budget=TimeBudget(),
    )


ALL = (
    "name count names leaf { name colour place } none { name } leaves { colour name place perhaps }"
    " first { shout } grid { place } maybe { name } birds { name ... on Owl { age } } resident { name ... on Owl { age } }"
)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f"{{ {root} {{ {ALL} }} }}"
            for root in (
                "small",
                "large",
                "nullLeaf",
                "nullName",
                "countOutOfRange",
                "withBirds",
                "leafOfOtherType",
                "plain",
            )
        ),
        *(
            f"{{ a: {root} {{ b: leaves {{ c: place d: shout(times: 2) }} later {{ name }} }} }}"
            for root in ("small", "large")
        ),
        "{ small { leaf { name broken } } }",
        "{ small { leaves { name broken } name } }",
        "{ small { first { perhaps name } leaves { perhaps } } }",
        "{ small { ...Part leaf { colour } } } fragment Part on Branch { leaf { name } __typename }",
        "{ small { leaf { name @skip(if: true) colour @include(if: true) } } }",
        "{ plain { leaves { name } leaf { broken } } small { names } }",
    ],
)
async def test_compiled_selection_gives_the_same_response(text: str) -> None:
    expected: Any = execute(CORE, parse(text))
    expected = await expected if isawaitable(expected) else expected
    for _ in range(2):  # the second time with all that was kept the first time
        found: Any = executor_of(text).execute_operation()
        found = await found if isawaitable(found) else found
        assert found.data == expected.data
        assert sorted(map(str, found.errors or ())) == sorted(map(str, expected.errors or ()))
        assert [error.path for error in found.errors or ()] == [error.path for error in expected.errors or ()]


@pytest.mark.parametrize("given", [{}, {"c": None}, {"c": "BLUE"}, {"c": "RED", "w": ["x"]}, {"n": "other"}])
async def test_compiled_arguments_are_those_of_the_request(given: dict[str, Any]) -> None:
    text = """query($c: Colour, $w: [String!], $n: String = "default") { small { leaves {
      a: painted b: painted(colour: $c) c: painted(colour: BLUE, words: $w) d: painted(colour: null)
      e: painted(words: ["y"]) f: painted(words: "z") g: called(name: "h") i: called(name: $n) } first { painted(colour: $c) } } }"""
    expected: Any = execute(CORE, parse(text), variable_values=given)
    expected = await expected if isawaitable(expected) else expected
    assert expected.errors is None
    for variables in (
        {"c": "RED", "n": "before"},
        given,
        given,
    ):  # as if another request had used the same document before
        found: Any = executor_of(text, variables).execute_operation()
        found = await found if isawaitable(found) else found
    assert (found.data, found.errors) == (expected.data, None)


async def test_field_with_an_argument_is_compiled() -> None:
    executor = executor_of('query($c: Colour) { small { leaf { a: painted(colour: $c) b: called(name: "x") } } }')
    result: Any = executor.execute_operation()
    assert (await result).errors is None
    assert executor.compiled_cache
    assert all(compiled is not None for _, compiled in executor.compiled_cache.values())


async def test_only_the_compiled_document_is_kept_of_a_request() -> None:
    compiled_counts = []
    for _ in range(5):
        executor = executor_of("{ small { name leaves { name place } later { name } } }")
        result: Any = executor.execute_operation()
        assert (await result).errors is None
        compiled_counts.append(len(executor.compiled_cache))
    assert set(compiled_counts[1:]) == {compiled_counts[0]}
    assert any(compiled is not None for _, compiled in executor.compiled_cache.values())
    other_executor = executor_of("{ small { name birds { name } leaves { name place } resident { name } } }")
    result = other_executor.execute_operation()
    assert (await result).errors is None
    assert all(compiled is not None for _, compiled in other_executor.compiled_cache.values())


async def test_objects_of_an_operation_are_freed_at_once() -> None:
    executor = executor_of("{ small { leaves { name place } later { name } } }")
    reference = weakref.ref(executor)
    gc.disable()
    try:
        result: Any = executor.execute_operation()
        assert (await result).errors is None
        del executor.async_helpers
        del executor, result
        assert reference() is None
    finally:
        gc.enable()
