"""Tokens of access keys: `troth_<role>_<id>_<secret><check digits>`.

The id finds the key in one look-up. The check digits show a token that was cut off or mistyped before anything is looked
up; they are no secret. The role is for the reader only: what a key may do is stored with it.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from uuid import UUID

from app.domain.access import Role

_TOKEN = re.compile(r"(troth_[a-z]{1,20}_([0-9a-f]{32})_([A-Za-z0-9_-]{43}))([0-9a-f]{8})")
_PREFIX = re.compile(r"troth_[a-z]{1,20}_[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class KeyToken:
    """The parts of a token: the id of the key, and its secret."""

    access_key_id: str
    secret: str

    @property
    def secret_hash(self) -> str:
        """The digest of the secret, which is stored in its place."""
        return hash_of_secret(self.secret)


def write_token(role: Role, *, access_key_id: str, secret: str) -> str:
    """The token of a key; `secret` are 43 characters of base64url."""
    body = f"troth_{role.value.lower()}_{access_key_id.replace('-', '')}_{secret}"
    return body + _check_digits(body)


def read_token(text: str) -> KeyToken | None:
    """The parts of a token; None for what is none, or has wrong check digits."""
    found = _TOKEN.fullmatch(text)
    if found is None or _check_digits(found[1]) != found[4]:
        return None
    return KeyToken(access_key_id=str(UUID(hex=found[2])), secret=found[3])


def shown_prefix(text: str) -> str | None:
    """The beginning of a token, which is no secret and may be logged; None for a text that does not begin like a token."""
    found = _PREFIX.match(text)
    return found[0] if found is not None else None


def hash_of_secret(secret: str) -> str:
    """The digest under which a secret is stored. A secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_digits(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
