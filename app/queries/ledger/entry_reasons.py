"""Why entries were made: the reasons that staff stated, and the late events that made corrections necessary."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ledger.entry_reasons import Actor, Cause, StatedReason
from app.store.database.session import Session
from app.store.ledger import entry_reasons
from app.store.programs import access_keys


async def stated_reasons(session: Session, *, ids: Sequence[str]) -> list[StatedReason | None]:
    """The reasons given with movements of points, by the ids of the movements, in the order requested."""
    by_id = await entry_reasons.stated_reasons(session, ids=ids)
    return [by_id.get(id) for id in ids]


async def stated_reasons_for_corrections(session: Session, *, ids: Sequence[str]) -> list[StatedReason | None]:
    """The reasons given with receipt corrections, by their ids, in the order requested."""
    by_id = await entry_reasons.stated_reasons_for_corrections(session, ids=ids)
    return [by_id.get(id) for id in ids]


async def actors(session: Session, *, ids: Sequence[str]) -> list[Actor | None]:
    """The access keys of these ids, revoked ones too, in the order requested."""
    keys = await access_keys.by_ids(session, access_key_ids=ids)
    return [Actor(key_id=id, role=keys[id].role, label=keys[id].label) if id in keys else None for id in ids]


async def causes(session: Session, *, ids: Sequence[str]) -> list[Cause | None]:
    """The events (by id) that made corrections necessary, in the order requested."""
    by_id = await entry_reasons.causes(session, ids=ids)
    return [by_id.get(id) for id in ids]
