"""Access keys: who may call, in which role. Only a digest of the secret is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from app.domain.access import Role
from app.domain.programs.access_key import AccessKey
from app.store.database.codecs import instant, instant_or_none
from app.store.database.models.customers import AccessKeyRow, KeyHolderRow
from app.store.database.session import Row, Session, UnscopedSession

_FIND = (
    "SELECT k.id, k.program_id, k.role, k.secret_hash, k.customer_id, k.label, k.created_at, k.revoked_at,"
    " h.customer_id AS holder_id FROM access_keys k"
    " LEFT JOIN key_holders h ON h.program_id = k.program_id AND h.key_id = k.id"
)


async def issue(session: Session, *, key: AccessKey) -> None:
    """Store a new key."""
    columns = asdict(key)
    del columns["holder_id"]
    await session.orm(AccessKeyRow).create(**columns)
    if key.holder_id is not None:
        await session.orm(KeyHolderRow).create(key_id=key.id, customer_id=key.holder_id)


async def find(session: Session, *, access_key_id: str) -> AccessKey | None:
    """A key of the program by its id, revoked ones too, or None."""
    row = await session.row(f"{_FIND} WHERE k.program_id = $1 AND k.id = $2", access_key_id)
    return None if row is None else _key(row)


async def find_in_any_program(session: UnscopedSession, *, access_key_id: str) -> AccessKey | None:
    """A key by its id, revoked ones too, or None. Used at sign-in, when the program is not known yet."""
    row = await session.row(f"{_FIND} WHERE k.id = $1", access_key_id)
    return None if row is None else _key(row)


async def by_ids(session: Session, *, access_key_ids: Sequence[str]) -> dict[str, AccessKey]:
    """Several keys by id, revoked ones too; ids that are not there are left out."""
    rows = await session.rows(f"{_FIND} WHERE k.program_id = $1 AND k.id = ANY($2)", list(access_key_ids))
    return {row["id"]: _key(row) for row in rows}


def _key(row: Row) -> AccessKey:
    return AccessKey(
        id=row["id"],
        program_id=row["program_id"],
        role=Role(row["role"]),
        secret_hash=row["secret_hash"],
        customer_id=row["customer_id"],
        label=row["label"],
        created_at=instant(row["created_at"]),
        revoked_at=instant_or_none(row["revoked_at"]),
        holder_id=row["holder_id"],
    )


async def revoke(session: Session, *, access_key_id: str, at: datetime) -> bool:
    """Revoke a key; False when there is no such key or it was revoked before."""
    return await session.orm(AccessKeyRow).filter(id=access_key_id, revoked_at__isnull=True).update(revoked_at=at) == 1


async def lock(session: Session, *, access_key_id: str) -> None:
    """Lock a key, so that no other transaction counts what was done with it, until this one ends. Raises LookupError."""
    # Not FOR UPDATE: rows that refer to the key would wait for it.
    locking = " FOR NO KEY UPDATE" if session.locking else ""
    row = await session.row(f"SELECT id FROM access_keys WHERE program_id = $1 AND id = $2{locking}", access_key_id)
    if row is None:
        raise LookupError(f"access key {access_key_id} is missing")
