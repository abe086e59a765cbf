"""Sign-in with access keys."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from uuid import UUID

from app.domain.access import Principal
from app.domain.programs.program import Program
from app.store.customers import customers
from app.store.database.session import Session, UnscopedSession
from app.store.programs import access_keys, programs


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The holder of a key, and the program that the key opens."""

    principal: Principal
    program: Program


async def sign_in(session: UnscopedSession, *, token: str) -> SignedIn | None:
    """The holder of a token; None when it is malformed, unknown, revoked or wrong (never which of these)."""
    parts = token.split("_", 3)
    if len(parts) != 4 or parts[0] != "troth":
        return None
    try:
        key_id = UUID(hex=parts[2])
    except ValueError:
        return None
    key = await access_keys.find_in_any_program(session, access_key_id=str(key_id))
    if key is None or key.revoked_at is not None:
        return None
    if not hmac.compare_digest(hashlib.sha256(parts[3].encode()).hexdigest(), key.secret_hash):
        return None
    of_program = Session(session, program_id=key.program_id)
    program = await programs.get(of_program)
    if program is None:
        return None
    principal = Principal(role=key.role, key_id=key.id, holder_id=key.holder_id)
    if key.customer_id is not None:
        own, *formerly = await customers.all_of(of_program, customer_id=key.customer_id)
        principal = replace(principal, customer_id=own, formerly=frozenset(formerly), issued_to=key.customer_id)
    return SignedIn(principal=principal, program=program)
