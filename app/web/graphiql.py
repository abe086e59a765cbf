"""GraphiQL, served from our own files to people who open the API in a browser."""

from __future__ import annotations

from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/graphql"
"""Where the API is, and GraphiQL for those who open it in a browser."""

FOLDER = Path(__file__).parent / "static" / "graphiql"
"""GraphiQL and React as they were published, named with their hashes in vendored.json, and the files that start them."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
    )
)
"""No other host, no script in the page; styles in the page only because the editor places its cursor with them."""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Troth: GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/graphiql/graphiql.min.css">
<link rel="stylesheet" href="/graphiql/page.css">
<script src="/graphiql/react.production.min.js" defer></script>
<script src="/graphiql/react-dom.production.min.js" defer></script>
<script src="/graphiql/graphiql.min.js" defer></script>
<script src="/graphiql/boot.js" defer></script>
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


def api_routes(endpoint: ASGIApp, *, graphiql: bool = True) -> list[BaseRoute]:
    """The API at its path: with GraphiQL in front of it, and the files of that page, unless it is left out."""
    routes: list[BaseRoute] = [
        Route(PATH, endpoint, methods=["POST"]),
        Route(PATH, GraphiQL(endpoint) if graphiql else endpoint),
        WebSocketRoute(PATH, endpoint),
    ]
    if graphiql:
        routes.append(Mount("/graphiql", StaticFiles(directory=FOLDER)))
    return routes
