"""Access keys: who may call, in which role, and until when. Only a digest of the secret is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from app.domain.access import Role
from app.domain.programs.access_key import AccessKey, AccessKeyState
from app.store.database.codecs import instant, instant_or_none
from app.store.database.models.customers import AccessKeyRow, KeyHolderRow
from app.store.database.session import Row, Session, UnscopedSession

_SELECT = (
    "SELECT k.id, k.program_id, k.role, k.secret_hash, k.customer_id, k.label, k.created_at, k.number, k.expires_at,"
    " k.revoked_at, k.replaces_id, k.actor, h.customer_id AS own_customer_id, u.last_used_at FROM access_keys k"
    " LEFT JOIN key_holders h ON h.program_id = k.program_id AND h.key_id = k.id"
    " LEFT JOIN access_key_uses u ON u.program_id = k.program_id AND u.key_id = k.id"
)
_IN_STATE: Mapping[AccessKeyState, str] = {
    AccessKeyState.ACTIVE: "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ${0})",
    AccessKeyState.EXPIRED: "k.revoked_at IS NULL AND k.expires_at <= ${0}",
    AccessKeyState.REVOKED: "k.revoked_at IS NOT NULL",
}
_NOTE_USE = (
    "INSERT INTO access_key_uses (program_id, key_id, last_used_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (program_id, key_id) DO UPDATE SET last_used_at = excluded.last_used_at"
    " WHERE access_key_uses.last_used_at < excluded.last_used_at"
)
_NOT_COLUMNS = ("own_customer_id", "last_used_at")
_HIGHEST = 2**62


async def next_number(session: Session) -> int:
    """The number of the next key; other transactions that ask for it wait until this one ends."""
    if session.locking:
        await session.row("SELECT 1 FROM programs WHERE id = $1 FOR NO KEY UPDATE")
    row = await session.row("SELECT coalesce(max(number), 0) + 1 FROM access_keys WHERE program_id = $1")
    return int(row[0]) if row is not None else 1


async def issue(session: Session, *, key: AccessKey) -> None:
    """Store a new key."""
    columns = {name: value for name, value in asdict(key).items() if name not in _NOT_COLUMNS}
    await session.orm(AccessKeyRow).create(**columns)
    if key.own_customer_id is not None:
        await session.orm(KeyHolderRow).create(key_id=key.id, customer_id=key.own_customer_id)


async def find(session: Session, *, access_key_id: str) -> AccessKey | None:
    """A key of the program by its id, also if it has ended; None if unknown."""
    row = await session.row(f"{_SELECT} WHERE k.program_id = $1 AND k.id = $2", access_key_id)
    return None if row is None else _key(row)


async def find_in_any_program(session: UnscopedSession, *, access_key_id: str) -> AccessKey | None:
    """A key by its id, also if it has ended; None if unknown. For authenticating a caller, whose program is not known yet."""
    row = await session.row(f"{_SELECT} WHERE k.id = $1", access_key_id)
    return None if row is None else _key(row)


async def by_ids(session: Session, *, access_key_ids: Sequence[str]) -> dict[str, AccessKey]:
    """Several keys by id, also ended ones; unknown ids are left out."""
    rows = await session.rows(f"{_SELECT} WHERE k.program_id = $1 AND k.id = ANY($2)", list(access_key_ids))
    return {row["id"]: _key(row) for row in rows}


async def successors(session: Session, *, access_key_ids: Sequence[str]) -> dict[str, str]:
    """The ids of the keys that replaced these by a rotation, by the id of the replaced key."""
    rows = await session.rows(
        "SELECT id, replaces_id FROM access_keys WHERE program_id = $1 AND replaces_id = ANY($2)", list(access_key_ids)
    )
    return {row["replaces_id"]: row["id"] for row in rows}


async def page(
    session: Session,
    *,
    role: Role | None,
    state: AccessKeyState | None,
    at: datetime,
    after: int | None,
    before: int | None,
    limit: int,
    from_end: bool,
) -> tuple[AccessKey, ...]:
    """Keys with `after` < number < `before`: at most `limit`, the first or, with `from_end`, the last of them.

    They have the role and, at the instant `at` of the server's clock, the state; None means any.
    """
    values: list[object] = [after if after is not None else 0, before if before is not None else _HIGHEST, limit]
    conditions = ""
    if role is not None:
        values.append(role.value)
        conditions += f" AND k.role = ${len(values) + 1}"
    if state is not None:
        if state is not AccessKeyState.REVOKED:
            values.append(at)
        conditions += f" AND {_IN_STATE[state].format(len(values) + 1)}"
    order = "DESC" if from_end else "ASC"
    rows = await session.rows(
        f"{_SELECT} WHERE k.program_id = $1 AND k.number > $2 AND k.number < $3{conditions}"
        f" ORDER BY k.number {order} LIMIT $4",
        *values,
    )
    keys = tuple(_key(row) for row in rows)
    return keys[::-1] if from_end else keys


async def revoke(session: Session, *, access_key_id: str, at: datetime) -> bool:
    """Revoke a key; False if there is no such key or it was revoked before."""
    return await session.orm(AccessKeyRow).filter(id=access_key_id, revoked_at__isnull=True).update(revoked_at=at) == 1


async def expire(session: Session, *, access_key_id: str, at: datetime) -> None:
    """Let a key end at an instant."""
    await session.orm(AccessKeyRow).filter(id=access_key_id).update(expires_at=at)


async def note_uses(session: Session, *, uses: Mapping[str, datetime]) -> None:
    """Store when keys (by id) were last used, unless a later use is stored."""
    # In the order of ids, so that no two transactions wait for each other.
    for access_key_id, used_at in sorted(uses.items()):
        await session.execute(_NOTE_USE, access_key_id, used_at)


async def lock(session: Session, *, access_key_id: str) -> None:
    """Lock a key until the transaction ends, so that no other one uses its staff budget meanwhile. Raises LookupError."""
    # Not FOR UPDATE: transactions that store rows which refer to the key would wait for it.
    locking = " FOR NO KEY UPDATE" if session.locking else ""
    row = await session.row(f"SELECT id FROM access_keys WHERE program_id = $1 AND id = $2{locking}", access_key_id)
    if row is None:
        raise LookupError(f"access key {access_key_id} is missing")


def _key(row: Row) -> AccessKey:
    return AccessKey(
        id=row["id"],
        program_id=row["program_id"],
        role=Role(row["role"]),
        secret_hash=row["secret_hash"],
        customer_id=row["customer_id"],
        label=row["label"],
        created_at=instant(row["created_at"]),
        number=row["number"],
        expires_at=instant_or_none(row["expires_at"]),
        revoked_at=instant_or_none(row["revoked_at"]),
        own_customer_id=row["own_customer_id"],
        replaces_id=row["replaces_id"],
        actor=row["actor"],
        last_used_at=instant_or_none(row["last_used_at"]),
    )
