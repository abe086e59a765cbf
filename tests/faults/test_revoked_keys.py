"""A revoked key stops at once on the server that revoked it, and within ten seconds on all others."""

from __future__ import annotations

import time

import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.api.test_access_keys import KEYS, REVOKE, ROTATE
from tests.cli.command import troth
from tests.faults.process import ServerProcess
from tests.shop import UNUSED_TLS, Shop, create_program
from tests.time_limits import HANGS

PROMISED = 10.0
"""Seconds, from SECURITY.md, until a key that was revoked elsewhere is rejected."""

VIEWER = "{ viewer { role } }"


def opens(shop: Shop, token: str) -> bool:
    """Whether a token opens the program."""
    answer = shop.send(VIEWER, key=token).json()
    if "errors" not in answer:
        return True
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return False


def last_opened(shop: Shop, token: str) -> float:
    """When the last request began that a token opened the program for (monotonic seconds), asked until it is rejected."""
    last = time.monotonic()
    give_up = last + HANGS
    while True:
        begun = time.monotonic()
        if not opens(shop, token):
            return last
        last = begun
        assert begun < give_up
        time.sleep(0.02)


def two_servers(url: str, program: NewProgram, client: httpx.Client) -> tuple[list[ServerProcess], list[Shop]]:
    """Two processes that serve one database."""
    servers = [ServerProcess(url), ServerProcess(url)]
    for server in servers:
        server.start()
    return servers, [Shop(address=server.address, program=program, client=client, url=url) for server in servers]


def test_revoked_and_rotated_keys_stop_on_two_servers(postgres_url: str) -> None:
    program = create_program(postgres_url)
    servers: list[ServerProcess] = []
    with httpx.Client(timeout=HANGS, verify=UNUSED_TLS) as client:
        try:
            servers, (here, elsewhere) = two_servers(postgres_url, program, client)
            till, staff = program.token(Role.TILL), program.token(Role.STAFF)
            for shop in (here, elsewhere):
                assert opens(shop, till)
                assert opens(shop, staff)
            by_role = {key["role"]: key["id"] for key in here.execute(KEYS, role=Role.OWNER)["accessKeys"]["nodes"]}
            given = {"idempotencyKey": "o", "accessKey": by_role["STAFF"], "overlapMinutes": 0}
            rotated = here.execute(ROTATE, role=Role.OWNER, input=given)["rotateAccessKey"]
            here.execute(REVOKE, role=Role.OWNER, input={"idempotencyKey": "r", "accessKey": by_role["TILL"]})
            revoked = time.monotonic()
            assert not opens(here, till)
            assert not opens(here, staff)
            lasted = [last_opened(elsewhere, token) - revoked for token in (till, staff)]
            assert max(lasted) < PROMISED
            for shop in (here, elsewhere):
                assert not opens(shop, till)
                assert not opens(shop, staff)
                assert opens(shop, rotated["token"])
            print(f"here at once, elsewhere after {max(lasted):.1f} s")
        finally:
            for server in servers:
                server.stop()


def test_key_that_is_revoked_from_the_shell_stops_on_a_server(sqlite_url: str) -> None:
    program = create_program(sqlite_url)
    server = ServerProcess(sqlite_url)
    server.start()
    with httpx.Client(timeout=HANGS, verify=UNUSED_TLS) as client:
        try:
            shop = Shop(address=server.address, program=program, client=client, url=sqlite_url)
            till = program.token(Role.TILL)
            assert opens(shop, till)
            (key,) = [new.key.id for new in program.keys if new.key.role is Role.TILL]
            troth("keys", "revoke", key, url=sqlite_url)
            revoked = time.monotonic()
            lasted = last_opened(shop, till) - revoked
            assert lasted < PROMISED
            assert not opens(shop, till)
            print(f"after {lasted:.1f} s")
        finally:
            server.stop()
