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

PATH = "/graphql"
"""Where the API is, and GraphiQL for those who open it in a browser."""

FOLDER = Path(__file__).parent / "static" / "graphiql"
"""The files that start GraphiQL. What `make graphiql` has built is in `built`, named with its hashes in vendored.json."""

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
"""No other host, no script in the page, no worker of one; styles in the page because the editor places its lines with them."""

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
    """Answers a GET with the page when a browser opens the address without a query; else leaves it to the API."""

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
        answer = self._page if page_is_requested(scope) else self._endpoint
        await answer(scope, receive, send)


def page_is_requested(scope: Scope) -> bool:
    """Whether somebody opened the address in a browser: a GET that takes HTML by name and brings no query."""
    if scope["type"] != "http" or scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
        return False
    return not Request(scope).query_params.keys() & {"query", "documentId", "extensions"}


class _Files(StaticFiles):
    """The files of the page. Each is compressed once, when it is first asked for: all of them are 5 MB."""

    def __init__(self, *, directory: Path) -> None:
        super().__init__(directory=directory)
        self._compressed: dict[str, bytes] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, compressed where the client takes that; raises HTTPException."""
        response = await super().get_response(path, scope)
        # Chunks are named by their content.
        forever = path.startswith("built/chunk-")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["vary"] = "Accept-Encoding"
        response.headers["x-content-type-options"] = "nosniff"
        compressible = isinstance(response, FileResponse) and "gzip" in Headers(scope=scope).get("accept-encoding", "")
        if not compressible or scope["method"] != "GET":
            return response
        if path not in self._compressed:
            self._compressed[path] = await asyncio.to_thread(_compressed, Path(FOLDER, path))
        body = self._compressed[path]
        headers = {**response.headers, "content-encoding": "gzip", "content-length": str(len(body))}
        return Response(body, headers=headers)


def _compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)


def api_routes(endpoint: ASGIApp, *, graphiql: bool = True) -> list[BaseRoute]:
    """The API at its path: with GraphiQL in front of it, and the files of that page, unless it is left out."""
    routes: list[BaseRoute] = [
        Route(PATH, endpoint, methods=["POST"]),
        Route(PATH, GraphiQL(endpoint) if graphiql else endpoint),
        WebSocketRoute(PATH, endpoint),
    ]
    if graphiql:
        routes.append(Mount("/graphiql", _Files(directory=FOLDER)))
    return routes
