"""GraphiQL, served from our own files to people who open the API in a browser."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

GRAPHQL_PATH = "/graphql"
"""The path of the API, which shows GraphiQL to people who open it in a browser."""

FOLDER = Path(__file__).parent / "static" / "graphiql"
"""The files that start GraphiQL. The output of `make graphiql` is in `built`; vendored.json there lists packages and hashes."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
"""The content security policy: nothing from other hosts, and no scripts inside the page.

Styles inside the page are allowed, because the editor places its lines with them.
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Troth: GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/graphiql/built/graphiql.css">
<link rel="stylesheet" href="/graphiql/page.css">
<link rel="modulepreload" href="/graphiql/built/graphiql.js">
<script type="module" src="/graphiql/boot.js"></script>
</head>
<body>
<header>
<h1><a href="/">Troth</a></h1>
<form id="sign-in">
<label for="key">Access key</label>
<input id="key" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="troth_till_…" aria-describedby="holder">
<button>Sign in</button>
</form>
<p id="holder" role="status"></p>
</header>
<main id="graphiql"><noscript>GraphiQL needs JavaScript. The API itself does not: POST to this address.</noscript></main>
</body>
</html>
"""


class GraphiQL:
    """Answers with the page when a browser opens the address without a query; leaves every other request to the API."""

    def __init__(self, endpoint: ASGIApp):
        self._endpoint = endpoint
        self._page = HTMLResponse(
            _PAGE,
            headers={
                "content-security-policy": POLICY,
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
                "cross-origin-opener-policy": "same-origin",
                "cache-control": "no-cache",
                "vary": "Accept",
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the page or the API."""
        app = self._page if page_is_requested(scope) else self._endpoint
        await app(scope, receive, send)


def page_is_requested(scope: Scope) -> bool:
    """Whether somebody opened the address in a browser: a GET that names text/html in Accept and has no query."""
    if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
        return False
    return not Request(scope).query_params.keys() & {"query", "documentId", "extensions"}


class _Files(StaticFiles):
    """The files of the page. Each is compressed once, when it is first requested: together they have 5 MB."""

    def __init__(self, *, directory: Path) -> None:
        super().__init__(directory=directory)
        self._compressed_files: dict[str, bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed if the client accepts gzip. Raises HTTPException."""
        response = await super().get_response(path, scope)
        # Chunks are named by a hash of their content.
        never_changes = path.startswith("built/chunk-")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if never_changes else "no-cache"
        response.headers["vary"] = "Accept-Encoding"
        response.headers["x-content-type-options"] = "nosniff"
        compressible = isinstance(response, FileResponse) and "gzip" in Headers(scope=scope).get("accept-encoding", "")
        if not compressible or scope["method"] != "GET":
            return response
        if path not in self._compressed_files:
            self._compressed_files[path] = await asyncio.to_thread(_compress, Path(FOLDER, path))
        body = self._compressed_files[path]
        headers = {**response.headers, "content-encoding": "gzip", "content-length": str(len(body))}
        return Response(body, headers=headers)


def _compress(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


def api_routes(endpoint: ASGIApp, *, graphiql: bool = True) -> list[BaseRoute]:
    """The routes of the API at `GRAPHQL_PATH`; with `graphiql`, also those of GraphiQL and its files."""
    routes: list[BaseRoute] = [
        Route(GRAPHQL_PATH, endpoint, methods=["POST"]),
        Route(GRAPHQL_PATH, GraphiQL(endpoint) if graphiql else endpoint),
        WebSocketRoute(GRAPHQL_PATH, endpoint),
    ]
    if graphiql:
        routes.append(Mount("/graphiql", _Files(directory=FOLDER)))
    return routes
