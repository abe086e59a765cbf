"""What the program owes in points, for its owner."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

import strawberry

from app.api.conventions.context import Context, Info, bad_input
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.scalars import BigInt
from app.domain.access import Permission
from app.domain.ledger.liability import AGES, AgeBand
from app.domain.ledger.liability import Liability as LiabilityEntity
from app.queries.ledger.liability import liability_at


@strawberry.type(description="Points outstanding of one band of age. For the owner.")
class LiabilityAge:
    """A band of age; the age counts from the local day, in the program's zone, on which points were earned."""

    from_months: int = strawberry.field(description="The minimum age in whole months: 0, 3, 6, 12 or 24.")
    below_months: int | None = strawberry.field(
        description="The age in whole months that points of this band have not reached; null for the oldest band."
    )
    points: BigInt = strawberry.field(description="Points outstanding, as text.")
    breakage_rate: Decimal | None = strawberry.field(
        description="The share of points of this age, 0 to 1, that expired without being redeemed in the program's own closed months; null if there are fewer than 12 closed months."
    )


@strawberry.type(description="What the program owes in one unit. For the owner.")
class UnitLiability:
    """Whole points, as text."""

    unit: PointUnit = strawberry.field(description="The unit.")
    outstanding: BigInt = strawberry.field(description="All that customers hold: available, pending and held.")
    available: BigInt = strawberry.field(description="Could be spent at that moment.")
    pending: BigInt = strawberry.field(description="Earned, not available yet at that moment.")
    held: BigInt = strawberry.field(description="Reserved by holds at that moment.")
    customer_debt: BigInt = strawberry.field(
        description="What customers owe, and repay with points that they earn later; not deducted."
    )
    ages: list[LiabilityAge] = strawberry.field(description="`outstanding` by age, youngest first.")
    expected_breakage: BigInt | None = strawberry.field(
        description="Points of `outstanding` that are not expected to be redeemed: each band's points times its rate. Null where a band that has points has no rate: nothing is guessed."
    )
    closed_months: int = strawberry.field(
        description="The number of closed months (at most 24, consecutive from the first one) from which the rates are estimated. A month is closed when at most 1 % of its points are neither spent nor expired."
    )

    @classmethod
    def of(cls, liability: LiabilityEntity, *, context: Context) -> UnitLiability:
        """The GraphQL object for a result of the domain."""
        end_by_start = dict(pairwise(AGES))
        return cls(
            unit=unit_of(context, liability.unit),
            outstanding=BigInt(liability.outstanding),
            available=BigInt(liability.available),
            pending=BigInt(liability.pending),
            held=BigInt(liability.held),
            customer_debt=BigInt(liability.customer_debt),
            ages=[
                LiabilityAge(
                    from_months=band.months,
                    below_months=end_by_start.get(band.months),
                    points=BigInt(band.points),
                    breakage_rate=_breakage_rate(band),
                )
                for band in liability.bands
            ],
            expected_breakage=BigInt(liability.expected_breakage) if liability.expected_breakage is not None else None,
            closed_months=liability.cohort_count,
        )


@strawberry.type(description="What the program owes in points at a moment. For the owner.")
class Liability:
    """By business time, as far as it is recorded today."""

    at: datetime = strawberry.field(description="The moment.")
    units: list[UnitLiability] = strawberry.field(description="Points and, once anything was booked in them, stamps.")


@strawberry.type
class LiabilityQueries:
    """Queries about what the program owes, for the owner."""

    @strawberry.field(
        description="Points outstanding at a moment, past or present, by age, and how many of them are not expected to be redeemed. By business time, from what is recorded today. For the owner."
    )
    async def liability(
        self,
        info: Info,
        at: Annotated[
            datetime | None, strawberry.argument(description="The moment, not after now; default now.")
        ] = None,
    ) -> Liability | None:
        """Computed from all entries up to that moment."""
        context = info.context
        context.require(Permission.READ_INSIGHTS)
        moment = at or context.now
        if moment > context.now:
            raise bad_input("at: what will be outstanding is not known yet; give a moment that is not after now.")
        liabilities = await context.query_long(liability_at, at=moment, zone=context.program.zone)
        return Liability(at=moment, units=[UnitLiability.of(liability, context=context) for liability in liabilities])


def _breakage_rate(band: AgeBand) -> Decimal | None:
    """The breakage rate of a band, with four decimals; None if it has none."""
    if band.breakage_share is None:
        return None
    exact = Decimal(band.breakage_share.numerator) / Decimal(band.breakage_share.denominator)
    return exact.quantize(Decimal("0.0001"))
