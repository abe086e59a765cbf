"""The time budget of an operation: it yields to others, and is stopped when the budget is used up."""

from __future__ import annotations

import asyncio
import time

import pytest
import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from app.graphql_server.execution.document_cache import DocumentCache
from app.graphql_server.execution.executor import CompiledExecutor
from app.graphql_server.limits import time_budget
from app.graphql_server.limits.time_budget import CPU_LIMIT, MAX_REPEATED_BYTES, TIME_SLICE, TimeBudget
from app.graphql_server.schema.core_schema import core_schema

READ = 0


def busy(seconds: float) -> None:
    """Uses the processor."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@strawberry.type
class Leaf:
    name: str

    @strawberry.field
    def dear(self) -> str:
        busy(0.01)
        return self.name


@strawberry.type
class Tree:
    name: str

    @strawberry.field
    def leaves(self, count: int = 3) -> list[Leaf]:
        busy(0.005)
        return [Leaf(name=f"{self.name}{number}") for number in range(count)]

    @strawberry.field
    async def later(self) -> list[Leaf]:
        global READ
        READ += 1
        await asyncio.sleep(0.01)
        return [Leaf(name=self.name)]


OAK, ELM = Tree(name="oak"), Tree(name="elm")


@strawberry.type
class Query:
    @strawberry.field
    def trees(self, count: int = 1) -> list[Tree]:
        return [Tree(name=f"tree{number}") for number in range(count)]

    @strawberry.field
    def again(self) -> list[Tree | None]:
        return [OAK, ELM, OAK, None, OAK]

    @strawberry.field
    async def patient(self) -> str:
        await asyncio.sleep(CPU_LIMIT + 0.2)
        return "here"

    @strawberry.field
    def large(self, times: int) -> list[Leaf | None]:
        return [Leaf(name="x" * 1_000)] * times


CORE = core_schema(strawberry.Schema(query=Query, config=StrawberryConfig()))
DOCUMENTS = DocumentCache(CORE)


async def run(text: str) -> tuple[object, list[str], CompiledExecutor, float]:
    """Data, error messages, the executor, and the longest time that the event loop was blocked."""
    gaps = [0.0]
    over = False

    async def others() -> None:
        last = time.perf_counter()
        while not over:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    operation = DOCUMENTS.get(text).operation(None)
    variables = operation.variables.coerce({})
    assert not isinstance(variables, list)
    executor = CompiledExecutor.of(
        operation.measured.node,
        schema=CORE,
        fragments=operation.fragments,
        variables=variables,
        compiled_cache=operation.compiled_cache,
        collected_cache=operation.collected_cache,
        context=None,
        time_budget=TimeBudget(),
    )
    watching = asyncio.create_task(others())
    await asyncio.sleep(0)
    result = executor.execute_operation()
    if not hasattr(result, "data"):
        result = await result
    over = True
    await watching
    return result.data, [error.message for error in result.errors or ()], executor, max(gaps)


async def test_long_operation_yields_to_others_and_completes() -> None:
    share = 1.0
    for _ in range(3):
        began = time.perf_counter()
        data, errors, executor, gap = await run("{ trees(count: 6) { name leaves(count: 4) { name dear } } }")
        share = min(share, gap / (time.perf_counter() - began))
        assert errors == []
        assert not executor.time_budget.exhausted
        assert data == {
            "trees": [
                {
                    "name": f"tree{number}",
                    "leaves": [{"name": f"tree{number}{leaf}", "dear": f"tree{number}{leaf}"} for leaf in range(4)],
                }
                for number in range(6)
            ]
        }
    assert share < 0.7, "the work of 0.27 seconds in one go"


async def test_operation_over_its_time_budget_is_stopped() -> None:
    begun = time.thread_time()
    _, errors, executor, _ = await run("{ trees(count: 100) { name leaves(count: 100) { name dear } } }")
    assert executor.time_budget.exhausted
    assert time.thread_time() - begun < 2 * CPU_LIMIT, "of 100 seconds"
    assert errors
    assert all("too much work" in error for error in errors)


async def test_waiting_does_not_use_the_time_budget() -> None:
    data, errors, executor, _ = await run("{ patient trees(count: 20) { later { name } } }")
    assert errors == []
    assert not executor.time_budget.exhausted
    assert not executor.time_budget.should_yield
    assert data is not None


async def test_repeated_list_item_is_resolved_once() -> None:
    global READ
    READ = 0
    data, errors, _, _ = await run("{ again { name later { name } } }")
    oak, elm = ({"name": name, "later": [{"name": name}]} for name in ("oak", "elm"))
    assert data == {"again": [oak, elm, oak, None, oak]}
    assert errors == []
    assert READ == 2
    data, _, _, _ = await run("{ again { name leaves(count: 1) { name } } }")
    assert [value and value["name"] for value in data["again"]] == ["oak", "elm", "oak", None, "oak"]


async def test_response_that_is_long_by_repetition_is_stopped_too() -> None:
    _, _, executor, _ = await run(f"{{ large(times: {MAX_REPEATED_BYTES // 2_000}) {{ name }} }}")
    assert not executor.time_budget.exhausted
    _, _, executor, _ = await run(f"{{ large(times: {MAX_REPEATED_BYTES // 500}) {{ name }} }}")
    assert executor.time_budget.exhausted


def test_busy_machine_does_not_use_the_time_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_budget, "perf_counter", lambda: clock[0])
    clock = [0.0]
    work = TimeBudget(_clock=time_budget.perf_counter, _counted_until=0.0)
    clock[0] = 10.0  # the process did not run meanwhile
    work.tick()
    work.check()
    assert (work.should_yield, work.exhausted) == (True, False)


def test_short_stretches_of_work_add_up() -> None:
    time_budget = TimeBudget()
    for _ in range(200):
        busy(TIME_SLICE / 3)
        time_budget.tick()
        if time_budget.should_yield:
            asyncio.run(time_budget.yield_to_others())
        if time_budget.exhausted:
            break
    with pytest.raises(GraphQLError) as stopped:
        time_budget.check()
    assert stopped.value.extensions == {"code": "OPERATION_TOO_COMPLEX"}
