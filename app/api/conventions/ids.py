"""Opaque ids of objects: they contain type and key, so that the id of an object is never taken for one of another type."""

from __future__ import annotations

import base64
import binascii
import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY_PATTERNS = {"Terms": re.compile(rf"{_UUID.pattern}\.(0|[1-9][0-9]{{0,8}})")}
"""The patterns of keys that are not UUIDs, by type: versions of terms have the program's UUID and a number."""
_TYPE = re.compile(r"[A-Z][A-Za-z]{0,39}")
_MAX_LENGTH = 120


def encode(type_name: str, key: str) -> str:
    """The id of an object: base64url of `type:key`, without padding."""
    return base64.urlsafe_b64encode(f"{type_name}:{key}".encode("ascii")).rstrip(b"=").decode("ascii")


def decode(id: str, type_name: str) -> str | None:
    """The key inside an id of this type; None when the id is malformed or of another type."""
    parts = type_and_key(id)
    return parts[1] if parts is not None and parts[0] == type_name else None


def type_and_key(id: str) -> tuple[str, str] | None:
    """Type and key of an id; None when it is malformed, or not spelled as `encode` spells it."""
    if len(id) > _MAX_LENGTH or not id.isascii():
        return None
    try:
        text = base64.b64decode(id + "=" * (-len(id) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    type_name, _, key = text.partition(":")
    if (
        not _TYPE.fullmatch(type_name)
        or not _KEY_PATTERNS.get(type_name, _UUID).fullmatch(key)
        or encode(type_name, key) != id
    ):
        return None
    return type_name, key
