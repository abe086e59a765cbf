"""The access keys of a program: by id, and in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.programs.access_key import AccessKey, AccessKeyState
from app.store.database.session import Session
from app.store.programs import access_keys


@dataclass(frozen=True, slots=True)
class AccessKeyPage:
    """Keys in order of creation, and whether there are more on either side."""

    keys: tuple[AccessKey, ...]
    more_before: bool
    more_after: bool


async def access_keys_by_id(session: Session, *, ids: Sequence[str]) -> list[AccessKey | None]:
    """Keys by id, ended ones too, in the order requested."""
    by_id = await access_keys.by_ids(session, access_key_ids=ids)
    return [by_id.get(id) for id in ids]


async def access_key_page(
    session: Session,
    *,
    role: Role | None,
    state: AccessKeyState | None,
    at: datetime,
    size: int,
    after: int | None,
    before: int | None,
    from_end: bool,
) -> AccessKeyPage:
    """One page of the keys that have the role and, at an instant of the server's clock, the state (None: any).

    `size` keys between the sequence numbers `after` and `before`: the first or, with `from_end`, the last.
    """
    page = await access_keys.page(
        session, role=role, state=state, at=at, after=after, before=before, limit=size + 1, from_end=from_end
    )
    more = len(page) > size
    return AccessKeyPage(
        keys=page[-size:] if from_end else page[:size],
        more_before=more if from_end else after is not None,
        more_after=before is not None if from_end else more,
    )
