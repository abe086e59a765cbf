"""A small client of GraphQL over HTTP for tests: a request takes a quarter of the processor time that httpx takes."""

from __future__ import annotations

import json
import select
import threading
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.time_limits import HANGS


class GraphqlClient:
    """Sends requests to one server, over one connection for each thread."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._of_thread = threading.local()

    def send(self, query: str, variables: dict[str, Any], headers: dict[str, str]) -> Any:
        """The body of the response, as JSON data."""
        connection = self._connection()
        body = json.dumps({"query": query, "variables": variables})
        connection.request("POST", "/graphql", body, {"Content-Type": "application/json", **headers})
        return json.loads(connection.getresponse().read())

    def close(self) -> None:
        """Closes the connection of this thread."""
        if connection := getattr(self._of_thread, "connection", None):
            connection.close()

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if connection is None or _is_closed_by_server(connection):
            connection = self._of_thread.connection = HTTPConnection(self._host, timeout=HANGS)
        return connection


def _is_closed_by_server(connection: HTTPConnection) -> bool:
    """Whether the server has closed an idle connection: then there is something to read, the end of the stream."""
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])
