"""How receipts are told apart: by their number alone, or also by where and on which day it was used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum


class ReceiptNumbers(StrEnum):
    """Within what a receipt number, a refund number or a checkout is used once."""

    UNIQUE = "UNIQUE"
    PER_LOCATION = "PER_LOCATION"
    PER_DAY = "PER_DAY"
    PER_LOCATION_AND_DAY = "PER_LOCATION_AND_DAY"


@dataclass(frozen=True, slots=True)
class Numbering:
    """The setting of a source of receipts. `day_starts` is the local time at which a day of business begins."""

    numbers: ReceiptNumbers = ReceiptNumbers.UNIQUE
    day_starts: time = time()
