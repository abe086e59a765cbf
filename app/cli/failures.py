"""What ends a command and is no bug: said in one sentence, so that its user knows what to do."""

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
    """The sentence about an error; None for one that should not happen, whose traceback is wanted."""
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
            return f"The database {_address(Settings().database_url)} cannot be used: {error}"
        case _:
            return None


def _setting_sentence(detail: Mapping[str, Any]) -> str:
    """What is wrong with one variable. Its value is not repeated: it may hold a password."""
    what = detail["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    if detail["type"].endswith("_parsing"):
        what = what.partition(",")[0]
    return f"{'.'.join(map(str, detail['loc']))} {what}"


def _address(url: str) -> str:
    """A database URL without password and parameters, which may hold one too."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{user}{host}{parts.path}"
