"""Where a purchase is made: in the shop, online, by phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import Channel
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field, sorted_values


@dataclass(frozen=True, slots=True)
class Channels(Condition):
    """Holds when the purchase is made through one of `channels`; never for a purchase without a channel."""

    kind: ClassVar[str] = "channels"
    position: ClassVar[Position] = Position.PLACE
    description: ClassVar[str] = "Holds when the purchase is made through one of these channels."
    can_be_excepted: ClassVar[bool] = True
    channels: frozenset[Channel] = rule_field("At least one.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to use one of the channels."""
        used_channel = None if purchase.channel is None else purchase.channel.value
        required_channels = tuple([channel.value for channel in sorted_values(self.channels)])
        if purchase.channel in self.channels:
            return Finding(True, ReasonCode.CONDITION_MET, used_channel, required_channels)
        return Finding(
            False,
            ReasonCode.OTHER_CHANNEL,
            used_channel,
            required_channels,
            (Remedy(RemedyCode.USE_CHANNEL, choices=required_channels),),
        )

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:  # noqa: ARG002 - the same for every purchase
        """To use another channel; none if all channels are listed."""
        other_channels = tuple(channel.value for channel in Channel if channel not in self.channels)
        return (Remedy(RemedyCode.USE_CHANNEL, choices=other_channels) if other_channels else Remedy(RemedyCode.NONE),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """In the shop, or online."""
        return phrasebook("channels", channels=self._channel_list(phrasebook))

    def exception(self, phrasebook: Phrasebook) -> str:
        """The channels that are left out."""
        return phrasebook("channels.except", channels=self._channel_list(phrasebook, form=".except"))

    def _channel_list(self, phrasebook: Phrasebook, *, form: str = "") -> str:
        return phrasebook.listed(
            [phrasebook(f"channel.{channel.value}{form}") for channel in sorted_values(self.channels)], last="or"
        )

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it has all channels of `other`."""
        return isinstance(other, Channels) and other.channels <= self.channels

    def validation_error(self) -> Detail | None:
        """The error if no channel is listed, or None."""
        return None if self.channels else detail_of("MISSING")
