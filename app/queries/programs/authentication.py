"""Authentication: the holder of a request's access key, and the program that the key opens."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.access import Principal
from app.domain.programs.access_key import AccessKeyState
from app.domain.programs.key_tokens import parse_token
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
    """A rejected token. `access_key_id` is the id of its key; None if the token does not have the key's secret."""

    rejection: KeyRejection
    access_key_id: str | None = None


async def authenticate(session: UnscopedSession, *, token: str, at: datetime) -> Caller | RejectedKey:
    """The holder of a token at an instant of the server's clock, or why the token is rejected.

    Only a token with the key's secret is rejected as expired or revoked; any other is UNKNOWN, as if there were no such key.
    """
    sent_token = parse_token(token)
    if sent_token is None:
        return RejectedKey(KeyRejection.MALFORMED)
    key = await access_keys.find_in_any_program(session, access_key_id=sent_token.access_key_id)
    if key is None or not hmac.compare_digest(sent_token.secret_hash, key.secret_hash):
        return RejectedKey(KeyRejection.UNKNOWN)
    match key.state(at):
        case AccessKeyState.REVOKED:
            return RejectedKey(KeyRejection.REVOKED, key.id)
        case AccessKeyState.EXPIRED:
            return RejectedKey(KeyRejection.EXPIRED, key.id)
        case AccessKeyState.ACTIVE:
            pass
    program_session = Session(session, program_id=key.program_id)
    program = await programs.get(program_session)
    assert program is not None, "a key belongs to a program, which is never deleted"
    principal = Principal(role=key.role, key_id=key.id, own_customer_id=key.own_customer_id)
    if key.customer_id is not None:
        own_id, *merged_ids = await customers.survivor_with_merged_ids(program_session, customer_id=key.customer_id)
        principal = replace(
            principal,
            customer_id=own_id,
            merged_customer_ids=frozenset(merged_ids),
            issued_to_customer_id=key.customer_id,
        )
    return Caller(principal=principal, program=program, expires_at=key.expires_at)
