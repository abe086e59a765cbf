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

    - `currency` is an ISO 4217 code, `zone` an IANA zone, `region` an ISO 3166 code: phone numbers of this region need
      no country code, and amounts, dates and times are written as is usual in it;
    - `unit_name` is what the program calls its points;
    - `form_of_address` says how German texts address members: Sie or du;
    - `slug` is the program's name in public addresses, unique in the deployment; `listed` says whether the first page
      of the deployment shows the program;
    - `clock_ahead`, whole seconds, says how far the program's clock is ahead of the server's: 0 except in a sandbox;
    - `numbering` says where and when receipt numbers are unique, `staff_limits` what staff and tills may do by hand;
    - `max_receipt_age` is the greatest age of receipts that a till may send to a live program.
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
    max_receipt_age: timedelta = timedelta(days=30)

    def now(self, server_time: datetime) -> datetime:
        """The time of the program's clock at an instant of the server's clock."""
        return server_time + self.clock_ahead if self.clock_ahead else server_time
