"""The digest of all events behind an account: a sum over their rows, which does not depend on their order.

It is stored with the account in the transaction of each event. If rows were changed, added or deleted since then, the sum
over them is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

_MODULUS = 1 << 256


def digest(table: str, *values: Any) -> int:
    """A number for a row: SHA-256 over its table and values, which are texts, numbers, None and aware instants (taken as UTC)."""
    text = orjson.dumps([table, *values], option=orjson.OPT_UTC_Z)
    return int.from_bytes(hashlib.sha256(text).digest())


def combine(combined_digest: str, digests: Iterable[int], *, removed: Iterable[int] = ()) -> str:
    """The digest with the digests of further rows added and those of removed rows subtracted."""
    total = int(combined_digest, 16) + sum(digests) - sum(removed)
    return f"{total % _MODULUS:064x}"
