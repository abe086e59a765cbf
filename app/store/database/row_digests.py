"""The digest of all events behind an account: a sum over their rows, which does not depend on their order.

It is stored with the account in the transaction of each event. Rows that were changed, added or deleted since then no
longer add up to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

_MODULUS = 1 << 256


def digest(table: str, *values: Any) -> int:
    """A number for a row: SHA-256 over its table and values; texts, numbers, None, and aware instants in UTC."""
    text = orjson.dumps([table, *values], option=orjson.OPT_UTC_Z)
    return int.from_bytes(hashlib.sha256(text).digest())


def combine(combined: str, digests: Iterable[int], *, removed: Iterable[int] = ()) -> str:
    """The digest with the digests of further rows added and those of removed rows subtracted."""
    total = int(combined, 16) + sum(digests) - sum(removed)
    return f"{total % _MODULUS:064x}"
