"""A till's day with gql, which reads the server's schema first and checks every document against it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gql import Client, gql
from gql.transport.httpx import HTTPXTransport

HERE = Path(__file__).parent.parent
address, key = sys.argv[1:3]

transport = HTTPXTransport(address, headers={"Authorization": f"Bearer {key}"})
with Client(transport=transport, fetch_schema_from_transport=True) as client:
    redemption = ""
    till = (HERE / "till.graphql").read_text(encoding="utf-8")

    def ask(operation, variables):
        request = gql(till)
        request.variable_values, request.operation_name = variables, operation
        (root,) = client.execute(request).values()
        return root

    for step in json.loads((HERE / "day.json").read_text(encoding="utf-8")):
        given = json.dumps(step["variables"]).replace("REDEMPTION", redemption)
        given = given.replace("YESTERDAY", (datetime.now(UTC) - timedelta(days=1)).isoformat())
        root = ask(step["operation"], json.loads(given))
        redemption = (root.get("redemption") or {}).get("id", redemption)
        balances = root.get("balances") or root.get("wallet", {}).get("balances")
        answered = balances[0]["available"] if balances else root["decision"]["points"][0]["points"]
        shown = ask("LookUp", {"by": {"card": "ANNA"}})["wallet"]["balances"][0]["available"]
        problems = root.get("userErrors", [])
        print(json.dumps({"step": step["step"], "answered": answered, "shown": shown, "problems": problems}))
