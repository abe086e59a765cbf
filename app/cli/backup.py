"""`troth backup`: a copy of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.runtime import exit_after_printing, out
from app.config import Settings
from app.store.database.backup import back_up
from app.store.database.connect import dialect_of


def backup(file: Annotated[Path, typer.Argument(help="The new file; nothing is overwritten.")]) -> None:
    """Copy a SQLite database into a new file, beside a server that writes. See docs/backup.md.

    The copy holds everything that was acknowledged before the command began. For PostgreSQL the command only says how to use pg_dump.
    """
    url = Settings().database_url
    if dialect_of(url) == "postgres":
        raise exit_after_printing(
            f"PostgreSQL makes backups itself: pg_dump --format=custom --file={file} URL (see docs/backup.md)"
        )
    size = back_up(url, file)
    out.print(f"{file}: {size} bytes, complete and readable.", markup=False)
    out.print(f"To verify its ledgers: TROTH_DATABASE_URL=sqlite:///{file.absolute()} troth verify", markup=False)
