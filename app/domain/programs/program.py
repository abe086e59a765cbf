"""Programs: the tenants, each with its own currency, zone, terms and customers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.i18n.locales import FormOfAddress
from app.domain.programs.staff_limits import StaffLimits
from app.domain.purchases.receipt_numbers import Numbering


class ProgramKind(StrEnum):
    """Whether a program is live or a sandbox."""

    LIVE = "LIVE"
    SANDBOX = "SANDBOX"


@dataclass(frozen=True, slots=True)
class Program:
    """A loyalty program.

    `currency` is ISO 4217, `zone` IANA, `region` ISO 3166: phone numbers of this region need no country code, and
    amounts, dates and times are written in its way. `form_of_address` says how German speaks to members (Sie or du).
    `slug` is its name in public addresses, unique over the deployment; `listed` says whether the deployment's first page
    shows it. `clock_ahead` is how many whole seconds its clock is ahead of the server's: 0, except in a sandbox. `numbering`
    says where and when receipt numbers are unique, `staff_limits` what staff and tills may do by hand. `receipt_age` is the
    greatest age of receipts that a till may send to a live program.
    """

    id: str
    kind: ProgramKind
    name: str
    currency: str
    zone: str
    region: str
    unit_name: str
    created_at: datetime
    slug: str
    listed: bool = False
    clock_ahead: timedelta = timedelta()
    numbering: Numbering = field(default_factory=Numbering)
    form_of_address: FormOfAddress = FormOfAddress.FORMAL
    staff_limits: StaffLimits = field(default_factory=StaffLimits)
    receipt_age: timedelta = timedelta(days=30)

    def now(self, real: datetime) -> datetime:
        """The program's time at `real`, the server's time."""
        return real + self.clock_ahead if self.clock_ahead else real
