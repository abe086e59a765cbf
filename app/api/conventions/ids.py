"""Opaque ids: the type and the key of an object, so that an id of one type is never taken for another's."""

from __future__ import annotations

import base64
import binascii
import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEYS = {"Terms": re.compile(rf"{_UUID.pattern}\.(0|[1-9][0-9]{{0,8}})")}
"""The keys of types that are not UUIDs: versions of terms are numbered, within their program."""
_TYPE = re.compile(r"[A-Z][A-Za-z]{0,39}")
_LONGEST = 120


def encode(type_name: str, key: str) -> str:
    """The id of an object: base64url of `type:key`, without padding."""
    return base64.urlsafe_b64encode(f"{type_name}:{key}".encode("ascii")).rstrip(b"=").decode("ascii")


def decode(id: str, type_name: str) -> str | None:
    """The key inside an id of that type; None when it is malformed or of another type."""
    found = parsed(id)
    return found[1] if found is not None and found[0] == type_name else None


def parsed(id: str) -> tuple[str, str] | None:
    """Type and key of an id; None when it is malformed. Only the spelling that `encode` gives counts."""
    if len(id) > _LONGEST or not id.isascii():
        return None
    try:
        text = base64.b64decode(id + "=" * (-len(id) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    type_name, _, key = text.partition(":")
    if not _TYPE.fullmatch(type_name) or not _KEYS.get(type_name, _UUID).fullmatch(key) or encode(type_name, key) != id:
        return None
    return type_name, key
