"""Admission limits: unknown callers and unknown documents are counted before any work is done for them."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.api import authentication
from app.domain.access import Role
from app.domain.programs.key_tokens import format_token
from app.graphql_server.limits.admission import ADMISSION_LIMIT, INVALID_KEY_COST, Admission, RateLimited
from app.graphql_server.limits.rate_limits import RateLimit
from app.graphql_server.limits.slow_lane import TURN_PAUSE
from app.store.database.connect import open_database
from app.store.database.session import Session
from app.usecases.application import Application
from tests.access_keys import issue_key
from tests.shop import UNUSED_TLS, Shop, new_id, open_shop, real_now
from tests.time_limits import HANGS

GRAPHQL_JSON = "application/graphql-response+json"
OFTEN = ADMISSION_LIMIT.capacity // INVALID_KEY_COST


@pytest.fixture
def shop(sqlite_url: str) -> Iterator[Shop]:
    """A shop whose admission limit does not refill while a test runs."""
    with open_shop(sqlite_url, admission_limit=RateLimit(capacity=ADMISSION_LIMIT.capacity, restored=1)) as opened:
        yield opened


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were looked up in the database."""
    found: list[str] = []
    plain = authentication.authenticate

    async def noting(session: Session, *, token: str, at: datetime) -> Any:
        found.append(token)
        return await plain(session, token=token, at=at)

    monkeypatch.setattr(authentication, "authenticate", noting)
    return found


@pytest.fixture
def database_keys(shop: Shop) -> list[str]:
    """Keys of tills that the server has not seen yet."""

    async def make() -> list[str]:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        try:
            return [
                (await issue_key(application, program_id=shop.program.program.id, role=Role.TILL)).token
                for _ in range(12)
            ]
        finally:
            await database.stop()

    return asyncio.run(make())


def wrong_key(number: int) -> str:
    """A well-formed key that does not exist."""
    return format_token(Role.TILL, access_key_id=f"{number:032x}", secret="w" * 43)


def codes(answer: httpx.Response) -> list[str]:
    """The codes of the errors."""
    return [value["extensions"]["code"] for value in answer.json().get("errors", [])]


def test_wrong_keys_beyond_the_limit_of_their_address_wait_for_their_turn(shop: Shop, reads: list[str]) -> None:
    found = [codes(shop.send("{ viewer { role } }", key=wrong_key(number)))[0] for number in range(OFTEN)]
    begun = time.monotonic()
    found += [codes(shop.send("{ viewer { role } }", key=wrong_key(OFTEN + number)))[0] for number in range(50)]
    assert time.monotonic() - begun >= 49 * TURN_PAUSE
    assert found == ["UNAUTHENTICATED"] * (OFTEN + 50)
    assert len(reads) == OFTEN + 50
    response = shop.send("{ viewer { role } }", key=wrong_key(0))
    assert codes(response) == ["RATE_LIMITED"], "what was looked up before waits for no turn"
    assert int(response.headers["retry-after"]) >= 1
    assert "data" not in response.json()


def test_guessed_keys_lock_out_no_key_of_the_same_address(shop: Shop, database_keys: list[str]) -> None:
    guessed: list[str] = []
    ended = threading.Event()

    def guess(guesser: int) -> None:
        with httpx.Client(timeout=HANGS, verify=UNUSED_TLS) as client:
            own = replace(shop, client=client)
            for number in itertools.count(guesser * 1_000_000):
                if ended.is_set():
                    return
                guessed.extend(codes(own.send("{ viewer { role } }", key=wrong_key(number))))

    for number in range(OFTEN):
        shop.send("{ viewer { role } }", key=wrong_key(10**9 + number))
    guessers = [threading.Thread(target=guess, args=(guesser,)) for guesser in range(8)]
    for thread in guessers:
        thread.start()
    try:
        answers = [shop.send("{ viewer { role } }", key=key).json() for key in database_keys]
    finally:
        ended.set()
        for thread in guessers:
            thread.join()
    assert answers == [{"data": {"viewer": {"role": "TILL"}}, "extensions": answer["extensions"]} for answer in answers]
    assert len(guessed) > 0
    assert set(guessed) <= {"UNAUTHENTICATED", "RATE_LIMITED"}


def test_half_a_key_is_rejected_without_a_look_up(shop: Shop, reads: list[str]) -> None:
    key = shop.program.token(Role.TILL)
    for part in (key[:-1], key[:40], key.replace("_", "-", 1), key[:-1] + ("0" if key[-1] != "0" else "1"), "secret"):
        response = shop.send("{ viewer { role } }", key=part)
        assert codes(response) == ["UNAUTHENTICATED"]
        assert "key is incomplete" in response.json()["errors"][0]["message"]
    assert reads == []


def test_repeated_wrong_key_is_looked_up_once_and_counted_each_time(shop: Shop, reads: list[str]) -> None:
    found = [codes(shop.send("{ viewer { role } }", key=wrong_key(1)))[0] for _ in range(OFTEN + 5)]
    assert found == ["UNAUTHENTICATED"] * OFTEN + ["RATE_LIMITED"] * 5
    assert len(reads) == 1


def test_till_at_the_same_address_is_still_served(shop: Shop) -> None:
    assert shop.execute("{ viewer { role } }") == {"viewer": {"role": "TILL"}}
    for number in range(OFTEN + 5):
        shop.send("{ viewer { role } }", key=wrong_key(number))
    assert shop.execute("{ viewer { role } }") == {"viewer": {"role": "TILL"}}
    assert shop.enrol(), "documents that it has not sent before, too"


def test_valid_key_does_not_use_up_the_limit_of_its_address(shop: Shop) -> None:
    for _ in range(3):
        for role in (Role.TILL, Role.STAFF, Role.OWNER):
            shop.execute("{ viewer { role } }", role=role)
    found = [codes(shop.send("{ viewer { role } }", key=wrong_key(number)))[0] for number in range(OFTEN)]
    assert found == ["UNAUTHENTICATED"] * OFTEN


def test_requests_without_a_bearer_key_count_towards_the_limit(sqlite_url: str) -> None:
    with open_shop(sqlite_url, admission_limit=RateLimit(capacity=500, restored=1)) as shop:
        assert shop.execute("{ viewer { role } }") == {"viewer": {"role": "TILL"}}
        headers = {"Authorization": "Basic dXNlcjpwYXNz"}
        found: list[str] = []
        for number in range(700):
            body = {"query": "{ __typename }"}
            response = shop.client.post(f"{shop.address}/graphql", json=body, headers=headers if number % 2 else {})
            found.extend(codes(response) or ["ANSWERED"])
        assert found[:2] == ["ANSWERED", "UNAUTHENTICATED"]
        assert found[-1] == "RATE_LIMITED"
        assert shop.execute("{ viewer { role } }") == {"viewer": {"role": "TILL"}}, "a key that was used before"


@pytest.mark.parametrize("role", [None, Role.TILL], ids=["without a key", "with a key"])
def test_invalid_documents_are_charged_and_then_rejected_unparsed(
    shop: Shop, role: Role | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []
    from app.graphql_server.execution.document_cache import DocumentCache

    plain = DocumentCache.prepare

    def noting(self: DocumentCache, text: str) -> Any:
        prepared.append(text)
        return plain(self, text)

    monkeypatch.setattr(DocumentCache, "prepare", noting)
    key = shop.program.token(Role.TILL) if role is not None else None
    shop.execute("{ viewer { role } }", role=Role.STAFF)
    shop.execute("{ viewer { role } }", role=Role.TILL)
    prepared.clear()
    dear = "{ " + " ".join("viewer { " + "role " * 48 + "}" for _ in range(20)) + " }"
    found: list[str] = []
    for number in range(2_000):
        found += codes(shop.send(f"{dear} # {number}", role=None, key=key))
        if found[-1] == "RATE_LIMITED":
            break
    assert found[-1] == "RATE_LIMITED"
    assert set(found[:-1]) == {"OPERATION_TOO_COMPLEX"}
    assert len(prepared) == len(found) - 1
    assert len(found) < 1_000, "at most a second of work"
    other = shop.send("{ nope }", role=Role.STAFF)
    assert codes(other) == ["GRAPHQL_VALIDATION_FAILED"], "others may still send what nobody has seen"


def test_cached_documents_are_not_charged_by_admission(sqlite_url: str) -> None:
    with open_shop(sqlite_url, admission_limit=RateLimit(capacity=2_000, restored=1)) as shop:
        for _ in range(300):
            shop.execute("{ viewer { role } }")


def test_wrong_key_is_rejected_before_its_document_is_parsed(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {wrong_key(3)}", "Accept": GRAPHQL_JSON}
    response = shop.client.post(f"{shop.address}/graphql", json={"query": "{ nope"}, headers=headers)
    assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])


def test_invalid_variables_are_charged(sqlite_url: str) -> None:
    with open_shop(sqlite_url, rate_limit=RateLimit(capacity=100, restored=1)) as shop:
        query = "query($e: ID!) { explain(entry: $e) { agrees } }"
        found = [codes(shop.send(query, e={"no": "id"})) for _ in range(12)]
    assert found == [["BAD_USER_INPUT"]] * 10 + [["RATE_LIMITED"]] * 2


def test_admission_limit_refills_with_time_up_to_its_maximum() -> None:
    at = [0.0]
    admission = Admission(RateLimit(capacity=100, restored=10), clock=lambda: at[0])
    admission.take("host", 100)
    with pytest.raises(RateLimited) as early:
        admission.take("host", 50)
    assert early.value.wait == 5.0
    admission.take("another host", 100)
    admission.give_back("host", 1_000)
    admission.take("host", 100)
    with pytest.raises(RateLimited):
        admission.take("host")
    at[0] = 1.0
    admission.take("host", 10)


def test_overdrawn_caller_waits_for_a_bounded_time() -> None:
    at = [0.0]
    admission = Admission(RateLimit(capacity=100, restored=10), clock=lambda: at[0])
    with admission.charging_time("host"):
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass
    with pytest.raises(RateLimited) as early, admission.charging_time("host"):
        raise AssertionError("nothing is looked at")
    assert 0 < early.value.wait <= 10.1
