"""The places where a purchase is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, count_detail, key_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_LOCATIONS = 200

LOCATION_KEY = re.compile(r"[a-z0-9-]{1,40}")
"""The form of the key of a location."""


@dataclass(frozen=True, slots=True)
class Locations(Condition):
    """Holds when the purchase is made at one of `locations`; never for a purchase without a location.

    `names` are what the sentence calls them, in the order of the sorted keys.
    """

    kind: ClassVar[str] = "locations"
    position: ClassVar[Position] = Position.PLACE
    description: ClassVar[str] = "Holds when the purchase is made at one of these locations."
    can_be_excepted: ClassVar[bool] = True
    locations: frozenset[str] = rule_field(f"Keys of locations of the program, 1 to {MAX_LOCATIONS}.")
    names: tuple[str, ...] = rule_field(
        "What the locations are called when the terms are published.", default=(), is_owner_supplied=False
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to buy at one of the locations."""
        location = purchase.location
        required_locations = tuple(sorted(self.locations))
        if location in self.locations:
            return Finding(True, ReasonCode.CONDITION_MET, location, required_locations)
        return Finding(
            False,
            ReasonCode.OTHER_LOCATION,
            location,
            required_locations,
            (Remedy(RemedyCode.USE_LOCATION, choices=required_locations),),
        )

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - the same for every purchase
        """To buy at another location. The terms do not name the others, so the remedy does not list them."""
        return (Remedy(RemedyCode.USE_LOCATION),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """At these locations, by their names."""
        return self._sentence_of("locations", phrasebook=phrasebook)

    def requirement(self, phrasebook: Phrasebook) -> str:
        """At these locations, in the sentence about the price of a reward."""
        return self._sentence_of("locations.of_reward", phrasebook=phrasebook)

    def exception(self, phrasebook: Phrasebook) -> str:
        """The locations that are left out."""
        return self._sentence_of("locations.except", phrasebook=phrasebook)

    def _sentence_of(self, key: str, *, phrasebook: Phrasebook) -> str:
        phrases = [phrasebook("locations.called", name=name) for name in self.names_by_key().values()]
        return phrasebook(key, locations=phrasebook.listed(phrases, last="or"))

    def names_by_key(self) -> Mapping[str, str]:
        """The name of each location by its key; the key itself before the names are known."""
        keys = sorted(self.locations)
        return dict(zip(keys, self.names or keys, strict=True))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it has all locations of `other`."""
        return isinstance(other, Locations) and other.locations <= self.locations

    def validation_error(self) -> Detail | None:
        """Why the locations are too few, too many or no keys, or None."""
        if not 1 <= len(self.locations) <= MAX_LOCATIONS:
            return count_detail(1, MAX_LOCATIONS)
        if not all(LOCATION_KEY.fullmatch(key) for key in self.locations):
            return key_detail()
        return None
