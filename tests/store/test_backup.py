"""A backup of a SQLite file: complete or not there at all, and never in the place of another file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.store.database import backup
from app.store.database.backup import BackupFailed, back_up
from app.store.database.session import Unavailable
from tests.shop import create_program


def content(file: Path) -> list[str]:
    """Everything in a database, as statements, with tables, indices and triggers."""
    connection = sqlite3.connect(file)
    try:
        return sorted(connection.iterdump())
    finally:
        connection.close()


def test_copy_has_every_table_row_index_and_trigger(sqlite_url: str, tmp_path: Path) -> None:
    create_program(sqlite_url)
    copy = tmp_path / "copy.db"
    size = back_up(sqlite_url, copy)
    assert size == copy.stat().st_size > 0
    assert content(copy) == content(Path(sqlite_url.removeprefix("sqlite:///")))
    assert copy.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"copy.db", "shop.db"}


def test_existing_file_is_not_replaced(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("the only copy", encoding="utf-8")
    with pytest.raises(BackupFailed, match=r"copy\.db exists already"):
        back_up(sqlite_url, copy)
    assert copy.read_text(encoding="utf-8") == "the only copy"


def test_failed_copy_leaves_nothing_behind(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(part: Path) -> None:
        """Overwrite a page before the copy is checked."""
        with part.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096)
        check(part)

    check = backup._check
    monkeypatch.setattr(backup, "_check", damaged)
    with pytest.raises(BackupFailed, match=r"damaged|malformed"):
        back_up(sqlite_url, tmp_path / "copy.db")
    assert {path.name for path in tmp_path.iterdir()} == {"shop.db"}


def test_copy_is_on_disk_before_it_has_its_name(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def recorded(path: Path) -> None:
        synced.append((path.name, (tmp_path / "copy.db").stat().st_size > 0))
        sync(path)

    sync = backup._sync
    monkeypatch.setattr(backup, "_sync", recorded)
    back_up(sqlite_url, tmp_path / "copy.db")
    assert synced == [("copy.db.part", False), (tmp_path.name, True)]


def test_no_copy_of_what_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="There is no database"):
        back_up(f"sqlite:///{tmp_path}/missing.db", tmp_path / "copy.db")
    (tmp_path / "notes.db").write_text("Buy milk. " * 100, encoding="utf-8")
    with pytest.raises(Unavailable, match="file is not a database"):
        back_up(f"sqlite:///{tmp_path}/notes.db", tmp_path / "copy.db")
    assert {path.name for path in tmp_path.iterdir()} == {"notes.db"}
