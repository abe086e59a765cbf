"""The log of a real server process: it contains every failure, and nothing that a client sent."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.faults.process import ServerProcess
from tests.shop import BUY, ENROL, create_program
from tests.time_limits import HANGS

PHONE = "+442079460123"
EMAIL = "ada.lovelace@example.com"
CARD = "CARD-OF-ADA-1815"
NAME = "Lovelace"
PERSONAL = (PHONE, PHONE[3:], EMAIL, "ada.lovelace", CARD, NAME)

BY_EMAIL = "query($by: CustomerBy!) { customer(by: $by) { id identities { value } } }"


def take_away(url: str, table: str) -> None:
    """Rename a table, so that whatever needs it fails inside the database."""
    statement = f"ALTER TABLE {table} RENAME TO {table}_away"
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.close()
        return

    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def ask(server: ServerProcess, key: str, query: str, **variables: Any) -> httpx.Response:
    """One request."""
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": NAME}
    sent = {"query": query, "variables": variables}
    return httpx.post(f"{server.address}/graphql", json=sent, headers=headers, timeout=HANGS)


def refused(server: ServerProcess, program: NewProgram) -> None:
    """What clients do wrong, with personal data in every place."""
    till = program.token(Role.TILL)
    identities = [{"email": EMAIL}, {"phone": PHONE}, {"card": CARD}]
    for number, value in enumerate(identities):
        assert ask(server, till, ENROL, input={"idempotencyKey": f"{EMAIL}{number}", "identities": [value]}).json()[
            "data"
        ]
    again = {"idempotencyKey": f"{EMAIL}0", "identities": [{"email": f"x{EMAIL}"}]}
    ask(server, till, ENROL, input=again)
    ask(server, till, ENROL, input={"idempotencyKey": "other", "identities": identities})
    ask(server, till, ENROL, input={"idempotencyKey": "malformed", "identities": [{"phone": f"no {PHONE} phone"}]})
    ask(server, till, ENROL, input={"idempotencyKey": "unknown", "identities": [{"mail": EMAIL}]})
    ask(server, till, BY_EMAIL, by={"email": f"{EMAIL}@{EMAIL}"})
    ask(server, till, BY_EMAIL, by={"email": EMAIL, "phone": PHONE})
    ask(server, f"{till}{NAME}", BY_EMAIL, by={"email": EMAIL})
    ask(server, EMAIL, "{ viewer { role } }")
    ask(server, till, f'{{ customer(by: {{ email: "{EMAIL}" }}) {{ nope }} }}')
    ask(server, till, f'{{ customer(by: {{ email: "{EMAIL} }}')
    ask(server, till, f"query {NAME}Query {{ {NAME} }}")
    for body in (f'{{"query": "{EMAIL}', f"{EMAIL}", f'"{PHONE}"'):
        httpx.post(f"{server.address}/graphql", content=body, headers={"content-type": "application/json"})
    for path in (f"/graphql?query={EMAIL}", f"/{EMAIL}", f"/graphql/{PHONE}", f"/pictures/{CARD}"):
        httpx.get(f"{server.address}{path}", headers={"Authorization": f"Bearer {till}"})
    for raw in (
        f"{EMAIL}\r\n\r\n",
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nX-{NAME}: {EMAIL}",
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{EMAIL}",
        f"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {NAME}\r\nX-A: {PHONE}\r\n\r\n",
        f"GET /graphql HTTP/1.1\r\nHost: x\r\nX-A: {EMAIL * 5_000}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=HANGS) as value:
            value.sendall(raw.encode())
            time.sleep(0.05)


def broken(server: ServerProcess, program: NewProgram, url: str) -> list[str]:
    """Server errors with personal data in the request; returns the error ids that clients got."""
    error_ids: list[str] = []
    till = program.token(Role.TILL)
    take_away(url, "purchases")
    lines = [{"sku": CARD, "name": NAME, "quantity": "1", "unitPrice": "3.00"}]
    input = {"idempotencyKey": EMAIL, "customer": {"card": CARD}, "purchase": {"externalId": PHONE, "lines": lines}}
    answers = [ask(server, till, BUY, input=input)]
    take_away(url, "identities")
    answers.append(ask(server, till, BY_EMAIL, by={"email": EMAIL}))
    answers.append(ask(server, till, BY_EMAIL, by={"phone": PHONE}))
    answers.append(ask(server, till, ENROL, input={"idempotencyKey": "late", "identities": [{"email": EMAIL}]}))
    for answer in answers:
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert not any(value in answer.text for value in PERSONAL)
        error_ids.append(error["extensions"]["errorId"])
    return error_ids


def test_server_log_contains_no_phone_email_name_or_key(database_url: str, tmp_path: Path) -> None:
    program = create_program(database_url)
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = ServerProcess(database_url, output=output, settings={"TROTH_LOG_LEVEL": "DEBUG"})
        server.start()
        try:
            refused(server, program)
            error_ids = broken(server, program, database_url)
        finally:
            server.stop()
    text = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert set(error_ids) <= {line.get("error_id") for line in lines}, (
        "every fault is in the log, under the client's id"
    )
    assert any("Invalid HTTP request" in line["event"] for line in lines), "the library's lines are in it, too"
    keys = [program.token(role) for role in (Role.OWNER, Role.STAFF, Role.TILL)]
    secrets = [key.rpartition("_")[2] for key in keys]
    found = [value for value in (*PERSONAL, *secrets) if value.lower() in text.lower()]
    assert found == [], text
