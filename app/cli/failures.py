"""Errors that end a command without being bugs: each in one sentence that tells the user what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.config import Settings
from app.store.database.backup import BackupFailed
from app.store.database.migrations import MigrationError
from app.store.database.serving_lock import AlreadyServed
from app.store.database.session import Busy, InvalidDatabaseUrl, Unavailable
from app.web.listening import CannotListen


def sentence_about(error: BaseException) -> str | None:
    """The sentence about an error that the user can put right; None for any other, whose traceback is wanted."""
    match error:
        case ValidationError() if error.title == Settings.__name__:
            return "; ".join(_setting_sentence(detail) for detail in error.errors())
        case SettingsError():
            return f"{error}."
        case InvalidDatabaseUrl():
            return f"TROTH_DATABASE_URL: {error}"
        case Busy():
            return (
                "The database is busy: another process wrote to it for too long. Run the command again; what it has"
                " recorded is not recorded twice."
            )
        case BackupFailed() | MigrationError() | AlreadyServed() | CannotListen():
            return str(error)
        case Unavailable():
            return f"The database {_url_without_secrets(Settings().database_url)} cannot be used: {error}"
        case _:
            return None


def _setting_sentence(detail: Mapping[str, Any]) -> str:
    """What is wrong with one environment variable. Its value is not repeated, because it may contain a password."""
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    if detail["type"].endswith("_parsing"):
        message = message.partition(",")[0]
    return f"{'.'.join(map(str, detail['loc']))} {message}"


def _url_without_secrets(url: str) -> str:
    """A database URL without its password and its parameters, one of which may be a password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{parts.path}"
