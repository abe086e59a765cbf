"""Segments: groups that staff or the owner put customers into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from app.domain.customers.profile import MAX_SEGMENTS, CustomerProfile, ProfilePart, segment_error
from app.domain.decisions import ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, count_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.json_values import FindingValue
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.profile_condition import ProfileCondition
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class Segments(ProfileCondition):
    """Holds for customers in one of `segments`."""

    kind: ClassVar[str] = "segments"
    position: ClassVar[Position] = Position.MEMBER
    description: ClassVar[str] = "Holds for customers that you have put into one of these segments, such as `student`."
    can_be_excepted: ClassVar[bool] = True
    aspect: ClassVar[ProfilePart] = ProfilePart.SEGMENTS
    segments: frozenset[str] = rule_field(
        f"Your keys of segments, a-z, 0-9 and dashes, 1 to 40 characters each; 1 to {MAX_SEGMENTS}."
    )

    @property
    def answer_key(self) -> str:
        """The key under which the answer for these segments is stored."""
        return f"segments {','.join(sorted(self.segments))}"

    @property
    def required_value(self) -> FindingValue:
        """The keys of the segments, sorted."""
        return tuple(sorted(self.segments))

    def answer(self, profile: CustomerProfile, *, today: date) -> bool | None:  # noqa: ARG002 - the same on every day
        """Whether the customer is in one of the segments; never None."""
        return not self.segments.isdisjoint(profile.segments)

    def failure(self, purchase: EligiblePurchase, *, is_known: bool) -> tuple[ReasonCode, Remedy]:  # noqa: ARG002 - always known
        """The remedy: staff can put the customer into one of the segments."""
        return ReasonCode.NOT_IN_SEGMENT, Remedy(RemedyCode.ASK_STAFF, choices=tuple(sorted(self.segments)))

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - the same for every purchase
        """The remedy: staff can take the customer out of the segments."""
        return (Remedy(RemedyCode.ASK_STAFF),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """For members in these segments; their keys are the owner's, so texts for the public leave them out."""
        if phrasebook.public:
            return phrasebook("segments.unnamed")
        names = [phrasebook("segments.called", name=segment) for segment in sorted(self.segments)]
        return phrasebook("segments", segments=phrasebook.listed(names, last="or"))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it has all segments of `other`."""
        return isinstance(other, Segments) and other.segments <= self.segments

    def validation_error(self) -> Detail | None:
        """Why the segments are too few, too many or no keys, or None."""
        if not 1 <= len(self.segments) <= MAX_SEGMENTS:
            return count_detail(1, MAX_SEGMENTS)
        return next((error for segment in sorted(self.segments) if (error := segment_error(segment)) is not None), None)
