"""`troth serve`: the server."""

from __future__ import annotations

from app.config import Settings
from app.main import serve_forever
from app.web.listening import listening_sockets


def serve() -> None:
    """Serve the API on TROTH_HOST and PORT until stopped. Migrates the database first."""
    settings = Settings()
    serve_forever(settings, sockets=listening_sockets(settings.host, settings.port))
