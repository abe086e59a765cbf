"""The program of an access key."""

from __future__ import annotations

from datetime import datetime, time

import strawberry

from app.api.conventions.arguments import After, Before, First, Last
from app.api.conventions.context import Info
from app.api.conventions.enums import ProgramKind
from app.api.conventions.ids import encode
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.node import Node
from app.api.conventions.pagination import page_window
from app.api.conventions.scalars import CurrencyCode
from app.api.types.programs.location import LocationConnection, location_connection
from app.api.types.programs.staff_limits import StaffLimits, staff_limits_of
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.domain.i18n.locales import FormOfAddress
from app.domain.programs.program import Program as ProgramEntity
from app.domain.programs.program import ProgramKind as ProgramKindEntity
from app.domain.purchases.receipt_numbers import ReceiptNumbers
from app.queries.terms.published_terms import terms_at


@strawberry.type(description="A loyalty program. Seen by every key of it, and by no other.")
class Program(Node):
    """The tenant, as its access keys see it."""

    id: strawberry.ID = strawberry.field(description="Opaque id.")
    kind: ProgramKind = strawberry.field(description="Whether it serves real customers or is for trying things out.")
    name: str = strawberry.field(description="Its name, as customers see it.")
    slug: str = strawberry.field(
        description="Its name in public addresses: `/p/SLUG` and `publicTerms(program: SLUG)`; `updateProgram` sets it."
    )
    listed: bool = strawberry.field(
        description="Whether the first page of the deployment shows the program; `updateProgram` sets it."
    )
    currency_code: CurrencyCode = strawberry.field(description="The currency of its purchases, ISO 4217.")
    time_zone: str = strawberry.field(
        description="The IANA zone whose wall clock its rules go by, where a purchase has no location."
    )
    region: str = strawberry.field(
        description="ISO 3166. Amounts, dates and times are written as is usual in this region, unless the reader requests another one; phone numbers of this region need no country code."
    )
    form_of_address: FormOfAddress = strawberry.field(description="How German sentences speak to members.")
    unit: PointUnit = strawberry.field(description="What its points are called.")
    receipt_numbers: ReceiptNumbers = strawberry.field(
        description="What tells two receipts of the same number apart; `updateProgram` sets it."
    )
    receipt_day_starts: time = strawberry.field(
        description="When a day of business begins if receipt numbers are per day, by the clock of the location, or the program's for a purchase without one: what is rung up earlier belongs to the day before."
    )

    @strawberry.field(
        description="What the program's clock shows: the server's time, in a sandbox plus the time by which `advanceClock` has moved it. For owner, staff and tills; null for customers."
    )
    def clock(self, info: Info) -> datetime | None:
        """The business time of whatever is recorded now without a time of its own."""
        context = info.context
        return context.now if context.principal.may(Permission.READ_CLOCK) else None

    @strawberry.field(
        description="What staff and tills may do by hand; `updateProgram` sets it. For owner and staff; null for tills and customers."
    )
    def staff_limits(self, info: Info) -> StaffLimits | None:
        """The limits of the program."""
        context = info.context
        return staff_limits_of(context) if context.principal.may(Permission.ADJUST_POINTS) else None

    @strawberry.field(
        description="How old a purchase or refund from a till may be, in days of 24 hours: an older one goes to quarantine. `updateProgram` sets it. Null in a sandbox, which accepts any age, and for customers."
    )
    def receipt_age_days(self, info: Info) -> int | None:
        """The allowed age."""
        program = info.context.program
        has_limit = program.kind is ProgramKindEntity.LIVE and info.context.principal.may(Permission.READ_CLOCK)
        return program.max_receipt_age.days if has_limit else None

    @strawberry.field(description="The terms in force now; null before the first version starts.")
    async def terms(self, info: Info) -> Terms | None:
        """The version that decides now."""
        published = await info.context.query(terms_at, at=info.context.now)
        return Terms.of(published.terms, context=info.context) if published is not None else None

    @strawberry.field(
        description="The locations where purchases are made, oldest first. `first` or `last`: 1 to 100, default 20."
    )
    async def locations(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> LocationConnection:
        """A page of the program's locations."""
        window = page_window(first=first, after=after, last=last, before=before)
        return await location_connection(window=window, context=info.context)


def program_of(info: Info) -> Program:
    """The GraphQL object for the program of the caller's key."""
    entity: ProgramEntity = info.context.program
    return Program(
        id=strawberry.ID(encode("Program", entity.id)),
        kind=ProgramKind(entity.kind.value),
        name=entity.name,
        slug=entity.slug,
        listed=entity.listed,
        currency_code=CurrencyCode(entity.currency),
        time_zone=entity.zone,
        region=entity.region,
        form_of_address=entity.form_of_address,
        unit=unit_of(info.context),
        receipt_numbers=entity.numbering.uniqueness,
        receipt_day_starts=entity.numbering.day_starts,
    )
