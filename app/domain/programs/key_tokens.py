"""Tokens of access keys: `troth_<role>_<id>_<secret><check digits>`.

The id finds the key in one look-up. The check digits show a token that was cut off or mistyped before anything is
looked up; they are no secret. The role in a token is for people who read it: the role that counts is stored with the
key.
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
        """The digest that is stored in place of the secret."""
        return hash_of_secret(self.secret)


def format_token(role: Role, *, access_key_id: str, secret: str) -> str:
    """The token of a key; `secret` has 43 characters of base64url."""
    body = f"troth_{role.value.lower()}_{access_key_id.replace('-', '')}_{secret}"
    return body + _check_digits(body)


def parse_token(text: str) -> KeyToken | None:
    """The parts of a token; None if the text is not a token or has wrong check digits."""
    match = _TOKEN.fullmatch(text)
    if match is None or _check_digits(match[1]) != match[4]:
        return None
    return KeyToken(access_key_id=str(UUID(hex=match[2])), secret=match[3])


def loggable_prefix(text: str) -> str | None:
    """The beginning of a token, which is not secret and may be logged; None if the text does not begin like a token."""
    match = _PREFIX.match(text)
    return match[0] if match is not None else None


def hash_of_secret(secret: str) -> str:
    """The digest that is stored in place of a secret. A secret of 256 random bits needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check_digits(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
