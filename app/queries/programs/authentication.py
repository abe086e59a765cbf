"""Who calls: the access key of a request, and what it opens."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.access import Principal
from app.domain.programs.access_key import AccessKeyState
from app.domain.programs.key_tokens import read_token
from app.domain.programs.program import Program
from app.store.customers import customers
from app.store.database.session import Session, UnscopedSession
from app.store.programs import access_keys, programs


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key, and the program that the key opens; `expires_at` is when the key ends by itself."""

    principal: Principal
    program: Program
    expires_at: datetime | None = None


class KeyRejection(StrEnum):
    """Why a token is rejected."""

    MALFORMED = "MALFORMED"
    UNKNOWN = "UNKNOWN"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


@dataclass(frozen=True, slots=True)
class RejectedKey:
    """A token that is rejected. `access_key_id` is its key, where it has the right secret."""

    why: KeyRejection
    access_key_id: str | None = None


async def authenticate(session: UnscopedSession, *, token: str, at: datetime) -> Caller | RejectedKey:
    """The holder of a token at an instant of the server's clock, or why there is none.

    Only callers who have the secret learn that a key has ended: to others it is like one that does not exist.
    """
    sent = read_token(token)
    if sent is None:
        return RejectedKey(KeyRejection.MALFORMED)
    key = await access_keys.find_in_any_program(session, access_key_id=sent.access_key_id)
    if key is None or not hmac.compare_digest(sent.secret_hash, key.secret_hash):
        return RejectedKey(KeyRejection.UNKNOWN)
    match key.state(at):
        case AccessKeyState.REVOKED:
            return RejectedKey(KeyRejection.REVOKED, key.id)
        case AccessKeyState.EXPIRED:
            return RejectedKey(KeyRejection.EXPIRED, key.id)
        case AccessKeyState.ACTIVE:
            pass
    of_program = Session(session, program_id=key.program_id)
    program = await programs.get(of_program)
    assert program is not None, "a key belongs to a program, which is never deleted"
    principal = Principal(role=key.role, key_id=key.id, own_customer_id=key.own_customer_id)
    if key.customer_id is not None:
        own, *formerly = await customers.survivor_with_merged_ids(of_program, customer_id=key.customer_id)
        principal = replace(principal, customer_id=own, formerly=frozenset(formerly), issued_to=key.customer_id)
    return Caller(principal=principal, program=program, expires_at=key.expires_at)
