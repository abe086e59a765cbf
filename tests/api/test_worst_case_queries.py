"""The worst queries of the real schema against a real server process: other callers are still served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from app.domain.access import Role
from app.graphql_server.endpoint import MAX_RUN_TIME
from app.usecases.programs.create_program import NewProgram
from tests.api.worst_case_queries import LINES, fill_shop, worst_documents
from tests.faults.process import ServerProcess
from tests.shop import create_program
from tests.time_limits import HANGS, usual_seconds

ATTEMPTS = 3
"""A machine that does something else meanwhile may be slow once."""
TIMES = 100
"""How many times longer than the smallest query on an idle server others wait at most."""

Asking = Callable[..., httpx.Response]


@dataclass
class Measured:
    """The outcome of a document, and how long others waited meanwhile."""

    answer: dict[str, Any]
    size: int
    seconds: float
    others: float
    usual: float

    @property
    def times_usual(self) -> float:
        """The longest wait of others, as a multiple of what a small request took at that time."""
        return self.others / self.usual


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any
) -> Iterator[tuple[ServerProcess, NewProgram]]:
    """A server without cost limits, so that the work itself has to be bounded."""
    file = tmp_path_factory.mktemp("worst") / "shop.db"
    file.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{file}"
    program = create_program(url, template="blank")
    process = ServerProcess(url)
    process.start()
    yield process, program
    process.stop()


def sender(server: tuple[ServerProcess, NewProgram]) -> Asking:
    """Sends a document with the key of a role."""
    process, program = server

    def send(query: str, *, role: Role = Role.TILL, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {program.token(role)}"}
        sent = {"query": query, "variables": variables}
        return httpx.post(f"{process.address}/graphql", json=sent, headers=headers, timeout=HANGS)

    return send


@pytest.fixture(scope="module")
def documents(server: tuple[ServerProcess, NewProgram]) -> dict[str, tuple[str, dict[str, Any]]]:
    """The worst documents for a full shop."""
    send = sender(server)

    def ask(query: str, *, role: Role = Role.TILL, **variables: Any) -> Any:
        body = send(query, role=role, **variables).json()
        assert "errors" not in body, body
        return body["data"]

    return worst_documents(fill_shop(ask))


def measure(server: tuple[ServerProcess, NewProgram], query: str, variables: dict[str, Any]) -> Measured:
    """Sends a document while requesting /healthz, and small requests before and after."""
    usual = usual_seconds(lambda: sender(server)("{ program { id } }"))
    waits: list[float] = []
    done = threading.Event()

    def watch() -> None:
        with httpx.Client(base_url=server[0].address, timeout=HANGS) as client:
            while not done.is_set():
                begun = time.perf_counter()
                assert client.get("/healthz").status_code == 200
                waits.append(time.perf_counter() - begun)
                time.sleep(0.005)

    watching = threading.Thread(target=watch)
    watching.start()
    time.sleep(0.05)
    begun = time.perf_counter()
    answer = sender(server)(query, **variables)
    seconds = time.perf_counter() - begun
    done.set()
    watching.join(HANGS)
    usual = max(usual, usual_seconds(lambda: sender(server)("{ program { id } }")))
    return Measured(answer.json(), len(answer.content), seconds, max(waits), usual)


def test_worst_case_queries_do_not_block_other_callers(
    server: tuple[ServerProcess, NewProgram], documents: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    found: dict[str, Measured] = {}
    for name, (query, variables) in documents.items():
        for _ in range(ATTEMPTS):
            first = measure(server, query, variables)
            if name not in found or first.times_usual < found[name].times_usual:
                found[name] = first
            if first.times_usual < TIMES / 2:
                break
    measured = "\n".join(
        f"{tried.others:.3f} s, answered in {tried.seconds:.3f} s: {name}" for name, tried in found.items()
    )
    assert max(tried.times_usual for tried in found.values()) < TIMES, measured
    assert max(tried.size for tried in found.values()) < 20_000_000, measured
    for name, first in found.items():
        assert "cost" in first.answer.get("extensions", {}), f"{name} is refused before it runs: {first.answer}"
        codes = {error["extensions"]["code"] for error in first.answer.get("errors", [])}
        # On a busy machine the time to run may be over first.
        late = {"UNAVAILABLE"} if first.seconds >= MAX_RUN_TIME else set()
        assert codes <= {"OPERATION_TOO_COMPLEX"} | late, name
        assert codes == set() or first.answer["data"] is None, name
    stopped = [name for name, tried in found.items() if tried.answer.get("errors")]
    assert {"twelve purchases, their lines twenty times", "five purchases in twenty root fields"} <= set(stopped), (
        measured
    )
    assert len(stopped) < len(found), "what is merely large is answered"


def test_large_query_is_answered_completely_and_in_order(
    server: tuple[ServerProcess, NewProgram], documents: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    _, variables = documents["twelve purchases, their lines twenty times"]
    first, second = variables["ids"][:2]
    ids = [second, first, second, "nothing", second]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Purchase { a: lines { number unitPrice { amount } } b: lines { sku } } } }"
    nodes = sender(server)(query, ids=ids).json()["data"]["nodes"]
    assert [node and node["id"] for node in nodes] == [second, first, second, None, second]
    assert nodes[0] == nodes[2] == nodes[4]
    for value in (nodes[0], nodes[1]):
        assert [line["number"] for line in value["a"]] == list(range(1, LINES + 1))
        assert {line["unitPrice"]["amount"] for line in value["a"]} == {"1.37"}
        assert [line["sku"] for line in value["b"]] == [f"S{number}" for number in range(LINES)]
